"""Measured loads of frameworks: which environment each version was in, and which kinds and classes its artifacts are.

The file names one package a row; what stood beside it differs between environments and decides many loads (a pickle
written under numpy 2 fails under numpy 1), so that an audit, which knows both environments, is asked about all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlaudit.knowledge import Consequence, Effect, companions, judge

Versions = Mapping[str, str]

_SPLIT = {"xgboost+scikit-learn": ("xgboost", "scikit-learn"), "lightgbm+scikit-learn": ("lightgbm", "scikit-learn")}

KINDS: Mapping[tuple[str, str], str] = {
    ("catboost", "catboost.cbm"): "catboost.cbm",
    ("catboost", "catboost.json"): "catboost.json",
    ("catboost", "pickle"): "catboost.pickle",
    ("catboost", "onnx"): "onnx",
    ("category-encoders", "pickle"): "category-encoders.pickle",
    ("category-encoders", "joblib"): "category-encoders.pickle",
    ("imbalanced-learn", "pickle"): "imblearn.pickle",
    ("imbalanced-learn", "joblib"): "imblearn.pickle",
    ("gensim", "gensim.save"): "gensim",
    ("gensim", "pickle"): "gensim",
    ("prophet", "pickle"): "prophet.pickle",
    ("prophet", "prophet.json"): "prophet.json",
    ("spacy", "spacy.to_disk"): "spacy",
    ("spacy", "spacy.to_bytes"): "spacy",
    ("statsmodels", "pickle"): "statsmodels.pickle",
    ("statsmodels", "statsmodels.pickle"): "statsmodels.pickle",
    ("keras", "keras.h5"): "keras.h5",
    ("keras", "keras.keras"): "keras.keras",
    ("keras", "keras.weights_h5"): "keras.weights",
    ("keras", "pickle"): "keras.pickle",
    ("tensorflow", "keras.h5"): "keras.h5",
    ("tensorflow", "keras.keras"): "keras.keras",
    ("tensorflow", "keras.weights_h5"): "keras.weights",
    ("tensorflow", "pickle"): "keras.pickle",
    ("tensorflow", "tf.savedmodel"): "keras.saved_model",
    ("tensorflow", "tf.checkpoint"): "tensorflow.checkpoint",
    ("tensorflow", "tflite"): "tflite",
    ("torch", "torch.state_dict"): "torch.state_dict",
    ("torch", "torch.tensor"): "torch.state_dict",
    ("torch", "torch.checkpoint"): "torch.pickle",
    ("torch", "torch.module"): "torch.pickle",
    ("torch", "torch.jit"): "torch.jit",
    ("torch", "torch.export"): "torch.export",
    ("xgboost+scikit-learn", "joblib"): "xgboost.pickle,sklearn.joblib",
    ("lightgbm+scikit-learn", "joblib"): "lightgbm.pickle,sklearn.joblib",
}
NOT_HANDED_OVER = frozenset({"retrain", "catboost.pool", "catboost.python", "npz", "txt", "json", "spacy.docbin"})
"""Kinds that hand over no model of the package: data, text, or the same code run again."""
NOT_SERVED = ("refit", "resume", "repr", "continue_training", "clone")
"""Artifacts that are trained on, fitted again or printed, not asked to predict."""


def _environments() -> Iterator[tuple[str, Versions]]:
    """A package with its version, and what stood beside it."""
    numpy1, pandas1 = {"numpy": "1.23.5", "pandas": "1.5.3"}, {"numpy": "1.26.4", "pandas": "2.3.3"}
    numpy2 = {"numpy": "2.4.6", "pandas": "3.1.1"}
    for versions, beside in ((("1.0.6", "1.1.1"), numpy1), (("1.2.2", "1.2.8"), pandas1), (("1.2.10",), numpy2)):
        yield from ((f"catboost {version}", beside) for version in versions)
    for version, keras, numpy in (
        ("2.10.1", "2.10.0", "1.26.4"),
        ("2.12.1", "2.12.0", "1.24.3"),
        ("2.15.1", "2.15.0", "1.26.4"),
        ("2.16.2", "3.3.3", "1.26.4"),
        ("2.18.1", "3.6.0", "2.0.2"),
        ("2.21.0", "3.15.1", "2.4.6"),
    ):
        yield f"tensorflow {version}", {"keras": keras, "numpy": numpy}
    for version, numpy, scipy in (
        ("3.8.3", "1.19.5", "1.7.3"),
        ("4.0.1", "1.19.5", "1.7.3"),
        ("4.3.3", "1.26.4", "1.12.0"),
    ):
        yield f"gensim {version}", {"numpy": numpy, "scipy": scipy}
    yield "gensim 4.4.0", {"numpy": "2.4.6", "scipy": "1.17.1"}
    for version, numpy in (("3.4.4", "1.26.4"), ("3.5.4", "1.26.4"), ("3.7.5", "1.26.4"), ("3.8.7", "2.4.6")):
        yield f"spacy {version}", {"numpy": numpy}
    for version, numpy, pandas in (
        ("0.13.5", "1.23.5", "1.5.3"),
        ("0.14.0", "1.26.4", "2.0.3"),
        ("0.14.4", "2.2.6", "2.2.3"),
        ("0.15.0", "2.4.6", "3.1.1"),
    ):
        yield f"statsmodels {version}", {"numpy": numpy, "pandas": pandas}
    for version, numpy, pandas in (
        ("1.1.5", "1.26.4", "2.1.4"),
        ("1.1.6", "1.26.4", "2.3.3"),
        ("1.1.7", "2.2.6", "2.3.3"),
        ("1.5.0", "2.4.6", "3.1.1"),
    ):
        yield f"prophet {version}", {"numpy": numpy, "pandas": pandas}
    yield from _learning()


def _learning() -> Iterator[tuple[str, Versions]]:
    """The environments that scikit-learn's neighbours shared."""
    for names, beside in (
        ("0.9.1 2.5.1.post0 1.6.2 3.3.5", ("1.1.3", "1.23.5", "1.10.1", "1.5.3")),
        ("0.11.0 2.6.3 2.0.3 4.1.0", ("1.3.2", "1.26.4", "1.11.4", "2.1.4")),
        ("0.12.4 2.6.4 2.1.4 4.5.0", ("1.5.2", "1.26.4", "1.11.4", "2.2.3")),
        ("0.14.0 2.11.2 3.0.5 4.6.0", ("1.7.2", "2.4.6", "1.17.1", "2.3.3")),
    ):
        versions = dict(zip(("scikit-learn", "numpy", "scipy", "pandas"), beside, strict=True))
        packages = ("imbalanced-learn", "category-encoders", "xgboost", "lightgbm")
        yield from ((f"{name} {version}", versions) for name, version in zip(packages, names.split(), strict=True))


