"""What `pip install`, `uv pip install`, `uv add` and their like say: pins, includes, and the build an index decides."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlaudit import requirement
from mlaudit.accelerator import build_of_index, variant_of_index
from mlaudit.conda_pins import dotted
from mlaudit.install_options import PIP, UV, Argument, arguments
from mlaudit.model import Fact, Include, Kind, Layer, Pin, Place, Statement
from mlaudit.names import normalized
from mlaudit.python_text import release
from mlaudit.recipe import Call
from mlaudit.requirements_text import logical_lines
from mlaudit.script_text import Script
from mlaudit.secrets import masked
from mlaudit.shell_words import Word

_REQUIREMENTS = frozenset(("-r", "--requirement", "--requirements", "--with-requirements"))
_CONSTRAINTS = frozenset(("-c", "--constraint", "--constraints", "--override", "--overrides"))
_INDEXES = frozenset(("-i", "--index-url", "--pypi-url", "--extra-index-url", "--index", "--default-index"))
_LINKS = frozenset(("-f", "--find-links"))
_EDITABLE = frozenset(("-e", "--editable", "--with-editable"))
_PYTHONS = frozenset(("-p", "--python"))
_INDEX_VARIABLES = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX",
    "UV_DEFAULT_INDEX", "UV_FIND_LINKS",
)  # fmt: skip
_CONSTRAINT_VARIABLES = ("PIP_CONSTRAINT", "UV_CONSTRAINT", "UV_OVERRIDE")
_REQUIREMENT_VARIABLES = ("PIP_REQUIREMENT",)
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+[\w+]{2,10}:")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]{0,127})")
_ARCHIVE = re.compile(r"\.(?:whl|tar\.gz|tgz|zip|tar\.bz2)(?:$|[\[#?])")
_PATH = re.compile(r"(?:\.{0,2}/|\.{1,2}(?:\[|$)|~|[A-Za-z]:\\|file:)")
_CAT = re.compile(r"(?:\$\(|`)\s*(?:cat\s+|<\s*)([\w./-]{1,256})\s*(?:\)|`)")
_PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(slots=True)
class _Run:
    """One installer call, its options sorted."""

    call: Call
    operands: list[Word]
    included: list[Argument]
    editables: list[Word]
    indexes: list[Argument]
    backend: Argument | None = None
    groups: tuple[str, ...] = ()

    def variant(self, name: str) -> str | None:
        """The build of a package that the options or the environment decide."""
        package = normalized(name)
        for address in (*(word.text for _, word in self.indexes), *self._from_environment()):
            found = variant_of_index(package, address)
            if found:
                return found
        backend = self.backend.value.text if self.backend else self.call.recipe.values.get("UV_TORCH_BACKEND", "")
        return variant_of_index(package, f"index/{backend}") if backend not in ("", "auto") else None

    def _from_environment(self) -> Iterator[str]:
        for name in _INDEX_VARIABLES:
            yield from self.call.recipe.values.get(name, "").split()


def install(call: Call) -> Iterator[Statement]:
    """`pip install ARGUMENTS`; `words` of the call are the arguments alone."""
    yield from _statements(_sorted(call, list(arguments(call.words, PIP))))


def uv_install(call: Call) -> Iterator[Statement]:
    """`uv pip install ARGUMENTS`."""
    found = list(arguments(call.words, UV))
    yield from _statements(_sorted(call, found))
    for option, word in found:
        version = release(word.text) if option in _PYTHONS else None
        if version:
            yield call.doc.pin(
                Layer.DECLARED,
                "python",
                version,
                at=call.at(word),
                kind=Kind.PYTHON,
                parts=call.recipe.parts,
                step=call.recipe.step,
            )


def uv_add(call: Call) -> Iterator[Statement]:
    """`uv add ARGUMENTS`: a requirement of the project, installed at once; `--group` and `--dev` name its group."""
    found = list(arguments(call.words, UV))
    run = _sorted(call, [argument for argument in found if argument.option not in _CONSTRAINTS])
    run.groups = tuple(word.text for option, word in found if option == "--group")
    if any(option == "--dev" for option, _ in found):
        run.groups += ("dev",)
    yield from _statements(run)


def sync(call: Call) -> Iterator[Statement]:
    """`uv pip sync FILES`, `pip-sync FILES`: the operands are requirements files."""
    found = [
        argument._replace(option=argument.option or "-r")
        for argument in arguments(call.words, UV)
        if not argument.option.startswith("--no-")
    ]
    yield from _statements(_sorted(call, found))


def _sorted(call: Call, found: list[Argument]) -> _Run:
    run = _Run(call, [], [], [], [])
    for argument in found:
        if not argument.option:
            run.operands.append(argument.value)
        elif argument.option in _REQUIREMENTS | _CONSTRAINTS:
            run.included.append(argument)
        elif argument.option in _EDITABLE:
            run.editables.append(argument.value)
        elif argument.option in _INDEXES | _LINKS:
            run.indexes.append(argument)
        elif argument.option == "--torch-backend":
            run.backend = argument
    return run


def _statements(run: _Run) -> Iterator[Statement]:
    call = run.call
    yield from _indexes(run)
    variants: dict[str, Place] = {}
    for statement in _packages(run):
        if isinstance(statement, Pin) and statement.variant:
            variants.setdefault(statement.variant, statement.at)
        yield statement
    if any(option in _REQUIREMENTS for option, _ in run.included):
        for _, word in run.indexes:
            build = build_of_index(word.text)
            if build:
                variants.setdefault(build, call.at(word))
    yield from _cuda(call, variants)


def _packages(run: _Run) -> Iterator[Statement]:
    for option, word in run.included:
        yield from _included(run.call, word, constraint=option in _CONSTRAINTS)
    for name in (*_CONSTRAINT_VARIABLES, *_REQUIREMENT_VARIABLES):
        for path in run.call.recipe.values.get(name, "").split():
            word = Word(text=path, start=run.call.words[0].start if run.call.words else 0, end=0)
            yield from _included(run.call, word, constraint=name in _CONSTRAINT_VARIABLES)
    for word in run.editables:
        yield from _operand(run, word)
    for word in run.operands:
        yield from _operand(run, word)
    if run.call.stdin is not None and "-" in (word.text for _, word in run.included):
        yield from inline(run.call, run.call.stdin)


def _indexes(run: _Run) -> Iterator[Statement]:
    for _, word in run.indexes:
        if word.unresolved:
            yield run.call.unknown(word)
        elif word.text:
            yield Fact(key="index", value=masked(word.text), at=run.call.at(word))


def _cuda(call: Call, variants: dict[str, Place]) -> Iterator[Pin]:
    """The CUDA version that the builds are for."""
    for variant, at in variants.items():
        version = dotted(variant[2:]) if re.fullmatch(r"cu\d{2,4}", variant) else None
        if version:
            yield call.doc.pin(
                Layer.DECLARED,
                "cuda",
                version,
                at=at,
                kind=Kind.CUDA,
                parts=call.recipe.parts,
                step=call.recipe.step,
                derived_from=at,
                detail=f"by the build {variant}",
            )


def _included(call: Call, word: Word, *, constraint: bool) -> Iterator[Statement]:
    """A requirements or constraints file: one of the document's neighbours, or one that the recipe itself wrote."""
    recipe = call.recipe
    if word.text in ("-", "/dev/stdin") and (call.stdin is not None or word.text == "-"):
        if call.stdin is None:
            yield call.doc.unread("its requirements come from another program", call.at(word), what=call.shown())
        return
    if word.unresolved:
        yield call.unknown(word)
        return
    path = recipe.path(word.text)
    if path in recipe.written:
        text = recipe.written[path]
        if text is not None:
            yield from inline(call, text, constraint=constraint)
        else:
            why = f"`{word.text[:80]}` is written by an earlier command of this recipe; only running it tells what it holds"
            yield call.doc.unread(why, call.at(word), what=call.shown())
        return
    target = word.text if "://" in word.text else recipe.locate(path) or word.text
    yield Include(
        target=target,
        at=call.at(word),
        constraint=constraint,
        format=_format_of(target),
        step=recipe.step,
        groups=recipe.groups,
        parts=recipe.parts,
    )


