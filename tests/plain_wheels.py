"""An index of tiny wheels on this machine, and what uv makes of it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

BESIDE = which("uv", path=str(Path(sys.executable).parent))
UV = BESIDE or which("uv")

Releases = Mapping[str, Mapping[str, Sequence[str]]]
"""What each version of each distribution requires."""


def wheel(folder: Path, name: str, version: str, requires: Sequence[str]) -> None:
    """A wheel of nothing but its metadata."""
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{stem}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and logs nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def wheel_index(folder: Path, releases: Releases) -> Iterator[str]:
    """The address of an index on this machine."""
    for name, versions in releases.items():
        for version, requires in versions.items():
            wheel(folder / name, name, version, requires)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def environment(index: str, cache: Path) -> dict[str, str]:
    """The variables with which uv asks that index and no other."""
    return {
        **os.environ,
        "UV_DEFAULT_INDEX": index,
        "UV_CACHE_DIR": str(cache),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON": sys.executable,
        "NO_PROXY": "127.0.0.1",
        "PATH": f"{Path(str(UV)).parent}{os.pathsep}{os.environ['PATH']}",
    }


def compiled(
    folder: Path, requirements: str, index: str, *, constraints: str | None = None
) -> subprocess.CompletedProcess[str]:
    """What uv makes of a list."""
    words = [str(UV), "pip", "compile", "--no-header", "--no-annotate", requirements]
    words += ["-c", constraints] if constraints else []
    given = environment(index, folder / "cache")
    return subprocess.run(words, cwd=folder, env=given, capture_output=True, text=True, check=False)


def resolved(folder: Path, requirements: str, index: str, *, constraints: str | None = None) -> dict[str, str]:
    """The versions to which uv resolves a list."""
    done = compiled(folder, requirements, index, constraints=constraints)
    assert done.returncode == 0, done.stderr
    pairs = (line.partition("==") for line in done.stdout.splitlines() if "==" in line)
    return {name: version for name, _, version in pairs}
