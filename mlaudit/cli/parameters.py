"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.completions import (
    complete_code,
    complete_output_format,
    complete_severity,
    complete_source_format,
    complete_subject,
)
from mlaudit.cli.declarations import CommandArgument, CommandOption

Paths = Annotated[list[str] | None, CommandArgument(help="Folders or files; default: here.", metavar="[PATH]...")]
Format = Annotated[
    list[str] | None,
    CommandOption(
        "--format",
        "-f",
        help="table, json, ...; NAME=FILE writes to a file. Repeatable.",
        metavar="NAME[=FILE]",
        complete=complete_output_format,
    ),
]
Output = Annotated[Path | None, CommandOption("--output", "-o", help="Write the report to a file.", metavar="FILE")]
FailOn = Annotated[
    str | None,
    CommandOption(
        "--fail-on",
        help="error, warning, info or never: what fails the run.",
        metavar="LEVEL",
        complete=complete_severity,
    ),
]
Select = Annotated[
    list[str] | None,
    CommandOption(
        "--select",
        help="Report only these codes (MLA1, MLA001, a name).",
        metavar="CODES",
        complete=complete_code,
    ),
]
Ignore = Annotated[
    list[str] | None,
    CommandOption("--ignore", help="Leave these codes out.", metavar="CODES", complete=complete_code),
]
Package = Annotated[
    list[str] | None,
    CommandOption("--package", help="Only packages that match; these are always watched.", metavar="GLOB"),
]
Config = Annotated[Path | None, CommandOption("--config", help="The configuration file.", metavar="FILE")]
NoConfig = Annotated[
    bool,
    CommandOption("--no-config", "--isolated", help="Ignore the configuration and the waivers of what is audited."),
]
NoCache = Annotated[
    bool, CommandOption("--no-cache", help="Do not read the caches of uv and pip for the code of packages.")
]
Python = Annotated[
    str | None, CommandOption("--python", help="The Python of environments that do not state one.", metavar="VERSION")
]
Platform = Annotated[
    str | None, CommandOption("--platform", help="The platform, such as linux-x86_64.", metavar="PLATFORM")
]
Extra = Annotated[list[str] | None, CommandOption("--extra", help="An extra to install.", metavar="NAME")]
Group = Annotated[list[str] | None, CommandOption("--group", help="A dependency group to install.", metavar="NAME")]
Define = Annotated[
    list[str] | None, CommandOption("--define", help="The value of a variable in a source.", metavar="NAME=VALUE")
]
As = Annotated[
    str | None,
    CommandOption("--as", help="The format of the sources.", metavar="FORMAT", complete=complete_source_format),
]
Baseline = Annotated[
    Path | None, CommandOption("--baseline", help="Count only findings that are not in this file.", metavar="FILE")
]
WriteBaseline = Annotated[
    Path | None, CommandOption("--write-baseline", help="Write what is found to a baseline file.", metavar="FILE")
]
Resolve = Annotated[
    str | None,
    CommandOption(
        "--resolve",
        help="Have uv resolve what has no lock (network; nothing is installed); with lock, write locks.",
        metavar="[lock]",
    ),
]
AsOf = Annotated[
    str | None, CommandOption("--as-of", help="With --resolve: releases up to this day count.", metavar="DATE")
]
Quiet = Annotated[bool, CommandOption("--quiet", "-q", help="Findings and the summary only.")]
Verbose = Annotated[
    bool, CommandOption("--verbose", "-v", help="Evidence, aligned and unwatched packages, unpaired environments.")
]
ExitZero = Annotated[
    bool, CommandOption("--exit-zero", help="Exit with 0 even if there are findings, or nothing to compare.")
]
NoColor = Annotated[bool, CommandOption("--no-color", help="No colours; NO_COLOR does the same.")]
Statistics = Annotated[
    bool, CommandOption("--statistics", help="Count the findings of each rule; the same as --format statistics.")
]
Subjects = Annotated[
    list[str] | None,
    CommandArgument(
        help="Codes, names of rules, packages, kinds.", metavar="[CODE|PACKAGE]...", complete=complete_subject
    ),
]
Rtol = Annotated[
    float, CommandOption("--rtol", metavar="NUMBER", help="Relative difference of numbers that is ignored.")
]
Atol = Annotated[
    float, CommandOption("--atol", metavar="NUMBER", help="Absolute difference of numbers that is ignored.")
]
Timeout = Annotated[
    int, CommandOption("--timeout", metavar="SECONDS", help="Seconds that one model may take.", least=1)
]
Memory = Annotated[
    int, CommandOption("--memory", metavar="MEGABYTES", help="Megabytes that one model may take.", least=64)
]
