"""Hostile zip archives: members are bounded and told apart, and one bad member never hides the others."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
import zlib

import pytest

from tests.artifact_bytes import reading, reasons, torch_archive, versions, zipped
from tests.test_pickle_walk import Estimator


def test_two_members_of_one_name_are_told() -> None:
    out = io.BytesIO(torch_archive())
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("m/version", b"4\n")
    assert "`m/version` twice" in reasons(reading(out.getvalue()))


def test_an_encryption_flag_is_told_and_the_member_read() -> None:
    data = torch_archive()
    at = data.index(b"PK\x01\x02")
    found = reading(data[: at + 8] + b"\x01" + data[at + 9 :])
    assert "marked as encrypted" in reasons(found)
    assert versions(found)["pytorch-lightning"] == "2.4.0"


def test_another_local_name_is_told_and_the_member_read() -> None:
    found = reading(torch_archive().replace(b"m/data.pkl", b"m/else.pkl", 1), "m.pt", "torch-zip")
    assert "another name" in reasons(found)
    assert versions(found)["pytorch-lightning"] == "2.4.0"


def test_a_wrong_checksum_is_told_and_the_member_read() -> None:
    data = bytearray(zipped({"schema.json": b'{"_skops_version": "0.10.0"}'}))
    at = data.index(b"PK\x01\x02")
    data[at + 16] ^= 0xFF
    found = reading(bytes(data))
    assert "checksum" in reasons(found)
    assert versions(found)["skops"] == "0.10.0"


@pytest.mark.parametrize("declared", [None, 64])
def test_a_member_may_not_unfold_past_its_bound(declared: int | None) -> None:
    data = bytearray(zipped({"metadata.json": b"0" * 40_000_000, "config.json": b"{}"}, zipfile.ZIP_DEFLATED))
    if declared is not None:
        at = data.index(b"PK\x01\x02")
        data[at + 24 : at + 28] = struct.pack("<I", declared)
    why = reasons(reading(bytes(data)))
    assert "at most" in why or "decompresses to more" in why


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_without_a_bound_are_refused(method: int) -> None:
    data = zipped({"m/data.pkl": pickle.dumps({}), "m/version": b"3"}, method)
    assert "which is not read" in reasons(reading(data))


@pytest.mark.parametrize(
    ("count", "size", "offset"), [(10**6, 100, 0), (1, 2**62, 0), (1, 100, 2**62), (2**63, 2**63, 2**63)]
)
def test_a_wide_directory_is_bounded_before_it_is_read(count: int, size: int, offset: int) -> None:
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 4, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    found = reading(b"PK\x03\x04" + record + locator + end, "m.pt", "torch-zip")
    assert found.unread[0].whole


def test_many_entries_on_one_bomb_stay_in_the_budget() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(b"\0" * 4_000_000) + bomb.flush()
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(packed), 4_000_000, 6, 0)
        + b"k0.npy"
        + packed
    )
    entries = b"".join(
        struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(packed), 4_000_000, 7, 0, 0, 0, 0, 0, 0
        )
        + f"{index:03}.npy".encode()
        for index in range(200)
    )
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 200, 200, len(entries), len(local), 0)
    assert "numpy's mark" in reasons(reading(local + entries + end))


def test_bytes_in_front_of_an_archive_are_told() -> None:
    found = reading(b"PK\x03\x04 in front " + zipped({}), "m.npz", "numpy-array")
    assert "the archive is empty" in reasons(found)
    found = reading(b"PK\x03\x05 in front " + torch_archive(), "m.pt", "torch-zip")
    assert "bytes precede the zip archive" in reasons(found)
    assert versions(found)["pytorch-lightning"] == "2.4.0"


def test_an_archive_behind_a_pickle_is_told() -> None:
    found = reading(pickle.dumps(Estimator()) + torch_archive())
    assert found.format == "pickle"
    assert "there is a zip archive" in reasons(found)


def test_a_changed_first_mark_is_unknown_and_not_empty() -> None:
    assert reading(b"XX" + torch_archive()[2:], "m.pt").unread[0].whole
