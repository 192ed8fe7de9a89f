"""What `pip install`, `uv pip install`, `uv add` and their like say: pins, includes, and the build an index decides."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from mlaudit.grammars.conda.conda_pins import dotted
from mlaudit.grammars.pypi import poetry_text, requirement, requirement_address
from mlaudit.grammars.pypi.python_text import release
from mlaudit.grammars.pypi.requirement_address import is_address
from mlaudit.grammars.pypi.wheel_indexes import wheel_index
from mlaudit.grammars.shell import install_project
from mlaudit.grammars.shell.exported_locks import PIPED
from mlaudit.grammars.shell.install_excludes import excluded
from mlaudit.grammars.shell.install_options import InstallArgument, arguments, before_operands, grammar
from mlaudit.grammars.shell.installer_call import InstallerCall
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.grammars.shell.written_requirements import inline
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Include, InstallSelection, Kind, Layer, Pin, Place, Statement
from mlaudit.model.secrets import masked

_REQUIREMENTS = frozenset(("-r", "--requirement", "--requirements", "--with-requirements"))
_CONSTRAINTS = frozenset(("-c", "--constraint", "--constraints", "--override", "--overrides"))
_OVERRIDES = frozenset(("--override", "--overrides", "UV_OVERRIDE"))
_EXCLUDES = frozenset(("--exclude", "--excludes"))
_INDEXES = frozenset(("-i", "--index-url", "--pypi-url", "--extra-index-url", "--index", "--default-index"))
_DEFAULT_INDEXES = frozenset(("-i", "--index-url", "--pypi-url", "--default-index"))
_LINKS = frozenset(("-f", "--find-links"))
_EDITABLE = frozenset(("-e", "--editable", "--with-editable"))
_SELECTING = frozenset(("--extra", "--all-extras"))
_WITH = frozenset(("--with", "-w", "--with-requirements", "--with-editable"))
_PYTHONS = frozenset(("-p", "--python"))
_CONSTRAINT_VARIABLES = ("PIP_CONSTRAINT", "UV_CONSTRAINT", "UV_OVERRIDE")
_EXCLUDE_VARIABLES = ("UV_EXCLUDE",)
_REQUIREMENT_VARIABLES = ("PIP_REQUIREMENT",)
_CAT = lazy_pattern(r"(?:\$\(|`)\s*(?:cat\s+|<\s*)([\w./-]{1,256})\s*(?:\)|`)")
_WITH_EXTRAS = lazy_pattern(r"(.{1,1024}\.toml)\[([\w.,\s-]{0,512})\]", re.DOTALL)
_AT = lazy_pattern(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,128}(?:\[[^\]]{0,256}\])?)"
    r"@(?P<constraint>latest|[\^~=<>!]{0,2}\d[^@/:]{0,128})"
)
_PROJECTS = ("pyproject.toml", "setup.py", "setup.cfg")


def install(call: Call) -> Iterator[Statement]:
    """`pip install ARGUMENTS`; `words` of the call are the arguments alone."""
    yield from _statements(_sorted(call, list(arguments(call.words, grammar("pip")))))


def uv_install(call: Call) -> Iterator[Statement]:
    """`uv pip install ARGUMENTS`."""
    install_arguments = list(arguments(call.words, grammar("uv")))
    yield from _statements(_sorted(call, install_arguments))
    for option, word in install_arguments:
        version = release(word.text) if option in _PYTHONS else None
        if version:
            yield call.doc.pin(
                Layer.DECLARED,
                "python",
                version,
                at=call.at(word),
                kind=Kind.PYTHON,
                scope=call.recipe.base_scope,
            )


def uv_add(call: Call) -> Iterator[Statement]:
    """`uv add ARGUMENTS`: a requirement of the project, installed at once; `--group` and `--dev` name its group."""
    yield from add("uv", call)


def add(tool: str, call: Call) -> Iterator[Statement]:
    """`uv add`, `poetry add`, `pdm add`, `pipenv install` with requirements behind it."""
    install_arguments = list(arguments(call.words, grammar(tool)))
    if tool == "poetry":
        install_arguments = [
            argument if argument.option else argument._replace(value=_of_poetry(argument.value))
            for argument in install_arguments
        ]
    run = _sorted(
        call, [argument for argument in install_arguments if argument.option not in (*_CONSTRAINTS, "--group")]
    )
    run.groups = tuple(word.text for option, word in install_arguments if option == "--group")
    if any(option == "--dev" for option, _ in install_arguments):
        run.groups += ("dev",)
    yield from _statements(run)


def _of_poetry(word: Word) -> Word:
    """`numpy@1.26.4`, `pandas[excel]@^2.2`, `scipy@latest` of `poetry add` as a requirement of pip."""
    parts = _AT.fullmatch(word.text)
    if parts is None:
        return word
    constraint = "" if parts["constraint"] == "latest" else parts["constraint"]
    alternatives = poetry_text.pep440(constraint) if constraint else ("",)
    return word if alternatives is None else replace(word, text=parts["name"] + poetry_text.hull(alternatives))


def sync(call: Call) -> Iterator[Statement]:
    """`uv pip sync FILES`, `pip-sync FILES`: the operands are requirements files."""
    install_arguments = [
        argument._replace(option=argument.option or "-r")
        for argument in arguments(call.words, grammar("uv"))
        if not argument.option.startswith("--no-")
    ]
    yield from _statements(_sorted(call, install_arguments))


def uv_run(call: Call) -> Iterator[Statement]:
    """`uv run --with numpy==1.26.4 train.py`: the project's environment, and what `--with` lays over it."""
    lock = install_project.LOCKS["uv", "run"]
    own = own_words(call.words)
    install_arguments = list(arguments(own, grammar("uv")))
    options = {option for option, _ in install_arguments}
    script = next((word for option, word in install_arguments if option in ("--script", "-s") and word.text), None)
    if script is None and _is_script(call, len(own)):
        script = call.words[len(own)]
    if script is not None:
        yield install_project.script_dependencies(call, script)
    elif options.isdisjoint(("--no-project", "--no-sync", "--isolated")):
        yield from (
            statement
            for statement in install_project.from_lock(lock, replace(call, words=own))
            if isinstance(statement, Include)
        )
    for option, word in install_arguments:
        if option in _WITH:
            dash = {"--with-requirements": "-r", "--with-editable": "-e"}.get(option)
            before = (Word(text=dash, start=word.start, end=word.start),) if dash else ()
            yield from install(replace(call, words=(*before, word)))


