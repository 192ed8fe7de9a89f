"""`mlaudit why`: arguments → who required a package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.declarations import CommandArgument, CommandOption
from mlaudit.cli.delivery import wants_colour, width_of
from mlaudit.cli.failures import errors
from mlaudit.cli.output import OutputText, write_all
from mlaudit.cli.parameters import As, Config, Define, Extra, Group, NoColor, NoConfig, Output, Platform, Python
from mlaudit.cli.wanted_outputs import file_of
from mlaudit.model.errors import UsageError


def why(
    package: Annotated[str, CommandArgument(help="The package.", metavar="PACKAGE")],
    source: Annotated[
        str, CommandArgument(help="A SOURCE, or the name of an environment that `check` knows.", metavar="SOURCE")
    ],
    all_: Annotated[
        bool, CommandOption("--all", help="Every path, 1,000 at most, instead of the five shortest.")
    ] = False,
    format_: Annotated[str, CommandOption("--format", "-f", help="text or json.", metavar="NAME")] = "text",
    output: Output = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    as_: As = None,
    no_color: NoColor = False,
) -> None:
    """Say who required a package.

    Paths through the graph of a lock, the shortest first. Only requirements that hold for the target of the
    environment count; --python, --platform, --extra and --group choose another.
    """
    from mlaudit.cli.standpoint import reason_from
    from mlaudit.mapping.why import install_reason
    from mlaudit.reporters._registry import Style
    from mlaudit.reporters._why import as_json, as_text
    from mlaudit.request.options import wanted_of
    from mlaudit.sources.paths import current_folder, exists

    with errors():
        if format_ not in ("text", "json"):
            raise UsageError(f"--format {format_}: why prints text or json")
        path = Path(source.partition("#")[0])
        options = asked_options(
            start=path if exists(path) else Path(),
            config=config,
            isolated=no_config,
            wanted=wanted_of(python, platform, extra, group),
            define=define,
            as_format=as_,
        )
        with with_progress(options, False) as watched:
            reason = install_reason(package, source, watched, every=all_, folder=current_folder())
        style = Style(colour=output is None and wants_colour(no_color), width=width_of(file_of(output)))
        if format_ == "json":
            text = as_json(reason)
        else:
            text = as_text(reason_from(reason, options.root, current_folder()), style)
        write_all([OutputText(text=text, target=file_of(output))])
