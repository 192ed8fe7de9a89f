"""The door for programs: keyword arguments → the request that the commands carry out → a report that shows itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit import api
from mlaudit.discovery.configuration import settings_for
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass, field_names, replace
from mlaudit.model.nouns import Pin, Reading, Unread
from mlaudit.model.report import Environment, Report
from mlaudit.request.asked import Asked, Overlay
from mlaudit.request.options import Options, codes_of, packages_of, wanted_of
from mlaudit.sources.confinement import tree_around
from mlaudit.sources.paths import is_folder

if TYPE_CHECKING:
    from mlaudit.request.asked_words import FileWords, PolicyWords
    from mlaudit.request.resolution import Resolution

PathOrText = str | PathLike[str]
Texts = str | Iterable[str]
"""One text, or several."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuditReport(Report):
    """A report that shows itself in every output format; as `mlaudit.Report` it is what `check` and `compare` give."""

    def render(self, output_format: str = "table") -> str:
        """The report in one of the output formats of the command line. Raises UsageError."""
        from mlaudit.reporters._registry import Style, formats, render

        if output_format not in formats():
            raise UsageError(f"{output_format!r} is no output format; expected one of {', '.join(formats())}")
        return render(output_format)(self, Style())

    def to_json(self) -> str:
        """The text that `--format json` writes."""
        return self.render("json")

    def _repr_html_(self) -> str:
        """The findings as a table, for a notebook."""
        from mlaudit.reporters._notebook import as_html

        return as_html(self)

    def _repr_markdown_(self) -> str:
        """The findings as Markdown, for a notebook that shows no HTML."""
        return self.render("markdown")


def check(
    root: PathOrText = ".",
    *,
    paths: Iterable[PathOrText] = (),
    fail_on: str | None = None,
    select: Texts = (),
    ignore: Texts = (),
    package: Texts = (),
    config: PathOrText | None = None,
    no_config: bool = False,
    no_cache: bool = False,
    python: str | None = None,
    platform: str | None = None,
    extra: Texts = (),
    group: Texts = (),
    define: Mapping[str, str] | None = None,
    resolve: str | None = None,
    as_of: str | None = None,
    baseline: PathOrText | None = None,
    against: str | None = None,
    today: date | None = None,
) -> AuditReport:
    """Audit what the configuration in a folder declares or, without one, what is found below that folder.

    Args:
        root: the folder; its configuration applies, and all paths, given and reported, are relative to it.
        paths: with a configuration, only environments that have a source at or below one of these, and those that
            they are compared with; without one, what is found below these.
        against: a git revision, or two (`REV1..REV2`): `findings` are those that are new since then.
        resolve: `audit` has uv resolve environments without a lock, `lock` writes locks too.
        today: the day on which dated ignores are judged; the current one where None.

    The other arguments are the options of `mlaudit check`.

    Raises:
        MlauditError: the configuration cannot be used, a path is not there, or an option means nothing.
    """
    folder = folder_of(root)
    files = files_of(folder, config, None)
    policy = _policy(fail_on, select, ignore, package)
    wanted = wanted_of(python, platform, texts_of(extra), texts_of(group))
    asked = Asked(
        wanted=wanted,
        isolated=no_config,
        caches=not no_cache,
        define=define or {},
        resolution=_resolution(resolve, as_of),
        **policy,
        **files,
    )
    below = [str(folder / fspath(path)) for path in paths] or [str(folder)]
    options = options_in(folder, replace(asked, baseline=files_of(folder, None, baseline)["baseline"]), today)
    if against is None:
        return _shown(with_edits(api.check(below, options), options))
    from mlaudit.revisions.against import Question, check_against

    question = Question(paths=below, ask=lambda: options_in(folder, asked, today))
    report = check_against(against, question, options)
    is_on_disk = report.against is not None and report.against.head is None
    return _shown(with_edits(report, options) if is_on_disk else report)


def compare(
    training: PathOrText,
    serving: PathOrText,
    *others: PathOrText,
    root: PathOrText = ".",
    fail_on: str | None = None,
    select: Texts = (),
    ignore: Texts = (),
    package: Texts = (),
    config: PathOrText | None = None,
    no_config: bool = False,
    no_cache: bool = False,
    python: str | None = None,
    platform: str | None = None,
    extra: Texts = (),
    group: Texts = (),
    define: Mapping[str, str] | None = None,
    as_: str | None = None,
    resolve: str | None = None,
    as_of: str | None = None,
    baseline: PathOrText | None = None,
    today: date | None = None,
) -> AuditReport:
    """Compare sources: the first writes, the others read.

    Args:
        training, serving, others: a SOURCE of the command line, or a path.
        root: the folder that paths, given and reported, are relative to, and whose configuration applies.
        as_: the format of the sources.
        resolve: `audit` has uv resolve environments without a lock, `lock` writes locks too.
        today: the day on which dated ignores are judged; the current one where None.

    The other arguments are the options of `mlaudit compare`.

    Raises:
        MlauditError: a source or an option means nothing, or the configuration cannot be used.
    """
    folder = folder_of(root)
    files = files_of(folder, config, baseline)
    policy = _policy(fail_on, select, ignore, package)
    wanted = wanted_of(python, platform, texts_of(extra), texts_of(group))
    asked = Asked(
        wanted=wanted,
        isolated=no_config,
        caches=not no_cache,
        define=define or {},
        as_format=as_,
        resolution=_resolution(resolve, as_of),
        **policy,
        **files,
    )
    sources = [fspath(source) for source in (training, serving, *others)]
    options = options_in(folder, asked, today)
    return _shown(with_edits(api.compare(sources, options, folder=folder), options))


