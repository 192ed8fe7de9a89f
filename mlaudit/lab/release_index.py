"""A package index as its JSON interface shows it: one request at a time, and no file but METADATA.

The list of a project's files is https://packaging.python.org/en/latest/specifications/simple-repository-api/ (PEP 691,
700, 714), METADATA beside a wheel is PEP 658. Where an index does not serve it, it is read out of the wheel by byte
ranges: the end of the archive, then the one member. A release without a wheel declares nothing that can be read.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import subprocess
import sys
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mlaudit.lab.release_rows import GatheredRelease, kept_versions, wheel_tags
from mlaudit.lab.release_wheels import SOURCE, of_text
from mlaudit.model.metadata_names import WHEEL_METADATA

JSON = "application/vnd.pypi.simple.v1+json"
SECONDS = 60
TRIES = 3
MAX_REDIRECTS = 3
MAX_ANSWER = 64_000_000
"""Bytes of one answer."""
_BUSY = frozenset({429, 500, 502, 503, 504})


def pip_index() -> str:
    """The address of the index that pip is set up with here, else pip's own default. Raises CalledProcessError."""
    script = (
        "from pip._internal.cli.main_parser import create_main_parser as _;"
        "from pip._internal.commands import create_command as make;"
        "print(make('download').parser.get_default_values().index_url)"
    )
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered, redirections followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Connections:
    """Connections that are kept open, one a host; requests go one after another."""

    _open: dict[tuple[str, str], http.client.HTTPConnection] = field(default_factory=dict)
    requests: int = 0

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """The answer to a GET. Raises OSError if there is none, or one that is not understood."""
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._patiently(url, headers)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
        raise OSError(f"{url}: more than {MAX_REDIRECTS} redirections")

    def _patiently(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Asks again where a server is busy, later each time."""
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._once(url, headers)
            except (http.client.HTTPException, OSError) as error:
                self._forget(url)
                if attempt == TRIES:
                    raise OSError(f"{url}: {error}") from error
                continue
            if answer.status not in _BUSY or attempt == TRIES:
                return answer
            wait = answer.headers.get("retry-after", "")
            time.sleep(min(float(wait) if wait.isdigit() else 2.0**attempt, SECONDS))
        raise AssertionError("unreachable")

    def _once(self, url: str, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        if parts.scheme not in ("http", "https"):
            raise OSError("only http and https are asked")
        if key not in self._open:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._open[key] = kind(parts.netloc, timeout=SECONDS)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self.requests += 1
        self._open[key].request("GET", target or "/", headers={"User-Agent": "mlaudit-lab", **headers})
        response = self._open[key].getresponse()
        body = response.read(MAX_ANSWER + 1)
        if len(body) > MAX_ANSWER:
            self._forget(url)
            raise OSError(f"an answer of more than {MAX_ANSWER} bytes")
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=body,
        )

    def close(self) -> None:
        """Close all of them."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _forget(self, url: str) -> None:
        parts = urlsplit(url)
        connection = self._open.pop((parts.scheme, parts.netloc), None)
        if connection is not None:
            connection.close()


class PackageIndex:
    """The releases that an index shows of a package. What never changes is requested once and kept on disk."""

    def __init__(self, address: str, cache: Path) -> None:
        self.address = address.rstrip("/")
        self.connections = Connections()
        self._cache = cache
        cache.mkdir(parents=True, exist_ok=True)

    def releases(self, package: str) -> Iterator[GatheredRelease]:
        """Every release that is not yanked, and of pre-releases the newest. Raises OSError."""
        name = canonicalize_name(package)
        page = f"{self.address}/{name}/"
        listing = self._listing(page)
        for version, files in _by_version(name, listing.get("files", ())):
            day = min((file["upload-time"][:10] for file in files if file.get("upload-time")), default=None)
            wheels = sorted({tag for file in files for tag in wheel_tags(file["filename"])})
            wheel = _preferred(files)
            if wheel is None:
                yield GatheredRelease(
                    package=name,
                    version=version,
                    source=SOURCE.replace("{package}", name),
                    from_metadata=True,
                    day=day,
                    requires_python=next(
                        (file["requires-python"] for file in files if file.get("requires-python")), None
                    ),
                    wheels=(),
                )
                continue
            described = of_text(name, version, self._metadata(page, wheel), day=day)
            yield GatheredRelease(**{**_values(described), "wheels": tuple(wheels)})

    def _listing(self, page: str) -> Mapping[str, Any]:
        """A project's files; asked for again each time, but sent again only where it changed."""
        kept = self._path(page, "json")
        tag = kept.with_suffix(".etag")
        headers = {"Accept": JSON}
        if kept.exists() and tag.exists():
            headers["If-None-Match"] = tag.read_text(encoding="utf-8")
        answer = self.connections.get(page, headers)
        if answer.status == 304:
            return _object(page, kept.read_bytes())
        if answer.status != 200:
            raise OSError(f"{page}: the index answered {answer.status}")
        listing = _object(page, answer.body)
        kept.write_bytes(answer.body)
        if "etag" in answer.headers:
            tag.write_text(answer.headers["etag"], encoding="utf-8")
        return listing

    def _metadata(self, page: str, wheel: Mapping[str, Any]) -> str:
        """METADATA of a wheel, which never changes under the same address and hash."""
        url = urljoin(page, str(wheel["url"]).partition("#")[0])
        kept = self._path(url + json.dumps(wheel.get("hashes"), sort_keys=True), "metadata")
        if not kept.exists():
            served = wheel.get("core-metadata", wheel.get("dist-info-metadata", wheel.get("data-dist-info-metadata")))
            kept.write_bytes(self._beside(url, served) if served else self._inside(url))
        return kept.read_text(encoding="utf-8", errors="replace")

    def _beside(self, url: str, hashes: object) -> bytes:
        answer = self.connections.get(f"{url}.metadata", {})
        if answer.status == 404:
            return self._inside(url)
        if answer.status != 200:
            raise OSError(f"{url}.metadata: the index answered {answer.status}")
        wanted = hashes.get("sha256") if isinstance(hashes, dict) else None
        if wanted and hashlib.sha256(answer.body).hexdigest() != wanted:
            raise OSError(f"{url}.metadata: its hash is not the one that the index states")
        return answer.body

    def _inside(self, url: str) -> bytes:
        """METADATA out of the wheel itself, by byte ranges."""
        with zipfile.ZipFile(RemoteFile(self.connections, url)) as archive:
            inside = next((name for name in archive.namelist() if name.endswith(WHEEL_METADATA)), None)
            if inside is None:
                raise OSError(f"{url}: the wheel has no METADATA")
            return archive.read(inside)

    def _path(self, key: str, kind: str) -> Path:
        return self._cache / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.{kind}"


class RemoteFile(io.RawIOBase):
    """A file of a server as a stream for seeking; only the ranges that are read are requested."""

    def __init__(self, connections: Connections, url: str) -> None:
        super().__init__()
        self._connections = connections
        self._url = url
        self._at = 0
        answer = connections.get(url, {"Range": "bytes=0-0"})
        total = answer.headers.get("content-range", "").rpartition("/")[2]
        if answer.status != 206 or not total.isdigit():
            raise OSError(f"{url}: the index serves neither METADATA nor byte ranges")
        self._size = int(total)

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; nothing is requested yet."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises OSError."""
        end = self._size if size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        answer = self._connections.get(self._url, {"Range": f"bytes={self._at}-{end - 1}"})
        if answer.status != 206:
            raise OSError(f"{self._url}: the index answered {answer.status} to a byte range")
        self._at += len(answer.body)
        return answer.body


def _object(page: str, body: bytes) -> Mapping[str, Any]:
    try:
        listing = json.loads(body)
    except ValueError as error:
        raise OSError(f"{page}: the index does not answer in JSON (PEP 691): {error}") from error
    if not isinstance(listing, dict):
        raise OSError(f"{page}: expected an object")
    return listing


def _by_version(package: str, files: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Files that are not yanked, by the releases that are kept, oldest first."""
    known: dict[Version, list[Mapping[str, Any]]] = defaultdict(list)
    for file in files:
        version = version_of_file(package, str(file.get("filename", "")))
        if version is not None and not file.get("yanked") and not version.is_devrelease and not version.local:
            known[version].append(file)
    return [(str(version), known[version]) for version in kept_versions(known)]


def version_of_file(package: str, file_name: str) -> Version | None:
    """The version in the name of a wheel or source distribution of a package."""
    wheel = file_name.split("-")
    if file_name.endswith(".whl"):
        text = wheel[1] if len(wheel) in (5, 6) else ""
    else:
        stem = file_name.removesuffix(".tar.gz").removesuffix(".zip").removesuffix(".tar.bz2")
        head, _, text = stem.rpartition("-")
        if stem == file_name or canonicalize_name(head) != package:
            return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _preferred(files: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The wheel whose METADATA speaks for a release: that of Linux x86_64 for the newest Python, else any."""

    def rank(wheel: Mapping[str, Any]) -> tuple[bool, bool, int, str]:
        tags = wheel_tags(wheel["filename"])
        return (
            any(tag.endswith("-linux_x86_64") for tag in tags),
            any(tag.endswith("-any") for tag in tags),
            max((_minor(tag) for tag in tags), default=0),
            str(wheel["filename"]),
        )

    wheels = [file for file in files if wheel_tags(str(file["filename"]))]
    return max(wheels, key=rank, default=None)


def _minor(tag: str) -> int:
    digits = tag.partition("-")[0].removeprefix("cp3")
    return int(digits) if digits.isdigit() else 0


def _values(release: GatheredRelease) -> dict[str, Any]:
    return {name: getattr(release, name) for name in GatheredRelease.__slots__}
