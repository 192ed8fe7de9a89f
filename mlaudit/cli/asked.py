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
    from typing_extensions import Unpack

    from mlaudit.request.asked_words import AskedWords
    from mlaudit.request.options import Options
    from mlaudit.request.wanted import Wanted


def asked_options(
    *, wanted: Wanted, start: Path = Path(), define: Sequence[str] | None = None, **words: Unpack[AskedWords]
) -> Options:
    """Options of the command line, which override the configuration that applies. Raises UsageError and ConfigError."""
    from mlaudit.discovery.configuration import root_of
    from mlaudit.door import options_of
    from mlaudit.request.asked import Asked
    from mlaudit.request.options import defines_of

    asked = Asked(wanted=wanted, define=defines_of(define), **words)
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