def read(
    source: PathOrText,
    *,
    root: PathOrText = ".",
    python: str | None = None,
    platform: str | None = None,
    extra: Texts = (),
    group: Texts = (),
    define: Mapping[str, str] | None = None,
    as_: str | None = None,
) -> Reading:
    """What a source says: its `pins`, everything `unread` with the reason, and whether it is `complete`.

    Args:
        source: a SOURCE of the command line, or a path relative to `root`.
        as_: the format of the source.

    Raises:
        MlauditError: the source or an option means nothing; what cannot be read is an entry of `unread`.
    """
    folder = folder_of(root)
    wanted = wanted_of(python, platform, texts_of(extra), texts_of(group))
    asked = Asked(wanted=wanted, define=define or {}, as_format=as_, isolated=True)
    environments = api.listing([fspath(source)], options_in(folder, asked, None), folder=folder)
    if len(environments) != 1:
        names = ", ".join(environment.name for environment in environments) or "none"
        raise UsageError(f"{fspath(source)}: expected one environment, and it holds {names}; name the files of one")
    (environment,) = environments
    return _joined(fspath(source), environment)


def with_edits(report: Report, options: Options) -> Report:
    """The report with the edits of its fixes; what makes them is loaded where there are any."""
    if not any(finding.fix is not None and finding.fix.changes for finding in (*report.findings, *report.suppressed)):
        return report
    from mlaudit.repair.entry import with_edits_of_fixes

    return with_edits_of_fixes(report, options)


def options_of(asked: Asked, *, root: Path, start: Path, tree: Path | None, today: date) -> Options:
    """What was asked, overriding the configuration that applies to `start`. Raises ConfigError and UsageError.

    Args:
        root: what paths are reported relative to; configuration is looked for from `start` up to it.
        tree: what included files must be in; `root` where None.
    """
    known, packages = api.rule_words(), packages_of(asked.package)
    if asked.as_format is not None:
        api.demand_format("--as", asked.as_format)
    overlay = Overlay(
        fail_on=asked.fail_on,
        select=codes_of("--select", asked.select, known),
        ignore=codes_of("--ignore", asked.ignore, known),
        packages=packages,
        defines=asked.define,
    )
    settings = settings_for(start, root, asked.config, overlay, isolated=asked.isolated, codes=known)
    return Options(
        root=root,
        tree=tree,
        as_format=asked.as_format,
        wanted=asked.wanted,
        settings=settings,
        only=packages,
        waivers=not asked.isolated,
        caches=asked.caches,
        today=today,
        baseline=api.baseline_of(asked.baseline),
        resolution=asked.resolution,
    )


def options_in(folder: Path, asked: Asked, today: date | None) -> Options:
    """What a call asks about a folder, before the folder's configuration. Raises ConfigError and UsageError."""
    day = date.today() if today is None else today
    return options_of(asked, root=folder, start=folder, tree=tree_around(folder), today=day)


def _resolution(resolve: str | None, as_of: str | None) -> Resolution | None:
    """What `resolve` (`audit` or `lock`) and `as_of` ask for. Raises UsageError."""
    if resolve is None and as_of is None:
        return None
    from mlaudit.request.resolution import resolution_of

    return resolution_of(resolve, as_of)


def folder_of(root: PathOrText) -> Path:
    """The folder that a call is about. Raises UsageError."""
    folder = Path(root)
    if not is_folder(folder):
        raise UsageError(f"root={fspath(root)!r}: expected a folder that is there")
    return folder


def files_of(folder: Path, config: PathOrText | None, baseline: PathOrText | None) -> FileWords:
    """The files that a call names, relative to its folder."""
    placed = [None if path is None else folder / path for path in (config, baseline)]
    return {"config": placed[0], "baseline": placed[1]}


def _policy(fail_on: str | None, select: Texts, ignore: Texts, package: Texts) -> PolicyWords:
    return {"fail_on": fail_on, "select": texts_of(select), "ignore": texts_of(ignore), "package": texts_of(package)}


def texts_of(given: Texts) -> tuple[str, ...]:
    """One text, or several, as several."""
    return (given,) if isinstance(given, str) else tuple(given)


def _shown(report: Report) -> AuditReport:
    return AuditReport(**{name: getattr(report, name) for name in field_names(type(report))})


def _joined(source: str, environment: Environment) -> Reading:
    """One reading of all documents that a source consists of."""
    readings = environment.readings
    if len(readings) == 1:
        return readings[0]
    pins: list[Pin] = [pin for reading in readings for pin in reading.pins]
    unread: list[Unread] = [entry for reading in readings for entry in reading.unread]
    return Reading(
        path=source,
        format=", ".join(dict.fromkeys(reading.format for reading in readings)),
        complete=environment.complete,
        roots=tuple(root for reading in readings for root in reading.roots),
        pins=tuple(pins),
        includes=tuple(include for reading in readings for include in reading.includes),
        facts=tuple(fact for reading in readings for fact in reading.facts),
        conflicts=tuple(conflict for reading in readings for conflict in reading.conflicts),
        waivers=tuple(waiver for reading in readings for waiver in reading.waivers),
        unread=tuple(unread),
    )
