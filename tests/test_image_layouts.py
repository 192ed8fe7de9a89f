"""Which images an archive or layout holds and which one is read, over manifests alone; headers of tar archives."""

from __future__ import annotations

import io
import json
import struct
import tarfile
from collections.abc import Mapping

import pytest

from mlaudit.model.errors import Unreadable
from mlaudit.sources.images import layout
from mlaudit.sources.images.byte_reader import Reader
from mlaudit.sources.images.layers import ImageLayer
from mlaudit.sources.images.layout import Image, chosen, images, machine_of
from mlaudit.sources.images.tar_walk import TarWalk


class Kept:
    """Blobs of JSON in memory."""

    problem = None

    def __init__(self, blobs: Mapping[str, object]) -> None:
        self._blobs = blobs

    def holds(self, name: str) -> bool:
        return name in self._blobs

    def json(self, name: str) -> bytes:
        return json.dumps(self._blobs[name]).encode()

    def layer(self, name: str) -> ImageLayer:
        raise Unreadable(name)


def digest(sign: str) -> str:
    return "sha256:" + sign * 64


def blob(sign: str) -> str:
    return f"blobs/sha256/{sign * 64}"


SAVED = {"Config": "c.json", "Layers": ["a.tar"], "RepoTags": ["demo:1", "demo:2"]}
CONFIG = {"os": "linux", "architecture": "arm64"}


@pytest.mark.parametrize(
    ("blobs", "expected"),
    [
        ({}, []),
        (
            {"manifest.json": [SAVED, SAVED], "c.json": CONFIG},
            [Image(config="c.json", layers=("a.tar",), platform="linux/arm64", tag="demo:1, demo:2")],
        ),
        (
            {"index.json": {"manifests": [{"digest": digest("1")}]}, blob("1"): {"mediaType": "an artifact"}},
            [],
        ),
        (
            {
                "index.json": {"manifests": [{"digest": digest("1")}]},
                blob("1"): {"manifests": [{"digest": digest("2")}, {"digest": digest("1")}]},
                blob("2"): {"config": {"digest": digest("3")}, "layers": []},
                blob("3"): CONFIG,
            },
            [Image(config=blob("3"), platform="linux/arm64")],
        ),
    ],
    ids=["neither", "saved-twice", "no-image", "nested"],
)
def test_the_images_of_an_archive(blobs: Mapping[str, object], expected: list[Image]) -> None:
    assert images(Kept(blobs)) == expected


@pytest.mark.parametrize(
    ("blobs", "why"),
    [
        ({"manifest.json": [{**SAVED, "Layers": ["a"] * 1001}]}, "it names 1001 layers; an image may have 1000"),
        (
            {
                "index.json": {"manifests": [{"digest": digest("0")}]},
                **{blob(str(one)): {"manifests": [{"digest": digest(str(one + 1))}]} for one in range(6)},
            },
            "its indexes are nested more than 4 deep",
        ),
        ({"manifest.json": [7]}, "its manifest is not as it should be: .*"),
    ],
    ids=["layers", "depth", "number"],
)
def test_a_manifest_that_goes_too_far_is_told(blobs: Mapping[str, object], why: str) -> None:
    with pytest.raises(Unreadable, match=f"^{why}$"):
        images(Kept(blobs))


def test_of_many_manifests_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_DESCRIPTORS", 2)
    saved = [{**SAVED, "Layers": [name]} for name in "abc"]
    assert [image.layers for image in images(Kept({"manifest.json": saved, "c.json": CONFIG}))] == [("a",), ("b",)]


ARM, AMD, NONE = Image(platform="linux/arm/v7"), Image(platform="linux/amd64"), Image()
WINDOWS = Image(platform="windows/amd64")


@pytest.mark.parametrize(
    ("every", "wanted", "expected"),
    [
        ([ARM], None, (ARM, None)),
        ([ARM, AMD], None, (AMD, "it is for linux/arm/v7 and linux/amd64; linux/amd64 is read (`#platform=` chooses)")),
        ([ARM, AMD], "linux-armv7l", (ARM, None)),
        ([NONE], "linux-x86_64", (NONE, None)),
    ],
)
def test_one_image_is_chosen(every: list[Image], wanted: str | None, expected: object) -> None:
    assert chosen(every, wanted) == expected


@pytest.mark.parametrize(
    ("every", "wanted", "why"),
    [
        ([], None, "it contains no image: no manifest in it names layers"),
        ([ARM, WINDOWS], None, "it is for linux/arm/v7 and windows/amd64; `#platform=` chooses one"),
        ([AMD], "linux-aarch64", "it is for linux/amd64, and linux-aarch64 was requested"),
    ],
)
def test_what_cannot_be_chosen_is_told(every: list[Image], wanted: str | None, why: str) -> None:
    with pytest.raises(Unreadable) as raised:
        chosen(every, wanted)
    assert raised.value.why == why


@pytest.mark.parametrize(
    ("platform", "machine"),
    [
        ("linux/arm/v6", ("linux", None)),
        ("linux/arm", ("linux", "armv7l")),
        ("linux/arm64/v8", ("linux", "aarch64")),
    ],
)
def test_platforms_of_oci_are_machines(platform: str, machine: tuple[str, str | None]) -> None:
    assert machine_of(platform) == machine


def archive(form: int, *, link: str = "", path: str = "a", headers: Mapping[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, pax_headers=headers or {}) as file:
        member = tarfile.TarInfo(path)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        member.pax_headers = dict(headers or {})
        file.addfile(member, io.BytesIO())
    return out.getvalue()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_links_are_whole(form: int) -> None:
    long = "b/" * 90 + "c"
    (entry,) = TarWalk(Reader(iter([archive(form, link=long, path=long)])))
    assert (entry.path, entry.link, entry.problem) == (long, long, None)


def of_size(field: bytes, content: bytes) -> bytes:
    """An archive of one file whose size is stated by twelve bytes."""
    block = bytearray(archive(tarfile.USTAR_FORMAT)[:512])
    block[124:136] = field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + content.ljust(512, b"\0") + b"\0" * 1024


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (of_size(b"\x80" + struct.pack(">3xQ", 3), b"abc"), 3),
        (of_size(b"00000000003\0", b"abc"), 3),
        (of_size(b"\0" * 12, b""), 0),
    ],
    ids=["binary", "octal", "empty"],
)
def test_sizes_are_octal_or_binary(data: bytes, size: int) -> None:
    walk = TarWalk(Reader(iter([data])))
    assert [(entry.path, entry.size, entry.problem) for entry in walk] == [("a", size, None)]


def test_the_size_of_an_extended_header_counts() -> None:
    name, record = b"a", b"10 size=3\n"
    plain = of_size(b"00000000000\0", b"abc")
    head = bytearray(archive(tarfile.USTAR_FORMAT)[:512])
    head[156:157], head[124:136], head[148:156] = b"x", b"%011o\0" % len(record), b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    (entry,) = TarWalk(Reader(iter([bytes(head) + record.ljust(512, b"\0") + plain])))
    assert (entry.path, entry.size) == (name.decode(), 3)
