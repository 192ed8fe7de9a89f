"""Archives of images at their limits: what is not looked at is said, and never taken for absent."""

from __future__ import annotations

import gzip
import io

import pytest

from mlaudit.model.errors import Unreadable
from mlaudit.sources.images import archive, byte_reader
from mlaudit.sources.images.archive import SeekableArchive, StreamedArchive
from tests.image_bytes import Files, dist, header, tar


def seekable(data: bytes) -> SeekableArchive:
    return SeekableArchive(lambda: io.BytesIO(data), len(data))


def streamed(data: bytes, left_out: int = 0) -> StreamedArchive:
    packed = gzip.compress(data)
    packed = packed[: len(packed) - left_out]
    return StreamedArchive(byte_reader.unfolded(byte_reader.of_file(io.BytesIO(packed), 0, len(packed))))


LAYER = tar(dist("numpy", "1.26.4"))
MANIFEST = b'[{"Config": "config.json", "Layers": ["a/layer.tar"]}]'
WHOLE: Files = {"manifest.json": MANIFEST, "a/layer.tar": LAYER, "b/layer.tar": "../a/layer.tar"}


def test_blobs_are_found_by_their_names_and_through_links() -> None:
    for blobs in (seekable(tar(WHOLE)), streamed(tar(WHOLE))):
        assert blobs.json("manifest.json") == MANIFEST
        assert blobs.holds("b/layer.tar")
        assert not blobs.holds("c/layer.tar")
        names = {path.rpartition("/")[2] for path in blobs.layer("b/layer.tar").files}
        assert "METADATA" in names


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"a": "b", "b": "a"}, "a"),
        ({"a": "gone"}, "a"),
        ({}, "a"),
    ],
    ids=["a circle", "a link to nothing", "nothing"],
)
def test_a_blob_that_is_not_there_is_said(files: dict[str, bytes | str], name: str) -> None:
    with pytest.raises(Unreadable, match="it is not in the archive"):
        seekable(tar(files)).layer(name)
    with pytest.raises(Unreadable, match="it is not in the archive"):
        streamed(tar(files)).layer(name)
    with pytest.raises(Unreadable, match=f"the archive does not contain `{name}`"):
        streamed(tar(files)).json(name)


def test_an_archive_that_is_cut_off_says_so_of_what_is_missing() -> None:
    cut = tar(WHOLE)[:6000]
    assert not seekable(cut).holds("a/layer.tar")
    blobs = streamed(tar(WHOLE), left_out=20)
    with pytest.raises(Unreadable, match=r"the archive does not contain `c` \("):
        blobs.json("c")
    with pytest.raises(Unreadable, match=r"it is not in the archive \("):
        blobs.layer("c")
    assert blobs.root.lost
    # What would go on behind the end is not there.
    assert not seekable(header("a/layer.tar", 10_000) + b"few").holds("a/layer.tar")


def test_a_manifest_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "JSON_LIMIT", 10)
    with pytest.raises(Unreadable, match=r"`manifest\.json` in it has 54 bytes; a manifest may have 10"):
        seekable(tar(WHOLE)).json("manifest.json")
    with pytest.raises(Unreadable, match=r"the archive does not contain `manifest\.json`"):
        streamed(tar(WHOLE)).json("manifest.json")


def test_of_many_blobs_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 1)
    monkeypatch.setattr(archive, "MAX_BLOBS", 1)
    for blobs in (seekable(tar(WHOLE)), streamed(tar(WHOLE))):
        assert blobs.holds("manifest.json")
        assert not blobs.holds("a/layer.tar")
