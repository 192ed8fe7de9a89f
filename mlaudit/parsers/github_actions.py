"""GitHub Actions: what workflows and composite actions set up and install, job by job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.shell import install_pip, install_project
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.script_text import Script, of_node
from mlaudit.grammars.shell.shell_words import Lexer, Word
from mlaudit.grammars.variables import expanded
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Root, Statement
from mlaudit.parsers._registry import parser

MAX_COMBINATIONS = 32
"""Combinations of a matrix for which the steps of a job are read; of a larger one a part that holds every value."""

VARIABLES = Limit(name="variables, counted for each step of each combination of a matrix", most=2_000_000)

_JOBS = lazy_pattern(rb"(?m)^jobs:[ \t]*\r?$")
_RUNS_ON = lazy_pattern(rb"(?m)^[ \t]+(?:runs-on|uses):")
_COMPOSITE = lazy_pattern(rb"(?m)^[ \t]+using:[ \t]*[\"']?composite")
_LINE = lazy_pattern(r"\S[^\n]*")
_EXPRESSION = lazy_pattern(r"\$\{\{\s*([\w.-]{1,128})\s*\}\}")
_PYTHON_ACTIONS = ("actions/setup-python", "astral-sh/setup-uv", "pdm-project/setup-pdm", "MatteoH2O1999/setup-python")
_CONDA_ACTIONS = (
    "conda-incubator/setup-miniconda",
    "mamba-org/setup-micromamba",
    "mamba-org/provision-with-micromamba",
)


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    return _COMPOSITE.search(head) is not None or (_JOBS.search(head) is not None and _RUNS_ON.search(head) is not None)


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="aside",
    files=[".github/workflows/*.yml", ".github/workflows/*.yaml", "action.yml", "action.yaml"],
    content=_looks_like_it,
    marks=[b"composite", b"runs-on:", b"uses:"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every job is a root; of a matrix every combination is read, and what they have in common occurs once."""
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        return
    inside = f"/{doc.path}".partition("/.github/")[2]
    folder = "/".join([".."] * (inside.count("/") + 1)) if inside else ""
    steps = root.get("runs")
    if steps.exists:
        yield from _Job(doc, "composite", folder, {}).steps(steps.get("steps"), {})
    environment = _environment(root)
    default = _default_folder(root)
    for name, job in root.get("jobs").items():
        yield Root(name=name, kind="environment", at=doc.at(*job.route))
        try:
            yield from _Job(doc, name, folder, environment, default).read(job)
        except Malformed as error:
            yield doc.unread(str(error), doc.at(*error.route))


def _environment(node: Node) -> dict[str, str]:
    env = node.dig("env")
    return {key: value.text() for key, value in env.items() if value.is_text} if env.is_table else {}


def _default_folder(table: Node) -> str:
    """The folder that steps of a workflow or job run in where they name none."""
    return table.dig("defaults", "run", "working-directory").maybe_text() or ""


