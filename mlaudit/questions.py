"""What programs may ask beside the audit: `mlaudit.history`, `mlaudit.map` and `mlaudit.why`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.door import PathOrText, Texts, files_of, folder_of, options_in, texts_of
from mlaudit.mapping.entry import MappedProject, MapQuestion, project_map
from mlaudit.mapping.why import install_reason
from mlaudit.model.dependency_map import DependencyMap
from mlaudit.model.errors import UsageError
from mlaudit.model.history import DriftHistory
from mlaudit.model.lazy_dataclass import dataclass, field_names, replace
from mlaudit.model.requirement_paths import InstallReason
from mlaudit.request.asked import Asked
from mlaudit.request.options import packages_of, wanted_of

if TYPE_CHECKING:
    from mlaudit.reporters._registry import Style


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShownHistory(DriftHistory):
    """A history that shows itself in the formats of `mlaudit history`.

    Attributes:
        folder: whose repository was read.
        asked: the options, with which the page audits the folder too.
    """

    folder: Path
    asked: Asked

    def __repr__(self) -> str:
        lasting = sum(drift.lasts for drift in self.drifts)
        return f"<History: {lasting} apart, {len(self.drifts) - lasting} fixed in {self.commits} commits>"

    def render(self, output_format: str = "table") -> str:
        """The history as a table, as JSON, or as a section of the page of `check` (`html`). Raises UsageError."""
        from mlaudit.reporters._history_json import as_json
        from mlaudit.reporters._history_lines import as_table

        _demand(output_format, ("table", "json", "html"))
        if output_format == "html":
            return self._page()
        return as_json(self) if output_format == "json" else as_table(self, _plain())

    def _page(self) -> str:
        from mlaudit.api import check
        from mlaudit.reporters._registry import render

        report = check([str(self.folder)], options_in(self.folder, self.asked, self.today))
        return render("html")(replace(report, history=self), _plain())

    def _repr_html_(self) -> str:
        """The picture over time with the commits of each drift, for a notebook."""
        from mlaudit.reporters._notebook import history_as_html

        return history_as_html(self)

    def to_json(self) -> str:
        """The text that `mlaudit history --format json` writes."""
        return self.render("json")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShownMap(DependencyMap):
    """A map that shows itself in the formats of `mlaudit map`.

    Attributes:
        project: the map with the audit that it was drawn from, and what was requested.
    """

    project: MappedProject

    def render(self, output_format: str = "text") -> str:
        """The map in one of the formats of the command line. Raises UsageError."""
        from mlaudit.mapping.rendering import FORMATS, map_text

        _demand(output_format, FORMATS)
        return map_text(self.project, output_format, _plain())

    def to_json(self) -> str:
        """The text that `mlaudit map --format json` writes."""
        return self.render("json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReason(InstallReason):
    """Why a package is installed, shown in the formats of `mlaudit why`."""

    def render(self, output_format: str = "text") -> str:
        """The paths as text or JSON. Raises UsageError."""
        from mlaudit.reporters._why import as_json, as_text

        _demand(output_format, ("text", "json"))
        return as_json(self) if output_format == "json" else as_text(self, _plain())

    def to_json(self) -> str:
        """The text that `mlaudit why --format json` writes."""
        return self.render("json")


def history(
    *packages: str,
    root: PathOrText = ".",
    since: date | str | None = None,
    config: PathOrText | None = None,
    no_config: bool = False,
    python: str | None = None,
    platform: str | None = None,
    extra: Texts = (),
    group: Texts = (),
    define: Mapping[str, str] | None = None,
    today: date | None = None,
) -> ShownHistory:
    """Since when environments differ, and by which commit.

    Args:
        packages: names or globs; the watched ones if there is none.
        root: the folder whose repository is read; its configuration applies.
        since: commits from this day on, as a date or as its text (2026-03-31).
        today: the day until which what lasts has lasted; the current one where None.

    The other arguments are the options of `mlaudit history`.

    Raises:
        MlauditError: the folder belongs to no repository that can be read, or an option means nothing.
    """
    from mlaudit.revisions.history import HistoryRequest, day_of, drift_history

    folder = folder_of(root)
    asked = _asked(folder, config, no_config, python, platform, extra, group, define)
    day = day_of(since) if isinstance(since, str) else since
    request = HistoryRequest(
        root=folder, ask=lambda: options_in(folder, asked, today), packages=packages_of(packages), since=day
    )
    drifts = drift_history(request, request.ask())
    values = {name: getattr(drifts, name) for name in field_names(DriftHistory)}
    return ShownHistory(folder=folder, asked=asked, **values)


def map_(
    root: PathOrText = ".",
    *,
    paths: Iterable[PathOrText] = (),
    model: Texts = (),
    package: Texts = (),
    file: Texts = (),
    impact: Texts = (),
    config: PathOrText | None = None,
    no_config: bool = False,
    python: str | None = None,
    platform: str | None = None,
    extra: Texts = (),
    group: Texts = (),
    define: Mapping[str, str] | None = None,
    today: date | None = None,
) -> ShownMap:
    """What depends on what, as `mlaudit.map`.

    Args:
        root: the folder; its configuration applies, and all paths, given and reported, are relative to it.
        paths: only what is at or below these.
        model, package, file: their dependencies, in both directions.
        impact: files; the models and services that a change of them reaches.

    The other arguments are the options of `mlaudit map`.

    Raises:
        MlauditError: the map has nothing of a name that is requested, or an option means nothing.
    """
    folder = folder_of(root)
    options = options_in(folder, _asked(folder, config, no_config, python, platform, extra, group, define), today)
    question = MapQuestion(
        models=texts_of(model), packages=texts_of(package), files=texts_of(file), impact=texts_of(impact)
    )
    below = [str(folder / fspath(path)) for path in paths] or [str(folder)]
    project = project_map(below, options, question, folder)
    values = {name: getattr(project.map, name) for name in field_names(DependencyMap)}
    return ShownMap(project=project, **values)


def why(
    package: str,
    source: PathOrText,
    *,
    root: PathOrText = ".",
    all_: bool = False,
    config: PathOrText | None = None,
    no_config: bool = False,
    python: str | None = None,
    platform: str | None = None,
    extra: Texts = (),
    group: Texts = (),
    define: Mapping[str, str] | None = None,
    as_: str | None = None,
    today: date | None = None,
) -> ShownReason:
    """Who required a package.

    Args:
        source: a SOURCE of the command line, a path, or the name of an environment that `check` knows.
        root: the folder that paths, given and reported, are relative to, and whose configuration applies.
        all_: every path, 1,000 at most, instead of the five shortest.
        as_: the format of the source.

    The other arguments are the options of `mlaudit why`.

    Raises:
        MlauditError: the source does not name the package, or a source or an option means nothing.
    """
    folder = folder_of(root)
    asked = _asked(folder, config, no_config, python, platform, extra, group, define, as_)
    reason = install_reason(package, fspath(source), options_in(folder, asked, today), every=all_, folder=folder)
    return ShownReason(**{name: getattr(reason, name) for name in field_names(InstallReason)})


def _asked(
    folder: PathOrText,
    config: PathOrText | None,
    no_config: bool,
    python: str | None,
    platform: str | None,
    extra: Texts,
    group: Texts,
    define: Mapping[str, str] | None,
    as_: str | None = None,
) -> Asked:
    wanted = wanted_of(python, platform, texts_of(extra), texts_of(group))
    files = files_of(folder_of(folder), config, None)
    return Asked(wanted=wanted, isolated=no_config, define=define or {}, as_format=as_, **files)


def _demand(output_format: str, formats: tuple[str, ...]) -> None:
    if output_format not in formats:
        raise UsageError(f"{output_format!r} is no output format; expected one of {', '.join(formats)}")


def _plain() -> Style:
    from mlaudit.reporters._registry import Style

    return Style()
