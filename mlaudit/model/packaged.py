"""The data files of this package, by way of its loader: that reads a folder and a zip archive alike.

`importlib.resources` does too, but importing it costs twenty modules, so that only the listing of an archive uses it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
"""Where the package is; inside a zip archive nothing below it can be opened by its path."""
KNOWLEDGE_FOLDERS = ("knowledge", "knowledge/packages", "knowledge/companions", "knowledge/removed_names")
"""Where files of knowledge are."""


def packaged(name: str) -> str:
    """The text of a data file, by its path inside the package (`knowledge/names.toml`). Raises FileNotFoundError."""
    return _unix_lines(packaged_bytes(name)).decode("utf-8")


def _unix_lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def packaged_bytes(name: str) -> bytes:
    """The bytes of a data file, by its path inside the package. Raises FileNotFoundError."""
    loader = __spec__.loader
    try:
        data: bytes = loader.get_data(os.path.join(HOME, *name.split("/")))  # type: ignore[union-attr] # noqa: PTH118
    except OSError:
        raise FileNotFoundError(name) from None
    return data


def packaged_toml(name: str) -> dict[str, Any]:
    """A data file of TOML (`knowledge/names.toml`), parsed. Raises FileNotFoundError, ValueError where it is no TOML.

    JSON is read in a tenth of the time of TOML: with a wheel, an editable one too, each file of knowledge is made into
    it, under the checksum of its text. Where that is another one, or there is none, the text itself is parsed.
    """
    text = _unix_lines(packaged_bytes(name))
    try:
        checksum, _, prepared = _unix_lines(packaged_bytes(prepared_name(name))).partition(b"\n")
    except FileNotFoundError:
        checksum = prepared = b""
    if checksum.decode() == _checksum(text):
        import json

        data: dict[str, Any] = json.loads(prepared.decode("utf-8"))
        return data
    import tomli

    return tomli.loads(text.decode("utf-8"))


def prepared_name(name: str) -> str:
    """Where the JSON of a data file of TOML is."""
    folder, _, file = name.partition("/")
    return f"{folder}/_prepared/{file.removesuffix('.toml').replace('/', '-')}.json"


def prepared_text(name: str) -> str:
    """What is to be there."""
    import json

    import tomli

    text = packaged(name)
    data = json.dumps(tomli.loads(text), ensure_ascii=False, separators=(",", ":"))
    return f"{_checksum(text.encode())}\n{data}\n"


def _checksum(data: bytes) -> str:
    """Tells a text that was edited from the one that was prepared; SHA-256 takes as long as to read the JSON."""
    import zlib

    return f"{len(data)}-{zlib.crc32(data):08x}"


def packaged_names(folder: str) -> tuple[str, ...]:
    """The names of the data files in a folder of the package, in order."""
    path = HOME / folder
    if path.is_dir():
        return tuple(sorted(os.listdir(path)))  # noqa: PTH208  a path for each of a thousand names takes long
    from importlib.resources import files

    return tuple(sorted(entry.name for entry in files("mlaudit").joinpath(folder).iterdir()))
