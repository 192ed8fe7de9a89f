"""What the commands do, without arguments and printing: sources → environments → report. The typed public API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.audit import audit
from mlaudit.environments.sources import assemble, environment_names, parse_source, stating
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.masking import mask_environment, mask_report
from mlaudit.model.report import Environment, Found, Report, SharedFile
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import is_named
from mlaudit.policy.baseline import loads
from mlaudit.request.options import Options
from mlaudit.request.source_spec import BadSource, Spelled
from mlaudit.rules._registry import rules
from mlaudit.sources.confinement import tree_around
from mlaudit.sources.paths import MISSING, is_folder, relative, resolved, status
from mlaudit.sources.working_tree import Root

if TYPE_CHECKING:
    from mlaudit.discovery.environments import Discovery
    from mlaudit.sources.listing import Walked

ROLES = ("training", "serving")
"""Of `compare`: the first writes, the others read."""
NOTHING = 3
"""The exit code where there is nothing to compare."""


def compare(sources: Sequence[str], options: Options) -> Report:
    """The first source writes, the others read it. Raises BadSource."""
    if len(sources) < 2:
        raise BadSource("compare needs a reference and at least one other source")
    spellings: list[Sequence[Spelled]] = [parse_source(source) for source in sources]
    names = environment_names(spellings)
    if options.as_format is not None and any(part.path == "-" for parts in spellings for part in parts):
        spellings = [[_told(part, options.as_format) for part in parts] for parts in spellings]
        options = replace(options, as_format=None)
    options.progress.expect(sum(map(len, spellings)))
    made = [
        assemble(parts, name, ROLES[min(at, 1)], () if at == 0 else (names[0],), options)
        for at, (parts, name) in enumerate(zip(spellings, names, strict=True))
    ]
    return _report("compare", made, options, named=made, partial=True)


def _told(part: Spelled, as_format: str) -> Spelled:
    """`--as` speaks of standard input where that is among the sources, since files have names."""
    return replace(part, format=as_format) if part.path == "-" and part.format is None else part


def baseline_of(path: Path | None) -> Mapping[str, str] | None:
    """The fingerprints of a baseline file, None where none is given. Raises UsageError."""
    if path is None:
        return None
    try:
        return loads(Root(path.parent).document(path))
    except Unreadable as error:
        raise UsageError(f"--baseline {path}: {error.why}") from None


def rule_words() -> frozenset[str]:
    """The codes and names of all rules: what a configuration may name."""
    return frozenset(word for rule in rules().values() for word in (rule.code, rule.name))


def listing(sources: Sequence[str], options: Options) -> tuple[Environment, ...]:
    """What was read of each source. Raises BadSource."""
    spellings = [parse_source(source) for source in sources]
    names = environment_names(spellings)
    made = (assemble(parts, name, name, (), options) for parts, name in zip(spellings, names, strict=True))
    return tuple(map(mask_environment, made))


def check(paths: Sequence[str], options: Options) -> Report:
    """What the configuration declares, or what is discovered below the paths. Raises BadSource."""
    for path in paths:
        _demand(path)
    if options.settings.environments or options.settings.pairs:
        from mlaudit.environments.declared import confined, declared, refusals, shared_files

        options = confined(options)
        every = list(declared(options))
        itself = any(relative(path, options.root) == options.settings.path for path in paths)
        made = every if itself else _touched(every, paths, options.root)
        said = () if made else (_untouched(every, options),)
        report = _report(
            "check",
            made,
            options,
            named=made,
            shared=tuple(shared_files(options)),
            notes=said,
            partial=len(made) < len(every),
            lost=any(refusals(options)),
        )
        return report if made else _passed_over(report, paths)
    return _discovered(paths, options)


def initial(folder: Path) -> str:
    """A commented configuration of what is discovered below a folder."""
    from mlaudit.discovery.environments import discover
    from mlaudit.discovery.init_file import render
    from mlaudit.sources.listing import walk

    return render(discover(stating(walk(folder, is_named).paths, folder, Root(folder))))


def _report(
    command: str,
    made: Sequence[Environment],
    options: Options,
    *,
    named: Iterable[Environment] = (),
    shared: Sequence[tuple[SharedFile, ...]] = (),
    found: Sequence[Found] = (),
    notes: Sequence[str] = (),
    uncertain: frozenset[tuple[str, str]] = frozenset(),
    partial: bool = False,
    lost: bool = False,
) -> Report:
    report = audit(
        command,
        sorted(made, key=lambda one: bool(one.follows)),
        options.settings,
        today=options.today,
        baseline=options.baseline,
        only=options.only,
        shared=shared,
        found=found,
        notes=notes,
        uncertain=uncertain,
        lost=lost or any(one.lost for one in named),
        partial=partial,
    )
    return mask_report(report)


def _demand(path: str) -> None:
    """Raises BadSource where nothing stands at a path, or it cannot be asked for."""
    try:
        status(path)
    except Unreadable as error:
        missing = error.why == MISSING
        raise BadSource(f"{path}: {'there is no such file or folder' if missing else error.why}") from None


def _touched(made: list[Environment], paths: Sequence[str], root: Path) -> list[Environment]:
    """The environments with a source at or below the paths, those that they follow, and those that follow them."""
    asked = [relative(path, root) for path in paths]
    if not asked or any(path == "." for path in asked):
        return made
    touched = {one.name for one in made if any(_at_or_below(source, asked) for source in _paths(one))}
    followed = {name for one in made if one.name in touched for name in one.follows}
    following = {one.name for one in made if touched.intersection(one.follows)}
    return [one for one in made if one.name in touched | followed | following]


def _untouched(every: Sequence[Environment], options: Options) -> str:
    declared_names = ", ".join(one.name for one in every)
    return f"No environment that {options.settings.path} declares ({declared_names}) has a source there."


def _passed_over(report: Report, paths: Sequence[str]) -> Report:
    """Files of no environment change none: a hook that names what is committed has nothing to object to."""
    if report.exit_code == NOTHING and paths and not any(is_folder(path) for path in paths):
        return replace(report, exit_code=0)
    return report


def _paths(one: Environment) -> Iterator[str]:
    yield from one.sources
    for reading in (*one.readings, *one.writes):
        yield reading.path
        yield from (pin.at.path for pin in reading.pins)


def _at_or_below(source: str, asked: Iterable[str]) -> bool:
    return any(source == path or source.startswith(f"{path}/") for path in asked)


def _discovered(paths: Sequence[str], options: Options) -> Report:
    """The audit of what looking finds; files among the paths choose what of it is touched."""
    from mlaudit.discovery.environments import discover

    folders = [Path(path) for path in paths if is_folder(path)]
    files = [path for path in paths if not is_folder(path)]
    folders = folders or [options.root if files else Path()]
    options = replace(options, tree=_tree(folders, options))
    base, walked = _walked(folders, options.tree)
    named_well = stating(walked.paths, base, Root(options.root, tree=options.tree))
    found = discover(named_well, roots=_members(base, options))
    made = list(_assembled(found, base, options))
    kept = _touched(made, files, options.root) if files else made
    looked = tuple(_looked(found, walked, base))
    advice = tuple(_advice(looked, sum(len(one.follows) for one in kept), ", ".join(paths) or "here"))
    uncertain = frozenset((pair.writer, pair.reader) for pair in found.pairs if not pair.certain)
    report = _report("check", kept, options, found=looked, notes=advice, uncertain=uncertain)
    return report if kept else _passed_over(report, paths)


def _tree(folders: Sequence[Path], options: Options) -> Path:
    """What documents that are found may ask for: the repository around the folders, else what holds the folders."""
    common = Path(os.path.commonpath([folder.resolve() for folder in folders]))
    root = options.root.resolve()
    is_repository = (options.root / ".git").exists() and common.is_relative_to(root)
    return root if is_repository else tree_around(common)


def _walked(folders: Sequence[Path], tree: Path | None) -> tuple[Path, Walked]:
    """What lies below some folders, relative to the folder that holds them all: their names tell roles too."""
    from mlaudit.sources.listing import Walked, walk

    if len(folders) == 1:
        return folders[0], walk(folders[0], is_named, tree=tree)
    try:
        common = os.path.commonpath([resolved(folder) for folder in folders])
    except ValueError:
        raise BadSource("the folders lie on different drives; audit those of one drive at a time") from None
    base = Path(relative(common, Path()))
    below = [(relative(folder, base), walk(folder, is_named, tree=tree)) for folder in folders]
    return base, Walked(
        paths=tuple(Path(inner, path).as_posix() for inner, found in below for path in found.paths),
        unread=tuple(entry for _, found in below for entry in found.unread),
    )


def _assembled(found: Discovery, folder: Path, options: Options) -> Iterator[Environment]:
    """The environments that were found, each with the manifest that its lock was made of, so that a stale one shows."""
    from mlaudit.discovery.environments import is_manifest

    options.progress.expect(sum(len(one.sources) for one in found.environments))
    for one in found.environments:
        sources = (*one.sources, *(path for path in one.covered if is_manifest(path)))
        parts = [part for source in sources for part in parse_source(source, folder)]
        yield assemble(parts, one.name, one.role or one.name, one.follows, options)


def _members(folder: Path, options: Options) -> Callable[[str], Sequence[str]]:
    """Tells the projects that a lock or manifest below a folder is about, by reading it."""
    root = Root(options.root, options.settings.defines, tree=options.tree)

    def names(path: str) -> Sequence[str]:
        try:
            reading = read(root.document(folder / path))
        except Unreadable:
            # Reading it as a source tells the reason.
            return ()
        return [one.name for one in reading.roots if one.kind == "package"]

    return names


def _looked(found: Discovery, walked: Walked, folder: Path) -> Iterator[Found]:
    """What was taken for what, and why."""
    for one in found.environments:
        documents = tuple(source.removeprefix(f"{one.folder}/") for source in one.sources)
        yield Found(role=one.name, folder=_shown(folder, one.folder), documents=documents, why=one.reason or "no role")
    for ignored in found.ignored:
        head, _, name = ignored.path.rpartition("/")
        yield Found(role="ignored", folder=_shown(folder, head), documents=(name,), why=ignored.why)
    for entry in walked.unread:
        yield Found(role="not looked into", folder=entry.at.path, documents=(), why=entry.why)


def _shown(folder: Path, inner: str) -> str:
    return f"{(folder / inner).as_posix()}/"


def _advice(found: Sequence[Found], pairs: int, where: str) -> Iterator[str]:
    """How to go on from what was found."""
    if not found:
        yield f"No configuration, and no file below {where} states versions in a known format."
    elif not pairs:
        yield "No pair of training and serving among them, so nothing is compared across. Declare one: mlaudit init"
    else:
        yield "Write this down and edit it: mlaudit init"
