"""What the commands do, without arguments and printing: sources → environments → report. The typed public API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.discovery.configuration import root_of
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.masking import mask_environment, mask_report
from mlaudit.model.nouns import Place
from mlaudit.model.pairs import EnvironmentPair
from mlaudit.model.report import Discovered, Environment, Report, Summary
from mlaudit.parsers._registry import is_named, parser_of, parsers
from mlaudit.request.audit_request import AuditRequest, EnvironmentRequest
from mlaudit.request.options import EVIDENCE_FILE, Options
from mlaudit.request.source_spec import BadSource, Spelled
from mlaudit.rules._registry import rules
from mlaudit.sources.confinement import tree_around
from mlaudit.sources.paths import MISSING, exists, is_folder, relative, resolved, status
from mlaudit.sources.working_tree import WorkingTree

if TYPE_CHECKING:
    from mlaudit.discovery.environments import Discovery, Pair
    from mlaudit.discovery.survey import Survey
    from mlaudit.environments.found_models import FoundModels
    from mlaudit.request.settings import EnvironmentSettings
    from mlaudit.sources.listing import Walked

ROLES = ("training", "serving")
"""Of `compare`: the first writes, the others read."""
NOTHING = 3
"""The exit code where there is nothing to compare."""


def compare(sources: Sequence[str], options: Options, *, folder: Path = Path()) -> Report:
    """The first source writes, the others read it; their paths are relative to `folder`. Raises BadSource."""
    from mlaudit.environments.sources import demand_present, environment_names, parse_source

    if len(sources) < 2:
        raise BadSource("compare needs a reference and at least one other source")
    spellings: list[Sequence[Spelled]] = [parse_source(source, folder) for source in sources]
    for parts in spellings:
        demand_present(parts, folder)
    names = environment_names(spellings)
    if options.as_format is not None and any(part.path == "-" for parts in spellings for part in parts):
        spellings = [[_told(part, options.as_format) for part in parts] for parts in spellings]
        options = replace(options, as_format=None)
    options.progress.expect(sum(map(len, spellings)))
    made = _written_and_read(spellings, names, options)
    return _report(made, AuditRequest(command="compare", options=options, partial=True), named=made)


def _written_and_read(
    spellings: Sequence[Sequence[Spelled]], names: Sequence[str], options: Options
) -> list[Environment]:
    """The environments of sources, of which the first writes what the others read."""
    from mlaudit.environments.several_models import joined, with_models_apart

    requests = [
        EnvironmentRequest(name=names[0], role=ROLES[0]),
        *(EnvironmentRequest(name=name, role=ROLES[1], follows=names[:1]) for name in names[1:]),
    ]
    rows = zip(requests, spellings, strict=True)
    return joined([with_models_apart(request, options, sources=parts) for request, parts in rows])


def _told(part: Spelled, as_format: str) -> Spelled:
    """`--as` speaks of standard input where that is among the sources, since files have names."""
    return replace(part, format=as_format) if part.path == "-" and part.format is None else part


def baseline_of(path: Path | None) -> Mapping[str, str] | None:
    """The fingerprints of a baseline file, None where none is given. Raises UsageError."""
    if path is None:
        return None
    from mlaudit.policy.baseline import loads

    try:
        return loads(WorkingTree(path.parent).document(path))
    except Unreadable as error:
        raise UsageError(f"--baseline {path}: {error.why}") from None


def rule_words() -> frozenset[str]:
    """The codes and names of all rules: what a configuration may name."""
    return frozenset(word for rule in rules().values() for word in (rule.code, rule.name))


def demand_format(option: str, name: str) -> None:
    """Raises UsageError where a name is that of no format that can be read."""
    if parser_of(name) is None:
        from mlaudit.model.nearest import nearest

        near = nearest(name, parsers())
        meant = f"; did you mean {near}?" if near else "; `mlaudit formats` lists all"
        raise UsageError(f"{option} {name}: no format that can be read{meant}")


def listing(sources: Sequence[str], options: Options, *, folder: Path = Path()) -> tuple[Environment, ...]:
    """What was read of each source; without one, and of a folder of several environments, what `check` reads.

    Paths are relative to `folder`. Raises BadSource.
    """
    from mlaudit.environments.sources import assemble, demand_present, environment_names, parse_source

    if not sources or any(_holds_several(folder / source) for source in sources):
        made = check([str(folder / source) for source in sources], options).environments
        return tuple(made)
    spellings = [parse_source(source, folder) for source in sources]
    for parts in spellings:
        demand_present(parts, folder)
    requests = [EnvironmentRequest(name=name, role=name) for name in environment_names(spellings)]
    made = tuple(assemble(parts, one, options) for parts, one in zip(spellings, requests, strict=True))
    return tuple(map(mask_environment, made))


def _holds_several(source: Path) -> bool:
    """Whether a source is a folder in which several environments are found, and none is installed."""
    if not is_folder(source):
        return False
    from mlaudit.environments.model_folder import SeveralEnvironments, folder_contents

    try:
        folder_contents(source, WorkingTree(source))
    except Unreadable as error:
        return isinstance(error, SeveralEnvironments)
    return False


def check(paths: Sequence[str], options: Options, *, found: FoundTree | None = None) -> Report:
    """What the configuration declares, or what is discovered below the paths. Raises BadSource.

    Args:
        found: what `look` gave for the same paths, where that was called before.
    """
    for path in paths:
        _demand(path)
    if options.settings.environments or options.settings.pairs:
        from mlaudit.environments.untouched import are_surely_untouched

        if paths and are_surely_untouched(paths, options):
            return _report_on_nothing(options)
        from mlaudit.environments.declared import confined, declared, refusals, shared_files
        from mlaudit.environments.undeclared_models import with_undeclared_models

        options = confined(options)
        own = {one.name: one.sources for one in options.settings.environments}
        base = options.root / Path(options.settings.path or "").parent
        with_models, said_of_models = with_undeclared_models(list(declared(options)), options)
        every = _with_own_names(with_models, own, base, options, None)
        itself = any(relative(path, options.root) == options.settings.path for path in paths)
        made = every if itself else _touched(every, paths, options.root)
        said = said_of_models if made else (_untouched(every, options),)
        request = AuditRequest(
            command="check",
            options=options,
            shared=tuple(shared_files(options)),
            notes=said,
            partial=len(made) < len(every),
            lost=any(refusals(options)),
        )
        return _passed_over(_report(made, request, named=made), paths, every)
    return _discovered(paths, options, found or look(paths, options))


def initial(folder: Path) -> str:
    """A commented configuration of what is discovered below a folder."""
    from mlaudit.discovery.init_file import render

    options = Options(root=root_of(folder))
    options = replace(options, tree=_tree([folder], options))
    base, walked = _walked([folder], options.tree)
    return render(_surveyed(walked, base, WorkingTree(options.root, tree=options.tree), options).discovery)


def _surveyed(walked: Walked, base: Path, root: WorkingTree, options: Options) -> Survey:
    """What looking finds in a folder that was walked."""
    from mlaudit.discovery.recipes import AuditedTree
    from mlaudit.discovery.survey import survey_with_code
    from mlaudit.environments.named_files import stating

    tree = AuditedTree(folder=base, root=root, paths=dict.fromkeys(walked.paths))
    return survey_with_code(tree, stating(walked.paths, base, root), _members(base, options))


def _report(made: Sequence[Environment], request: AuditRequest, *, named: Iterable[Environment] = ()) -> Report:
    """The report, masked; a source of `named`, which the user named, must not be lost."""
    from mlaudit.audit import audit

    if request.options.resolution is not None:
        from mlaudit.resolving.resolve import with_resolutions

        made, notes = with_resolutions(made, request.options)
        request = replace(request, notes=(*request.notes, *notes))
    if request.options.waivers and exists(str(request.options.root / EVIDENCE_FILE)):
        from mlaudit.environments.recorded_proofs import with_proofs

        applied = with_proofs(made, request.options.root)
        made = applied.environments
        request = replace(request, proven=applied.proven, notes=(*request.notes, *applied.notes))
    if any(one.names_code or one.kinds_at_hand for one in made):
        from mlaudit.environments.code_evidence import with_code_evidence

        made = with_code_evidence(made, request.options)
    if any(one.lost for one in named):
        request = replace(request, lost=True)
    return mask_report(audit(sorted(made, key=lambda one: bool(one.follows)), request))


def _demand(path: str) -> None:
    """Raises BadSource where nothing stands at a path, or it cannot be asked for."""
    if not exists(path):
        from mlaudit.request.addresses import fetching_advice

        advice = fetching_advice(path)
        if advice is not None:
            raise BadSource(f"{path}: it is an address; {advice}")
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


def _report_on_nothing(options: Options) -> Report:
    """The report of a run that touches no declared environment: what a hook with other files ends with."""
    from mlaudit.knowledge.dates import knowledge_date

    report = Report(
        command="check",
        environments=(),
        rows=(),
        findings=(),
        summary=Summary(),
        exit_code=0,
        knowledge=knowledge_date(),
        fail_on=options.settings.fail_on,
        baselined=options.baseline is not None,
        notes=(_untouched(options.settings.environments, options),),
    )
    return mask_report(report)


def _untouched(every: Sequence[Environment | EnvironmentSettings], options: Options) -> str:
    declared_names = ", ".join(one.name for one in every)
    return f"No environment that {options.settings.path} declares ({declared_names}) has a source there."


def _passed_over(report: Report, paths: Sequence[str], every: Sequence[Environment]) -> Report:
    """Files that touch nothing which is compared change no comparison: a hook has nothing to object to.

    Where no environment at all follows another, the hook could never object, and its user is informed.
    """
    only_files = bool(paths) and not any(is_folder(path) for path in paths)
    if report.exit_code != NOTHING or not only_files:
        return report
    touched = any(one.follows for one in report.environments)
    pairs = any(one.follows for one in every)
    return replace(report, exit_code=0) if not report.environments or (pairs and not touched) else report


def _paths(one: Environment) -> Iterator[str]:
    yield from one.sources
    for reading in (*one.readings, *one.writes):
        yield reading.path
        yield from (pin.at.path for pin in reading.pins)


def _at_or_below(source: str, asked: Iterable[str]) -> bool:
    return any(source == path or source.startswith(f"{path}/") for path in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTree:
    """What looking finds below some folders.

    Attributes:
        tree: the folder whose documents those that are found may ask for.
        base: the folder that paths of the survey are relative to.
    """

    tree: Path | None
    base: Path
    walked: Walked
    root: WorkingTree
    survey: Survey

    def shown(self, path: str) -> str:
        """A path of the survey as reports have it."""
        return self.root.shown(self.base / path)


def look(paths: Sequence[str], options: Options) -> FoundTree:
    """What looking finds below the folders among the paths; below the root where only files are named."""
    folders = [Path(path) for path in paths if is_folder(path)]
    folders = folders or [options.root if paths else Path()]
    options = replace(options, tree=_tree(folders, options))
    base, walked = _walked(folders, options.tree)
    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)
    survey = _surveyed(walked, base, root, options)
    return FoundTree(tree=options.tree, base=base, walked=walked, root=root, survey=survey)


def _discovered(paths: Sequence[str], options: Options, tree: FoundTree) -> Report:
    """The audit of what looking finds; files among the paths choose what of it is touched."""
    from mlaudit.environments.found_models import found_models, said_of_rest
    from mlaudit.sources.folder_files import FolderFiles

    files = [path for path in paths if not is_folder(path)]
    options = replace(options, tree=tree.tree)
    base, walked, root, found = tree.base, tree.walked, tree.root, tree.survey.discovery
    models = found_models(found, walked.paths, FolderFiles(root, base))
    own = {one.name: one.sources for one in found.environments}
    made = _with_own_names(list(_assembled(found, models, base, options)), own, base, options, walked)
    kept = _touched(made, files, options.root) if files else made
    looked = (*_looked(found, walked, base), *models.looked)
    where = ", ".join(paths) or "here"
    loads = any(one.writes or one.reads for one in kept)
    advice = _advice(looked, sum(len(one.follows) for one in kept), where, loads_models=loads)
    rest = said_of_rest(models.unplaced, models.passed_over)
    uncertain = frozenset((pair.writer, pair.reader) for pair in found.pairs if not pair.certain)
    pairs = tuple(_pair(pair, root, base) for pair in found.pairs)
    request = AuditRequest(
        command="check", options=options, found=looked, notes=(*rest, *advice), pairs=pairs, uncertain=uncertain
    )
    return _passed_over(_report(kept, request), paths, made)


def _with_own_names(
    made: list[Environment], sources: Mapping[str, Sequence[str]], base: Path, options: Options, found: Walked | None
) -> list[Environment]:
    """The environments with what the code of their images lacks of the artifacts that they load."""
    if not any(one.names_code for one in made):
        return made
    from mlaudit.environments.missing_own_names import with_missing_own_names

    return with_missing_own_names(made, sources, base, options, found)


def _pair(pair: Pair, root: WorkingTree, base: Path) -> EnvironmentPair:
    """A pair with the places of its code as they are reported."""

    def shown(place: Place) -> Place:
        return replace(place, path=root.shown(base / place.path))

    return EnvironmentPair(
        writer=pair.writer,
        reader=pair.reader,
        certain=pair.certain,
        crosses=tuple(replace(one, written=shown(one.written), read=shown(one.read)) for one in pair.crosses),
        reason=pair.reason,
        parted=tuple(replace(one, written=shown(one.written), read=shown(one.read)) for one in pair.parted),
    )


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


def _assembled(found: Discovery, models: FoundModels, folder: Path, options: Options) -> Iterator[Environment]:
    """The environments that were found, read."""
    from mlaudit.environments.sources import assemble, parse_source

    options.progress.expect(sum(len(one.sources) for one in found.environments))
    root = WorkingTree(options.root, tree=options.tree)
    for one in found.environments:
        parts = [part for source in one.documents for part in parse_source(source, folder)]
        request = EnvironmentRequest(
            name=one.name,
            role=one.role or one.name,
            follows=one.follows,
            kinds_from={pair.writer: pair.kinds for pair in found.pairs if pair.reader == one.name and pair.kinds},
            guessed=one.guessed,
            evidence=one.evidence,
            exchanges=[
                replace(use, at=replace(use.at, path=root.shown(folder / use.at.path))) for use in one.exchanges
            ],
        )
        yield assemble(
            parts,
            request,
            options,
            writes=[_file(path, folder) for path in models.writes.get(one.name, ())],
            reads=[_file(path, folder) for path in models.reads.get(one.name, ())],
        )


def _file(path: str, folder: Path) -> Spelled:
    """A file that looking found, whatever signs its name has."""
    return Spelled(text=path, path=str(folder / path))


def _members(folder: Path, options: Options) -> Callable[[str], Sequence[str]]:
    """Tells the projects that a lock or manifest below a folder is about, by reading it."""
    from mlaudit.parsers._read import read

    root = WorkingTree(options.root, options.settings.defines, tree=options.tree)

    def names(path: str) -> Sequence[str]:
        try:
            reading = read(root.document(folder / path))
        except Unreadable:
            # Reading it as a source tells the reason.
            return ()
        return [one.name for one in reading.roots if one.kind == "package"]

    return names


def _looked(found: Discovery, walked: Walked, folder: Path) -> Iterator[Discovered]:
    """What was taken for what, and why."""
    for one in found.environments:
        documents = tuple(source.removeprefix(f"{one.folder}/") for source in one.sources)
        yield Discovered(
            role=one.name, folder=_shown(folder, one.folder), documents=documents, why=one.reason or "no role"
        )
    for ignored in found.ignored:
        head, _, name = ignored.path.rpartition("/")
        yield Discovered(role="ignored", folder=_shown(folder, head), documents=(name,), why=ignored.why)
    for entry in walked.unread:
        yield Discovered(role="not looked into", folder=entry.at.path, documents=(), why=entry.why)


def _shown(folder: Path, inner: str) -> str:
    return f"{(folder / inner).as_posix()}/"


def _advice(found: Sequence[Discovered], pairs: int, where: str, *, loads_models: bool) -> Iterator[str]:
    """How to go on from what was found."""
    compared = "only model files are compared" if loads_models else "nothing is compared"
    if not found:
        yield f"No configuration, and no file below {where} states versions in a known format."
    elif not pairs:
        yield (
            f"No configuration, and no pair of training and serving was found, so {compared}. Declare one: mlaudit init"
        )
    else:
        yield (
            "No configuration: the pairs were found by looking (--verbose says why). "
            "Write them down and edit them: mlaudit init"
        )
