"""The picture of a terminal that README shows.

    python -m mlaudit.lab.picture

Runs `mlaudit check` on the example with colours and writes what it prints to `docs/terminal.svg`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PICTURE = ROOT / "docs" / "terminal.svg"
COMMAND = ("mlaudit", "check", "fixtures/example", "--package", "numpy", "--package", "scikit-learn")
WIDTH = 100
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def printed(command: tuple[str, ...] = COMMAND) -> str:
    """What the command prints on a terminal with colours."""
    settings = {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI", "GITHUB_ACTIONS")}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *command], cwd=ROOT, env=kept | settings, capture_output=True, text=True, check=False
    )
    return done.stdout


def drawn(text: str) -> str:
    """A terminal with this text as SVG, which loads no font from elsewhere."""
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, _environ={})
    console.print(Text.assemble(("$ ", "dim"), " ".join(COMMAND)))
    console.print(Text.from_ansi(text))
    picture = console.export_svg(title="mlaudit", unique_id="mlaudit")
    lines = _FONTS.sub("", picture).replace("Fira Code", "ui-monospace, Menlo, Consolas").splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawn(printed()), encoding="utf-8")
