"""Replay measured dump-and-load runs against the judge and print how often its verdict was right.

Usage: `python -m benchmarks.verdicts [measured_loads.csv] [--misses]`; it ends with 1 where a bar is missed. A file has
one row for each artifact written under one version and read under another, with its outcome; without a path, it and
`measured_frameworks.csv` are looked for beside the folder that `MLAUDIT_CORPUS` names.
"""

from __future__ import annotations

import csv
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import framework_loads
from mlaudit.knowledge import Consequence, Effect, judge
from mlaudit.model.nouns import Severity

BAD = frozenset({"error", "crash", "hang", "different"})
NO_CROSSING = frozenset({"retrain", "runtime", "joblib.hash"})
"""Rows that hand over no artifact: the same code run on both sides."""
BAR = 10
"""A pair broke where at least one artifact in this many failed or changed."""
RECALL, QUIET, SILENT_RECALL = 0.98, 0.95, 1.0
"""Shares: of broken pairs said as errors, of clean pairs not so said, of silent changes said as errors."""

KINDS: Mapping[tuple[str, str], frozenset[str]] = {
    # A joblib dump is a pickle in another wrapper; two estimators alone would say nothing of the other classes.
    ("scikit-learn", "pickle"): frozenset({"sklearn.pickle", "sklearn.joblib"}),
    ("scikit-learn", "joblib"): frozenset({"sklearn.pickle", "sklearn.joblib"}),
    ("skops", "skops"): frozenset({"skops"}),
    ("numpy", "pickle"): frozenset({"numpy.pickle", "numpy.random"}),
    ("numpy", "pickle2"): frozenset({"numpy.pickle"}),
    ("numpy", "pickle5"): frozenset({"numpy.pickle5"}),
    ("numpy", "npy"): frozenset({"numpy.npy"}),
    ("numpy", "npz"): frozenset({"numpy.npy"}),
    ("numpy", "npy_pickle"): frozenset({"numpy.npy-object"}),
    ("pandas", "pickle"): frozenset({"pandas.pickle"}),
    ("pandas", "pd.to_pickle"): frozenset({"pandas.to_pickle"}),
    ("xgboost", "pickle"): frozenset({"xgboost.pickle"}),
    ("xgboost", "xgb.json"): frozenset({"xgboost.json"}),
    ("xgboost", "xgb.sklearn.json"): frozenset({"xgboost.json"}),
    ("xgboost", "xgb.ubj"): frozenset({"xgboost.ubj"}),
    ("xgboost", "xgb.bin_ext"): frozenset({"xgboost.model"}),
    ("xgboost", "xgb.model_ext"): frozenset({"xgboost.model"}),
    ("xgboost", "xgb.binary"): frozenset({"xgboost.binary"}),
    ("lightgbm", "pickle"): frozenset({"lightgbm.pickle"}),
    ("lightgbm", "lgb.txt"): frozenset({"lightgbm.txt"}),
    ("joblib", "joblib"): frozenset({"joblib"}),
    ("joblib", "pickle"): frozenset({"numpy.pickle"}),
    ("tokenizers", "tokenizer.json"): frozenset({"tokenizers.json"}),
    ("tokenizers", "pickle"): frozenset({"tokenizers.pickle"}),
    ("safetensors", "safetensors"): frozenset({"safetensors"}),
    ("cloudpickle", "cloudpickle"): frozenset({"cloudpickle"}),
    ("cloudpickle", "?"): frozenset({"cloudpickle"}),
    ("cloudpickle", "pickle-stdlib"): frozenset({"python.pickle"}),
    ("dill", "dill"): frozenset({"dill"}),
    ("dill", "?"): frozenset({"dill"}),
}