def own_words(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The options before the command that is run."""
    return words[: next(before_operands(words, grammar("uv")), len(words))]


def _is_script(call: Call, at: int) -> bool:
    """Whether the command is a script with dependencies of its own (PEP 723), for which no project counts."""
    name = call.words[at].text if at < len(call.words) else ""
    target = call.recipe.locate(call.recipe.path(name)) if name.endswith(".py") else None
    document = call.doc.beside(target) if target else None
    return document is not None and b"# /// script" in document.head


def _sorted(call: Call, install_arguments: list[InstallArgument]) -> InstallerCall:
    run = InstallerCall(call, [], [], [], [])
    for argument in install_arguments:
        if argument.option == "--torch-backend":
            run.backend = argument
        elif argument.option in _ARGUMENTS:
            getattr(run, _ARGUMENTS[argument.option]).append(argument)
        elif argument.option in _VALUES:
            getattr(run, _VALUES[argument.option]).append(argument.value)
    return run


_ARGUMENTS = {
    **dict.fromkeys(_REQUIREMENTS | _CONSTRAINTS, "included"),
    **dict.fromkeys(_INDEXES | _LINKS, "indexes"),
    **dict.fromkeys(_SELECTING, "selecting"),
}
"""Options that are kept with their names, by where."""
_VALUES = {
    "": "operands",
    **dict.fromkeys(_EDITABLE, "editables"),
    "--group": "declared_groups",
    "--requirements-from-script": "scripts",
    **dict.fromkeys(_EXCLUDES, "excludes"),
}
"""Options of which the value alone is kept, by where."""


def _statements(run: InstallerCall) -> Iterator[Statement]:
    call = run.call
    yield from _indexes(run)
    variants: dict[str, Place] = {}
    is_alone = _brings_nothing_else(call)
    for statement in _packages(run):
        if is_alone and isinstance(statement, (Pin, Include)):
            statement = replace(statement, without_requirements=True)
        if isinstance(statement, Pin) and statement.variant:
            variants.setdefault(statement.variant, statement.at)
        yield statement
    if any(option in _REQUIREMENTS for option, _ in run.included):
        for _, word in run.indexes:
            index = wheel_index(word.text)
            if index is not None:
                variants.setdefault(index.variant, call.at(word))
    yield from _cuda(call, variants)


def _brings_nothing_else(call: Call) -> bool:
    """Whether what is named is installed and nothing that it requires."""
    return any(option.text == "--no-deps" for option in call.words)


def _packages(run: InstallerCall) -> Iterator[Statement]:
    chosen = install_project.selection("uv", run.selecting)
    for option, word in run.included:
        yield from _included(
            run.call, word, constraint=option in _CONSTRAINTS, overriding=option in _OVERRIDES, chosen=chosen
        )
    yield from install_project.declared_groups(run.call, run.declared_groups)
    yield from (install_project.script_dependencies(run.call, word) for word in run.scripts)
    for name in (*_CONSTRAINT_VARIABLES, *_REQUIREMENT_VARIABLES):
        for word in _named_by(run.call, (name,)):
            yield from _included(
                run.call, word, constraint=name in _CONSTRAINT_VARIABLES, overriding=name in _OVERRIDES
            )
    for word in (*run.excludes, *_named_by(run.call, _EXCLUDE_VARIABLES)):
        yield from excluded(run.call, word)
    for word in run.editables:
        yield from _operand(run, word)
    for word in run.operands:
        yield from _operand(run, word)


def _named_by(call: Call, variables: Iterable[str]) -> Iterator[Word]:
    """The files that variables name, blanks between them."""
    for name in variables if call.words else ():
        for path in call.recipe.values.get(name, "").split():
            yield replace(call.words[0], text=path, quoted=False)


def _indexes(run: InstallerCall) -> Iterator[Statement]:
    for option, word in run.indexes:
        if word.unresolved:
            yield run.call.unknown(word)
        elif word.text:
            yield Fact(key="index", value=masked(word.text), at=run.call.at(word))
            if option in _DEFAULT_INDEXES:
                yield Fact(key="default-index", value=masked(word.text), at=run.call.at(word))


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
                scope=call.recipe.base_scope,
                derived_from=at,
                detail=f"by the build {variant}",
            )


def _included(
    call: Call, word: Word, *, constraint: bool, overriding: bool = False, chosen: InstallSelection | None = None
) -> Iterator[Statement]:
    """A requirements or constraints file: one of the document's neighbours, or one that the recipe itself wrote."""
    recipe = call.recipe
    substituted = word.text.startswith("<(")
    if word.unresolved and not substituted:
        yield call.unknown(word)
        return
    path = recipe.path(word.text) if not substituted else word.text
    piped = substituted or word.text in PIPED
    exported = recipe.exported.get(word.text if piped else path)
    if exported is not None:
        yield install_project.include(call, exported.target, call.at(word), exported.chosen, attached=True)
        return
    if piped or path in recipe.written:
        text = None if substituted else call.stdin if piped else recipe.written[path]
        if text is not None:
            yield from inline(call, text, install, constraint=constraint)
        else:
            why = f"`{word.text[:80]}` is written by another command of this recipe; its text is not known"
            yield call.doc.unread(why, call.at(word), what=call.shown())
        return
    if recipe.is_cloned(path):
        why = f"`{path[:80]}` is in a repository that this recipe clones; it cannot be read here"
        yield call.doc.unread(why, call.at(word), what=call.shown())
        return
    with_extras = _WITH_EXTRAS.fullmatch(word.text)
    if with_extras and (lock := install_project.located_lock(call, replace(word, text=with_extras[1]), with_extras[2])):
        yield lock
        return
    target = word.text if "://" in word.text else recipe.locate(path) or path
    yield Include(
        target=target,
        at=call.at(word),
        constraint=constraint,
        overrides=overriding,
        format=_format_of(target),
        step=recipe.step,
        groups=recipe.groups,
        parts=recipe.parts,
        selection=chosen if posixpath.basename(target) in _PROJECTS else None,
        values=install_project.values_for(call, target),
    )


def _format_of(target: str) -> str | None:
    name = posixpath.basename(target)
    named = name in _PROJECTS or (name.startswith("pylock.") and name.endswith(".toml"))
    return None if named else "requirements"


def _operand(run: InstallerCall, word: Word) -> Iterator[Statement]:
    """One thing to install: a requirement, an address, an archive or a folder."""
    call = run.call
    text = word.text
    if word.unresolved:
        listed = _CAT.fullmatch(word.unresolved)
        if listed and listed.group(0) == text:
            yield from _included(call, replace(word, text=listed.group(1), unresolved=""), constraint=False)
        else:
            yield call.unknown(word)
    elif "*" in text and ("/" in text or ".whl" in text):
        yield call.note(f"`{text[:120]}` installs files of the image; only these state their versions", call.at(word))
    elif is_address(text) or ("/" in text and "@" not in text):
        yield from _addressed(run, word)
    elif text:
        yield _pin(run, text, call.at(word))


def _pin(run: InstallerCall, text: str, at: Place) -> Statement:
    call = run.call
    statement = requirement.pin(
        call.doc,
        requirement.without_empty_marker(text),
        at,
        scope=run.scope,
        detail=call.recipe.detail,
    )
    if isinstance(statement, Pin) and statement.variant is None and statement.source == "index":
        variant = run.variant(statement.package)
        return replace(statement, variant=variant) if variant else statement
    return statement


def _addressed(run: InstallerCall, word: Word) -> Iterator[Statement]:
    """`git+https://host/owner/name@ref#egg=name`, an archive, or a folder of the recipe's file system."""
    call, at = run.call, run.call.at(word)
    address = requirement_address.parse(word.text)
    if address.problem is not None:
        yield call.doc.unread(address.problem, at, what=word.text)
        return
    source = requirement.source_of(address.url) if "://" in address.url else "path"
    if address.own or (source == "path" and address.version is None):
        yield from _folder(run, word, address)
    elif address.name is None:
        yield call.doc.unread("no name follows from it; write it as `name @ address`", at, what=word.text)
    else:
        yield call.doc.pin(
            Layer.DECLARED,
            address.name,
            address.version,
            at=at,
            scope=run.scope.with_marker(address.marker),
            extras=address.extras,
            source=source,
            origin=address.url,
            hashes=address.hashes,
            detail=_detail(address),
        )


def _folder(run: InstallerCall, word: Word, address: requirement_address.Address) -> Iterator[Statement]:
    """A project of the recipe's file system: what it declares where it is there to be read, else a note."""
    call = run.call
    if _brings_nothing_else(call):
        # The project is installed, what it requires is not.
        return
    chosen = install_project.selection("uv", run.selecting)
    chosen = replace(chosen, extras=(*chosen.extras, *address.extras))
    folder = word.text.partition("[")[0].removeprefix("file:") or "."
    declared = install_project.folder_project(call, word, folder, chosen)
    yield from declared or [call.note(_says_of_folder(word.text), call.at(word))]


def _says_of_folder(text: str) -> str:
    folder, _, extras = text.partition("[")
    with_extras = f" with the extras {extras.strip('[]')}" if extras else ""
    return (
        f"`{folder[:120]}` is installed as a project{with_extras}: its pyproject.toml, setup.cfg or setup.py states "
        "what it needs; name that as a source too"
    )


def _detail(address: requirement_address.Address) -> str | None:
    if address.revision:
        return f"revision {address.revision}"
    return "named after its address" if address.guessed else None
