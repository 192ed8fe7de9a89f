"""torch: tensors, state dicts, whole modules, scripted and exported programs."""

import pathlib
from collections import OrderedDict
from functools import partial

import numpy as np
import torch
from torch import nn

REQUIRES = ["numpy<2", "setuptools<80"]
KINDS = {".state.pt": "torch.state_dict", ".module.pt": "torch.pickle", ".jit.pt": "torch.jit", ".pt2": "torch.export"}
TOLERANCE = 1e-6

ROWS = torch.linspace(-1, 1, 30).reshape(5, 6)
SEQUENCES = torch.linspace(-1, 1, 168).reshape(3, 7, 8)


def linear():
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 2), nn.Softmax(dim=1)).eval()


def attention():
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()


def recurrent():
    return nn.LSTM(8, 5, 2, batch_first=True).eval()


MODULES = {"linear": (linear, ROWS), "attention": (attention, SEQUENCES), "recurrent": (recurrent, SEQUENCES)}
VALUES = {
    "half": lambda: {"a": torch.arange(6).bfloat16(), "b": torch.arange(6).half()},
    "float8": lambda: {"a": torch.arange(4.0).to(torch.float8_e4m3fn)},
    "uint16": lambda: {"a": torch.arange(4).to(torch.uint16)},
    "sparse": lambda: {"a": torch.eye(3).to_sparse()},
    "numpy_scalar": lambda: {"best": np.float64(0.25)},
    "path": lambda: {"path": pathlib.PurePosixPath("a/b")},
}


def write_state(make, path):
    torch.manual_seed(0)
    made = make()
    torch.save(made.state_dict() if isinstance(made, nn.Module) else made, path)


def write_module(make, path):
    torch.manual_seed(0)
    torch.save(make(), path)


def write_jit(make, asked, path):
    torch.manual_seed(0)
    torch.jit.save(torch.jit.trace(make(), asked, check_trace=False), path)


def write_export(make, asked, path):
    torch.manual_seed(0)
    torch.export.save(torch.export.export(make(), (asked,)), path)


def artifacts():
    for name, (make, asked) in MODULES.items():
        yield name + ".state.pt", partial(write_state, make)
        yield name + ".module.pt", partial(write_module, make)
        yield name + ".jit.pt", partial(write_jit, make, asked)
        yield name + ".pt2", partial(write_export, make, asked)
    for name, make in VALUES.items():
        yield name + ".state.pt", partial(write_state, make)


def used(module, asked):
    with torch.no_grad():
        found = module(asked)
    return (found[0] if isinstance(found, tuple) else found).float()


def plain(value):
    if not isinstance(value, torch.Tensor):
        return str(value)
    return (value.to_dense() if value.is_sparse else value).float().tolist()


def whole(path):
    """A module: since 2.6 it loads only where its code is trusted."""
    try:
        return torch.load(path, weights_only=False)
    except TypeError:
        return torch.load(path)


def probe(path):
    name = pathlib.Path(path).name.split(".")[0]
    make, asked = MODULES.get(name, (None, None))
    if path.endswith(".pt2"):
        return used(torch.export.load(path).module(), asked)
    if path.endswith(".jit.pt"):
        return used(torch.jit.load(path), asked)
    if path.endswith(".module.pt"):
        return used(whole(path), asked)
    loaded = torch.load(path)
    if make is None:
        return [(key, plain(value)) for key, value in OrderedDict(loaded).items()]
    module = make()
    module.load_state_dict(loaded)
    return used(module, asked)
