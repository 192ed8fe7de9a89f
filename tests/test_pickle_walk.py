"""The walk of pickles against Python's own: same end, same imports, nothing run, whatever the bytes are."""

from __future__ import annotations

import collections
import datetime
import io
import pathlib
import pickle
import pickletools
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickle_values import Dict, Global
from mlaudit.grammars.model_file.pickle_walk import PickleContents
from mlaudit.grammars.model_file.source import from_stream
from tests.artifact_bytes import reading, reasons, versions

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Estimator:
    """Pickles with the state that scikit-learn's estimators have."""

    def __init__(self, version: object = "1.5.2") -> None:
        self.version = version

    def __getstate__(self) -> dict[str, object]:
        return {"coef_": [1.0, 2.0], "_sklearn_version": self.version}


def walked(data: bytes, operations: int = 1_000_000) -> PickleContents:
    return walk(from_stream(io.BytesIO(data)), operations=operations)


def imports(data: bytes) -> set[str]:
    """What Python itself looks up."""
    names = set()

    class Spy(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            names.add(f"{module}.{name}")
            return super().find_class(module, name)

    Spy(io.BytesIO(data)).load()
    return names


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=400)
    | st.binary(max_size=400)
    | st.sampled_from(
        [datetime.date(2026, 1, 2), pathlib.PurePosixPath("a/b"), collections.OrderedDict(a=1), range(3)]
    ),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner)
        | st.sets(st.integers())
    ),
    max_leaves=30,
)


@given(value=values, protocol=st.sampled_from(PROTOCOLS))
@settings(deadline=None, max_examples=300)
def test_ends_where_python_ends_and_imports_what_python_imports(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    found = walked(data + b"trailing")
    assert found.problem is None
    assert found.end == len(data)
    assert {str(name) for name in found.globals} == imports(data)
    assert not found.notes


@given(st.binary(max_size=3000))
@settings(deadline=None, max_examples=500)
def test_any_bytes_end_in_a_finding(data: bytes) -> None:
    found = walked(b"\x80\x04" + data)
    assert found.problem is not None or found.end <= len(data) + 2


@given(st.lists(st.sampled_from([code.code.encode("latin-1") for code in pickletools.opcodes]), max_size=300))
@settings(deadline=None, max_examples=500)
def test_any_opcodes_end_in_a_finding(codes: list[bytes]) -> None:
    assert walked(b"".join(codes)).operations > 0


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_a_damaged_pickle_ends_in_a_finding(data: st.DataObject) -> None:
    good = bytearray(
        pickle.dumps({"a": [Estimator(), (1, 2), "x" * 300], "b": b"y" * 300}, data.draw(st.sampled_from(PROTOCOLS)))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    found = reading(bytes(good), "model.pkl", "pickle")
    assert found.pins or found.unread


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_record_of_an_estimator_is_found_in_every_protocol(protocol: int) -> None:
    found = walked(pickle.dumps({"model": Estimator("1.4.0")}, protocol))
    assert [(key, value, str(cls)) for key, value, cls in found.versions] == [
        ("_sklearn_version", "1.4.0", f"{__name__}.Estimator")
    ]


def test_the_record_counts_only_in_the_state_of_an_object() -> None:
    assert walked(pickle.dumps({"_sklearn_version": "9.9"})).versions == []


def test_long_payloads_are_not_read() -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

    stream = Counting(pickle.dumps([b"x" * 20_000_000, Estimator()], 4))
    found = walk(from_stream(stream))
    assert found.problem is None
    assert len(found.versions) == 1
    assert stream.taken < 500_000


def test_nested_tuples_and_shared_references_are_never_expanded() -> None:
    shared = b"\x80\x02)q\x00" + b"h\x00h\x00\x86q\x00" * 1000 + b"."
    assert walked(shared).problem is None


def test_the_memo_of_memoize_and_of_put_agree_with_python() -> None:
    state = {"a": Estimator("1.0.1"), "b": [Estimator("1.0.1")] * 3, "c": ("1.0.1", Estimator("1.0.1"))}
    for protocol in PROTOCOLS:
        assert {value for _, value, _ in walked(pickle.dumps(state, protocol)).versions} == {"1.0.1"}


def test_the_root_dictionary_keeps_the_keys_that_are_asked_for() -> None:
    root = walked(pickle.dumps({"pytorch-lightning_version": "2.4.0", "epoch": 3})).root
    assert isinstance(root, Dict)
    assert root.entries == {"pytorch-lightning_version": "2.4.0"}


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    ],
    ids=["global", "inst", "stack-global"],
)
def test_every_way_of_naming_is_seen_and_none_is_run(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    before = set(sys.modules)
    assert walked(data).globals == {Global("os", "system"): None}
    assert set(sys.modules) == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "channels:\n  - conda-forge\ndependencies:\n  - python=3.11\n",
        "(see the README)\n",
        "Install me\n",
        "Version 1.0\n",
        "[tool]\n",
        "]\n",
        "import os\n",
        "",
    ],
)
def test_text_that_starts_like_protocol_zero_is_no_pickle(text: str) -> None:
    assert reading(text.encode(), "something").format != "pickle"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_is_recognized_whatever_it_is_called(protocol: int) -> None:
    data = pickle.dumps([Estimator(), {"b": 2}], protocol)
    assert reading(data, "model.txt").format == "pickle"
    assert versions(reading(data, "model.txt"))["scikit-learn"] == "1.5.2"


def test_what_stands_behind_the_pickle_is_told() -> None:
    first, second = pickle.dumps(Estimator("1.0.0")), pickle.dumps(Estimator("2.0.0"))
    found = reading(first + second)
    assert versions(found)["scikit-learn"] == "1.0.0"
    assert "there is another pickle" in reasons(found)
