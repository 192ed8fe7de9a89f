"""The data files of this package, by way of its loader: that reads a folder and a zip archive alike.

`importlib.resources` does too, but importing it costs twenty modules, so that only the listing of an archive uses it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mlaudit.model.digests import sha256_hex

HOME = Path(__file__).parent.parent
"""Where the package is; inside a zip archive nothing below it can be opened by its path."""
KNOWLEDGE_FOLDERS = ("knowledge", "knowledge/packages", "knowledge/companions", "knowledge/removed_names")
"""Where files of knowledge are."""


def packaged(name: str) -> str:
    """The text of a data file, by its path inside the package (`knowledge/names.toml`). Raises FileNotFoundError."""
    return packaged_bytes(name).decode("utf-8").replace("\r\n", "\n")


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
    it, under the digest of its text. Where that is another one, or there is none, the text itself is parsed.
    """
    text = packaged(name)
    try:
        digest, _, prepared = packaged(prepared_name(name)).partition("\n")
    except FileNotFoundError:
        digest = prepared = ""
    if digest == sha256_hex(text.encode()):
        import json

        data: dict[str, Any] = json.loads(prepared)
        return data
    import tomli

    return tomli.loads(text)


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
    return f"{sha256_hex(text.encode())}\n{data}\n"


def packaged_names(folder: str) -> tuple[str, ...]:
    """The names of the data files in a folder of the package, in order."""
    path = HOME / folder
    if path.is_dir():
        return tuple(sorted(os.listdir(path)))  # noqa: PTH208  a path for each of a thousand names takes long
    from importlib.resources import files

    return tuple(sorted(entry.name for entry in files("mlaudit").joinpath(folder).iterdir()))
