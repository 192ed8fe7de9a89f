"""dill: functions, classes and instances by value."""

import asyncio
import dataclasses
from pathlib import Path

import dill


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


class DumpedModel:
    def predict(self, x):
        return [w for v in x if (w := v * 2) > 0]


class DumpedBase:
    scale = 3

    @property
    def doubled(self):
        return self.scale * 2


class DumpedDerived(DumpedBase):
    scale = 4


@dataclasses.dataclass
class DumpedSettings:
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
for _owner in (loop, DumpedModel, DumpedBase, DumpedDerived, DumpedSettings, squares, shown, answered):
    _owner.__module__ = "__main__"

REQUIRES = []
KINDS = {".dill": "dill"}

MODELS = {
    "lambda.dill": (lambda: closure(3), lambda model: model(1)),
    "function.dill": (lambda: loop, lambda model: model(4)),
    "instance.dill": (lambda: DumpedModel(), lambda model: model.predict([1, 2])),
    "class.dill": (lambda: DumpedDerived, lambda model: model().doubled),
    "dataclass.dill": (lambda: DumpedSettings(2.0), lambda model: [model.rate, model.name]),
    "generator.dill": (lambda: squares, lambda model: list(model(3))),
    "fstring.dill": (lambda: shown, lambda model: model(1, 2)),
    "coroutine.dill": (lambda: answered, lambda model: asyncio.run(model())),
}


def save(model, path):
    dill.dump(model, open(path, "wb"), recurse=True)


def load(path):
    return dill.load(open(path, "rb"))


def artifacts():
    for name, (make, _) in MODELS.items():
        yield name, lambda path, make=make: save(make(), path)


def probe(path):
    _, use = MODELS[Path(path).name]
    return use(load(path))
