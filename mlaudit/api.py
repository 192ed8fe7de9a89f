"""What the commands do, without arguments and printing: sources → environments → report. The typed public API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.discovery.configuration import root_of
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.masking import mask_environment, mask_report
from mlaudit.model.report import Environment, Report, Summary
from mlaudit.parsers._registry import parser_of, parsers
from mlaudit.request.audit_request import AuditRequest, EnvironmentRequest
from mlaudit.request.options import EVIDENCE_FILE, Options
from mlaudit.request.source_spec import BadSource, SourcePart
from mlaudit.rules._registry import rules
from mlaudit.sources.paths import MISSING, exists, is_folder, relative, status
from mlaudit.sources.working_tree import WorkingTree

if TYPE_CHECKING:
    from mlaudit.environments.found_tree import FoundTree
    from mlaudit.request.settings import EnvironmentSettings
    from mlaudit.sources.listing import Walked

ROLES = ("training", "serving")
"""Of `compare`: the first writes, the others read."""
NOTHING = 3
"""The exit code if there is nothing to compare."""


def compare(sources: Sequence[str], options: Options, *, folder: Path = Path()) -> Report:
    """The first source writes, the others read it; their paths are relative to `folder`. Raises BadSource."""
    from mlaudit.environments.sources import demand_present, environment_names, parse_source

    if len(sources) < 2:
        raise BadSource("compare needs at least two sources: the first writes, the others read")
    spellings: list[Sequence[SourcePart]] = [parse_source(source, folder) for source in sources]
    for parts in spellings:
        demand_present(parts, folder)
    names = environment_names(spellings)
    if options.as_format is not None and any(part.path == "-" for parts in spellings for part in parts):
        spellings = [[_with_format(part, options.as_format) for part in parts] for parts in spellings]
        options = replace(options, as_format=None)
    options.progress.expect(sum(map(len, spellings)))
    environments = _written_and_read(spellings, names, options)
    return _report(environments, AuditRequest(command="compare", options=options, partial=True), named=environments)


def _written_and_read(
    spellings: Sequence[Sequence[SourcePart]], names: Sequence[str], options: Options
) -> list[Environment]:
    """The environments of sources, of which the first writes what the others read."""
    from mlaudit.environments.several_models import joined, with_models_apart

    requests = [
        EnvironmentRequest(name=names[0], role=ROLES[0]),
        *(EnvironmentRequest(name=name, role=ROLES[1], follows=names[:1]) for name in names[1:]),
    ]
    rows = zip(requests, spellings, strict=True)
    return joined([with_models_apart(request, options, sources=parts) for request, parts in rows])


def _with_format(part: SourcePart, as_format: str) -> SourcePart:
    """`--as` speaks of standard input where that is among the sources, since files have names."""
    return replace(part, format=as_format) if part.path == "-" and part.format is None else part


def baseline_of(path: Path | None) -> Mapping[str, str] | None:
    """The fingerprints of a baseline file, None if none is given. Raises UsageError."""
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
        environments = check([str(folder / source) for source in sources], options).environments
        return tuple(environments)
    spellings = [parse_source(source, folder) for source in sources]
    for parts in spellings:
        demand_present(parts, folder)
    requests = [EnvironmentRequest(name=name, role=name) for name in environment_names(spellings)]
    environments = tuple(assemble(parts, request, options) for parts, request in zip(spellings, requests, strict=True))
    return tuple(map(mask_environment, environments))


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


def check(paths: Sequence[str], options: Options, *, tree: FoundTree | None = None) -> Report:
    """What the configuration declares, or what is discovered below the paths. Raises BadSource.

    Args:
        tree: what `look` gave for the same paths, where that was called before.
    """
    for path in paths:
        _demand(path)
    if options.settings.environments or options.settings.pairs:
        from mlaudit.environments.untouched import are_surely_untouched

        if paths and are_surely_untouched(paths, options):
            return _report_on_nothing(options)
        from mlaudit.environments.declared import confined, declared, refusals, shared_files
        from mlaudit.environments.touched import touched_by
        from mlaudit.environments.undeclared_models import with_undeclared_models

        options = confined(options)
        own = {environment.name: environment.sources for environment in options.settings.environments}
        base = options.root / Path(options.settings.path or "").parent
        with_models, sentence_on_models = with_undeclared_models(list(declared(options)), options)
        every = _with_own_names(with_models, own, base, options, None)
        itself = any(relative(path, options.root) == options.settings.path for path in paths)
        environments = every if itself else touched_by(every, paths, options.root)
        notes = sentence_on_models if environments else (_untouched(every, options),)
        request = AuditRequest(
            command="check",
            options=options,
            shared=tuple(shared_files(options)),
            notes=notes,
            partial=len(environments) < len(every),
            lost=any(refusals(options)),
        )
        return _passed_over(_report(environments, request, named=environments), paths, every)
    if tree is None:
        from mlaudit.environments.found_tree import look

        tree = look(paths, options)
    return _discovered(paths, options, tree)


def initial(folder: Path) -> str:
    """A commented configuration of what is discovered below a folder."""
    from mlaudit.discovery.init_file import render
    from mlaudit.environments.found_tree import look

    return render(look([str(folder)], Options(root=root_of(folder))).survey.discovery)


def _report(environments: Sequence[Environment], request: AuditRequest, *, named: Iterable[Environment] = ()) -> Report:
    """The report, masked; a source of `named`, which the user named, must not be lost."""
    from mlaudit.audit import audit

    if request.options.resolution is not None:
        from mlaudit.resolving.resolve import with_resolutions

        environments, notes = with_resolutions(environments, request.options)
        request = replace(request, notes=(*request.notes, *notes))
    if request.options.waivers and exists(str(request.options.root / EVIDENCE_FILE)):
        from mlaudit.environments.recorded_proofs import with_proofs

        applied = with_proofs(environments, request.options.root)
        environments = applied.environments
        request = replace(request, proven=applied.proven, notes=(*request.notes, *applied.notes))
    if any(environment.names_code or environment.kinds_at_hand for environment in environments):
        from mlaudit.environments.code_evidence import with_code_evidence

        environments = with_code_evidence(environments, request.options)
    if any(environment.lost for environment in named):
        request = replace(request, lost=True)
    return mask_report(audit(sorted(environments, key=lambda environment: bool(environment.follows)), request))


def _demand(path: str) -> None:
    """Raises BadSource if there is nothing at a path, or the system refuses to say what."""
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


def _report_on_nothing(options: Options) -> Report:
    """The report of a run that concerns no declared environment, as of a hook with other files."""
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
    declared_names = ", ".join(declared.name for declared in every)
    return f"No environment that {options.settings.path} declares ({declared_names}) has a source there."


def _in_no_environment(files: Sequence[str]) -> Iterator[str]:
    if files:
        from mlaudit.discovery.model_files import shown_names

        yield f"No environment that was found has a source in {shown_names(files)}."


def _of_submodules(tree: FoundTree) -> Iterator[str]:
    if tree.names_submodules:
        from mlaudit.environments.missing_submodules import sentences_on_submodules

        yield from sentences_on_submodules(tree)


def _passed_over(report: Report, paths: Sequence[str], every: Sequence[Environment]) -> Report:
    """Files that belong to nothing compared change no comparison: a hook has nothing to object to.

    Where no environment at all follows another, the hook could never object, and its user is informed.
    """
    only_files = bool(paths) and not any(is_folder(path) for path in paths)
    if report.exit_code != NOTHING or not only_files:
        return report
    touched = any(environment.follows for environment in report.environments)
    pairs = any(environment.follows for environment in every)
    return replace(report, exit_code=0) if not report.environments or (pairs and not touched) else report


def _discovered(paths: Sequence[str], options: Options, tree: FoundTree) -> Report:
    """The audit of what looking finds; files among the paths choose what of it counts."""
    from mlaudit.environments.discovered import advice_on, discovered, looked_at, shown_pair
    from mlaudit.environments.found_models import found_models, sentences_on_rest
    from mlaudit.environments.touched import touched_by
    from mlaudit.sources.folder_files import FolderFiles

    files = [path for path in paths if not is_folder(path)]
    options = replace(options, tree=tree.tree)
    base, walked, root, discovery = tree.base, tree.walked, tree.root, tree.survey.discovery
    models = found_models(discovery, walked.paths, FolderFiles(root, base))
    own = {environment.name: environment.sources for environment in discovery.environments}
    environments = _with_own_names(list(discovered(discovery, models, base, options)), own, base, options, walked)
    kept = touched_by(environments, files, options.root) if files else environments
    looked = (*looked_at(discovery, walked, base), *models.looked)
    where = ", ".join(paths) or "here"
    loads = any(environment.writes or environment.reads for environment in kept)
    advice = advice_on(looked, sum(len(environment.follows) for environment in kept), where, loads_models=loads)
    rest = [
        *_in_no_environment(files if not kept else ()),
        *sentences_on_rest(models.unplaced, models.passed_over),
        *_of_submodules(tree),
    ]
    uncertain = frozenset((pair.writer, pair.reader) for pair in discovery.pairs if not pair.is_sure)
    pairs = tuple(shown_pair(pair, root, base) for pair in discovery.pairs)
    request = AuditRequest(
        command="check", options=options, found=looked, notes=(*rest, *advice), pairs=pairs, uncertain=uncertain
    )
    return _passed_over(_report(kept, request), paths, environments)


def _with_own_names(
    environments: list[Environment],
    sources: Mapping[str, Sequence[str]],
    base: Path,
    options: Options,
    walked_tree: Walked | None,
) -> list[Environment]:
    """The environments with what the code of their images lacks of the artifacts that they load."""
    if not any(environment.names_code for environment in environments):
        return environments
    from mlaudit.environments.missing_own_names import with_missing_own_names

    return with_missing_own_names(environments, sources, base, options, walked_tree)
