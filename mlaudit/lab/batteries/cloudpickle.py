"""cloudpickle: functions, classes and instances by value."""

import asyncio
import dataclasses
import datetime
import enum
import pathlib
import pickle
from pathlib import Path

import cloudpickle


def closure(n):
    return lambda x: x + n


def loop(n, *, base=1):
    total = base
    for i in range(n):
        try:
            total += [j * 2 for j in range(i)][-1] if i else 0
        finally:
            total += 1
    return total


class ByValueModel:
    def predict(self, x):
        return [w for v in x if (w := v * 2) > 0]


class ByValueBase:
    scale = 3

    @property
    def doubled(self):
        return self.scale * 2


class ByValueDerived(ByValueBase):
    scale = 4


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class ByValueSettings:
    rate: float = 0.5
    name: str = "x"


def squares(n):
    for i in range(n):
        yield i * i


def shown(a, b):
    return f"{a!r:>4}{b=}"


async def answered():
    return 4


# What belongs to the main module is pickled by value.
for _owner in (loop, ByValueModel, ByValueBase, ByValueDerived, Colour, ByValueSettings, squares, shown, answered):
    _owner.__module__ = "__main__"

REQUIRES = []
KINDS = {".cloudpickle": "cloudpickle", ".pickle": "python.pickle"}

MODELS = {
    "lambda.cloudpickle": (lambda: closure(3), lambda model: model(1)),
    "function.cloudpickle": (lambda: loop, lambda model: model(4)),
    "instance.cloudpickle": (lambda: ByValueModel(), lambda model: model.predict([1, 2])),
    "class.cloudpickle": (lambda: ByValueDerived, lambda model: model().doubled),
    "enum.cloudpickle": (lambda: Colour.RED, lambda model: [model.name, model.value]),
    "dataclass.cloudpickle": (lambda: ByValueSettings(2.0), lambda model: [model.rate, model.name]),
    "generator.cloudpickle": (lambda: squares, lambda model: list(model(3))),
    "fstring.cloudpickle": (lambda: shown, lambda model: model(1, 2)),
    "coroutine.cloudpickle": (lambda: answered, lambda model: asyncio.run(model())),
    "path.pickle": (lambda: pathlib.Path("a"), lambda model: str(model)),
    "datetime.pickle": (lambda: datetime.datetime(2020, 1, 1), lambda model: str(model)),
}


def save(model, path):
    cloudpickle.dump(model, open(path, "wb"))


def load(path):
    return pickle.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
