"""Hostile images: every one ends soon, in flat memory, as an Unread or the right answer; nothing outside is opened."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import tracemalloc
import zlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.model.errors import Unreadable
from mlaudit.sources.images import byte_reader, layers
from mlaudit.sources.images.byte_reader import Reader, unfolded
from mlaudit.sources.images.file_system import HEADER, Form, LayerFile, condensed, wanted
from mlaudit.sources.images.recognize import image_document
from mlaudit.sources.images.tar_walk import NAME_LIMIT, TarWalk
from mlaudit.sources.working_tree import WorkingTree
from tests.image_bytes import (
    SITE,
    Files,
    Seen,
    config,
    dist,
    docker_legacy,
    dumped,
    entry,
    header,
    image_of,
    metadata,
    oci,
    saved,
    seen,
    tar,
    unpack,
)

NUMPY = dist("numpy", "1.26.4")
NUMPY_PATH = f"{SITE}/numpy-1.26.4.dist-info/METADATA"
GOOD = entry(NUMPY_PATH, metadata("numpy", "1.26.4"))
MEMORY = 96 * 1024 * 1024
ZSTD = find_spec("zstandard") is not None or sys.version_info >= (3, 14)


def of_entries(folder: Path, *entries: bytes) -> Seen:
    return image_of(folder, tar(entries))


def pax(*records: bytes) -> bytes:
    return entry("pax", b"".join(records), kind=b"x")


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    length += len(str(length + len(str(length))))
    return b"%d %s=%s\n" % (length, key, value)


def test_paths_that_lead_out_of_the_image_are_refused(tmp_path: Path) -> None:
    found = of_entries(tmp_path, entry(f"../../{NUMPY_PATH}", metadata("numpy", "9")), GOOD)
    assert found.versions() == {"numpy": "1.26.4"}
    assert found.reasons == ["an entry's path leads out of the image and is refused"]


def test_an_absolute_path_is_one_inside_the_image(tmp_path: Path) -> None:
    assert of_entries(tmp_path, entry(f"/{NUMPY_PATH}", metadata("numpy", "1.26.4"))).versions() == {"numpy": "1.26.4"}


def test_a_link_in_the_place_of_metadata_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(metadata("numpy", "6.6"))
    found = image_of(tmp_path, tar({NUMPY_PATH: str(secret), **dist("torch", "2.4.0")}))
    assert found.versions() == {"torch": "2.4.0"}
    assert [(one.package, one.why.partition(" `")[0]) for one in found.reading.unread] == [("numpy", "it is a link to")]
    assert not of_folder(tmp_path, {NUMPY_PATH: str(secret), **dist("torch", "2.4.0")}).versions().get("numpy")


def of_folder(folder: Path, files: Files) -> Seen:
    return seen(unpack({"etc/os-release": b"ID=debian\n", **files}, folder / "root"))


@pytest.mark.parametrize("name", ["../../../etc/shadow", "/etc/passwd", "sha256:../../x", "", "config.json\0"])
def test_layers_are_looked_up_in_the_archive_only(tmp_path: Path, name: str) -> None:
    files = docker_legacy([tar(NUMPY)], config())
    files["manifest.json"] = dumped([{"Config": "config.json", "Layers": [f"{0:064x}/layer.tar", name]}])
    for found in (seen(saved(tmp_path, files)), seen(unpack(files, tmp_path / "folder"))):
        assert found.versions() == {"numpy": "1.26.4"}
        assert len(found.reasons) == 1
        assert not found.reading.complete


def test_a_layout_leads_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret.tar").write_bytes(tar(dist("torch", "6.6")))
    files = docker_legacy([tar(NUMPY), b""], config())
    files[f"{1:064x}/layer.tar"] = "../../secret.tar"
    found = seen(unpack(files, tmp_path / "folder"))
    assert found.versions() == {"numpy": "1.26.4"}
    assert "links of a layout are not followed" in found.reasons[0]


def test_the_body_of_metadata_is_not_read(tmp_path: Path) -> None:
    body = b"Name: numpy\nVersion: 1.26.4\n\nVersion: 6.6.6\nName: evil\n"
    assert of_entries(tmp_path, entry(NUMPY_PATH, body)).versions() == {"numpy": "1.26.4"}


@pytest.mark.parametrize("kind", [b"x", b"L", b"K", b"g"])
def test_an_extended_header_of_gigabytes_is_not_read(tmp_path: Path, kind: bytes) -> None:
    with (tmp_path / "layer.tar").open("wb") as stream:
        stream.write(header("long", 4 * 1024**3 - 512, kind=kind))
        stream.seek(4 * 1024**3)
        stream.write(tar([entry("usr/bin/python3"), GOOD]))
    tracemalloc.start()
    found = seen(tmp_path / "layer.tar")
    assert tracemalloc.get_traced_memory()[1] < MEMORY
    tracemalloc.stop()
    assert found.versions() == {"numpy": "1.26.4"}
    assert any(f"{NAME_LIMIT} are read" in why for why in found.reasons)


def test_long_names_are_read(tmp_path: Path) -> None:
    long = f"opt/{'v' * 300}/lib/python3.11/site-packages/numpy-1.26.4.dist-info/METADATA"
    by_gnu = entry("././@LongLink", long.encode() + b"\0", kind=b"L") + entry(long[:100], metadata("numpy", "1.26.4"))
    by_pax = pax(record(b"path", long.encode())) + entry("short", metadata("numpy", "1.26.4"))
    by_prefix = entry("METADATA", metadata("numpy", "1.26.4"), tail={345: NUMPY_PATH.rpartition("/")[0].encode()})
    assert [of_entries(tmp_path, one).versions() for one in (by_gnu, by_pax, by_prefix)] == [{"numpy": "1.26.4"}] * 3


def test_gnu_keeps_times_where_posix_keeps_a_prefix(tmp_path: Path) -> None:
    gnu = entry(NUMPY_PATH, metadata("numpy", "1.26.4"), magic=b"ustar  \0", tail={345: b"14000000000"})
    assert of_entries(tmp_path, gnu).versions("/usr/local") == {"numpy": "1.26.4"}


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([header("a", b"\xff" * 12)], "negative or absurd"),
        ([header("a", b"\x80" + b"\x7f" * 11)], "negative or absurd"),
        ([header("a", b"-0000000001\0")], "negative"),
        ([header("a", b"12345678901x")], "no number"),
        ([pax(record(b"size", b"-1")) + header("a")], "states the size -1"),
        ([pax(record(b"size", b"9" * 30)) + header("a")], "states the size 999"),
        ([pax(b"0 path=a\n") + header("a")], "length is wrong"),
        ([pax(b"4 =\n") + header("a")], "length is wrong"),
        ([pax(b"999999 path=a\n") + header("a")], "length is wrong"),
        ([header("a", kind=b"S", tail={482: b"\1"})[:512]], "cut"),
        ([header("a", 10**6)], "cut in the middle of a file"),
        ([b"not a header" * 64], "is damaged"),
    ],
)
def test_sizes_and_records_that_lie_end_the_layer_and_are_told(
    tmp_path: Path, entries: Sequence[bytes], why: str
) -> None:
    layer = b"".join([GOOD, *entries])
    found = image_of(tmp_path, layer)
    assert found.versions() == {"numpy": "1.26.4"}
    assert len(found.reasons) == 1
    assert why in found.reasons[0]
    assert not found.reading.complete


@pytest.mark.parametrize("swap", [False, True])
def test_a_whiteout_deletes_from_lower_layers_only(tmp_path: Path, swap: bool) -> None:
    entries = [GOOD, entry(f"{SITE}/.wh.numpy-1.26.4.dist-info")]
    assert of_entries(tmp_path, *(reversed(entries) if swap else entries)).versions() == {"numpy": "1.26.4"}
    opaque = [GOOD, entry(f"{SITE}/.wh..wh..opq")]
    above = tar(reversed(opaque) if swap else opaque)
    assert image_of(tmp_path, tar(dist("torch", "2.4.0")), above).versions() == {"numpy": "1.26.4"}


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh..."])
def test_a_whiteout_of_nothing_deletes_nothing(tmp_path: Path, name: str) -> None:
    found = image_of(tmp_path, tar(NUMPY), tar([entry(f"{SITE}/{name}")]))
    assert found.versions() == {"numpy": "1.26.4"}
    assert found.reasons == ["a whiteout names no file"]


def test_paths_are_text_and_links_to_folders_lead_nowhere(tmp_path: Path) -> None:
    inside = entry("lib", kind=b"2", link="/etc") + entry("lib/python3.11/site-packages/a-1.dist-info/METADATA", b"x")
    assert of_entries(tmp_path, inside, GOOD).versions("/usr/local") == {"numpy": "1.26.4"}
    loop = entry(NUMPY_PATH, kind=b"1", link=f"{SITE}/x-1.dist-info/METADATA")
    loop += entry(f"{SITE}/x-1.dist-info/METADATA", kind=b"1", link=NUMPY_PATH)
    found = of_entries(tmp_path, loop)
    assert not found.versions()
    assert all("hard link" in why for why in found.reasons)


def _members(data: bytes, size: int) -> bytes:
    return b"".join(gzip.compress(data[at : at + size]) for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 17, 512, 700])
def test_gzip_layers_of_many_members_are_read_to_the_last(tmp_path: Path, size: int) -> None:
    layer = _members(tar({"a": b"a" * 2000, **NUMPY}), size)
    assert image_of(tmp_path, layer + bytes(512)).versions() == {"numpy": "1.26.4"}


@pytest.mark.parametrize("make", [bz2.compress, lzma.compress, lambda data: zlib_gzip(data), bytes])
def test_layers_of_every_compression_are_read(tmp_path: Path, make: object) -> None:
    assert callable(make)
    assert image_of(tmp_path, make(tar(NUMPY))).versions() == {"numpy": "1.26.4"}


def zlib_gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


ZSTD_OF_NOTHING = bytes.fromhex("28b52ffd2400010000 99e9d851".replace(" ", ""))


def test_a_zstd_layer_is_read_or_told_and_never_empty(tmp_path: Path) -> None:
    if not ZSTD:
        found = image_of(tmp_path, ZSTD_OF_NOTHING, tar(dist("torch", "2.4.0")))
        assert found.versions() == {"torch": "2.4.0"}
        assert "mlaudit[zstd]" in found.reasons[0]
        assert not found.reading.complete
        return
    data = tar({"a": os.urandom(300_000), **NUMPY})
    assert image_of(tmp_path, b"".join(map(_zstd, (data[:1000], data[1000:])))).versions() == {"numpy": "1.26.4"}


def _zstd(data: bytes) -> bytes:
    from importlib import import_module

    name = "compression.zstd" if sys.version_info >= (3, 14) else "zstandard"
    packed: bytes = import_module(name).compress(data)
    return packed


@pytest.mark.parametrize("cut", [20, 200, -30])
def test_a_cut_layer_is_lost_and_what_was_read_is_kept(tmp_path: Path, cut: int) -> None:
    layer = gzip.compress(tar([GOOD, entry("usr/share/x", os.urandom(50_000))]))
    found = image_of(tmp_path, layer[:cut], tar(dist("torch", "2.4.0")))
    assert found.versions()["torch"] == "2.4.0"
    assert not found.reading.complete
    assert any("cut" in why for why in found.reasons)


def test_indexes_that_refer_to_themselves_end(tmp_path: Path) -> None:
    name = "sha256:" + "a" * 64
    index = dumped({"manifests": [{"digest": name}, {"digest": "sha256:../../x"}, {"digest": name}]})
    path = saved(tmp_path, {"index.json": index, f"blobs/{name.replace(':', '/')}": index})
    with pytest.raises(Unreadable, match=r"does not contain the manifest `sha256:\.\./\.\./x`"):
        seen(path)


def test_many_manifests_are_refused(tmp_path: Path) -> None:
    listed = [{"digest": f"sha256:{number:064x}"} for number in range(5000)]
    with pytest.raises(Unreadable, match="more than 1000 manifests"):
        seen(saved(tmp_path, {"index.json": dumped({"manifests": listed})}))


def test_manifests_that_are_no_manifests_are_told(tmp_path: Path) -> None:
    for content in (b"[" * 100_000, b"{}", b"[1]", b'[{"Layers": 3}]', b'[{"Layers": [3]}]', b"", b"\xff"):
        with pytest.raises(Unreadable):
            seen(saved(tmp_path, {"manifest.json": content}))
    with pytest.raises(Unreadable):
        seen(saved(tmp_path, {"index.json": b'{"manifests": [{"digest": 1}]}'}))


def test_a_configuration_that_cannot_be_read_leaves_the_files(tmp_path: Path) -> None:
    files = docker_legacy([tar(NUMPY)], config())
    for content in (b"[", b"[]", b'{"config": 3}', b'{"config": {"Env": {"a": 1}}}'):
        files["config.json"] = content
        found = seen(saved(tmp_path, files))
        assert found.versions() == {"numpy": "1.26.4"}
        assert "configuration" in found.reasons[0]


def test_a_layer_that_unfolds_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_reader, "BOUNDS", byte_reader.BOUNDS._replace(ratio_from=50 * 1024**2))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(GOOD + header("zeros", 8 * 1024**3 - 512))
    bomb += b"".join(packer.compress(bytes(1024**2)) for _ in range(200)) + packer.flush()
    tracemalloc.start()
    found = image_of(tmp_path, bomb)
    assert tracemalloc.get_traced_memory()[1] < MEMORY
    tracemalloc.stop()
    assert found.versions() == {"numpy": "1.26.4"}
    assert "times its size" in found.reasons[0]


def test_layers_of_countless_entries_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_ENTRIES", 1000)
    found = image_of(tmp_path, tar([GOOD, *(entry(f"e{number}") for number in range(2000))]))
    assert found.versions() == {"numpy": "1.26.4"}
    assert "more than 1000 entries" in found.reasons[0]


@pytest.mark.parametrize("odd", ["a\nb", "a\x1b[2Jb", "a\u202eb", "a\udc80b", "é", "x" * 5000])
def test_odd_names_neither_raise_nor_hide(tmp_path: Path, odd: str) -> None:
    name = f"opt/{odd}/lib/python3.11/site-packages/torch-2.4.0.dist-info/METADATA"
    encoded = name.encode("utf-8", "surrogateescape")
    found = of_entries(tmp_path, pax(record(b"path", encoded)), entry("x", metadata("torch", "2.4.0")), GOOD)
    assert found.versions("/usr/local") == {"numpy": "1.26.4"}
    told = {pin.name for pin in found.pins} | {"torch" for why in found.reasons if "characters" in why}
    assert "torch" in told
    str([str(pin.at) for pin in found.pins]).encode("utf-8")


def test_names_that_collide_are_both_told(tmp_path: Path) -> None:
    found = image_of(tmp_path, tar({**dist("NumPy", "1.0"), **dist("numpy", "2.0")}))
    assert sorted(pin.version or "" for pin in found.pins if pin.package == "numpy") == ["1.0", "2.0"]


def test_sparse_files_are_passed_over(tmp_path: Path) -> None:
    sparse = header("usr/big", 512, kind=b"S", tail={482: b"\1"}) + bytes(504) + b"\0" * 8 + bytes(512)
    assert of_entries(tmp_path, sparse, GOOD).versions() == {"numpy": "1.26.4"}
    of_metadata = header(NUMPY_PATH, 512, kind=b"S") + bytes(512)
    assert "sparse" in of_entries(tmp_path, of_metadata).reasons[0]
    name = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.name", NUMPY_PATH.encode())
    assert "sparse" in of_entries(tmp_path, pax(name) + entry("GNUSparseFile.0/x", bytes(512))).reasons[0]


@given(data=st.binary(max_size=3000))
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    _walked(data)
    _walked(gzip.compress(data))
    _walked(b"\x1f\x8b" + data)


@given(
    base=st.sampled_from([tar([GOOD]), gzip.compress(tar([GOOD])), tar({"x" * 200: b"a" * 600, **NUMPY})]),
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 5000),
)
@settings(max_examples=300, deadline=None)
def test_changed_archives_are_read_or_refused(base: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(base)
    for at, value in changes:
        data[at % len(data)] = value
    _walked(bytes(data[:cut]))
    _walked(bytes(data))


def _walked(data: bytes) -> None:
    layer = layers.scan(Reader(iter([data] if data else [])), "layer")
    merged = layers.Merged()
    merged.lay(layer)
    assert all(held.form in Form for held in merged.files.values())


@given(data=st.binary(max_size=2000))
@settings(max_examples=60, deadline=None)
def test_an_archive_file_of_arbitrary_bytes_never_raises(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "image.tar"
    for content in (data, tar({"manifest.json": data}), tar({"index.json": data, **NUMPY})):
        path.write_bytes(content)
        with suppress(Unreadable):
            image_document(path, WorkingTree(path.parent))


def test_reading_passes_over_what_nobody_wants() -> None:
    """Of a large member only what is asked for is kept, whatever it is packed in."""
    big = 30 * 1024**2
    packed = zlib_gzip(tar({"usr/lib/big.so": bytes(big), **NUMPY}))
    tracemalloc.start()
    names = [one.path for one in TarWalk(unfolded(Reader(iter([packed]))))]
    assert tracemalloc.get_traced_memory()[1] < big + MEMORY
    tracemalloc.stop()
    assert names == ["usr/lib/big.so", NUMPY_PATH]


def test_what_is_wanted_is_bounded() -> None:
    assert wanted(NUMPY_PATH) == HEADER
    assert (
        condensed(NUMPY_PATH, LayerFile(content=metadata("a", "1") * 1000)).content
        == metadata("a", "1").split(b"\n\n")[0] + b"\n"
    )
    assert wanted("usr/lib/libtorch.so") is None
    assert wanted(f"{SITE}/torch/METADATA") is None


def test_one_member_of_two_platforms_ends(tmp_path: Path) -> None:
    path = saved(tmp_path, oci([([tar(NUMPY)], config()), ([tar(NUMPY)], config(architecture="s390x"))]))
    assert seen(path, "linux-s390x").versions() == {"numpy": "1.26.4"}
    with pytest.raises(Unreadable, match="linux/amd64 and linux/s390x"):
        seen(path, "linux-riscv64")
