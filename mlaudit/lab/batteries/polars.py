"""polars: frames, series and lazy queries, pickled and in polars' own formats."""

import io
import pickle
from functools import partial
from pathlib import Path

import polars as pl

REQUIRES = []
KINDS = {
    ".pickle": "polars.pickle",
    ".plan": "polars.plan",
    ".json": "polars.json",
    ".parquet": "parquet",
    ".ipc": "arrow",
}


def frame():
    return pl.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, None]})


def query():
    return frame().lazy().filter(pl.col("a") > 1).select((pl.col("a") * 2).alias("d"), pl.col("b"))


PICKLED = {
    "frame": frame,
    "series": lambda: pl.Series("a", [1.5, 2.5]),
    "categorical": lambda: pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Categorical)}),
    "list": lambda: pl.DataFrame({"a": [[1, 2], [3]]}),
    "lazy": query,
    "expression": lambda: (pl.col("a") * 2 + 1).alias("e"),
}


def write_pickle(make, path):
    with open(path, "wb") as file:
        pickle.dump(make(), file, 4)


def write_plan(path):
    plan = query()
    if hasattr(plan, "serialize"):
        written = plan.serialize()
        Path(path).write_bytes(written if isinstance(written, bytes) else written.encode())
    else:
        plan.write_json(path)


def write_json(path):
    made = frame()
    if not hasattr(made, "serialize"):
        made.write_json(path)
        return
    try:
        written = made.serialize(format="json")
    except TypeError:  # Before polars 1 JSON is all that there is.
        written = made.serialize()
    Path(path).write_text(written)


def artifacts():
    for name, make in PICKLED.items():
        yield name + ".pickle", partial(write_pickle, make)
    yield "lazy.plan", write_plan
    yield "frame.json", write_json
    yield "frame.parquet", lambda path: frame().write_parquet(path)
    yield "frame.ipc", lambda path: frame().write_ipc(path)


def read_plan(path):
    data = Path(path).read_bytes()
    if hasattr(pl.LazyFrame, "deserialize"):
        return pl.LazyFrame.deserialize(io.BytesIO(data))
    return pl.LazyFrame.read_json(path)


def read_json(path):
    data = Path(path).read_bytes()
    if not hasattr(pl.DataFrame, "deserialize"):
        return pl.read_json(path)
    try:
        return pl.DataFrame.deserialize(io.BytesIO(data), format="json")
    except TypeError:
        return pl.DataFrame.deserialize(io.BytesIO(data))


def probe(path):
    name = Path(path).name
    if name.endswith(".plan"):
        model = read_plan(path)
    elif name.endswith(".json"):
        model = read_json(path)
    elif name.endswith(".parquet"):
        model = pl.read_parquet(path)
    elif name.endswith(".ipc"):
        model = pl.read_ipc(io.BytesIO(Path(path).read_bytes()))
    else:
        with open(path, "rb") as file:
            model = pickle.load(file)
    if isinstance(model, pl.Expr):
        model = frame().select(model)
    if isinstance(model, pl.LazyFrame):
        model = model.collect()
    if isinstance(model, pl.Series):
        model = model.to_frame()
    return [model.height, *(str(value) for row in model.rows() for value in row)]
