"""Images made here to the specification: archives, layouts, layers, and tar entries that `tarfile` would not write."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlaudit.model.nouns import Kind, Pin, Reading
from mlaudit.parsers._read import read
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.working_tree import WorkingTree

Files = dict[str, "bytes | str"]

SITE = "usr/local/lib/python3.11/site-packages"
END = bytes(1024)
_PACKAGES = (Kind.PACKAGE, Kind.LOCAL)


def header(
    name: str | bytes,
    size: int | bytes = 0,
    *,
    kind: bytes = b"0",
    link: str = "",
    magic: bytes = b"ustar\x0000",
    tail: Mapping[int, bytes] | None = None,
) -> bytes:
    """One header block; a size in bytes stands as it is."""
    block = bytearray(512)
    encoded = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    block[0:100] = encoded[:100].ljust(100, b"\0")
    block[100:108] = b"0000644\0"
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[157:257] = link.encode()[:100].ljust(100, b"\0")
    block[257:265] = magic
    for at, data in (tail or {}).items():
        block[at : at + len(data)] = data
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def entry(name: str | bytes, content: bytes = b"", **options: Any) -> bytes:
    """A header with its content."""
    return header(name, len(content), **options) + content + bytes(-len(content) % 512)


def tar(files: Mapping[str, bytes | str] | Iterable[bytes]) -> bytes:
    """An archive of files (text is a link's target) or of entries made before."""
    if not isinstance(files, Mapping):
        return b"".join(files) + END
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def metadata(name: str, version: str, *more: str) -> bytes:
    lines = ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more)
    return ("\n".join(lines) + "\n\nA description.\nVersion: 0.0.1\n").encode()


def dist(name: str, version: str, site: str = SITE, *more: str) -> Files:
    return {f"{site}/{name}-{version}.dist-info/METADATA": metadata(name, version, *more)}


def conda_record(name: str, version: str, build: str = "0", **more: object) -> bytes:
    record = {"build": build, "depends": [], "files": ["lib/x"] * 3, "name": name, "version": version, **more}
    return json.dumps(record, indent=2).encode()


def config(
    env: Sequence[str] = (), architecture: str = "amd64", run: Mapping[str, object] | None = None
) -> dict[str, Any]:
    return {"architecture": architecture, "os": "linux", "config": {"Env": list(env), **(run or {})}}


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob_name(data: bytes) -> str:
    return f"blobs/sha256/{digest(data)[7:]}"


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def docker_legacy(layers: Sequence[bytes], setup: Mapping[str, Any]) -> Files:
    """The files of a `docker save` archive before Docker 25; the manifest stands behind the layers."""
    names = [f"{number:064x}/layer.tar" for number in range(len(layers))]
    manifest = [{"Config": "config.json", "RepoTags": ["app:1"], "Layers": names}]
    files: Files = dict(zip(names, layers, strict=True))
    return {**files, "config.json": dumped(setup), "manifest.json": dumped(manifest)}


def oci(images: Iterable[tuple[Sequence[bytes], Mapping[str, Any]]], *, nested: bool = False) -> Files:
    """The files of an OCI layout, one manifest for each image, with an attestation beside them."""
    files: Files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
    manifests = [_manifest(files, layers, setup) for layers, setup in images]
    attestation = _put(files, dumped({"schemaVersion": 2, "config": {}, "layers": []}))
    unknown = {"architecture": "unknown", "os": "unknown"}
    manifests.append({"digest": attestation, "platform": unknown})
    if nested:
        inner = _put(files, dumped({"schemaVersion": 2, "manifests": manifests}))
        manifests = [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": inner}]
    files["index.json"] = dumped({"schemaVersion": 2, "manifests": manifests})
    return files


def _put(files: Files, data: bytes) -> str:
    files[blob_name(data)] = data
    return digest(data)


def _manifest(files: Files, layers: Sequence[bytes], setup: Mapping[str, Any]) -> dict[str, Any]:
    listed = [{"digest": _put(files, layer), "size": len(layer)} for layer in layers]
    content = {"schemaVersion": 2, "config": {"digest": _put(files, dumped(setup))}, "layers": listed}
    platform = {"architecture": setup["architecture"], "os": setup["os"]}
    return {"digest": _put(files, dumped(content)), "platform": platform}


def docker_oci(layers: Sequence[bytes], setup: Mapping[str, Any]) -> Files:
    """The files of a `docker save` archive since Docker 25: an OCI layout with a `manifest.json`."""
    files = oci([(layers, setup)])
    manifest = [
        {"Config": blob_name(dumped(setup)), "RepoTags": ["app:1"], "Layers": [blob_name(one) for one in layers]}
    ]
    return {**files, "manifest.json": dumped(manifest)}


def unpack(files: Mapping[str, bytes | str], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
    return folder


@dataclass(frozen=True)
class Seen:
    """What was read of an image, in few words."""

    reading: Reading

    @property
    def pins(self) -> tuple[Pin, ...]:
        return self.reading.pins

    @property
    def chosen(self) -> str | None:
        return next((root.name for root in self.reading.roots if root.default), None)

    def versions(self, part: str | None = None) -> dict[str, str | None]:
        """Packages of an environment, the chosen one by default."""
        wanted = part or self.chosen
        return {pin.name: pin.version for pin in self.pins if pin.kind in _PACKAGES and wanted in pin.parts}

    def of(self, kind: Kind) -> dict[str, str | None]:
        return {pin.name: pin.version for pin in self.pins if pin.kind is kind}

    def python(self, part: str | None = None) -> str | None:
        wanted = part or self.chosen
        return next((pin.version for pin in self.pins if pin.kind is Kind.PYTHON and wanted in pin.parts), None)

    @property
    def reasons(self) -> list[str]:
        return [entry.why for entry in self.reading.unread]

    @property
    def notes(self) -> list[str]:
        return [fact.value for fact in self.reading.facts if fact.key == "note"]


def seen(path: Path, platform: str | None = None) -> Seen:
    document = image_document(path, WorkingTree(path.parent), platform)
    assert document is not None, f"{path} is no image"
    return Seen(read(document))


def saved(folder: Path, files: Mapping[str, bytes | str], name: str = "image.tar") -> Path:
    path = folder / name
    data = tar(files)
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    return path


def image_of(folder: Path, *layers: bytes, env: Sequence[str] = (), **run: object) -> Seen:
    """What is read of a `docker save` archive of these layers."""
    return seen(saved(folder, docker_legacy(layers, config(env, run=run))))
