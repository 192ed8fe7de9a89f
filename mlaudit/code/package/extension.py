"""Compiled modules, by the names in them: a name of Python is a C string of its own in the binary.

Cython writes the names of a module's functions, classes and globals as zero-ended strings, types as `module.Name`
(`tp_name`), and the checksums of the states that it can restore into the text of an error. From 3.2 on it compresses
strings, so that an absent one shows nothing: https://github.com/cython/cython/blob/master/CHANGES.rst
"""

from __future__ import annotations

import re

from mlaudit.model.lazy_pattern import lazy_pattern

_BINARIES = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_COMPRESSES = lazy_pattern(rb"_cython_(?:3_[2-9]|3_[1-9]\d|[4-9]_)")
_IS_CYTHON = lazy_pattern(rb"__pyx_|_cython_\d")
_CHECKSUMS = lazy_pattern(rb"Incompatible checksums \(0x%x vs \(?((?:0x[0-9a-f]{1,16},? ?){1,8})\)? = ")


class ExtensionModule:
    """The names in one compiled module."""

    def __init__(self, name: str, data: bytes | None) -> None:
        self._name = name.encode()
        self._short = self._name.rpartition(b".")[2]
        self._data = data if data is not None and data.startswith(_BINARIES) else None
        self._answers: dict[str, bool | None] = {}

    def has(self, name: str) -> bool | None:
        """Whether it has a name; None if that is not known."""
        if name not in self._answers:
            self._answers[name] = self._search(name.encode())
        return self._answers[name]

    def _search(self, name: bytes) -> bool | None:
        if self._data is None:
            return None
        if b"\0" + name + b"\0" in self._data or self._has_type(name):
            return True
        if _IS_CYTHON.search(self._data) is None:
            # What other tools make may build its names at run time, as pybind11 and Rust do.
            return None
        compresses = _COMPRESSES.search(self._data) is not None and not name.startswith(b"__pyx_unpickle")
        return None if compresses else False

    def _has_type(self, name: bytes) -> bool:
        """Whether it has a type under a full name; old ones have the last word of the module alone."""
        data = self._data or b""
        at = data.find(b"." + name + b"\0")
        while at >= 0:
            start = data.rfind(b"\0", None, at) + 1
            module = data[start:at]
            if module in (self._name, self._short) or module.endswith(b"." + self._short):
                return True
            at = data.find(b"." + name + b"\0", at + 1)
        return False

    def has_type_in_full(self, name: str) -> bool:
        """Whether it has a type under the full name of the module, and under no shorter one."""
        data = self._data or b""
        encoded = name.encode()
        is_bare = b"\0" + self._short + b"." + encoded + b"\0" in data
        return not is_bare and b"\0" + self._name + b"." + encoded + b"\0" in data

    def checksums(self) -> frozenset[int]:
        """The layouts of states that Cython's functions of it restore; empty if they are not known."""
        if self._data is None:
            return frozenset()
        lists = _CHECKSUMS.findall(self._data)
        return frozenset(int(number, 16) for some in lists for number in re.findall(rb"0x[0-9a-f]+", some))
