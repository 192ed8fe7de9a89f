"""What a command takes of a project or of its lock: `uv sync --extra cpu`, `poetry install --only main`.

What each option means is in knowledge/installers.toml (`selects`); the lock itself is read by its own parser.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from mlaudit.grammars.shell.install_options import InstallArgument, arguments, grammar, selecting_options
from mlaudit.grammars.shell.install_workspace import workspace_parts
from mlaudit.grammars.shell.recipe import Call, ExportedLock
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Include, InstallSelection, Place, Statement, Unread

_NAMES = lazy_pattern(r"[\s,;]+")
_VARIABLE = lazy_pattern(rb"\$\{([A-Z0-9_]{1,256})\}")
_DECLARATIONS = ("pyproject.toml", "setup.cfg", "setup.py")
_OWN_GROUPS = frozenset(("main", "default", "packages"))
_SWITCHES = {"UV_NO_DEV": "--no-dev", "UV_NO_DEFAULT_GROUPS": "--no-default-groups"}
_ON = frozenset(("1", "true", "yes", "on", "y", "t"))
_FOLDERS = frozenset(("--project", "--directory", "--manifest-path", "-C"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A command that installs what a lock says.

    Attributes:
        tool: whose options they are.
        command: as it is written in a note.
        files: the names that its lock may have, then the manifest that counts if no lock is there.
        exact: whether what the lock does not name is taken away.
        default_groups: whether groups come unasked.
    """

    tool: str
    command: str
    files: tuple[str, ...]
    exact: bool = False
    default_groups: bool = True


@dataclass(slots=True)
class _ProjectChoice:
    """Options of one command, by what they mean."""

    named: dict[str, list[str]] = field(default_factory=dict)

    def add(self, meaning: str, value: str) -> None:
        names = [name for name in _NAMES.split(value.strip("'\"[]")) if name]
        self.named.setdefault(meaning, []).extend(names)

    def names(self, *meanings: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for meaning in meanings for name in self.named.get(meaning, ())))


def selection(
    tool: str, install_arguments: Iterable[InstallArgument], *, default_groups: bool = False, exact: bool = False
) -> InstallSelection:
    """What the options of a command choose."""
    meanings = selecting_options(tool)
    choice = _ProjectChoice()
    for option, word in install_arguments:
        meaning, _, fixed = meanings.get(option, "").partition(":")
        if meaning:
            choice.add(meaning, fixed or word.text)
    only = choice.names("only")
    everything = ":all" in choice.names("either")
    either = tuple(name for name in choice.names("either") if name != ":all")
    own = not only or not _OWN_GROUPS.isdisjoint(only)
    return InstallSelection(
        extras=(*choice.names("extras"), *either),
        groups=tuple(name for name in (*choice.names("groups"), *either, *only) if name not in _OWN_GROUPS),
        all_extras="all-extras" in choice.named or everything,
        all_groups="all-groups" in choice.named or everything,
        without=choice.names("without"),
        default_groups=default_groups and not only and "no-defaults" not in choice.named,
        own=own and "not-own" not in choice.named,
        parts=tuple((word, name) for word in ("package", "environment") for name in choice.names(word)),
        exact=exact or "exact" in choice.named,
    )


def from_lock(lock: Lock, call: Call) -> Iterator[Statement]:
    """What `uv sync` and its like take of a lock that is beside the recipe."""
    given = [*arguments(call.words, grammar(lock.tool)), *(_of_variables(call) if lock.tool == "uv" else ())]
    unknown = [word for option, word in given if option in selecting_options(lock.tool) and word.unresolved]
    for word in unknown:
        yield call.unknown(word)
    at = call.whole()
    folder = _folder(given)
    target = _located(call, folder, lock.files)
    if target is None:
        says = f"`{lock.command}` installs what {lock.files[0]} says; name it as a source of this environment too"
        yield call.note(says, at)
        return
    chosen = selection(lock.tool, given, default_groups=lock.default_groups, exact=lock.exact)
    if lock.tool == "uv" and posixpath.basename(target) == "pyproject.toml":
        for part in workspace_parts(call, folder, target, chosen, at):
            yield part if isinstance(part, Unread) else include(call, part[0], at, part[1], attached=True)
        return
    yield include(call, target, at, chosen, attached=True)


def selected_lock(lock: Lock, call: Call) -> ExportedLock | None:
    """What a command takes of a lock that it only writes out; None if the lock cannot be read."""
    given = [*arguments(call.words, grammar(lock.tool)), *(_of_variables(call) if lock.tool == "uv" else ())]
    target = _located(call, _folder(given), lock.files)
    chosen = selection(lock.tool, given, default_groups=lock.default_groups)
    return ExportedLock(target=target, chosen=chosen) if target is not None else None


def _of_variables(call: Call) -> Iterator[InstallArgument]:
    """Options that variables of uv set (https://docs.astral.sh/uv/reference/environment/)."""
    values = call.recipe.values
    for variable, option in _SWITCHES.items():
        if values.get(variable, "").lower() in _ON:
            yield InstallArgument(option, Word(text="", start=0, end=0))
    for group in values.get("UV_NO_GROUP", "").split():
        yield InstallArgument("--no-group", Word(text=group, start=0, end=0))


