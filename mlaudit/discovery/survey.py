"""An audited folder → its environments, roles and pairs, from what installs, what runs and what its code does."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from re import Pattern

from mlaudit.code.linking import Program
from mlaudit.code.nouns import ArtifactUse
from mlaudit.discovery.azureml_jobs import with_azureml_jobs
from mlaudit.discovery.build_parts import build_parts, source_parts
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_joining import join_code
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.compose_services import compose_runs, is_compose, service_parts
from mlaudit.discovery.dockerfile_parts import dockerfile_parts
from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, by_name, settle
from mlaudit.discovery.gathering import gather
from mlaudit.discovery.groups import Ignored, why_ignored
from mlaudit.discovery.job_parts import job_parts
from mlaudit.discovery.loaded_models import ModelsByName, loaded_models, models_by_name
from mlaudit.discovery.pipeline_runs import pipeline_runs
from mlaudit.discovery.ray_applications import application_parts
from mlaudit.discovery.recipes import (
    BUILD_FORMATS,
    JOB_FORMATS,
    TOOL_FORMATS,
    AuditedTree,
    ImageRun,
    RecipePart,
    StatedDocument,
    stated,
)
from mlaudit.discovery.role_signs import WORK, role_of_command
from mlaudit.discovery.service_commands import with_executed
from mlaudit.discovery.task_parts import task_parts
from mlaudit.discovery.terraform_parts import terraform_parts
from mlaudit.discovery.tool_parts import tool_parts
from mlaudit.document.document import Document
from mlaudit.grammars import sdk_images
from mlaudit.knowledge.roles import tokens, words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Include, Kind, Pin, Unread
from mlaudit.parsers._registry import format_names, parser_of

MAX_RECIPES = 2_000
"""Recipes of one folder that are read."""
MAX_NOTEBOOK = 4 * 1024 * 1024
"""Bytes of a notebook in which images are looked for."""
MAX_SCANNED = 20_000
"""Files without a telling name whose first bytes are looked at."""

_STATES_AN_IMAGE = lazy_pattern(
    rb"packages_to_install|base_image|framework_version|transformers_version|image_uri|container_image|container_uri"
    rb"|bentoml\.(?:bentos\.)?build\(|DockerSettings|parent_image|pip_install|python_packages\(|runtime_env|RuntimeEnv|PythonVirtualenvOperator"
    rb"|(?:vertex-ai|cloud-aiplatform)/(?:prediction|training)/|task\.(?:virtualenv|docker|kubernetes)|DockerOperator|KubernetesPodOperator|ContainerOp\b|@(?:pypi|conda)"
)
_MANIFEST = lazy_pattern(
    rb"(?m)^[ \t\"'{]{0,8}(?:apiVersion|deploymentSpec|bundle|resources|implementation|service"
    rb"|model_class_(?:file)?name|model_module_dir)[\"']?[ \t]*:"
    rb"|spark_version|azureml|runtime_env"
)
_RESOURCE = lazy_pattern(rb"(?m)^[ \t]*resource[ \t]")
_UNNAMED_BUILDS = ("truss-config", "bentofile")
"""Descriptors of builds that are known by what they hold."""
_CONDA = "conda-env"
_CONDA_WORDS = frozenset(("env", "conda", "environment"))
MAX_TEXTS = 60
"""Texts that are searched for the name of a list."""
MAX_TEXT = 256 * 1024
"""Bytes of each that are searched."""
_WORKFLOWS = ".github/workflows"
_MANIFESTS_OF_TOOLS = ("pyproject", "setup-py", "setup-cfg")
"""Formats of manifests that may hold nothing but the settings of tools."""
_ALSO_ELSEWHERE = (_CONDA,)
"""Formats of names that files of other formats have too: `train-environment.yml` of Azure ML."""
_READERS = {"ray-runtime-env": application_parts, "python-image": source_parts, "terraform": terraform_parts}
"""How the parts of a format are read that state what is served in them."""
_RECIPES = (*JOB_FORMATS, *TOOL_FORMATS, *BUILD_FORMATS, "dockerfile", "serverless", "compose")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found in a folder, and the code that was read to find it.

    Attributes:
        uses: every artifact use of code, recipes and servers' settings.
        scopes: which code each environment runs, by the environment's name.
    """

    discovery: Discovery
    program: Program
    uses: tuple[ArtifactUse, ...]
    scopes: Mapping[str, CodeScope]


