"""What the user did wrong, as one line on standard error and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from mlaudit.cli.declarations import CommandEnd
from mlaudit.cli.delivery import USAGE
from mlaudit.cli.output import OutputClosed, error_line, write_error
from mlaudit.model.errors import UsageError


@contextmanager
def errors() -> Iterator[None]:
    """What the user did wrong, as one line on stderr and exit code 2."""
    from mlaudit.model.errors import Unreadable
    from mlaudit.request.config_file import ConfigError

    try:
        yield
    except OutputClosed:
        raise CommandEnd(USAGE) from None
    except (UsageError, ConfigError) as error:
        fail(str(error))
    except Unreadable as error:
        fail(error.why)


def fail(message: str) -> NoReturn:
    """Say what is wrong, and end with exit code 2."""
    write_error(error_line(message))
    raise CommandEnd(USAGE)