ENVIRONMENTS = dict(_environments())


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One artifact written in one environment and read in another."""

    package: str
    artifact: str
    kinds: frozenset[str]
    writer: Versions
    reader: Versions
    writer_python: str
    reader_python: str
    outcome: str

    @property
    def classes(self) -> frozenset[str]:
        """Classes that the artifact is named after, as a parser would find them."""
        words = self.artifact.split("_")
        return frozenset(
            name for word, names in CLASSES.items() if word in words or word == self.artifact for name in names
        )


CLASSES: Mapping[str, tuple[str, ...]] = {
    "discretization": ("Discretization",),
    "normalization": ("Normalization", "Dense"),
    "sigmoid": ("hard_sigmoid", "Dense"),
    "nadam": ("NAdam",),
    "float8": ("float8",),
    "uint16": ("uint16",),
    "sparse": ("sparse",),
    "save_phraser_frozen": ("FrozenPhrases",),
    "save_phrases": ("Phrases",),
    "BackwardDifferenceEncoder": ("BackwardDifferenceEncoder",),
    "HelmertEncoder": ("HelmertEncoder",),
    "PolynomialEncoder": ("PolynomialEncoder",),
    "SumEncoder": ("SumEncoder",),
}


def loads(rows: Iterable[Mapping[str, str]]) -> Iterator[Load]:
    """The rows that hand over a model to another version."""
    for row in rows:
        if row["outcome"] == "baseline_error" or row["kind"] in NOT_HANDED_OVER:
            continue
        if any(word in row["artifact"] for word in NOT_SERVED):
            continue
        packages = _SPLIT.get(row["package"], (row["package"],))
        kinds = KINDS.get((row["package"], row["kind"]), "")
        yield Load(
            package=row["package"],
            artifact=row["artifact"],
            kinds=frozenset(kinds.split(",")) if kinds else frozenset(),
            writer=_versions(packages, row["dump_version"]),
            reader=_versions(packages, row["load_version"]),
            writer_python=row["dump_python"],
            reader_python=row["load_python"],
            outcome=row["outcome"],
        )


def _versions(packages: tuple[str, ...], text: str) -> Versions:
    own = dict(zip(packages, text.split("+"), strict=True))
    return {**ENVIRONMENTS.get(f"{packages[0]} {own[packages[0]]}", {}), **own}


def verdict(load: Load, *, with_kind: bool, with_classes: bool = False) -> tuple[Consequence, ...]:
    """What is known of the package and of all that its artifacts carry; code around them is not meant."""
    kinds = load.kinds if with_kind else frozenset()
    classes = load.classes if with_classes else frozenset()
    found = [
        consequence
        for package, carried in _asked(load, kinds).items()
        for consequence in judge(
            package,
            load.writer[package],
            load.reader[package],
            writer_python=load.writer_python,
            reader_python=load.reader_python,
            kinds=carried,
            classes=classes,
        )
    ]
    return tuple(consequence for consequence in found if consequence.effect is not Effect.PREPROCESSING)


def _asked(load: Load, kinds: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """The package, and those that travel inside its artifacts and are in both environments, with their kinds."""
    own = _SPLIT.get(load.package, (load.package,))
    inside = {one.package: one.kinds for package in own for one in companions(package, kinds)}
    if load.package == "tensorflow":
        inside["keras"] = kinds
    asked = {**inside, **dict.fromkeys(own, kinds)}
    return {name: carried for name, carried in asked.items() if name in load.writer and name in load.reader}
