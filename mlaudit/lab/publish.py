"""Sets the address under which the project is published, everywhere it is named.

python -m mlaudit.lab.publish https://github.com/acme/mlaudit
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mlaudit.model.addresses import REPOSITORY

ROOT = Path(__file__).parent.parent.parent
_ADDRESS = re.compile(r"https://[\w.-]+/([\w./-]+/[\w.-]+)")


def naming_files(root: Path = ROOT) -> Iterator[Path]:
    """Files of a checkout that may name the address."""
    yield from (root / name for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml", "mkdocs.yml"))
    yield root / "mlaudit" / "model" / "addresses.py"
    yield from sorted((root / "docs").rglob("*.md"))


def publish(address: str, root: Path = ROOT) -> list[Path]:
    """Replace the repository's address and its short form (`YOUR-ORG/mlaudit`); the files that changed."""
    named = _ADDRESS.fullmatch(address)
    if named is None:
        raise ValueError(f"{address} is not the address of a repository, such as https://github.com/acme/mlaudit")
    short = REPOSITORY.removeprefix("https://github.com/")
    changed = []
    for path in naming_files(root):
        text = path.read_text(encoding="utf-8")
        replaced = text.replace(REPOSITORY, address).replace(short, named[1])
        if replaced != text:
            path.write_text(replaced, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for written in publish(sys.argv[1]):
        sys.stdout.write(f"{written.relative_to(ROOT)}\n")
