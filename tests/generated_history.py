"""Repositories made by `git fast-import`: hundreds of commits in a moment, with dates, authors and parents as asked."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.checkout import environment

EPOCH = 1_750_000_000
DAY = 86_400


@dataclass
class History:
    """Commits on their way to `git fast-import`; every commit has a mark, in the order in which they are made."""

    lines: list[bytes] = field(default_factory=list)
    marks: int = 0

    def commit(
        self,
        branch: str,
        files: Mapping[str, str | bytes | None],
        *,
        subject: str = "change",
        parents: Sequence[int] = (),
        author: str = "Ada <ada@team.example>",
        links: Mapping[str, str] | None = None,
    ) -> int:
        """One commit; a file whose text is None is deleted. Its date is its number in days."""
        self.marks += 1
        when = f"{EPOCH + self.marks * DAY} +0000"
        head = [f"commit refs/heads/{branch}", f"mark :{self.marks}", f"author {author} {when}"]
        head += [f"committer {author} {when}", f"data {len(subject.encode())}", subject]
        head += [f"{'merge' if number else 'from'} :{parent}" for number, parent in enumerate(parents)]
        self.lines.append("\n".join(head).encode() + b"\n")
        for path, text in files.items():
            self._file(path, text)
        for path, target in (links or {}).items():
            self.lines.append(f"M 120000 inline {path}\n".encode() + _data(target.encode()))
        return self.marks

    def _file(self, path: str, text: str | bytes | None) -> None:
        if text is None:
            self.lines.append(f"D {path}\n".encode())
        else:
            data = text.encode() if isinstance(text, str) else text
            self.lines.append(f"M 100644 inline {path}\n".encode() + _data(data))

    def submodule(self, path: str, commit: str) -> None:
        """In the last commit: a submodule at a path."""
        self.lines.append(f"M 160000 {commit} {path}\n".encode())

    def branch(self, name: str, mark: int) -> None:
        """A branch that points to a commit."""
        self.lines.append(f"reset refs/heads/{name}\nfrom :{mark}\n\n".encode())

    def write(self, folder: Path, *, checked_out: str | None = "main") -> dict[int, str]:
        """Make the repository; the hash of every mark."""
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "-q", "-b", "main")
        _git(folder, "fast-import", "--quiet", "--force", "--export-marks=.git/made", stdin=b"".join(self.lines))
        if checked_out is not None:
            _git(folder, "checkout", "-q", "-f", checked_out)
        rows = (folder / ".git/made").read_text().split("\n")
        return {int(row.split()[0][1:]): row.split()[1] for row in rows if row}


def _data(data: bytes) -> bytes:
    return f"data {len(data)}\n".encode() + data + b"\n"


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=environment(), input=stdin, capture_output=True, check=True)