def _folder(install_arguments: Iterable[InstallArgument]) -> str:
    named = next((word.text for option, word in install_arguments if option in _FOLDERS and not word.unresolved), "")
    return posixpath.dirname(named) if named.endswith(".toml") else named


def _located(call: Call, folder: str, names: Iterable[str]) -> str | None:
    """The first of some files in a folder of the recipe that can be read."""
    for name in names:
        path = call.recipe.path(posixpath.join(folder, name))
        target = None if path in call.recipe.written else call.recipe.locate(path)
        if target is not None and call.doc.beside(target) is not None:
            return target
    return None


def include(call: Call, target: str, at: Place, chosen: InstallSelection, *, attached: bool = False) -> Include:
    """A document that a command installs, at the step and for the stages of the command."""
    recipe = call.recipe
    return Include(
        target=target,
        at=at,
        step=recipe.step,
        groups=() if attached else recipe.groups,
        parts=recipe.parts,
        selection=chosen,
        attached=attached,
        values=() if attached else values_for(call, target),
    )


def values_for(call: Call, target: str) -> tuple[tuple[str, str], ...]:
    """The variables of the recipe that an included requirements file names, as `${NAME}`."""
    document = call.doc.beside(target) if call.recipe.values and "://" not in target else None
    if document is None:
        return ()
    try:
        names = sorted(set(_VARIABLE.findall(document.head)))
    except Unreadable:
        return ()
    known = call.recipe.values
    return tuple((name, known[name]) for name in map(bytes.decode, names) if name in known)


def folder_project(call: Call, word: Word, folder: str, chosen: InstallSelection) -> list[Statement]:
    """What a project in a folder declares (`pip install .[serve]`); nothing if none is there to be read."""
    manifests = [_located(call, folder, (name,)) for name in _DECLARATIONS]
    return [include(call, target, call.at(word), chosen) for target in manifests if target is not None]


def declared_groups(call: Call, words: Iterable[Word]) -> Iterator[Statement]:
    """`pip install --group serve`, `--group path/pyproject.toml:serve`: PEP 735 groups without the project."""
    for word in words:
        if word.unresolved:
            yield call.unknown(word)
            continue
        path, _, group = word.text.rpartition(":")
        target = _located(call, "", (path or "pyproject.toml",))
        if target is None:
            why = f"the group `{group[:80]}` is of {path[:120] or 'pyproject.toml'}, which cannot be read"
            yield call.doc.unread(why, call.at(word), what=word.text)
        else:
            yield include(call, target, call.at(word), InstallSelection(groups=(group,), own=False))


def script_dependencies(call: Call, word: Word) -> Statement:
    """`pip install --requirements-from-script train.py`: the block of PEP 723 at the top of a script."""
    if word.unresolved:
        return call.unknown(word)
    target = _located(call, "", (word.text,))
    if target is None:
        why = f"the script `{word.text[:120]}` cannot be read"
        return call.doc.unread(why, call.at(word), what=word.text)
    recipe = call.recipe
    return Include(
        target=target,
        at=call.at(word),
        format="script-metadata",
        step=recipe.step,
        groups=recipe.groups,
        parts=recipe.parts,
    )


def located_lock(call: Call, word: Word, extras: str) -> Include | None:
    """`pip install -r pylock.toml[gpu]`: a lock with extras; None if it is not there."""
    target = _located(call, "", (word.text,))
    names = tuple(name for name in _NAMES.split(extras) if name)
    return include(call, target, call.at(word), InstallSelection(extras=names), attached=True) if target else None


LOCKS: Mapping[tuple[str, ...], Lock] = {
    ("uv", "sync"): Lock(tool="uv", command="uv sync", files=("uv.lock", "pyproject.toml"), exact=True),
    ("uv", "run"): Lock(tool="uv", command="uv run", files=("uv.lock",)),
    ("poetry", "install"): Lock(tool="poetry", command="poetry install", files=("poetry.lock", "pyproject.toml")),
    ("poetry", "sync"): Lock(tool="poetry", command="poetry sync", files=("poetry.lock", "pyproject.toml"), exact=True),
    ("pdm", "install"): Lock(tool="pdm", command="pdm install", files=("pdm.lock", "pylock.toml", "pyproject.toml")),
    ("pdm", "sync"): Lock(
        tool="pdm", command="pdm sync", files=("pdm.lock", "pylock.toml", "pyproject.toml"), exact=True
    ),
    ("pipenv", "install"): Lock(tool="pipenv", command="pipenv install", files=("Pipfile.lock", "Pipfile")),
    ("pipenv", "sync"): Lock(tool="pipenv", command="pipenv sync", files=("Pipfile.lock", "Pipfile")),
    ("rye", "sync"): Lock(tool="rye", command="rye sync", files=("requirements.lock", "pyproject.toml")),
    ("pixi", "install"): Lock(
        tool="pixi", command="pixi install", files=("pixi.lock", "pixi.toml", "pyproject.toml"), default_groups=False
    ),
}
"""Commands that install what a lock says, by their words."""
