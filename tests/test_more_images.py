"""Contents of images that are odd: databases that are too large, records that are no records, links in circles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlaudit.grammars.container import filesystem_system
from tests.image_bytes import dist, image_of, tar

CUDNN = "usr/include/cudnn_version.h"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"usr/local/cuda/version.json": '{"cuda": {"version": "twelve"}}'}, []),
        ({"usr/local/cuda/version.json": '{"cuda": {"version": "12.4.1"}}'}, ["cuda 12.4.1"]),
        ({CUDNN: "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n"}, []),
        ({CUDNN: "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n"}, ["cudnn 9.1.0"]),
        ({"lib/apk/db/installed": "P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:half\n\n"}, []),
    ],
)
def test_versions_of_the_system_are_whole_or_none(files: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    seen = image_of(tmp_path, tar({**dist("numpy", "2.1.3"), **{path: text.encode() for path, text in files.items()}}))
    kinds = ("cuda", "cudnn")
    assert [f"{pin.name} {pin.version}" for pin in seen.pins if pin.kind.value in kinds] == expected


def test_a_database_that_is_too_large_is_read_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem_system, "DATABASE", 100)
    stanza = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n\n"
    seen = image_of(tmp_path, tar({**dist("numpy", "2.1.3"), "var/lib/dpkg/status": (stanza * 3).encode()}))
    assert "it has more than 100 bytes; the rest is not read" in seen.reasons


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (json.dumps([1]), "a record of conda is a JSON object"),
    ],
    ids=["list"],
)
def test_a_record_of_conda_that_is_none_is_told(record: str, why: str, tmp_path: Path) -> None:
    files = {"opt/conda/conda-meta/numpy-2.1.3-0.json": record.encode()}
    seen = image_of(tmp_path, tar({**dist("six", "1.16.0"), **files}))
    assert any(why in said for said in seen.reasons)
