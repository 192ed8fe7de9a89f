"""`mlaudit list`: prints what is read."""

from __future__ import annotations

from typing import Annotated

from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.declarations import CommandArgument, CommandEnd, CommandOption
from mlaudit.cli.delivery import USAGE, terminal_width, wants_colour
from mlaudit.cli.failures import errors, fail
from mlaudit.cli.output import put
from mlaudit.cli.parameters import As, Define, Extra, Group, NoColor, Output, Platform, Python
from mlaudit.cli.wanted_outputs import file_of


def list_(
    sources: Annotated[
        list[str] | None, CommandArgument(help="What to read; default: what `check` reads.", metavar="[SOURCE]...")
    ] = None,
    format_: Annotated[
        str, CommandOption("--format", "-f", help="table, json or cyclonedx.", metavar="NAME")
    ] = "table",
    output: Output = None,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    as_: As = None,
    no_color: NoColor = False,
) -> None:
    """Show every pin that is read, with its location."""
    from mlaudit.api import listing
    from mlaudit.cli.standpoint import listed_from
    from mlaudit.reporters._inventory import as_json, as_table
    from mlaudit.request.options import wanted_of
    from mlaudit.sources.paths import current_folder

    with errors():
        if format_ not in ("table", "json", "cyclonedx"):
            fail(f"--format {format_}: list prints table, json or cyclonedx")
        options = asked_options(wanted=wanted_of(python, platform, extra, group), define=define, as_format=as_)
        with with_progress(options, False) as watched:
            environments = listing(sources or (), watched)
        if format_ == "json":
            text = as_json(environments)
        elif format_ == "cyclonedx":
            from mlaudit.mapping.locked_edges import locked_edges
            from mlaudit.reporters._cyclonedx import as_cyclonedx

            text = as_cyclonedx(
                environments, {environment.name: list(locked_edges(environment)) for environment in environments}
            )
        else:
            seen = listed_from(environments, options.root, current_folder())
            text = as_table(
                seen,
                colour=output is None and wants_colour(no_color),
                width=terminal_width() if output is None else None,
            )
        put(text, file_of(output))
    raise CommandEnd(USAGE if any(environment.lost for environment in environments) else 0)