class _Job:
    """One job: its steps in their order, once for each combination of its matrix."""

    def __init__(
        self, doc: Document, name: str, folder: str, environment: Mapping[str, str], default: str = ""
    ) -> None:
        self.default = default
        self.doc = doc
        self.parts = (name,) if name != "composite" else ()
        self.folder = folder
        self.environment = dict(environment)

    def read(self, job: Node) -> Iterator[Statement]:
        """What a job says, each statement once."""
        environment = {**self.environment, **_environment(job)}
        spend(VARIABLES, len(environment))
        matrix = job.dig("strategy", "matrix")
        if _is_cut(matrix):
            why = f"of an axis or a list of a matrix {MAX_COMBINATIONS} entries are read"
            yield self.doc.unread(why, self.doc.at(*matrix.route))
        seen: set[Statement] = set()
        for combination in _combinations(matrix):
            values = {**environment, **combination, **self.doc.defines}
            for statement in self._once(job, values):
                if statement not in seen:
                    seen.add(statement)
                    yield statement

    def _once(self, job: Node, values: Mapping[str, str]) -> Iterator[Statement]:
        container = job.get("container")
        image = container.get("image") if container.is_table else container
        job_folder = _default_folder(job) or self.default
        described = self._descriptor(values, job_folder)
        if image.is_text:
            yield from _resolved(described, image, values, "image")
        yield from self.steps(job.get("steps"), values, job_folder)

    def _descriptor(self, values: Mapping[str, str], folder: str) -> Descriptor:
        described = Descriptor(
            self.doc, parts=self.parts, folder="/".join(part for part in (self.folder, folder) if part)
        )
        described.recipe.values = dict(values)
        return described

    def steps(self, steps: Node, values: Mapping[str, str], folder: str = "") -> Iterator[Statement]:
        """The steps of a job or composite action."""
        described = self._descriptor(values, folder)
        for step in steps.each():
            try:
                yield from self._step(described, step, values, folder)
            except Malformed as error:
                yield self.doc.unread(str(error), self.doc.at(*error.route))

    def _step(self, described: Descriptor, step: Node, values: Mapping[str, str], folder: str) -> Iterator[Statement]:
        uses = (step.get("uses").maybe_text() or "").partition("@")[0]
        spend(VARIABLES, len(values))
        own = {**values, **{f"env.{key}": value for key, value in values.items()}, **_environment(step)}
        described.recipe.values = own
        if uses in _PYTHON_ACTIONS:
            yield from _setup_python(described, step.get("with"), own)
        elif uses in _CONDA_ACTIONS:
            yield from _setup_conda(described, step.get("with"), own)
        elif uses == "prefix-dev/setup-pixi":
            yield from _setup_pixi(described, step.get("with"))
        if step.get("run").exists:
            within = step.get("working-directory").maybe_text() or folder
            described.recipe.folder = "/".join(part for part in (self.folder, within) if part)
            yield from described.script(step.get("run"))


def _combinations(matrix: Node) -> Iterator[dict[str, str]]:
    """Values of `matrix.NAME` for each run of a job, as GitHub combines axes, `exclude` and `include`.

    https://docs.github.com/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
    """
    axes: dict[str, list[str]] = {}
    if matrix.is_table:
        named = ((name, values) for name, values in matrix.items() if name not in ("include", "exclude"))
        axes = {name: list(dict.fromkeys(_texts(values))) for name, values in named if values.is_list}
        axes = {name: values for name, values in axes.items() if values}
    columns = [*axes.values()]
    rows = [dict(zip(axes, row, strict=True)) for row in _rows(columns)] if columns else []
    excluded = _entries(matrix, "exclude")
    rows = [row for row in rows if not any(entry and entry.items() <= row.items() for entry in excluded)]
    for row in _included(rows, _entries(matrix, "include")) or [{}]:
        yield {f"matrix.{name}": value for name, value in row.items()}


def _is_cut(matrix: Node) -> bool:
    """Whether a matrix has values that no combination holds which is read."""
    lists = [values for _, values in matrix.items() if values.is_list] if matrix.is_table else []
    return any(len(set(_texts(values)) or list(values.each())) > MAX_COMBINATIONS for values in lists)


def _entries(matrix: Node, key: str) -> list[dict[str, str]]:
    listed = matrix.get(key) if matrix.is_table else matrix
    entries = [entry for entry in listed.each() if entry.is_table] if listed.is_list else []
    return [{name: value.text() for name, value in entry.items() if value.is_text} for entry in entries]


def _included(rows: list[dict[str, str]], entries: list[dict[str, str]]) -> list[dict[str, str]]:
    """An entry goes to every row whose own values it leaves as they are; if there is none, it is a row itself."""
    included = [dict(row) for row in rows]
    for entry in entries[:MAX_COMBINATIONS]:
        fitting = [
            index
            for index, row in enumerate(rows)
            if all(row.get(name, value) == value for name, value in entry.items())
        ]
        for index in fitting:
            included[index].update(entry)
        if not fitting:
            included.append(dict(entry))
    return included