def survey_with_code(tree: AuditedTree, stating: Sequence[str], roots: Callable[[str], Sequence[str]]) -> Survey:
    """What a folder holds, with its code.

    Args:
        tree: every file of it.
        stating: those of them whose names show a format.
        roots: the names of the projects that a lock or manifest is about.
    """
    parts = recipe_parts(tree, stating)
    usual = dict(_usually_named(tree))
    candidates, spent, left = gather(
        dict.fromkeys((*stating, *usual)),
        lambda path: usual.get(path) or _stating_format(path),
        roots,
        parts,
        lambda path: _is_named(path, tree),
    )
    stating_candidates, only_pythons = _with_packages(candidates, tree)
    joined = join_code(stating_candidates, spent, tree)
    candidates = joined.candidates
    taken = {document.path for candidate in candidates for document in candidate.group.documents}
    discovery = settle(
        candidates, list(dict.fromkeys(entry for entry in (*left, *only_pythons) if entry.path not in taken))
    )
    named = zip(discovery.environments, candidates, strict=True)
    scopes = {
        environment.name: joined.scopes[candidate] for environment, candidate in named if candidate in joined.scopes
    }
    models = models_by_name(joined.uses, tree.paths)
    loading = tuple(
        _with_loads(environment, scopes.get(environment.name), joined.uses, models)
        for environment in discovery.environments
    )
    discovery = replace(discovery, environments=loading)
    return Survey(discovery=discovery, program=joined.program, uses=joined.uses, scopes=scopes)


def _is_named(path: str, tree: AuditedTree) -> bool:
    """Whether a text of its folder or of the root names a list, or a platform installs it because it is there."""
    folder, _, name = path.rpartition("/")
    splits = {other: other.rpartition("/") for other in tree.paths if other != path}
    around = {other: split[2] for other, split in splits.items() if split[0] in ("", folder, _WORKFLOWS)}
    if not words().platforms.isdisjoint(around.values()):
        return True
    texts = [other for other, file in around.items() if words().may_name_lists(file)]
    return any(name.encode() in _start_of(other, tree) for other in texts[:MAX_TEXTS])


def _start_of(path: str, tree: AuditedTree) -> bytes:
    """The first bytes of a text; of what cannot be read none."""
    document = tree.document(path)
    try:
        if document is None:
            return b""
        with document.stream() as stream:
            return stream.read(MAX_TEXT)
    except Unreadable:
        return b""


def _with_loads(
    environment: DiscoveredEnvironment, scope: CodeScope | None, uses: Sequence[ArtifactUse], models: ModelsByName
) -> DiscoveredEnvironment:
    """An environment with the model files of the tree that its code loads."""
    loads = tuple(loaded_models(scope, uses, models).items()) if scope is not None else ()
    return replace(environment, loads=loads)


def _with_packages(candidates: Sequence[Candidate], tree: AuditedTree) -> tuple[list[Candidate], list[Ignored]]:
    """Those that name packages, and manifests left out that name only a Python; all that name one where none is more.

    What the code beside such a manifest runs with stands elsewhere. Settings of tools alone are no entry at all.
    """
    kinds = {candidate: _stated_kinds(candidate, tree) for candidate in candidates}
    stating = [candidate for candidate in candidates if kinds[candidate] != frozenset()]
    more = [candidate for candidate in stating if kinds[candidate] != frozenset((Kind.PYTHON,))]
    left = [candidate.group.documents[0].path for candidate in stating if candidate not in more]
    return (more, [Ignored(path=path, why="names no package") for path in left]) if more else (stating, [])


def _stated_kinds(candidate: Candidate, tree: AuditedTree) -> frozenset[Kind] | None:
    """Of what a manifest states that is all an environment has; None for every other environment."""
    group = candidate.group
    named_document = group.documents[0]
    is_more = group.part is not None or group.member or group.hints or group.shown_by or len(group.documents) > 1
    if is_more or named_document.format not in _MANIFESTS_OF_TOOLS:
        return None
    document = tree.document(named_document.path)
    stated_document = stated(document, named_document.format) if document is not None else None
    if stated_document is None or any(isinstance(each, (Include, Unread)) for each in stated_document.statements):
        return None
    return frozenset(each.kind for each in stated_document.statements if isinstance(each, Pin))


def _usually_named(tree: AuditedTree) -> Iterator[tuple[str, str]]:
    """Files of conda with names that others have too (`env.yml`, `conda-train.yml`), by what they hold."""
    parser = parser_of(_CONDA)
    for path in tree.paths:
        if not path.endswith((".yml", ".yaml")) or format_names(path):
            continue
        document = tree.document(path) if _CONDA_WORDS.intersection(tokens(posixpath.basename(path))) else None
        with suppress(Unreadable):
            if document is not None and parser is not None and parser.content is not None and parser.content(document):
                yield path, _CONDA


def _stating_format(path: str) -> str | None:
    """The format of a document; None for a compose file, which only says how images run."""
    return None if is_compose(path) else by_name(path)


