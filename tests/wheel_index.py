"""An index of tiny wheels on the loopback, as a resolver asks for it (PEP 691), made by the test that needs it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass
class WheelIndex:
    """Files by package; `password` must be given by who asks, where there is one."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    days: dict[str, str] = field(default_factory=dict)
    password: str = ""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add_wheel(
        self,
        name: str,
        version: str,
        requires: Sequence[str] = (),
        modules: Mapping[str, str] | None = None,
        day: str = "2026-01-01",
    ) -> None:
        """A pure wheel with some modules by file name."""
        word = name.replace("-", "_")
        info = f"{word}-{version}.dist-info"
        metadata = [
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
            *(f"Requires-Dist: {r}" for r in requires),
        ]
        members = {
            **(modules or {f"{name}.py": f"__version__ = '{version}'\n"}),
            f"{info}/METADATA": "\n".join(metadata) + "\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for path, text in members.items():
                archive.writestr(path, text)
            archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in (*members, f"{info}/RECORD")))
        self._add(name, f"{word}-{version}-py3-none-any.whl", stream.getvalue(), day)

    def add_source(self, name: str, version: str, setup: str) -> None:
        """A source archive whose metadata only its `setup.py` tells."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for path, text in {
                "setup.py": setup,
                "PKG-INFO": f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n",
            }.items():
                entry = tarfile.TarInfo(f"{name}-{version}/{path}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        self._add(name, f"{name}-{version}.tar.gz", stream.getvalue(), "2026-01-01")

    def _add(self, name: str, file: str, data: bytes, day: str) -> None:
        self.files.setdefault(name, {})[file] = data
        self.days[file] = day

    def page(self, name: str) -> bytes:
        """What the index says of one package."""
        rows = [
            {
                "filename": file,
                "url": f"{self.url.removesuffix('/simple')}/files/{file}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "upload-time": f"{self.days[file]}T00:00:00Z",
            }
            for file, data in self.files[name].items()
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": rows}).encode()


@contextmanager
def served(index: WheelIndex) -> Iterator[WheelIndex]:
    """The index, answering on a port of the loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            wanted = base64.b64encode(f"user:{index.password}".encode()).decode()
            if index.password and self.headers.get("Authorization") != f"Basic {wanted}":
                self.answer(401, b"", "text/plain")
                return
            parts = Path(self.path).parts
            if len(parts) > 2 and parts[1] == "simple" and parts[2] in index.files:
                self.answer(200, index.page(parts[2]), "application/vnd.pypi.simple.v1+json")
                return
            every = {file: data for files in index.files.values() for file, data in files.items()}
            data = every.get(parts[-1])
            self.answer(404 if data is None else 200, data or b"", "application/octet-stream")

        do_HEAD = do_GET  # noqa: N815 - the framework looks for it

        def answer(self, code: int, data: bytes, kind: str) -> None:
            self.send_response(code)
            if code == 401:
                self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
