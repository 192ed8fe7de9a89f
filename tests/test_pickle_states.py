"""What is kept of the objects of a pickle, and that whatever is left out is said."""

from __future__ import annotations

import io
import pickle

import pytest

from mlaudit.grammars.model_file import pickle_states, pickle_walk
from mlaudit.grammars.model_file.boosters import catboost_release, xgboost_binary_version, xgboost_version_in
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickle_states import PickledStates, walk_states
from mlaudit.grammars.model_file.source import from_stream
from mlaudit.model.errors import Unreadable
from tests.artifact_bytes import reading, versions

SVC = b"csklearn.svm\nSVC\n"
ARRAY = (
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}"
    b"(\x8c\x05shape(K\x02t\x8c\x05dtypecnumpy\ndtype\n\x8c\x02f8\x89\x88\x87Rub"
)


def states(data: bytes) -> PickledStates:
    return walk_states(from_stream(io.BytesIO(data)))


def shown(states: PickledStates) -> list[tuple[str, str, object, str | None]]:
    """Class, making, attributes and owner of each object."""
    return [
        (
            seen.cls.name if seen.cls is not None else "",
            seen.making.value,
            None if seen.attributes is None else {key: _plain(value) for key, value in seen.attributes.items()},
            seen.owner.cls.name if seen.owner is not None and seen.owner.cls is not None else None,
        )
        for seen in states.objects
    ]


def _plain(value: object) -> object:
    return value if isinstance(value, int) else type(value).__name__


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SVC + b")\x81}\x8c\x01CK\x01sb.", [("SVC", "__new__", {"C": 1}, None)]),
        (SVC + b")}\x92}\x8c\x01CK\x01sb.", [("SVC", "__new__ with keywords", {"C": 1}, None)]),
        (SVC + b")\x81(\x8c\x01CK\x01db.", [("SVC", "__new__", {"C": 1}, None)]),
        (SVC + b")\x81}K\x01K\x02sb.", [("SVC", "__new__", {}, None)]),
        (SVC + b")\x81}\x8c\x01CK\x01sN\x86b.", [("SVC", "__new__", {"C": 1}, None)]),
        (
            SVC + b")\x81}" + SVC + b")\x81K\x01s\x8c\x01CK\x01sb.",
            [("SVC", "__new__", {"C": 1}, None), ("SVC", "__new__", None, "SVC")],
        ),
        (b"ccopyreg\n_reconstructor\n(" + SVC + b"tR}\x8c\x01CK\x01sb.", [("SVC", "other", {"C": 1}, None)]),
        (b"ccopyreg\n_reconstructor\n)R.", [("_reconstructor", "other", None, None)]),
        (b"N)R.", []),
        (b"]N}b.", []),
        (SVC + b")\x81" + SVC + b")\x81\x86.", [("SVC", "__new__", None, None)]),
        (
            ARRAY + b"\0" * 17 + b".",
            [
                ("NumpyArrayWrapper", "__new__", {"shape": "Seq", "dtype": "PickledObject"}, None),
                ("dtype", "called", None, "NumpyArrayWrapper"),
            ],
        ),
    ],
)
def test_objects_are_told_with_what_they_are_made_of(data: bytes, expected: object) -> None:
    seen = states(b"\x80\x04" + data)
    assert shown(seen) == expected


@pytest.mark.parametrize(
    ("name", "most", "data", "kept"),
    [
        ("MAX_OBJECTS", 1, SVC + b")\x81" + SVC + b")R\x86.", [("SVC", "__new__", None, None)]),
        ("MEMO", 1, SVC + b")\x94\x81\x94.", [("SVC", "__new__", None, None)]),
    ],
)
def test_what_is_past_a_bound_is_told(
    name: str, most: int, data: bytes, kept: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not states(b"\x80\x04" + data).is_cut
    monkeypatch.setattr(pickle_states, name, most)
    seen = states(b"\x80\x04" + data)
    assert (shown(seen), seen.is_cut) == (kept, True)


@pytest.mark.parametrize(
    ("name", "most", "state"),
    [
        ("MAX_KEYS", 1, b"(\x8c\x01CK\x01\x8c\x01DK\x01u"),
        ("MAX_ENTRIES", 0, b"\x8c\x01CK\x01s\x8c\x01DK\x01s\x8c\x01EK\x01s"),
        ("MAX_KEYS", 9, b"\x8a\x01\x05K\x01s" + b"X\x00\x10\x00\x00" + b"x" * 4096 + b"K\x01s"),
    ],
    ids=["keys", "entries", "unknown-key"],
)
def test_a_state_that_is_not_kept_in_full_has_no_attributes(
    name: str, most: int, state: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickle_states, name, most)
    assert shown(states(b"\x80\x04" + SVC + b")\x81}" + state + b"b.")) == [("SVC", "__new__", None, None)]


def test_more_names_than_are_kept_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_walk, "GLOBALS", 1)
    data = b"\x80\x04" + b"".join(b"cbuiltins\n%b\n)\x81" % name for name in (b"list", b"dict")) + b"."
    contents = walk(from_stream(io.BytesIO(data)), operations=100)
    assert [name.name for name in contents.globals] == [made.name for made in contents.instances] == ["list"]
    assert contents.notes == {"it imports more than 1 names; the rest was not kept": None}


def test_a_pop_may_take_a_mark() -> None:
    contents = walk(from_stream(io.BytesIO(b"\x80\x04(0cnumpy\nndarray\n.")), operations=100)
    assert (contents.problem, [str(name.name) for name in contents.globals]) == (None, ["ndarray"])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_model_of_lightgbm_is_seen_in_every_protocol_and_once(protocol: int) -> None:
    text = "tree\nversion=v4\nnum_class=1\n" + "x" * 5_000
    data = pickle.dumps([text, f"{text} "], protocol)
    found = reading(data, "m.pkl", "pickle")
    assert versions(found)["lightgbm"] == versions(reading(text.encode(), "m.txt", "lightgbm-model"))["lightgbm"]
    assert [pin.package for pin in found.pins].count("lightgbm") == 1


def test_versions_of_old_boosters() -> None:
    key = b"L\0\0\0\0\0\0\0\x07version["
    assert xgboost_version_in(key + b"$i#i\x03\x02\x01\x04") == "2.1.4"
    assert xgboost_version_in(key + b"i\x02i\x01i\x04]") == "2.1.4"
    assert xgboost_version_in(key + b"$i#i\x02\x02\x01") is None
    assert xgboost_binary_version(b"binf") is None
    commit = next(iter(formats().table("catboost")))
    assert catboost_release(f"Commit: {commit}\n") == formats().table("catboost")[commit]
    with pytest.raises(Unreadable, match="names no release"):
        catboost_release("Commit: " + "0" * 40)
