"""Package indexes that answer badly: each failure is said, and what passes is asked for again."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mlaudit.lab import refresh_releases, release_index
from mlaudit.lab.release_index import Connections, PackageIndex, RemoteFile, pip_index, version_of_file

Answers = Mapping[str, list[tuple[int, dict[str, str], bytes]]]
"""What a path answers, one after another; the last one again and again."""


@contextmanager
def serving(answers: Answers) -> Iterator[tuple[str, list[str]]]:
    """A server on the loopback, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            before = asked.count(self.path)
            asked.append(self.path)
            several = answers.get(self.path, [(404, {}, b"")])
            status, headers, body = several[min(before, len(several) - 1)]
            if status == 0:
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


GOOD: tuple[int, dict[str, str], bytes] = (200, {}, b"good")


@pytest.mark.parametrize(
    ("answers", "times"),
    [
        ([GOOD], 1),
        ([(503, {"Retry-After": "1"}, b""), (429, {}, b""), GOOD], 3),
        ([(0, {}, b""), GOOD], 2),
        ([(302, {"Location": "/page?at=1"}, b"")], 1),
    ],
    ids=["at once", "busy twice", "cut off once", "elsewhere"],
)
def test_what_passes_is_asked_for_again(answers: list[tuple[int, dict[str, str], bytes]], times: int) -> None:
    connections = Connections()
    with serving({"/page": answers, "/page?at=1": [GOOD]}) as (address, asked):
        assert connections.get(f"{address}/page", {}).body == b"good"
        connections.close()
    assert asked.count("/page") == times


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([(0, {}, b"")], "Remote end closed connection"),
        ([(302, {"Location": "/page"}, b"")], "more than 3 redirections"),
        ([(302, {"Location": "file:///etc/passwd"}, b"")], "only http and https are asked"),
        ([(200, {}, b"x" * 20)], "an answer of more than 10 bytes"),
    ],
)
def test_what_does_not_pass_is_an_error(
    answers: list[tuple[int, dict[str, str], bytes]], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_index, "MAX_ANSWER", 10)
    connections = Connections()
    with serving({"/page": answers}) as (address, _):
        with pytest.raises(OSError, match=says):
            connections.get(f"{address}/page", {})
        connections.close()


def test_a_server_that_stays_busy_is_reported_with_its_answer() -> None:
    connections = Connections()
    with serving({"/page": [(503, {}, b"")]}) as (address, asked):
        assert connections.get(f"{address}/page", {}).status == 503
        connections.close()
    assert asked == ["/page"] * release_index.TRIES


WHEEL = "pinbox-1.0-py3-none-any.whl"
METADATA = b"Metadata-Version: 2.1\nName: pinbox\nVersion: 1.0\nRequires-Dist: numpy<2\n"


def archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as whole:
        for name in names:
            whole.writestr(name, METADATA)
    return stream.getvalue()


def listing(**file: Any) -> bytes:
    wheel = {"filename": WHEEL, "url": f"/files/{WHEEL}", "hashes": {"sha256": "0"}, **file}
    return json.dumps({"files": [wheel, {"filename": "pinbox-two.tar.gz"}, {"filename": "other-1.0.tar.gz"}]}).encode()


HASHED = {"core-metadata": {"sha256": hashlib.sha256(METADATA).hexdigest()}}


@pytest.mark.parametrize(
    ("page", "files", "says"),
    [
        (b"<html>", {}, "the index does not answer in JSON"),
        (b"[]", {}, "expected an object"),
        (listing(**HASHED), {f"/files/{WHEEL}.metadata": [(500, {}, b"")]}, "the index answered 500"),
        (listing(**HASHED), {f"/files/{WHEEL}.metadata": [(200, {}, b"other")]}, "its hash is not the one that"),
        (listing(), {f"/files/{WHEEL}": [(200, {}, b"whole")]}, "serves neither METADATA nor byte ranges"),
        (listing(**HASHED), {}, "serves neither METADATA nor byte ranges"),
    ],
)
def test_an_index_that_answers_badly_is_an_error(
    page: bytes, files: dict[str, list[tuple[int, dict[str, str], bytes]]], says: str, tmp_path: Path
) -> None:
    with serving({"/simple/pinbox/": [(200, {}, page)], **files}) as (address, _):
        asking = PackageIndex(f"{address}/simple", tmp_path)
        with pytest.raises(OSError, match=says):
            list(asking.releases("pinbox"))
        asking.connections.close()


class Ranged(Connections):
    """A server of one file that is asked for parts of it."""

    def __init__(self, data: bytes, status: int = 206) -> None:
        super().__init__()
        self.data, self.status = data, status

    def get(self, url: str, headers: Mapping[str, str]) -> release_index.Answer:
        first, last = headers["Range"].removeprefix("bytes=").split("-")
        part = self.data[int(first) : int(last) + 1]
        spans = {"content-range": f"bytes {first}-{last}/{len(self.data)}"}
        status = 206 if last == "0" else self.status
        return release_index.Answer(status=status, headers=spans, body=part)


def test_a_remote_file_is_read_by_its_parts() -> None:
    file = RemoteFile(Ranged(b"0123456789"), "https://pypi.example/a.whl")
    assert (file.read(3), file.tell(), file.seek(-2, io.SEEK_END), file.read()) == (b"012", 3, 8, b"89")
    assert (file.read(1), file.seek(2), file.seek(1, io.SEEK_CUR), file.read(1)) == (b"", 2, 3, b"3")
    failing = RemoteFile(Ranged(b"0123456789", status=500), "https://pypi.example/a.whl")
    with pytest.raises(OSError, match="answered 500 to a byte range"):
        failing.read(2)


@pytest.mark.parametrize("name", ["pinbox-1.0.dist-info/METADATA", "pinbox/__init__.py"])
def test_metadata_are_read_out_of_a_wheel_where_it_has_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = PackageIndex("https://pypi.example/simple", tmp_path)
    monkeypatch.setattr(asking, "connections", Ranged(archive(name)))
    if name.endswith("METADATA"):
        assert asking._inside("https://pypi.example/a.whl") == METADATA
    else:
        with pytest.raises(OSError, match="the wheel has no METADATA"):
            asking._inside("https://pypi.example/a.whl")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("pinbox-1.0-py3-none-any.whl", "1.0"),
        ("pinbox-1.0-1-py3-none-any.whl", "1.0"),
        ("pinbox-1.0.whl", None),
        ("pinbox-1.0.tar.gz", "1.0"),
        ("pin-box-1.0.zip", None),
        ("pinbox-1.0.exe", None),
        ("pinbox-one.tar.bz2", None),
    ],
)
def test_versions_of_files_are_read_out_of_their_names(name: str, version: str | None) -> None:
    found = version_of_file("pinbox", name)
    assert (None if found is None else str(found)) == version


def test_the_index_of_pip_is_the_one_that_it_is_set_up_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://pypi.example/simple")
    assert pip_index() == "https://pypi.example/simple"


def test_a_file_of_releases_that_grew_too_large_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlaudit.lab.release_rows import packed
    from tests.test_releases import _release

    path = tmp_path / "pinbox.json.z"
    data = packed("pinbox", [_release("1.0", "numpy")], "2026-01-01")
    refresh_releases._write(path, data)
    assert path.read_bytes() == data
    monkeypatch.setattr(refresh_releases, "MAX_FILE", 3)
    with pytest.raises(OSError, match="at most 3 may be shipped"):
        refresh_releases._write(path, data)
    # Of a package of which nothing is declared there is no file.
    refresh_releases._write(path, packed("pinbox", [_release("1.0", requires=None)], "2026-01-01"))
    assert not path.exists()