FOREST = ("RandomForestClassifier", "DecisionTreeClassifier")
LINEAR = ("Pipeline", "StandardScaler", "LogisticRegression")
CLASSES: Mapping[str, tuple[str, ...]] = {
    "AdaBoostClassifier": ("AdaBoostClassifier", "DecisionTreeClassifier"),
    "BaggingClassifier": ("BaggingClassifier", "DecisionTreeClassifier"),
    "ColumnTransformer_drop": ("ColumnTransformer", "StandardScaler"),
    "ExtraTreesRegressor": ("ExtraTreesRegressor", "ExtraTreeRegressor"),
    "FunctionTransformer_np": ("FunctionTransformer",),
    "GridSearchCV_lr": ("GridSearchCV", "LogisticRegression"),
    "IsolationForest": ("IsolationForest", "ExtraTreeRegressor"),
    "KNeighborsClassifier_balltree": ("KNeighborsClassifier", "BallTree"),
    "KNeighborsClassifier_kdtree": ("KNeighborsClassifier", "KDTree"),
    "LDA": ("LinearDiscriminantAnalysis",),
    "OneHotEncoder_drop": ("OneHotEncoder",),
    "OneVsRestClassifier": ("OneVsRestClassifier", "LogisticRegression"),
    "Pipeline_impute_scale_lr": ("SimpleImputer", *LINEAR),
    "Pipeline_scale_rf": ("Pipeline", "StandardScaler", *FOREST),
    "RandomForestClassifier": FOREST,
    "SVC_probability": ("SVC",),
    "StackingClassifier": ("StackingClassifier", "LogisticRegression", "GaussianNB"),
    "TfidfPipeline_lr": ("Pipeline", "TfidfVectorizer", "TfidfTransformer", "LogisticRegression"),
    "VotingClassifier": ("VotingClassifier", "LogisticRegression", "GaussianNB"),
    "joblib_Pipeline_lr": LINEAR,
    "joblib_RandomForest": FOREST,
}
"""Classes inside scikit-learn artifacts that are not called like their one class."""
NOT_SERVED = ("_repr", "_refit_clone")
"""Artifacts that are printed or fitted again, not asked to predict."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pair:
    package: str
    writer: str
    writer_python: str
    reader: str
    reader_python: str
    kinds: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return (self.writer, self.writer_python) != (self.reader, self.reader_python)


@dataclass(slots=True, kw_only=True)
class Outcome:
    tried: int = 0
    failed: int = 0
    changed: int = 0

    @property
    def broke(self) -> bool:
        return self.failed * BAR >= self.tried


@dataclass(slots=True, kw_only=True)
class Score:
    """Counts of pairs; `hit` of `due`."""

    broke: int = 0
    broke_said: int = 0
    clean: int = 0
    clean_quiet: int = 0
    silent: int = 0
    silent_said: int = 0
    errors: int = 0
    errors_deserved: int = 0
    errors_harmed: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, pair: Pair, outcome: Outcome, found: tuple[Consequence, ...]) -> None:
        said = any(consequence.severity is Severity.ERROR for consequence in found)
        if outcome.failed and outcome.broke:
            self.broke += 1
            self.broke_said += said
        if outcome.failed == 0:
            self.clean += 1
            self.clean_quiet += not said
        if outcome.changed:
            self.silent += 1
            self.silent_said += said
        self.errors += said
        self.errors_deserved += said and bool(outcome.failed) and outcome.broke
        self.errors_harmed += said and bool(outcome.failed)
        if said != (outcome.failed > 0 and outcome.broke) or (outcome.changed and not said):
            self.misses.append(f"{pair} {outcome} said error: {said}")

    def line(self, name: str) -> str:
        return (
            f"{name:<14} {_share(self.broke_said, self.broke)} {_share(self.clean_quiet, self.clean)} "
            f"{_share(self.silent_said, self.silent)} {_share(self.errors_deserved, self.errors)} "
            f"{_share(self.errors_harmed, self.errors)}"
        )


def _share(hit: int, due: int) -> str:
    return f"{hit:>5}/{due:<4} {hit / due:5.3f}" if due else f"{0:>5}/{0:<4}     -"


def pairs(rows: Iterable[Mapping[str, str]], *, with_kind: bool) -> dict[Pair, Outcome]:
    """Outcomes by pair of versions and Pythons, and by kind where it is given to the judge."""
    found: dict[Pair, Outcome] = defaultdict(Outcome)
    for row in rows:
        if row["outcome"] == "baseline_error" or row["kind"] in NO_CROSSING:
            continue
        pair = Pair(
            package=row["package"],
            writer=row["dump_version"],
            writer_python=row["dump_python"],
            reader=row["load_version"],
            reader_python=row["load_python"],
            kinds=tuple(sorted(KINDS.get((row["package"], row["kind"]), ()))) if with_kind else (),
        )
        outcome = found[pair]
        outcome.tried += 1
        outcome.failed += row["outcome"] in BAD
        outcome.changed += row["outcome"] == "different"
    return {pair: outcome for pair, outcome in found.items() if pair.differs}


def verdict(pair: Pair) -> tuple[Consequence, ...]:
    """What the judge says of an artifact that crosses; changes of behaviour of the code around it are not meant."""
    found = judge(
        pair.package,
        pair.writer,
        pair.reader,
        writer_python=pair.writer_python,
        reader_python=pair.reader_python,
        kinds=frozenset(pair.kinds),
    )
    return tuple(consequence for consequence in found if consequence.effect is not Effect.PREPROCESSING)


def scores(rows: Iterable[Mapping[str, str]], *, with_kind: bool) -> dict[str, Score]:
    """One score for each package, and `all`."""
    table: dict[str, Score] = defaultdict(Score)
    for pair, outcome in sorted(pairs(rows, with_kind=with_kind).items()):
        found = verdict(pair)
        table[pair.package].add(pair, outcome, found)
        table["all"].add(pair, outcome, found)
    return dict(table)


def framework_scores(rows: Iterable[Mapping[str, str]], *, with_kind: bool) -> dict[str, Score]:
    """The same of frameworks: of each pair, and of each kind where it is given, the environments are judged whole.

    What goes wrong with models of one class alone is counted by itself, as an artifact whose class is known.
    """
    grouped: dict[tuple[str, str, frozenset[str], bool], list[framework_loads.Load]] = defaultdict(list)
    for load in framework_loads.loads(rows):
        narrow = load.outcome in BAD and bool(load.classes)
        if with_kind and not load.kinds:
            continue
        sides = (
            f"{sorted(load.writer.items())} {load.writer_python} > {sorted(load.reader.items())} {load.reader_python}"
        )
        grouped[load.package, sides, load.kinds if with_kind else frozenset(), narrow].append(load)
    table: dict[str, Score] = defaultdict(Score)
    for (package, sides, kinds, narrow), group in sorted(grouped.items(), key=lambda entry: str(entry[0])):
        outcome = Outcome(
            tried=len(group),
            failed=sum(load.outcome in BAD for load in group),
            changed=sum(load.outcome == "different" for load in group),
        )
        found = framework_loads.verdict(group[0], with_kind=with_kind or narrow, with_classes=narrow)
        first = group[0]
        pair = Pair(
            package=package,
            writer=sides,
            writer_python=first.writer_python,
            reader=first.artifact if narrow else "",
            reader_python=first.reader_python,
            kinds=tuple(sorted(kinds)),
        )
        table[package].add(pair, outcome, found)
        table["all"].add(pair, outcome, found)
    return dict(table)


def by_class(rows: Iterable[Mapping[str, str]]) -> str:
    """How often the verdict on one scikit-learn model of known classes was right."""
    score = Score()
    for row in rows:
        name = row["artifact"]
        if row["package"] != "scikit-learn" or name.endswith(NOT_SERVED) or row["dump_version"] == row["load_version"]:
            continue
        found = judge(
            "scikit-learn",
            row["dump_version"],
            row["load_version"],
            kinds=frozenset({"sklearn.pickle"}),
            classes=frozenset(CLASSES.get(name, (name,))),
        )
        said = any(one.severity is Severity.ERROR and one.effect is not Effect.PREPROCESSING for one in found)
        bad = row["outcome"] in BAD
        score.broke, score.broke_said = score.broke + bad, score.broke_said + (bad and said)
        score.clean, score.clean_quiet = score.clean + (not bad), score.clean_quiet + (not bad and not said)
        score.errors, score.errors_deserved = score.errors + said, score.errors_deserved + (bad and said)
    return (
        f"scikit-learn models with their classes given: recall {_share(score.broke_said, score.broke)}, "
        f"quiet {_share(score.clean_quiet, score.clean)}, deserved {_share(score.errors_deserved, score.errors)}"
    )


def measured_loads() -> Path:
    """Where the measurements lie: beside the corpus."""
    corpus = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parents[1] / "../shared/corpus"))
    return corpus.resolve().parent / "knowledge" / "measured_loads.csv"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _report(table: Mapping[str, Score], *, with_kind: bool, misses: bool) -> Iterator[str]:
    yield "\nartifact kind given" if with_kind else "no artifact kind given"
    yield f"{'package':<14} {'recall':<16} {'quiet':<16} {'silent recall':<16} {'deserved':<16} {'something broke':<16}"
    for name in sorted(table, key=lambda name: (name == "all", name)):
        yield table[name].line(name)
        if misses and name != "all":
            yield from (f"    {miss}" for miss in table[name].misses)


def joined(scores: Iterable[Score]) -> Score:
    """The counts of several scores together."""
    total = Score()
    for score in scores:
        for name in ("broke", "broke_said", "clean", "clean_quiet", "silent", "silent_said"):
            setattr(total, name, getattr(total, name) + getattr(score, name))
    return total


def missed(score: Score) -> Iterator[str]:
    """The bars that all packages together do not reach."""
    for what, hit, due, bar in (
        ("recall", score.broke_said, score.broke, RECALL),
        ("quiet rate", score.clean_quiet, score.clean, QUIET),
        ("silent recall", score.silent_said, score.silent, SILENT_RECALL),
    ):
        if due and hit < bar * due:
            yield f"{what}: {hit} of {due}, and {bar} is the bar"


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments if not argument.startswith("--")]
    path = paths[0] if paths else measured_loads()
    frameworks = path.with_name("measured_frameworks.csv")
    rows = read(path)
    below: list[str] = []
    for with_kind in (False, True):
        tables = [scores(rows, with_kind=with_kind)]
        if frameworks.exists():
            tables.append(framework_scores(read(frameworks), with_kind=with_kind))
        below += missed(joined([table["all"] for table in tables]))
        for table in tables:
            for line in _report(table, with_kind=with_kind, misses="--misses" in arguments):
                print(line)
    print()
    for line in (by_class(rows), *below):
        print(line)
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