def recipe_parts(tree: AuditedTree, stating: Sequence[str]) -> list[RecipePart]:
    """The parts of all recipes of a tree."""
    parts: list[RecipePart] = []
    runs = with_executed(compose_runs(tree), tree)
    recipes = list(islice(_recipes(tree, stating), MAX_RECIPES))
    recipes += _named_by_services(runs, recipes, tree)
    for path, format_name in recipes:
        runs += pipeline_runs(path, tree) if format_name == "python-image" and why_ignored(path) is None else ()
    for path, format_name in recipes:
        why = why_ignored(path)
        if why is not None and format_name not in JOB_FORMATS:
            continue
        document = tree.document(path)
        stated_document = stated(document, format_name) if document is not None else None
        if stated_document is None:
            continue
        parts += _parts_of(path, format_name, stated_document, tree, runs)
    return [*with_azureml_jobs(parts, tree), *task_parts(tree)]


def _named_by_services(
    runs: Sequence[ImageRun], recipes: Sequence[tuple[str, str]], tree: AuditedTree
) -> list[tuple[str, str]]:
    """Dockerfiles that compose files name, and that nothing in their own names shows: `docker/serving`."""
    known = {path for path, _ in recipes}
    paths = dict.fromkeys(run.dockerfile for run in runs if run.dockerfile in tree.paths)
    return [(path, "dockerfile") for path in paths if path not in known and not format_names(path)]


def _parts_of(
    path: str, format_name: str, document: StatedDocument, tree: AuditedTree, runs: Sequence[ImageRun]
) -> Iterable[RecipePart]:
    """The parts of one recipe."""
    if format_name == "dockerfile":
        own = [run for run in runs if run.dockerfile == path]
        is_dockerfile = format_name in format_names(path)
        return (replace(part, is_named=is_dockerfile) for part in dockerfile_parts(path, document, tree, own))
    if format_name == "compose":
        return service_parts(path, document, tree, runs)
    if format_name in BUILD_FORMATS:
        return build_parts(path, document, tree)
    if format_name in TOOL_FORMATS:
        return filter(_is_worth, tool_parts(path, document, tree))
    if format_name in JOB_FORMATS:
        return filter(_is_worth, job_parts(path, document, tree))
    is_named = format_name in format_names(path) and format_name != "python-image"
    elsewhere = {run.name for run in runs if tree.inner(run.at.path) == path}
    read_parts = _READERS.get(format_name, job_parts)
    own_parts = (part for part in read_parts(path, document, tree) if part.name not in elsewhere)
    return (replace(part, is_named=is_named) for part in own_parts)


def _is_worth(job: RecipePart) -> bool:
    """Whether a job of CI is more than a check of the code: it installs, and runs a script that is no test."""
    roles = [role_of_command(command.words) for command in job.commands]
    runs = any(word.endswith((".py", ".ipynb")) for command in job.commands for word in command.words)
    checks = roles.count("development")
    if job.is_tool and checks:
        # What makes a model to test with it is a test.
        return False
    works = any(role in WORK for role in roles) or (runs and not checks)
    return bool(job.installs or job.packages) and works


def _recipes(tree: AuditedTree, stating: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Paths of recipes with their formats: by name, and of others by what their first bytes hold."""
    named = set(stating)
    scanned = 0
    for path in tree.paths:
        formats = format_names(path) if path in named else ()
        recipe = next((name for name in formats if name in _RECIPES), None)
        if recipe is not None:
            yield path, recipe
        elif scanned < MAX_SCANNED and _may_tell(path, formats):
            scanned += 1
            format_name = _by_content(path, tree)
            if format_name is not None:
                yield path, format_name


def _may_tell(path: str, formats: Sequence[str]) -> bool:
    """Whether a file is of a language in which environments may be stated, and its name does not say something else."""
    if path.endswith(".ipynb"):
        return True
    return path.endswith((".py", ".yaml", ".yml", ".tf")) and set(formats) <= {"python-image", *_ALSO_ELSEWHERE}


def _sought(path: str) -> tuple[Sequence[str], Pattern[bytes]]:
    """The formats that a file of a language may have, and what it holds if it has one of them."""
    if path.endswith(".py"):
        return ("python-image",), _STATES_AN_IMAGE
    return (("terraform",), _RESOURCE) if path.endswith(".tf") else ((*words().described, *_UNNAMED_BUILDS), _MANIFEST)


def _by_content(path: str, tree: AuditedTree) -> str | None:
    """The format of a Python source or YAML file that shows an environment, None for any other."""
    document = tree.document(path)
    if path.endswith(".ipynb"):
        return _of_notebook(document)
    wanted, pattern = _sought(path)
    with suppress(Unreadable):
        if document is not None and pattern.search(document.head) is not None:
            parsers = (parser for name in wanted if (parser := parser_of(name)) is not None)
            return next((known.format for known in parsers if known.content and known.content(document)), None)
    return None


def _of_notebook(document: Document | None) -> str | None:
    """The format of a Python source for a notebook whose cells choose images of an SDK, anywhere in it."""
    try:
        data = document.data if document is not None and document.size <= MAX_NOTEBOOK else b""
    except Unreadable:
        return None
    return "python-image" if sdk_images.MENTIONED.search(data) else None
