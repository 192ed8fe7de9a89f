"""The data files of this package, by plain paths: importlib.resources would import twenty modules for one read."""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).parent.parent


def packaged(name: str) -> str:
    """The text of a data file, by its path inside the package (`knowledge/names.toml`)."""
    return (HOME / name).read_text(encoding="utf-8")
