"""The files of knowledge as JSON, which is read in a tenth of the time of TOML: made with a wheel, never committed."""

from __future__ import annotations

from pathlib import Path

from mlaudit.model.packaged import HOME, KNOWLEDGE_FOLDERS, packaged_names, prepared_name, prepared_text

PREPARED = HOME / "knowledge" / "_prepared"


def prepared_files() -> dict[Path, str]:
    """Every file of knowledge as JSON, by its path."""
    names = [
        f"{folder}/{name}" for folder in KNOWLEDGE_FOLDERS for name in packaged_names(folder) if name.endswith(".toml")
    ]
    return {HOME / prepared_name(name): prepared_text(name) for name in names}


def write_prepared() -> None:
    """Write them, and remove those whose knowledge is gone."""
    prepared = prepared_files()
    PREPARED.mkdir(exist_ok=True)
    for path in PREPARED.iterdir():
        if path not in prepared:
            path.unlink()
    for path, text in prepared.items():
        path.write_text(text, encoding="utf-8", newline="\n")
