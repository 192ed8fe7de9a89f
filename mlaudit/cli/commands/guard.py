"""`mlaudit guard`: arguments → what this Python has or answers differently from the training, the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from mlaudit.cli.declarations import CommandArgument, CommandOption
from mlaudit.cli.parameters import Atol, Memory, Output, Quiet, Rtol, Timeout

Snapshot = Annotated[
    Path | None,
    CommandArgument(help="What `mlaudit snapshot` printed where the model was trained.", metavar="[SNAPSHOT]"),
]
Golden = Annotated[
    Path | None, CommandOption("--golden", help="Kept answers (`mlaudit prove --save`) to replay.", metavar="FILE")
]
Model = Annotated[
    str | None, CommandOption("--model", help="The model of --golden; default: the path in it.", metavar="PATH")
]
Trust = Annotated[bool, CommandOption("--trust", help="Load the model where no `writes` or `reads` declares it.")]
GuardFormat = Annotated[str, CommandOption("--format", "-f", help="table or json.", metavar="NAME")]


def guard(
    snapshot: Snapshot = None,
    golden: Golden = None,
    model: Model = None,
    trust: Trust = False,
    rtol: Rtol = 1e-6,
    atol: Atol = 1e-9,
    timeout: Timeout = 120,
    memory: Memory = 8192,
    format_: GuardFormat = "table",
    output: Output = None,
    quiet: Quiet = False,
) -> None:
    """Compare the running Python with that of training.

    With a SNAPSHOT, what is installed here is compared with it. With --golden, the model is loaded here, predicts on
    the rows that were kept where it was trained, and must give the answers that were kept with them; this runs what
    the model file holds. Neither needs the environment that trained, nor a network.
    """
    from mlaudit.cli.failures import errors
    from mlaudit.cli.guarding import AskedGuard, run_guard

    with errors():
        run_guard(
            AskedGuard(
                snapshot=snapshot,
                golden=golden,
                model=model,
                trusted=trust,
                rtol=rtol,
                atol=atol,
                seconds=timeout,
                megabytes=memory,
                format=format_,
                output=output,
                quiet=quiet,
            )
        )
