"""Part of `proof_child.py`: the rows that a loaded model predicts on, from a file, a function, or the model itself.

Only the standard library of Python 3.8 is available.
"""

from __future__ import annotations

import csv
import importlib
import json
import random
import sys
from typing import Any

MOST_ROWS = 10000
SEED = 0
RANDOM_ROWS = 16
"""Rows of each sort that are made if there are none."""
TEXTS, TOKENS = 4, 16
"""Rows of tokens, and tokens of one."""
NUMBERS = ("int32", "int64", "float32", "float64")


def rows_of(asked: dict[str, Any], model: Any) -> tuple[Any, str]:
    """The rows to predict on and where they come from; None if there are none."""
    if asked.get("function"):
        module, _, name = asked["function"].partition(":")
        sys.path.insert(0, asked["folder"])
        return getattr(importlib.import_module(module), name)(), f"rows of {asked['function']}"
    if asked.get("file"):
        return read_rows(asked["file"]), f"rows of {asked['shown']}"
    if asked.get("values") is not None:
        return table(asked["values"]), "the rows of the golden file"
    known = rows_of_signature(model) or rows_of_tokens(model)
    if known is not None:
        return known
    width = wanted_width(model)
    if width is None:
        return None, ""
    seeded = seeded_rows(model, width)
    return _as_array(seeded), f"{len(seeded)} seeded random rows of {width} features"


def rows_of_tokens(model: Any) -> tuple[Any, str] | None:
    """Texts of seeded random tokens for a model of transformers whose configuration has a vocabulary; None else."""
    config: Any = getattr(model, "config", None)
    vocabulary = getattr(config, "vocab_size", None)
    if getattr(model, "main_input_name", "") != "input_ids" or not isinstance(vocabulary, int) or vocabulary < 1:
        return None
    if getattr(config, "is_encoder_decoder", False):
        # Its decoder asks for tokens of its own.
        return None
    most = getattr(config, "max_position_embeddings", TOKENS)
    width = min(TOKENS, most) if isinstance(most, int) and most > 0 else TOKENS
    generator = random.Random(SEED)  # noqa: S311 - rows, no secrets
    rows = [[generator.randrange(vocabulary) for _ in range(width)] for _ in range(TEXTS)]
    return rows, f"{TEXTS} seeded random rows of {width} tokens, of {vocabulary:,} in its configuration"


def rows_of_signature(model: Any) -> tuple[Any, str] | None:
    """Seeded random rows for a model of MLflow whose signature has numbers alone; None else."""
    asked = getattr(getattr(model, "metadata", None), "get_input_schema", None)
    schema: Any = asked() if callable(asked) else None
    if schema is None or not schema.has_input_names() or schema.is_tensor_spec():
        return None
    names, types = schema.input_names(), [type_.to_numpy() for type_ in schema.input_types()]
    if not names or not all(str(type_) in NUMBERS for type_ in types):
        return None
    generator = random.Random(SEED)  # noqa: S311 - rows, no secrets
    rows = [{name: generator.randrange(100) for name in names} for _ in range(RANDOM_ROWS)]
    frame = importlib.import_module("pandas").DataFrame(rows).astype(dict(zip(names, types)))  # noqa: B905
    return frame, f"{RANDOM_ROWS} seeded random rows of the {len(names)} columns of its signature"


def seeded_rows(model: Any, width: int) -> list[list[float]]:
    """Rows on which models give different results: small, of many sizes, like the model's data, near its boundary.

    All of them come from the seed and from numbers that the model file holds, so that both sides make the same.
    """
    generator = random.Random(SEED)  # noqa: S311 - rows, no secrets
    rows = [[generator.random() for _ in range(width)] for _ in range(RANDOM_ROWS)]
    sizes = [10.0 ** (number % 6 - 1) for number in range(RANDOM_ROWS)]
    rows += [[generator.gauss(0.0, size) for _ in range(width)] for size in sizes]
    centres, spreads = remembered(model, width)
    for _ in range(RANDOM_ROWS if centres else 0):
        rows.append([generator.gauss(centre, spread) for centre, spread in zip(centres, spreads)])  # noqa: B905
    for weights, offset in linear_parts(model, width):
        length = sum(weight * weight for weight in weights)
        for number in range(RANDOM_ROWS if length else 0):
            row = rows[number]
            value = sum(weight * cell for weight, cell in zip(weights, row)) + offset  # noqa: B905
            step = (value - (number - RANDOM_ROWS / 2) / 3) / length
            rows.append([cell - step * weight for weight, cell in zip(weights, row)])  # noqa: B905
    return rows


def remembered(model: Any, width: int) -> tuple[list[float], list[float]]:
    """For each feature where the data of a model lay and how far apart, as its first step keeps it; none else."""
    steps = getattr(model, "steps", None) or [("", model)]
    first = steps[0][1]
    for centre, spread in (("mean_", "scale_"), ("center_", "scale_")):
        centres_and_spreads = floats(getattr(first, centre, None), width), floats(getattr(first, spread, None), width)
        if centres_and_spreads[0] and centres_and_spreads[1]:
            return centres_and_spreads
    low, high = floats(getattr(first, "data_min_", None), width), floats(getattr(first, "data_max_", None), width)
    if not (low and high):
        low, high = split_range(first, width)
    if low and high:
        ranges = list(zip(low, high))  # noqa: B905
        return [(low + other) / 2 for low, other in ranges], [(other - low) / 2 or 1.0 for low, other in ranges]
    return [], []


