"""Regular expressions that are compiled when they are first used: a run uses few of those that its modules state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import compile

    lazy_pattern = compile
else:

    class lazy_pattern:  # noqa: N801  used like `re.compile`
        """Stands for `re.compile` with the same arguments."""

        __slots__ = ("__dict__", "_flags", "_text")

        def __init__(self, text: str | bytes, flags: int = 0) -> None:
            self._text, self._flags = text, flags

        def __getattr__(self, name: str) -> Any:
            # What is found here is asked of the object itself the next time, like an attribute of any other.
            value = getattr(re.compile(self._text, self._flags), name)
            setattr(self, name, value)
            return value
