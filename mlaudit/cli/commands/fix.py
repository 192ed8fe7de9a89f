"""`mlaudit fix`: arguments → a choice, the plan as a diff or JSON, the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.declarations import CommandArgument, CommandOption
from mlaudit.cli.parameters import Config, Define, Extra, NoConfig, Output, Platform, Python, Quiet

Paths = Annotated[list[str] | None, CommandArgument(help="Folders or files; default: here.", metavar="[PATH]...")]
Write = Annotated[bool, CommandOption("--write", help="Change the files; without it the changes are only shown.")]
UnsafeFixes = Annotated[
    bool,
    CommandOption("--unsafe-fixes", help="Also make unsafe changes: known breaks, major versions, families."),
]
To = Annotated[
    str, CommandOption("--to", help="reference, serving, highest or lowest: whose version counts.", metavar="WHOSE")
]
SetVersion = Annotated[
    list[str] | None,
    CommandOption("--set", help="A package and the version that every environment gets.", metavar="PACKAGE==VERSION"),
]
OnlyPackage = Annotated[list[str] | None, CommandOption("--package", help="Only packages that match.", metavar="GLOB")]
Family = Annotated[
    str | None, CommandOption("--group", help="Packages that change together, such as torch.", metavar="FAMILY")
]
OnlyFinding = Annotated[
    list[str] | None,
    CommandOption("--finding", help="Only this finding; its first characters are enough.", metavar="FINGERPRINT"),
]
Constraints = Annotated[
    Path | None,
    CommandOption("--constraints", help="Write one constraints file for all environments.", metavar="FILE"),
]
Relock = Annotated[bool, CommandOption("--relock", help="Run the tools that own the locks, such as uv lock.")]
DropHashes = Annotated[bool, CommandOption("--drop-hashes", help="Remove all hashes from files that change.")]
Recover = Annotated[bool, CommandOption("--recover", help="Restore the files of an interrupted run, and exit.")]
FixFormat = Annotated[str, CommandOption("--format", "-f", help="diff or json.", metavar="NAME")]


def fix(
    paths: Paths = None,
    write: Write = False,
    unsafe_fixes: UnsafeFixes = False,
    to: To = "reference",
    set_: SetVersion = None,
    package: OnlyPackage = None,
    group: Family = None,
    finding: OnlyFinding = None,
    constraints: Constraints = None,
    relock: Relock = False,
    drop_hashes: DropHashes = False,
    recover: Recover = False,
    format_: FixFormat = "diff",
    output: Output = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    define: Define = None,
    quiet: Quiet = False,
) -> None:
    """Show, or make, the changes that fix what `check` finds.

    Followers take the version of their reference; --to, --set and --group say otherwise. Only the bytes of versions
    change, in all files or in none. For a lock the declaration is edited, and the command that updates it is shown.
    """
    from mlaudit.cli.failures import errors
    from mlaudit.cli.fixing import AskedFix, run_fix

    with errors():
        run_fix(
            AskedFix(
                paths=tuple(paths or ()),
                write=write,
                unsafe=unsafe_fixes,
                to=to,
                versions=tuple(set_ or ()),
                packages=tuple(package or ()),
                family=group,
                fingerprints=tuple(finding or ()),
                constraints=constraints,
                relock=relock,
                drop_hashes=drop_hashes,
                recover=recover,
                format=format_,
                output=output,
                config=config,
                isolated=no_config,
                python=python,
                platform=platform,
                extras=tuple(extra or ()),
                defines=tuple(define or ()),
                quiet=quiet,
            )
        )
