"""`mlaudit plan`: arguments → the plan of an upgrade as text, Markdown or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.declarations import CommandArgument, CommandEnd, CommandOption
from mlaudit.cli.parameters import Config, Define, Extra, NoColor, NoConfig, Output, Platform, Python, Quiet

FORMATS = ("table", "markdown", "json")


def plan(
    targets: Annotated[
        list[str] | None,
        CommandArgument(
            help="Packages with their versions; default: versions that leave no error.", metavar="[PACKAGE==VERSION]..."
        ),
    ] = None,
    format_: Annotated[str, CommandOption("--format", "-f", help="table, markdown or json.", metavar="NAME")] = "table",
    output: Output = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    define: Define = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Plan an upgrade: what else changes, in which order, what breaks.

    What known releases require decides which partners move; models that no longer load, and conflicts that no known
    release solves, are listed. Without a target the smallest set of moves that leaves no error is proposed. Nothing is
    written.
    """
    from mlaudit.cli.asked import asked_options, with_progress
    from mlaudit.cli.delivery import wants_colour, width_of
    from mlaudit.cli.failures import errors
    from mlaudit.cli.output import OutputText, write_all
    from mlaudit.cli.planning import demand_targets, plan_of, plan_text
    from mlaudit.cli.wanted_outputs import file_of
    from mlaudit.model.errors import UsageError
    from mlaudit.model.lazy_dataclass import replace
    from mlaudit.reporters._registry import Style
    from mlaudit.request.options import wanted_of

    with errors():
        if format_ not in FORMATS:
            raise UsageError(f"--format {format_}: plan prints {', '.join(FORMATS)}")
        demand_targets(targets or ())
        options = asked_options(
            start=Path(),
            config=config,
            isolated=no_config,
            wanted=wanted_of(python, platform, extra, ()),
            define=define,
            package=[text.partition("==")[0] for text in targets or ()],
        )
        # What is named is watched, and everything else is audited all the same.
        options = replace(options, only=())
        with with_progress(options, quiet) as watched:
            upgrade_plan, code = plan_of(targets or (), watched)
        colour = output is None and wants_colour(no_color)
        style = Style(colour=colour, width=width_of(file_of(output)))
        write_all([OutputText(text=plan_text(upgrade_plan, format_, style), target=file_of(output))])
        raise CommandEnd(code)