def _format_of(target: str) -> str | None:
    name = posixpath.basename(target)
    named = name in _PROJECTS or (name.startswith("pylock.") and name.endswith(".toml"))
    return None if named else "requirements"


def inline(call: Call, text: Script, *, constraint: bool = False) -> Iterator[Statement]:
    """Requirement lines that stand in the recipe itself."""
    kind = Kind.BOUND if constraint else Kind.PACKAGE
    recipe = call.recipe
    for line in logical_lines(text.text):
        if not line.text:
            continue
        start = line.where(0)[2]
        at = text.place(start, start + len(line.text))
        if line.text.startswith("-"):
            words = tuple(
                Word(text=part[0], start=start + part.start(), end=start + part.end())
                for part in re.finditer(r"\S+", line.text)
            )
            yield from install(replace(call, script=text, words=words))
        else:
            yield requirement.pin(
                recipe.doc, line.text, at, kind=kind, parts=recipe.parts, groups=recipe.groups, step=recipe.step
            )


def _operand(run: _Run, word: Word) -> Iterator[Statement]:
    """One thing to install: a requirement, an address, an archive or a folder."""
    call = run.call
    text = word.text
    if word.unresolved:
        listed = _CAT.fullmatch(word.unresolved)
        if listed and listed.group(0) == text:
            yield from _included(call, replace(word, text=listed.group(1), unresolved=""), constraint=False)
        else:
            yield call.unknown(word)
    elif _VCS.match(text) or "://" in text.partition(" ")[0].partition("@")[0]:
        yield _addressed(run, word)
    elif _ARCHIVE.search(text) and "@" not in text.partition("/")[0]:
        yield _archive(run, word)
    elif _PATH.match(text) or ("/" in text and "@" not in text):
        yield call.note(_says_of_folder(call, text), call.at(word))
    elif text:
        yield _pin(run, text, call.at(word))