def split_range(model: Any, width: int) -> tuple[list[float], list[float]]:
    """Between which values the trees of a model split each feature."""
    members = [*members_of(model), model]
    low: list[float] = [0.0] * width
    high: list[float] = [0.0] * width
    seen = [False] * width
    for tree in (getattr(member, "tree_", None) for member in members[:50]):
        if tree is None:
            continue
        for feature, limit in zip(tree.feature.tolist(), tree.threshold.tolist()):  # noqa: B905
            if 0 <= feature < width:
                low[feature] = min(low[feature], limit) if seen[feature] else limit
                high[feature] = max(high[feature], limit) if seen[feature] else limit
                seen[feature] = True
    return (low, high) if any(seen) else ([], [])


def members_of(model: Any) -> list[Any]:
    """The members of an ensemble, which some keep in an array of arrays."""
    members: Any = getattr(model, "estimators_", None)
    listed = members.tolist() if hasattr(members, "tolist") else members
    if not isinstance(listed, list):
        return []
    return [inner for member in listed for inner in (member if isinstance(member, list) else [member])]


def linear_parts(model: Any, width: int) -> list[tuple[list[float], float]]:
    """The weights and the offset of a linear model, for each of its first classes."""
    weights: Any = getattr(model, "coef_", None)
    offsets: Any = getattr(model, "intercept_", None)
    if not hasattr(weights, "tolist") or not hasattr(offsets, "tolist"):
        return []
    table = weights.tolist()
    table = table if table and isinstance(table[0], list) else [table]
    shifts = offsets.tolist() if isinstance(offsets.tolist(), list) else [offsets.tolist()]
    parts = [(floats(row, width), float(shift)) for row, shift in zip(table, shifts)]  # noqa: B905
    return [(row, shift) for row, shift in parts if row][:3]


def floats(values: Any, width: int) -> list[float]:
    """So many finite numbers; none where the values are others."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(listed, list) or len(listed) != width:
        return []
    if not all(isinstance(number, (int, float)) and abs(number) < 1e30 for number in listed):
        return []
    return [float(number) for number in listed]


def wanted_width(model: Any) -> int | None:
    """How many numbers one row has, where the model says so."""
    for name in ("n_features_in_", "n_features_", "feature_count_"):
        width = getattr(model, name, None)
        if isinstance(width, int) and width > 0 and not text_names(model):
            return width
    for name in ("num_features", "num_feature"):
        count = getattr(model, name, None)
        if callable(count):
            return int(count()) or None
    inputs = getattr(model, "get_inputs", None)
    if callable(inputs):
        (first_input, *more) = inputs()
        if (
            not more
            and len(first_input.shape) == 2
            and isinstance(first_input.shape[1], int)
            and "float" in first_input.type
        ):
            return int(first_input.shape[1])
    return None


def text_names(model: Any) -> bool:
    """Whether a model asks for columns by name, of which the types are not known."""
    steps = getattr(model, "steps", None) or ()
    first = steps[0][1] if steps else model
    return hasattr(first, "transformers")


def _as_array(rows: Any) -> Any:
    try:
        numpy: Any = importlib.import_module("numpy")
    except ImportError:
        return rows
    return numpy.array(rows)


def read_rows(path: str) -> Any:
    """Rows of a file by what the environment has: csv, npy, json, parquet."""
    ending = path.rpartition(".")[2].lower()
    if ending == "npy":
        return importlib.import_module("numpy").load(path)[:MOST_ROWS]
    if ending == "parquet":
        return importlib.import_module("pandas").read_parquet(path)[:MOST_ROWS]
    if ending == "json":
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            return table(json.load(file))
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        lines = list(csv.reader(file))[: MOST_ROWS + 1]
    try:
        return _as_array([[float(cell) for cell in line] for line in lines])
    except ValueError:
        header, body = lines[0], lines[1:]
    return table([dict(zip(header, map(number, line))) for line in body])  # noqa: B905 - Python 3.8 has no strict


def number(text: str) -> Any:
    """A cell of a table as a number where it is one."""
    try:
        return float(text)
    except ValueError:
        return text


def unwrapped(value: Any) -> Any:
    """What a request to a model server, or MLflow's example of an array, holds."""
    for name in ("inputs", "instances", "dataframe_split", "dataframe_records"):
        if isinstance(value, dict) and name in value and value.keys() <= {name, "params", "signature_name"}:
            return value[name]
    return value


def table(value: Any) -> Any:
    """Records as a data frame where pandas is available, lists of numbers as an array."""
    value = unwrapped(value)
    if isinstance(value, dict) and "columns" in value and "data" in value:
        value = [dict(zip(value["columns"], line)) for line in value["data"]]  # noqa: B905
    if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        value = [dict(zip(value, line)) for line in zip(*value.values())]  # noqa: B905
    if isinstance(value, list) and value and isinstance(value[0], dict):
        try:
            return importlib.import_module("pandas").DataFrame(value[:MOST_ROWS])
        except ImportError:
            return _as_array([list(line.values()) for line in value[:MOST_ROWS]])
    return _as_array(value[:MOST_ROWS] if isinstance(value, list) else value)