def _rows(columns: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Every combination; of too many as many as the longest list has values, so that each value is in one."""
    if prod(len(column) for column in columns) <= MAX_COMBINATIONS:
        yield from product(*columns)
        return
    for number in range(min(max(len(column) for column in columns), MAX_COMBINATIONS)):
        yield tuple(column[number % len(column)] for column in columns)


def _texts(node: Node) -> Iterator[str]:
    return (member.text() for member in node.each() if member.is_text)


def _resolved(described: Descriptor, node: Node, values: Mapping[str, str], kind: str) -> Iterator[Statement]:
    """The image or Python at a node, expressions in it replaced."""
    text = _EXPRESSION.sub(lambda match: values.get(match.group(1), match.group(0)), node.text())
    replaced = Node(text, node.route)
    yield from described.image(replaced) if kind == "image" else described.python(replaced)


def _setup_python(described: Descriptor, inputs: Node, values: Mapping[str, str]) -> Iterator[Statement]:
    """`python-version` (several are on lines of their own), `python-version-file`."""
    if not inputs.exists:
        return
    described.recipe.step += 1
    versions = inputs.get("python-version")
    if versions.is_text:
        yield from _pythons(described, versions, values)
    yield from described.include(inputs.get("python-version-file"), None)
    yield from _pip_install(described, inputs.get("pip-install"), values)


def _pip_install(described: Descriptor, node: Node, values: Mapping[str, str]) -> Iterator[Statement]:
    """`pip-install: scikit-learn==1.5.2 -r requirements.txt`: arguments of pip (setup-python since 6.1)."""
    if not node.is_text:
        return
    script = of_node(node, described.at(node), described.doc)
    words = tuple(token for token in Lexer(script.text, values).tokens() if isinstance(token, Word))
    if words:
        described.recipe.step += 1
        yield from install_pip.install(Call(script=script, recipe=described.recipe, words=words))


def _setup_pixi(described: Descriptor, inputs: Node) -> Iterator[Statement]:
    """`environments: train serve` of prefix-dev/setup-pixi: what pixi.lock states about them."""
    if inputs.exists and inputs.get("run-install").value in (False, "false"):
        return
    named = inputs.get("environments").maybe_text() if inputs.exists else None
    node = inputs.get("environments") if named else inputs
    place = described.at(node) if node.exists else described.doc.place()
    text = " ".join(f"-e {name}" for name in (named or "").split())
    script = Script(described.doc, text, (), place)
    words = tuple(token for token in Lexer(text, {}).tokens() if isinstance(token, Word))
    manifest = inputs.get("manifest-path").maybe_text() if inputs.exists else None
    if manifest:
        words = (Word(text=f"--manifest-path={manifest}", start=0, end=0), *words)
    call = Call(script=script, recipe=described.recipe, words=words)
    yield from install_project.from_lock(install_project.LOCKS["pixi", "install"], call)


def _pythons(described: Descriptor, node: Node, values: Mapping[str, str]) -> Iterator[Statement]:
    """One version, or several on lines of their own."""
    script = of_node(node, described.at(node), described.doc)
    for line in _LINE.finditer(script.text):
        text = _EXPRESSION.sub(lambda match: values.get(match.group(1), match.group(0)), line.group(0).strip())
        recipe = described.recipe
        at = script.place(line.start(), line.start() + len(line.group(0).rstrip()))
        yield python_text.statement(described.doc, text, at, scope=recipe.base_scope)


def _setup_conda(described: Descriptor, inputs: Node, values: Mapping[str, str]) -> Iterator[Statement]:
    """`environment-file`, `python-version`, and match specs in `create-args` or `extra-specs`."""
    if not inputs.exists:
        return
    described.recipe.step += 1
    if inputs.get("python-version").is_text:
        yield from _resolved(described, inputs.get("python-version"), values, "python")
    file = inputs.get("environment-file").maybe_text()
    if file and file.lower() != "false":
        yield from described.conda_file(inputs.get("environment-file"))
    for key in ("create-args", "extra-specs"):
        node = inputs.get(key)
        if node.is_text:
            text = expanded(
                _EXPRESSION.sub(lambda match: values.get(match.group(1), match.group(0)), node.text()), values
            )
            specs = [Node(word, node.route) for word in (text or node.text()).split() if not word.startswith("-")]
            yield from described.conda_specs(specs)
