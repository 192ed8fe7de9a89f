"""From the options of the command line to what the stages take."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.cli.delivery import is_terminal
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace

if TYPE_CHECKING:
    from mlaudit.request.options import Options
    from mlaudit.request.wanted import Wanted


def asked_options(
    *,
    wanted: Wanted,
    start: Path = Path(),
    config: Path | None = None,
    isolated: bool = False,
    fail_on: str | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    package: Sequence[str] | None = None,
    define: Sequence[str] | None = None,
    as_format: str | None = None,
    baseline: Path | None = None,
) -> Options:
    """Options of the command line, which override the configuration that applies. Raises UsageError and ConfigError."""
    from mlaudit.discovery.configuration import root_of
    from mlaudit.door import Asked, options_of
    from mlaudit.request.options import defines_of

    asked = Asked(
        config=config,
        isolated=isolated,
        wanted=wanted,
        fail_on=fail_on,
        select=select or (),
        ignore=ignore or (),
        package=package or (),
        define=defines_of(define),
        as_format=as_format,
        baseline=baseline,
    )
    return options_of(asked, root=root_of(start), start=start, tree=None, today=_today())


@contextmanager
def with_progress(options: Options, quiet: bool) -> Iterator[Options]:
    """Attach a progress bar if stderr is a terminal."""
    if quiet or not is_terminal(sys.stderr):
        yield options
        return
    from mlaudit.cli.progress import Bar

    bar = Bar()
    try:
        yield replace(options, progress=bar)
    finally:
        bar.close()


def _today() -> date:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return date.today()
    try:
        return datetime.fromtimestamp(int(epoch), timezone.utc).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch[:40]}: expected seconds since 1970-01-01") from None
