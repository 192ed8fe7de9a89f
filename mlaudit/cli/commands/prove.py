"""`mlaudit prove`: arguments → what is proven, the verdicts as text or JSON, the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.declarations import CommandArgument, CommandOption
from mlaudit.cli.parameters import (
    AsOf,
    Atol,
    Config,
    Define,
    Extra,
    Group,
    Memory,
    NoConfig,
    Output,
    Platform,
    Python,
    Quiet,
    Rtol,
    Timeout,
)

Models = Annotated[
    list[str] | None,
    CommandArgument(help="Model files or folders; default: all of the pairs here.", metavar="[MODEL]..."),
]
Writer = Annotated[str | None, CommandOption("--writer", help="The environment that writes.", metavar="SOURCE")]
Reader = Annotated[str | None, CommandOption("--reader", help="The environment that reads.", metavar="SOURCE")]
Rows = Annotated[
    str | None,
    CommandOption(
        "--rows", help="What to predict on: a csv, npy, json or parquet, or module:function.", metavar="FILE"
    ),
]
Golden = Annotated[
    Path | None,
    CommandOption("--golden", help="Rows to keep answers of (--save), or kept answers to replay here.", metavar="FILE"),
]
Save = Annotated[Path | None, CommandOption("--save", help="Where rows and answers are kept.", metavar="FILE")]
Record = Annotated[bool, CommandOption("--record", help="Write the result into mlaudit.evidence.toml.")]
Trust = Annotated[bool, CommandOption("--trust", help="Load files that no `writes` or `reads` declares.")]
Budget = Annotated[
    int,
    CommandOption("--budget", metavar="NUMBER", help="Further environments to build if a model fails.", least=0),
]
ProofFormat = Annotated[str, CommandOption("--format", "-f", help="table or json.", metavar="NAME")]


def prove(
    models: Models = None,
    writer: Writer = None,
    reader: Reader = None,
    rows: Rows = None,
    golden: Golden = None,
    save: Save = None,
    record: Record = False,
    trust: Trust = False,
    rtol: Rtol = 1e-6,
    atol: Atol = 1e-9,
    budget: Budget = 3,
    timeout: Timeout = 120,
    memory: Memory = 8192,
    as_of: AsOf = None,
    format_: ProofFormat = "table",
    output: Output = None,
    config: Config = None,
    no_config: NoConfig = False,
    python: Python = None,
    platform: Platform = None,
    extra: Extra = None,
    group: Group = None,
    define: Define = None,
    quiet: Quiet = False,
) -> None:
    """Build both environments, load the models, compare the answers.

    This command installs packages and runs them, and runs what the model files hold. With --golden FILE.json it builds
    nothing, and replays kept answers in the Python that runs mlaudit.
    """
    from mlaudit.cli.failures import errors
    from mlaudit.cli.proving import AskedProof, run_prove

    with errors():
        run_prove(
            AskedProof(
                models=tuple(models or ()),
                writer=writer,
                reader=reader,
                rows=rows,
                golden=golden,
                save=save,
                record=record,
                trusted=trust,
                rtol=rtol,
                atol=atol,
                budget=budget,
                seconds=timeout,
                megabytes=memory,
                as_of=as_of,
                format=format_,
                output=output,
                config=config,
                isolated=no_config,
                python=python,
                platform=platform,
                extras=tuple(extra or ()),
                groups=tuple(group or ()),
                defines=tuple(define or ()),
                quiet=quiet,
            )
        )
