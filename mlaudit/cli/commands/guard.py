"""`mlaudit guard`: arguments → what this Python has or answers otherwise than the training, the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlaudit.cli.parameters import Output, Quiet

Snapshot = Annotated[
    Path | None,
    typer.Argument(help="What `mlaudit snapshot` printed where the model was trained.", metavar="[SNAPSHOT]"),
]
Golden = Annotated[
    Path | None, typer.Option("--golden", help="Kept answers (`mlaudit prove --save`) to replay.", metavar="FILE")
]
Model = Annotated[
    str | None, typer.Option("--model", help="The model of --golden; default: the path in it.", metavar="PATH")
]
Trust = Annotated[bool, typer.Option("--trust", help="Load the model where no `writes` or `reads` declares it.")]
Rtol = Annotated[float, typer.Option("--rtol", help="Relative difference of numbers that counts as none.")]
Atol = Annotated[float, typer.Option("--atol", help="Absolute difference of numbers that counts as none.")]
Timeout = Annotated[int, typer.Option("--timeout", help="Seconds that the model may take.", min=1)]
Memory = Annotated[int, typer.Option("--memory", help="Megabytes that the model may take.", min=64)]
GuardFormat = Annotated[str, typer.Option("--format", "-f", help="table or json.", metavar="NAME")]


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
    """Compare the Python that runs mlaudit with the training.

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