def _says_of_folder(call: Call, text: str) -> str:
    folder = text.partition("[")[0]
    extras = text[len(folder) :].strip("[]")
    with_extras = f" with the extras {extras}" if extras else ""
    return (
        f"`{call.shown((Word(text=text, start=0, end=0),))}` installs the project in that folder{with_extras}: "
        "its pyproject.toml, setup.cfg or setup.py tells what it needs; name it as a source too"
    )


def _pin(run: _Run, text: str, at: Place) -> Statement:
    call = run.call
    made = requirement.pin(
        call.doc,
        text,
        at,
        parts=call.recipe.parts,
        groups=run.groups or call.recipe.groups,
        step=call.recipe.step,
        detail=call.recipe.detail,
    )
    if isinstance(made, Pin) and made.variant is None and made.source == "index":
        variant = run.variant(made.package)
        return replace(made, variant=variant) if variant else made
    return made


def _addressed(run: _Run, word: Word) -> Statement:
    """`git+https://host/owner/name@ref#egg=name`, or the address of an archive."""
    text = word.text
    found = requirement.name_and_version(text)
    if found:
        return _pin(run, f"{found[0]} @ {text}", run.call.at(word))
    egg = _EGG.search(text)
    name = egg.group(1) if egg else _last_segment(text)
    if not name:
        why = "no name can be told from this address; write it as `name @ address`"
        return run.call.doc.unread(why, run.call.at(word), what=text)
    made = _pin(run, f"{name} @ {text}", run.call.at(word))
    if isinstance(made, Pin) and egg is None:
        return replace(made, detail="named by its address")
    return made


def _last_segment(address: str) -> str | None:
    path = address.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2].partition("@")[0]
    name = path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return name if re.fullmatch(r"[A-Za-z0-9](?:[\w.-]{0,126}[A-Za-z0-9])?", name) and not _ARCHIVE.search(name) else None


def _archive(run: _Run, word: Word) -> Statement:
    """A wheel or source archive of the recipe's own file system."""
    path = word.text.partition("[")[0]
    found = requirement.name_and_version(path)
    call = run.call
    if found is None or "*" in path:
        says = f"`{word.text[:120]}` installs files of the image; only the files tell which versions they are"
        return call.note(says, call.at(word))
    return call.doc.pin(
        Layer.DECLARED,
        found[0],
        found[1],
        at=call.at(word),
        source="path",
        origin=path,
        parts=call.recipe.parts,
        groups=run.groups or call.recipe.groups,
        step=call.recipe.step,
    )
