"""torchmetrics: metrics with what they have counted, pickled and as state dicts."""

import pickle
from functools import partial
from pathlib import Path

import torch
import torchmetrics

REQUIRES = ["torch==2.13.0", "numpy<2", "setuptools<80"]
KINDS = {".pickle": "torchmetrics.pickle", ".pt": "torchmetrics.state_dict"}
TOLERANCE = 1e-6

SCORES = torch.linspace(0.05, 0.95, 10)
TRUE = (torch.arange(10) % 3 == 0).long()


def task(name, **settings):
    """A classification metric: from 0.11 on it must name its task."""
    made = getattr(torchmetrics, name)
    try:
        return made(task="binary", **settings)
    except TypeError:
        return made(**settings)


METRICS = {
    "Accuracy": lambda: task("Accuracy"),
    "F1Score": lambda: task("F1Score"),
    "AUROC": lambda: task("AUROC"),
    "AveragePrecision": lambda: task("AveragePrecision"),
    "ConfusionMatrix": lambda: getattr(
        torchmetrics.classification, "BinaryConfusionMatrix", torchmetrics.ConfusionMatrix
    )(),
    "MeanSquaredError": lambda: torchmetrics.MeanSquaredError(),
    "R2Score": lambda: torchmetrics.R2Score(),
    "PearsonCorrCoef": lambda: torchmetrics.PearsonCorrCoef(),
    "MeanMetric": lambda: torchmetrics.MeanMetric(),
    "MetricCollection": lambda: torchmetrics.MetricCollection([torchmetrics.MeanSquaredError()]),
}


def counted(name):
    metric = METRICS[name]()
    if name == "MeanMetric":
        metric.update(SCORES)
    else:
        metric.update(SCORES, TRUE if metric_is_of_classes(name) else TRUE.float())
    return metric


def metric_is_of_classes(name):
    return name in ("Accuracy", "F1Score", "AUROC", "AveragePrecision", "ConfusionMatrix")


def write(name, path):
    metric = counted(name)
    if path.endswith(".pickle"):
        with open(path, "wb") as file:
            pickle.dump(metric, file, 4)
        return
    for one in metric.values() if name == "MetricCollection" else [metric]:
        one.persistent(True)
    torch.save(metric.state_dict(), path)


def artifacts():
    for name in METRICS:
        for ending in KINDS:
            yield name + ending, partial(write, name)


def probe(path):
    name = Path(path).name.split(".")[0]
    if path.endswith(".pickle"):
        with open(path, "rb") as file:
            metric = pickle.load(file)
    else:
        metric = METRICS[name]()
        for one in metric.values() if name == "MetricCollection" else [metric]:
            one.persistent(True)
            one._update_count = 1
        metric.load_state_dict(torch.load(path))
    found = metric.compute()
    return sorted((key, value.tolist()) for key, value in found.items()) if isinstance(found, dict) else found
