"""`mlaudit map`: arguments → a map in one of its formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.declarations import CommandOption
from mlaudit.cli.delivery import wants_colour, width_of
from mlaudit.cli.failures import errors
from mlaudit.cli.output import OutputText, write_all
from mlaudit.cli.parameters import Config, Define, Extra, Group, NoColor, NoConfig, Output, Paths, Platform, Python
from mlaudit.cli.wanted_outputs import file_of
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace

WIDTH = 80
"""Columns of a map that goes to a file or pipe."""


def map_(
    paths: Paths = None,
    model: Annotated[
        list[str] | None,
        CommandOption("--model", help="Dependencies of a model or of data, in both directions.", metavar="NAME"),
    ] = None,
    package: Annotated[
        list[str] | None,
        CommandOption("--package", help="Dependencies of a package, in both directions.", metavar="NAME"),
    ] = None,
    file: Annotated[
        list[str] | None,
        CommandOption("--file", help="Dependencies of a file, in both directions.", metavar="PATH"),
    ] = None,
    impact: Annotated[
        list[str] | None,
        CommandOption("--impact", help="The models and services that a change of this file reaches.", metavar="PATH"),
    ] = None,
    format_: Annotated[
        str, CommandOption("--format", "-f", help="text, mermaid, dot, json or html.", metavar="NAME")
    ] = "text",
    output: Output = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    no_color: NoColor = False,
) -> None:
    """Show what depends on what.

    Models, data, code, environments, files, packages and stages of pipelines; every edge has the place in the project
    that shows it. Nothing of the project is run.
    """
    from mlaudit.cli.standpoint import map_from
    from mlaudit.mapping.entry import MapQuestion, project_map
    from mlaudit.mapping.rendering import FORMATS, map_text
    from mlaudit.reporters._registry import Style
    from mlaudit.request.options import wanted_of
    from mlaudit.sources.paths import current_folder

    with errors():
        if format_ not in FORMATS:
            raise UsageError(f"--format {format_}: map prints {', '.join(FORMATS)}")
        options = asked_options(
            start=Path(paths[0]) if paths else Path(),
            config=config,
            isolated=no_config,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
        )
        question = MapQuestion(
            models=tuple(model or ()),
            packages=tuple(package or ()),
            files=tuple(file or ()),
            impact=tuple(impact or ()),
        )
        here = current_folder()
        with with_progress(options, False) as watched:
            project = project_map(paths or (), watched, question, here)
        if format_ == "text":
            project = replace(project, map=map_from(project.map, options.root, here))
        style = Style(
            colour=output is None and wants_colour(no_color), width=WIDTH if output else min(WIDTH, width_of(None))
        )
        text = map_text(project, format_, style)
        write_all([OutputText(text=text, target=file_of(output))])
