"""Rows that a proof makes of a model: the same on both sides, and such that a silent change of results shows."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlaudit.proving.proof_rows import (
    RANDOM_ROWS,
    linear_parts,
    read_rows,
    remembered,
    rows_of,
    seeded_rows,
    wanted_width,
)


class Listed(list[Any]):
    """A list as arrays are asked for it."""

    def tolist(self) -> list[Any]:
        return list(self)


@dataclass
class Scaled:
    mean_: Any
    scale_: Any


@dataclass
class Linear:
    coef_: Any
    intercept_: Any
    steps: Any = ()
    n_features_in_: int = 3


@dataclass
class Tree:
    feature: Any = field(default_factory=lambda: Listed([0, -2, 1]))
    threshold: Any = field(default_factory=lambda: Listed([500.0, -2.0, -7.0]))


@dataclass
class Grown:
    tree_: Tree = field(default_factory=Tree)


@dataclass
class Forest:
    estimators_: Any
    steps: Any = ()


SATURATED = Linear(coef_=Listed([[0.5, -0.25, 1.5]]), intercept_=Listed([40.0]))
"""On rows between 0 and 1 it is sure of every answer."""


def test_rows_of_a_linear_model_lie_on_both_sides_of_its_boundary() -> None:
    ((weights, offset),) = linear_parts(SATURATED, 3)
    values = [
        sum(weight * cell for weight, cell in zip(weights, row, strict=True)) + offset
        for row in seeded_rows(SATURATED, 3)
    ]
    near = [value for value in values if abs(value) < 3]
    assert len(near) >= RANDOM_ROWS
    assert min(near) < 0 < max(near)
    # What scikit-learn before 1.5 makes of a model of 1.5: softmax of both sides instead of the logistic function.
    assert max(abs(1 / (1 + exp(-value)) - 1 / (1 + exp(-2 * value))) for value in near) > 0.1
    assert all(abs(value) > 30 for value in values[:RANDOM_ROWS])


def test_rows_lie_where_the_data_of_the_model_lay() -> None:
    scaler = Scaled(mean_=Listed([1000.0, -5.0]), scale_=Listed([10.0, 1.0]))
    pipeline = Linear(coef_=None, intercept_=None, steps=[("scale", scaler), ("model", None)])
    assert remembered(pipeline, 2) == ([1000.0, -5.0], [10.0, 1.0])
    rows = seeded_rows(pipeline, 2)
    assert sum(900 < row[0] < 1100 for row in rows) >= RANDOM_ROWS
    for members in ([Grown()], Listed([[Grown()], [Grown()]])):
        centres, spreads = remembered(Forest(members), 2)
        assert (centres, spreads) == ([500.0, -7.0], [1.0, 1.0])
    assert remembered(Linear(coef_=None, intercept_=None), 2) == ([], [])


@pytest.mark.parametrize(
    "written",
    [
        [[1.0, 2.0], [3.0, 4.0]],
        [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}],
        {"columns": ["a", "b"], "data": [[1.0, 2.0], [3.0, 4.0]]},
        {"columns": ["a", "b"], "index": [0, 1], "data": [[1.0, 2.0], [3.0, 4.0]]},
        {"inputs": [[1.0, 2.0], [3.0, 4.0]]},
        {"instances": [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}]},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 2.0], [3.0, 4.0]]}, "params": {}},
        {"a": [1.0, 3.0], "b": [2.0, 4.0]},
    ],
    ids=["lists", "records", "split", "split with index", "array of MLflow", "instances", "request", "columns"],
)
def test_rows_are_written_in_many_ways(written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numpy", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "rows.json").write_text(json.dumps(written))
    assert read_rows(str(tmp_path / "rows.json")) == [[1.0, 2.0], [3.0, 4.0]]


def test_rows_of_a_table_are_read_with_and_without_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numpy", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n3,4\n")
    assert read_rows(str(tmp_path / "a.csv")) == read_rows(str(tmp_path / "b.csv")) == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.slow
def test_rows_are_read_from_parquet_and_npy(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    values = numpy.arange(6, dtype="float32").reshape(3, 2)
    numpy.save(tmp_path / "rows.npy", values)
    pandas.DataFrame(values, columns=["a", "b"]).to_parquet(tmp_path / "rows.parquet")
    assert read_rows(str(tmp_path / "rows.npy")).tolist() == values.tolist()
    read = read_rows(str(tmp_path / "rows.parquet"))
    assert (list(read.columns), read.to_numpy().tolist()) == (["a", "b"], values.tolist())


def test_rows_come_from_a_function_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_rows_of_a_test.py").write_text("def some():\n    return [[1.0, 2.0]]\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    asked = {"function": "own_rows_of_a_test:some", "folder": str(tmp_path)}
    assert rows_of(asked, None) == ([[1.0, 2.0]], "rows of own_rows_of_a_test:some")


def test_files_of_arrays_and_frames_are_read_by_their_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", SimpleNamespace(load=lambda path: [path, 1, 2]))
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(read_parquet=lambda path: [path, 3, 4]))
    assert read_rows("rows.npy") == ["rows.npy", 1, 2]
    assert read_rows("rows.PARQUET") == ["rows.PARQUET", 3, 4]


def graph(*shapes: Any, kind: str = "tensor(float)") -> SimpleNamespace:
    inputs = [SimpleNamespace(shape=shape, type=kind) for shape in shapes]
    return SimpleNamespace(get_inputs=lambda: inputs)


@pytest.mark.parametrize(
    ("model", "width"),
    [
        (SimpleNamespace(n_features_in_=3), 3),
        (SimpleNamespace(n_features_in_=0, feature_count_=4), 4),
        # Its columns are asked for by name, and may be texts.
        (SimpleNamespace(n_features_in_=3, transformers=[]), None),
        (SimpleNamespace(n_features_in_=3, steps=[("first", SimpleNamespace(transformers=[]))]), None),
        (SimpleNamespace(num_features=lambda: 5), 5),
        (SimpleNamespace(num_feature=lambda: 0), None),
        (graph([None, 6]), 6),
        (graph([None, "rows"]), None),
        (graph([None, 6], [None, 6]), None),
        (graph([None, 6], kind="tensor(string)"), None),
        (graph([6]), None),
        (SimpleNamespace(), None),
    ],
)
def test_how_wide_a_row_is_where_the_model_says_so(model: Any, width: int | None) -> None:
    assert wanted_width(model) == width


def test_rows_lie_between_the_least_and_the_most_that_the_model_saw() -> None:
    scaler = SimpleNamespace(data_min_=Listed([0.0, 5.0]), data_max_=Listed([10.0, 5.0]))
    assert remembered(scaler, 2) == ([5.0, 5.0], [5.0, 1.0])


def test_rows_are_the_same_each_time_and_counted() -> None:
    rows, says = rows_of({}, SATURATED)
    again, _ = rows_of({}, Linear(**vars(SATURATED)))
    assert [list(row) for row in rows] == [list(row) for row in again]
    assert says == f"{len(rows)} seeded random rows of 3 features"
    assert len(rows) == 3 * RANDOM_ROWS
    assert all(abs(cell) < 1e9 for row in rows for cell in row)
    odd = Linear(coef_=Listed([[float("nan")] * 3]), intercept_=Listed([0.0]))
    assert len(seeded_rows(odd, 3)) == 2 * RANDOM_ROWS


@dataclass
class Configured:
    config: Any
    main_input_name: str = "input_ids"


def test_rows_of_a_language_model_are_tokens_of_its_vocabulary() -> None:
    model = Configured(SimpleNamespace(vocab_size=9, max_position_embeddings=5))
    rows, said = rows_of({}, model)
    assert said == "4 seeded random rows of 5 tokens, of 9 in its configuration"
    assert [len(row) for row in rows] == [5] * 4
    assert {token for row in rows for token in row} <= set(range(9))
    assert rows == rows_of({}, model)[0]
    for other in (
        Configured(SimpleNamespace(vocab_size=9, is_encoder_decoder=True)),
        Configured(SimpleNamespace(vocab_size="9")),
        Configured(SimpleNamespace(vocab_size=9), main_input_name="pixel_values"),
        Configured(None),
    ):
        assert rows_of({}, other) == (None, "")


class Frame:
    """A data frame as far as rows need one."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.types: dict[str, Any] = {}

    def astype(self, types: dict[str, Any]) -> Frame:
        self.types = types
        return self


class Schema:
    def __init__(self, *types: str, named: bool = True, tensor: bool = False) -> None:
        self.types, self.named, self.tensor = types, named, tensor

    def has_input_names(self) -> bool:
        return self.named

    def is_tensor_spec(self) -> bool:
        return self.tensor

    def input_names(self) -> list[str]:
        return [f"c{number}" for number in range(len(self.types))]

    def input_types(self) -> list[Any]:
        return [SimpleNamespace(to_numpy=lambda one=one: one) for one in self.types]


def test_rows_of_a_signature_have_its_columns_and_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Frame))

    def rows(schema: Schema | None) -> tuple[Any, str]:
        return rows_of({}, SimpleNamespace(metadata=SimpleNamespace(get_input_schema=lambda: schema)))

    made, said = rows(Schema("float64", "int32"))
    assert said == "16 seeded random rows of the 2 columns of its signature"
    assert made.types == {"c0": "float64", "c1": "int32"}
    assert all(set(row) == {"c0", "c1"} for row in made.rows)
    for other in (None, Schema(), Schema("object"), Schema("float64", named=False), Schema("float64", tensor=True)):
        assert rows(other) == (None, "")
