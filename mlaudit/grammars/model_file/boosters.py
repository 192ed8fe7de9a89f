"""Versions in the own formats of XGBoost, LightGBM and CatBoost, as files or inside pickles.

XGBoost writes `version` as the last key (dmlc/xgboost, src/learner.cc), so that the end of a file shows it; LightGBM
writes a format number in its second line (src/boosting/gbdt_model_text.cpp); CatBoost keeps the text of its build in an
info map (catboost/libs/model/flatbuffers/model.fbs).
"""

from __future__ import annotations

from mlaudit.grammars.model_file.flatbuffer import root
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.window import Window
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern

TAIL = 65536
"""Bytes at the end of an XGBoost model in which the version is looked for."""

_JSON_VERSION = lazy_pattern(
    rb'"version"\s{0,8}:\s{0,8}\[\s{0,8}(\d{1,9})\s{0,8},\s{0,8}(\d{1,9})\s{0,8},\s{0,8}(\d{1,9})\s{0,8}\]'
)
_UBJ_KEY = b"L\0\0\0\0\0\0\0\x07version["
_UBJ_WIDTHS = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}
_LIGHTGBM = lazy_pattern(rb"tree\r?\nversion=([A-Za-z0-9._-]{1,32})\r?\n")
_CATBOOST_SUMMARY = lazy_pattern(r"Summary:[^\n]{0,200}?[Rr]elease\s{1,4}v?([0-9]+(?:\.[0-9]+){1,3})\b")
_CATBOOST_COMMIT = lazy_pattern(r"Commit:\s{0,8}([0-9a-f]{40})\b")
_CATBOOST_TAG = lazy_pattern(
    r"(?:Branch|Tag|Last Changed Rev)?:?\s{0,8}(?:tags/|refs/tags/)v?([0-9][0-9A-Za-z.]{0,32})"
)


def xgboost_version_in(tail: bytes) -> str | None:
    """The last version that is in the end of a JSON or UBJSON model, or of a memory snapshot."""
    at = tail.rfind(_UBJ_KEY)
    if at >= 0:
        return _ubj_numbers(tail[at + len(_UBJ_KEY) :])
    versions = [match.groups() for match in _JSON_VERSION.finditer(tail)]
    return ".".join(str(int(part)) for part in versions[-1]) if versions else None


def _ubj_numbers(data: bytes) -> str | None:
    """Three numbers of a UBJSON array, whose type may stand once for all and whose length may be counted."""
    common = b""
    if data[:1] == b"$":
        common, data = data[1:2], data[2:]
    if data[:1] == b"#":
        width = _UBJ_WIDTHS.get(data[1:2])
        if width is None or int.from_bytes(data[2 : 2 + width], "big") != 3:
            return None
        data = data[2 + width :]
    numbers = []
    for _ in range(3):
        kind = common or data[:1]
        width = _UBJ_WIDTHS.get(kind)
        begin = 0 if common else 1
        if width is None or len(data) < begin + width:
            return None
        numbers.append(int.from_bytes(data[begin : begin + width], "big", signed=kind != b"U"))
        data = data[begin + width :]
    return ".".join(str(number) for number in numbers)


def xgboost_binary_version(head: bytes) -> str | None:
    """The minor release, as a range, that an old binary model records at byte 24; None if it is older than 1.0."""
    if not head.startswith(b"binf") or len(head) < 32:
        return None
    major, minor = (int.from_bytes(head[at : at + 4], "little") for at in (24, 28))
    return f"=={major}.{minor}.*" if 1 <= major < 100 and minor < 1000 else None


def lightgbm_format(head: bytes) -> str | None:
    """The format number of a LightGBM text model (`v4`), None if it is not one."""
    match = _LIGHTGBM.match(head)
    return match.group(1).decode("ascii") if match else None


def catboost_version(window: Window) -> str:
    """The release that wrote a `.cbm` model. Raises Unreadable where none is recorded."""
    core = window.part(8, window.number(4, 4))
    for entry in root(core).tables(2):
        if entry.text(0) == "catboost_version_info":
            return catboost_release(entry.text(1))
    raise Unreadable("its info map has no `catboost_version_info`")


def catboost_release(info: str) -> str:
    """The release in CatBoost's build text. Raises Unreadable for a build that is no release."""
    text = info[:8192]
    match = _CATBOOST_TAG.search(text) or _CATBOOST_SUMMARY.search(text)
    if match is not None:
        return match.group(1)
    commit = _CATBOOST_COMMIT.search(text)
    release = formats().table("catboost").get(commit.group(1)) if commit else None
    if release is None:
        raise Unreadable("its `catboost_version_info` names no release")
    return release
