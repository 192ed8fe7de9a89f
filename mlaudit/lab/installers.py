"""Derive again which options installers know (developers only): `python -m mlaudit.lab.installers [FOLDER]`.

It asks each tool of knowledge/installers.toml that is found (in FOLDER, else on the path) for its own `--help`, and
prints the file again, to be reviewed and put in place. What a help text leaves out (old and hidden options) is under
`also` there and is kept, and so are the tables of tools that are not found.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import tomli

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.packaged import packaged

SECONDS = 60
"""How long a tool may take to print its help."""

_OPTION_LINE = lazy_pattern(r"^\s{1,12}(-{1,2}[A-Za-z0-9].*)$")
_NAME = lazy_pattern(r"(?<![\w-])(--[A-Za-z0-9][\w-]*|-[A-Za-z0-9])")
_VALUE = lazy_pattern(r"[=\s\[](?:<[^>]+>|\{[^}]+\}|[A-Z][A-Z0-9_./:-]+\b|=[A-Z])|=[A-Z]")
HEADER = """# Options that installers take, so that the value of one is never taken for a package. Made by
# `python -m mlaudit.lab.installers`: `valued` take a value, `flags` none, both from the tool's own `--help`;
# `also-valued` and `also-flags` are written by hand: hidden, older or documented elsewhere (`source`).
"""


def options(text: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The options that a help text describes: the spellings of each, and whether it takes a value."""
    for line in text.splitlines():
        match = _OPTION_LINE.match(line)
        if match is None:
            continue
        head = re.split(r"\s{2,}", match.group(1).strip())[0]
        names = tuple(dict.fromkeys(_NAME.findall(head)))
        if names:
            yield names, _VALUE.search(head) is not None


def help_text(command: Iterable[str], folder: str | None) -> str | None:
    """What a tool prints about a subcommand, None if the tool is not there."""
    tool, *words = command
    program = shutil.which(tool, path=folder) if folder else shutil.which(tool)
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603 - a developer's own tools
        [program, *words, "--help"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": folder or "", "HOME": "/nonexistent", "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )
    return done.stdout


def derived(row: Mapping[str, Any], folder: str | None) -> dict[str, Any]:
    """A tool's table again; as it was where the tool is not there."""
    texts = [help_text((row["tool"], *command.split()), folder) for command in ("", *row.get("commands", ()))]
    known = [text for text in texts if text]
    if not known:
        return dict(row)
    described = [option for text in known for option in options(text)]
    valued = {name for names, takes in described if takes for name in names}
    flags = {name for names, _ in described for name in names} - valued
    return {**row, "valued": sorted(valued), "flags": sorted(flags), "checked": date.today().isoformat()}


def written(rows: Iterable[Mapping[str, Any]]) -> str:
    """The file."""
    return HEADER + "".join("\n[[tool]]\n" + "".join(_line(key, value) for key, value in row.items()) for row in rows)


def _line(key: str, value: object) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f'"{name}" = "{meaning}"' for name, meaning in value.items())
        return f"{key} = {{ {pairs} }}\n"
    if not isinstance(value, list):
        return f'{key} = "{value}"\n'
    lines: list[str] = []
    line = ""
    for entry in value:
        quoted = f'"{entry}", '
        if len(line) + len(quoted) > 112:
            lines, line = [*lines, line.rstrip()], ""
        line += quoted
    listed = "\n".join(f"    {text}" for text in (*lines, line.rstrip()) if text)
    return f"{key} = [\n{listed}\n]\n" if listed else f"{key} = []\n"


def main(folder: str | None = None) -> None:
    """Print the file again."""
    rows = tomli.loads(packaged("knowledge/installers.toml"))["tool"]
    sys.stdout.write(written(derived(row, folder) for row in rows))


if __name__ == "__main__":
    main(*sys.argv[1:2])
