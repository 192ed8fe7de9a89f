"""Which models cross between which environments: those that are declared or discovered, or that the user names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlaudit.api import check, compare
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Reading
from mlaudit.model.report import Environment, Report
from mlaudit.proving.cases import case_of
from mlaudit.proving.nouns import ProofCase
from mlaudit.proving.prove import ProvenPair
from mlaudit.request.options import Options

_INSIDE = "!/"
DESCRIPTION = "MLmodel"
"""The file by which MLflow describes a folder as one model."""
HF_CONFIG = "hf-config"
"""The format by which transformers describes one."""


def named_pair(models: Sequence[str], writer: str, reader: str, options: Options) -> tuple[ProvenPair, ...]:
    """The pair that the command line names. Raises UsageError."""
    report = compare([writer, reader], options)
    by_role = {environment.role: environment for environment in report.environments if not environment.is_model}
    if set(by_role) != {"training", "serving"}:
        raise UsageError("--writer and --reader must each name one environment")
    cases = tuple(case_of(Path(model), options.root, declared=False) for model in models)
    here, there = by_role["training"], by_role["serving"]
    if not cases:
        return (_with_files(here, there, options, declared=False),)
    return (ProvenPair(writer=here, reader=there, cases=cases),)


def found_pairs(models: Sequence[str], options: Options) -> tuple[ProvenPair, ...]:
    """The pairs that are declared, or discovered here; only with some models, where these are named."""
    report = check([], options) if options.settings.environments else check([str(options.root)], options)
    declared = bool(options.settings.environments)
    pairs = [
        _with_files(*both, options, declared=declared, models=_models_of(*both, report)) for both in _pairs(report)
    ]
    pairs += _of_unknown_writers(report, pairs, options, declared=declared)
    if not models:
        return tuple(pairs)
    wanted = [case_of(Path(model), options.root, declared=False) for model in models]
    known = {case.shown for pair in pairs for case in pair.cases}
    missing = [case.shown for case in wanted if case.shown not in known]
    if missing:
        raise UsageError(
            f"{missing[0]}: no declared or discovered pair writes or reads it; name both sides: "
            "--writer SOURCE --reader SOURCE"
        )
    names = {case.shown for case in wanted}
    chosen = (
        replace(pair, cases=tuple(case for case in pair.cases if case.shown in names), kinds=()) for pair in pairs
    )
    return tuple(pair for pair in chosen if pair.cases)


def _pairs(report: Report) -> Iterator[tuple[Environment, Environment]]:
    environments = {environment.name: environment for environment in report.environments}
    for writer, reader in report.pairs:
        here, there = environments[writer], environments[reader]
        if not here.is_model and not there.is_model:
            yield here, there


def _models_of(writer: Environment, reader: Environment, report: Report) -> Sequence[Environment]:
    """The models in folders of either side that the report has as environments of their own, named after the side."""
    crossing = {model for model, name in report.pairs if name == reader.name}
    sides = (f"{writer.name}/", f"{reader.name}/")
    return [
        environment
        for environment in report.environments
        if environment.is_model and environment.name in crossing and environment.name.startswith(sides)
    ]


def _of_unknown_writers(
    report: Report, pairs: Sequence[ProvenPair], options: Options, *, declared: bool
) -> Iterator[ProvenPair]:
    """Models that are read and of which nothing shows what wrote them: their readers alone load them."""
    sides = tuple(
        f"{environment.name}/"
        for pair in pairs
        for environment in (pair.writer, pair.reader)
        if environment is not None
    )
    environments = {environment.name: environment for environment in report.environments}
    for model, reader in report.pairs:
        model_environment = environments[model]
        if model_environment.is_model and not model_environment.name.startswith(sides):
            yield _with_files(None, environments[reader], options, declared=declared, models=(model_environment,))
    followers = {reader for _, reader in report.pairs}
    for model_environment in report.environments:
        if model_environment.reads and not model_environment.is_model and model_environment.name not in followers:
            yield _with_files(None, model_environment, options, declared=declared)


def _with_files(
    writer: Environment | None,
    reader: Environment,
    options: Options,
    *,
    declared: bool,
    models: Sequence[Environment] = (),
) -> ProvenPair:
    """A pair with the model files that its sides write and read, else with the kinds that cross; those of `models`."""
    cases: dict[str, ProofCase] = {}
    notes: list[str] = []
    known = [*writer.writes, *reader.reads] if writer is not None else reader.reads
    handed = () if writer is None and models else known
    for path in _model_paths([*handed, *(reading for model in models for reading in _readings(model))], options.root):
        try:
            case = case_of(path, options.root, declared=declared)
        except UsageError as error:
            notes.append(f"not proven: {error}")
        else:
            cases.setdefault(case.shown, case)
    kinds: set[str] = set()
    if writer is not None:
        kinds = {*writer.artifact_kinds, *reader.artifact_kinds, *reader.kinds_from.get(writer.name, ())}
    return ProvenPair(
        writer=writer,
        reader=reader,
        cases=tuple(cases.values()),
        kinds=() if cases or notes else tuple(sorted(kinds)),
        notes=tuple(notes),
    )


def _readings(model: Environment) -> Sequence[Reading]:
    return (*model.writes, *model.reads, *model.readings)


def _model_paths(readings: Iterable[Reading], root: Path) -> Sequence[Path]:
    """The model files among some readings; of a folder that describes itself as one model, the folder."""
    readings = [reading for reading in readings if _INSIDE not in reading.path]
    files = {path: reading for reading in readings if (path := root / reading.path).is_file()}
    described = {path.parent for path, file in files.items() if file.format == HF_CONFIG and path.name == "config.json"}
    described |= {path.parent for path in files if (path.parent / DESCRIPTION).is_file()}
    return list(dict.fromkeys(path.parent if path.parent in described else path for path in files))
