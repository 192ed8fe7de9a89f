"""Evidence from code against real loads: which of the measured loads that failed are told from code alone.

Run it from the project's folder: `python -m benchmarks.code_evidence WORK [PACKAGE ...]`. `WORK` holds virtual
environments as `venvs/FAMILY-VERSION` and the artifacts that each of them wrote as `art/FAMILY/VERSION/NAME`;
`--make` makes both, by uv and `$MLAUDIT_KNOWLEDGE/grid-tools`, from the list in code_evidence.toml. The loads are those
of `$MLAUDIT_KNOWLEDGE/measured_*.csv`. Nothing of a package is imported by the judging.

A load is bad where loading or using failed; loads that silently gave other numbers are left out. `names` counts what
fails in any case (names, calls, layouts), `certain` what is read on every way too, `conditional` what stands behind a
condition. What only training, copying or printing reads counts as told of the loads that did just that.

`--combined` asks the whole audit instead, which knows the artifact and both environments: code and knowledge together.
Recall is the share of bad loads of which an error is said, quiet the share of good ones of which none is.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from pathlib import Path
from zlib import crc32

from benchmarks.code_evidence_inputs import make_inputs
from benchmarks.combined_evidence import audited_findings, refused_configurations, says_failure, shares
from mlaudit.code.package.defined_names import NameAnswer
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.needs import MAX_ALL_STEPS
from mlaudit.code.package.object_code import Calling, ObjectCode, Sureness
from mlaudit.code.package.refused_calls import CallJudge
from mlaudit.code.package.state_gaps import StateGap, StateJudge
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.document.document import Document
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickle_states import PickledStates, walk_states
from mlaudit.grammars.model_file.source import Source, from_window
from mlaudit.grammars.model_file.streams import compression, unfolded
from mlaudit.grammars.model_file.window import whole
from mlaudit.model.report import Finding
from mlaudit.sources.package_sources import PackageSources

FAMILIES = {
    "scikit-learn": "sklearn",
    "pandas": "pandas",
    "statsmodels": "statsmodels",
    "gensim": "gensim",
    "imbalanced-learn": "imblearn",
    "category-encoders": "imblearn",
    "lightgbm+scikit-learn": "imblearn",
    "xgboost+scikit-learn": "imblearn",
    "lightgbm": "lightgbm",
    "keras": "tf",
    "spacy": "spacy",
}
OWN_LOADERS = frozenset(("gensim.save", "pd.to_pickle"))
"""Kinds of artifacts that the package's own function reads."""
UPKEEP_USES = {
    "refit": ("fit", "partial_fit", "fit_transform", "fit_predict", "fit_resample", "refit", "get_params"),
    "clone": ("get_params",),
    "repr": ("get_params", "__repr__", "__str__"),
    "get_params": ("get_params",),
    "continue_training": ("train", "build_vocab", "partial_fit"),
}
"""Words in the names of artifacts that were trained again, copied or printed, and not served; what was called then."""
CONFIGURED = {"keras.keras": ".keras", "keras.h5": ".h5", "spacy.to_disk": ""}
"""Kinds of artifacts that name code in configurations, with the ending of their files."""
NO_PICKLES = frozenset(("retrain", "lgb.txt", "word2vec.txt", "word2vec.bin", "txt"))


class Tier(IntEnum):
    """How sure a prediction is; a later one is less."""

    NAMES = 0
    CERTAIN = 1
    CONDITIONAL = 2
    ARGUMENTS = 3
    OTHERWISE = 4
    UPKEEP = 5
    NOTHING = 6


SHOWN = (Tier.NAMES, Tier.CERTAIN, Tier.CONDITIONAL, Tier.ARGUMENTS, Tier.OTHERWISE)


@dataclass
class Score:
    """Loads by what was said of them and what they did."""

    counts: Counter[tuple[Tier, bool]] = field(default_factory=Counter)

    def row(self, tier: Tier) -> tuple[float, float, int, int]:
        """Recall, precision, false alarms, loads that failed and were told."""
        hits = sum(count for (said, bad), count in self.counts.items() if said <= tier and bad)
        false = sum(count for (said, bad), count in self.counts.items() if said <= tier and not bad)
        bad = sum(count for (_, bad), count in self.counts.items() if bad)
        return hits / max(bad, 1), hits / max(hits + false, 1), false, hits


@dataclass(frozen=True)
class Pickle:
    """What a pickle says."""

    names: tuple[tuple[str, str], ...]
    states: PickledStates


class Judge:
    """The packages of one work folder."""

    def __init__(self, work: Path, *, writer: bool = True, any_loader: bool = False) -> None:
        self._work, self._writer, self._any_loader = work, writer, any_loader
        self._symbols: dict[tuple[str, str], PackageSymbols | None] = {}
        self._names: dict[tuple[str, str, bool], InstalledNames] = {}
        self._codes: dict[tuple[str, str, bool], ObjectCode] = {}

    def symbols(self, family: str, version: str) -> PackageSymbols | None:
        """The code of an environment, None where it was not made."""
        if (family, version) not in self._symbols:
            found = sorted(self._work.glob(f"venvs/{family}-{version}/lib/python*/site-packages"))
            self._symbols[family, version] = PackageSymbols(PackageSources(found[0])) if found else None
        return self._symbols[family, version]

    def _code(self, family: str, version: str, symbols: PackageSymbols, own: bool) -> ObjectCode:
        """The code of a side, made anew where much was followed: an audit has few artifacts, and this has thousands."""
        known = self._codes.get((family, version, own))
        if known is None or known.steps_left < MAX_ALL_STEPS // 2:
            known = self._codes[family, version, own] = ObjectCode(symbols, repairs=own)
        return known

    def said(self, path: Path, family: str, versions: tuple[str, str], kind: str) -> tuple[Tier, list[str]]:
        """The surest prediction for one load, with all of its tier."""
        writer, reader = (self.symbols(family, version) for version in versions)
        if kind in CONFIGURED:
            refused = refused_configurations(self._work, family, versions[1], path)
            return (Tier.NAMES if refused else Tier.NOTHING), list(refused)
        pickle = read_pickle(path)
        if pickle is None or reader is None:
            return Tier.NOTHING, []
        own = self._any_loader or kind in OWN_LOADERS
        names = self._names.setdefault((family, versions[1], own), InstalledNames(reader, has_own_loader=own))
        found = [(Tier.NAMES, f"{module}.{name}") for module, name in _missing(pickle, names)]
        calls = CallJudge(reader, writer if self._writer else None)
        states = StateJudge(
            self._code(family, versions[1], reader, own),
            self._code(family, versions[0], writer, own) if writer is not None and self._writer else None,
        )
        for one in pickle.states.objects:
            found.extend((Tier.NAMES, f"{call.called} {call.reason}") for call in calls.refused(one))
            gaps = (gap for gap in states.gaps(one) if self._writer or not gap.is_of_template)
            found.extend((tier_of(gap), _shown(gap)) for gap in gaps)
        tier = min((tier for tier, _ in found), default=Tier.NOTHING)
        return tier, [text for one, text in found if one is tier]


def tier_of(gap: StateGap) -> Tier:
    """How sure a gap is to be met."""
    found = gap.need
    if found.calling is Calling.UPKEEP:
        return Tier.UPKEEP
    if found.calling is Calling.OTHERWISE:
        return Tier.OTHERWISE
    return {Sureness.CERTAIN: Tier.CERTAIN, Sureness.CONDITIONAL: Tier.CONDITIONAL}.get(found.sureness, Tier.ARGUMENTS)


def _shown(gap: StateGap) -> str:
    need = gap.need.need
    return f"{gap.cls.full_name} lacks {gap.attribute} in {'.'.join(need.route)} where {need.where or 'always'}"


def _missing(pickle: Pickle, names: InstalledNames) -> Iterator[tuple[str, str]]:
    for module, name in pickle.names:
        if names.answer(module, name) in (NameAnswer.NO_NAME, NameAnswer.NO_MODULE):
            yield module, name


@cache
def read_pickle(path: Path) -> Pickle | None:
    """The names and states of a pickle, None where the file is none."""
    names: tuple[tuple[str, str], ...] = ()
    with Document(path.name, path.read_bytes()).stream() as stream:
        window = whole(stream)
        name = compression(window.upto(0, 16))

        def source() -> Source:
            return unfolded(window, name) if name else from_window(window)

        found = walk(source())
        if found.problem is not None or not found.globals:
            return None
        standard = sys.stdlib_module_names | {"copy_reg", "__builtin__"}
        names = tuple((one.module, one.name) for one in found.globals if one.module.split(".")[0] not in standard)
        return Pickle(names, walk_states(source()))


def _rows(knowledge: Path, packages: Iterable[str]) -> Iterator[dict[str, str]]:
    for name in ("measured_loads.csv", "measured_frameworks.csv"):
        with (knowledge / name).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["package"] in packages and row["direction"] != "same" and row["kind"] not in NO_PICKLES:
                    yield row


def _version(work: Path, package: str, version: str) -> str | None:
    """The name of the environment that has a version of a package."""
    family = FAMILIES[package]
    if family != "imblearn":
        return version
    for folder in sorted(work.glob("venvs/imblearn-*")):
        if version == "+".join(_installed(folder, one) for one in _parts(package)):
            return folder.name.removeprefix("imblearn-")
    return None


def _parts(package: str) -> list[str]:
    return [one.replace("-", "_") for one in package.split("+")]


@cache
def _installed(folder: Path, package: str) -> str:
    found = sorted(folder.glob(f"lib/python*/site-packages/{package}-*.dist-info"))
    return found[0].name.removesuffix(".dist-info").partition("-")[2] if found else ""


def main() -> int:
    """Print recall and precision of each tier, by package and in all."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("packages", nargs="*")
    arguments.add_argument("--make", action="store_true", help="install and write what is not there yet")
    arguments.add_argument("--reader-only", action="store_true", help="leave the writer's code aside")
    arguments.add_argument("--any-loader", action="store_true", help="as if it were not known what loads them")
    arguments.add_argument("--share", type=float, default=1.0, help="the part of all loads that is judged")
    arguments.add_argument("--seed", default="", help="any text, for another part of the loads")
    arguments.add_argument(
        "--wrong", type=int, default=0, help="predictions that the load refuted, so many per package"
    )
    arguments.add_argument("--missed", type=int, default=0, help="failed loads of which nothing was said")
    arguments.add_argument("--speed", action="store_true", help="seconds for a forest, cold and with parsed classes")
    arguments.add_argument("--combined", action="store_true", help="what whole audits say, knowledge among it")
    given = arguments.parse_args()
    if given.speed:
        return _print_speed(given.work)
    knowledge = Path(os.environ["MLAUDIT_KNOWLEDGE"])
    if given.make:
        make_inputs(given.work, knowledge, sorted({FAMILIES[name] for name in given.packages}))
    judge = Judge(given.work, writer=not given.reader_only, any_loader=given.any_loader)
    if given.combined:
        return _print_combined(given, knowledge, judge)
    every = Score()
    print(f"{'package':24} {'loads':>6} {'bad':>5}   " + "".join(f"{one.name.lower():16}" for one in SHOWN) + "false")
    for package in given.packages or FAMILIES:
        score, seconds = _scored(package, knowledge, judge, given)
        every.counts.update(score.counts)
        _print(package, score, seconds)
    _print("all", every, None)
    return 0


@dataclass(frozen=True)
class Load:
    """One measured load whose artifact and code are at hand."""

    row: dict[str, str]
    path: Path
    family: str
    versions: tuple[str, str]

    @property
    def is_bad(self) -> bool:
        """Whether loading or using failed."""
        return self.row["outcome"] in ("error", "crash", "hang")


def _print_speed(work: Path, writer: str = "1.3.2", reader: str = "1.5.2") -> int:
    """The processor's seconds for one forest against scikit-learn's source of both sides."""
    path = work / "art" / "sklearn" / writer / "RandomForestClassifier"
    for name in ("cold", "warm"):
        read_pickle.cache_clear()
        start = time.process_time()
        Judge(work).said(path, "sklearn", (writer, reader), "pickle")
        print(f"a forest of {writer} for {reader}, {name}: {time.process_time() - start:.2f} s")
    return 0


def loads_at_hand(package: str, knowledge: Path, judge: Judge, given: argparse.Namespace) -> Iterator[Load]:
    """The measured loads of a package whose artifact and code are in the work folder, a share of them."""
    family = FAMILIES[package]
    for row in _rows(knowledge, {package}):
        versions = [_version(given.work, package, row[key]) or "" for key in ("dump_version", "load_version")]
        ending = CONFIGURED.get(row["kind"], "")
        path = given.work / "art" / family / versions[0] / f"{row['artifact']}{ending}"
        is_chosen = crc32(f"{given.seed}{path.name} {versions}".encode()) % 1000 < given.share * 1000
        if row["outcome"] in ("baseline_error", "different") or not is_chosen or not path.exists():
            continue
        is_known = row["kind"] in CONFIGURED or (path.is_file() and read_pickle(path) is not None)
        if is_known and judge.symbols(family, versions[1]) is not None:
            yield Load(row, path, family, (versions[0], versions[1]))


def _print_combined(given: argparse.Namespace, knowledge: Path, judge: Judge) -> int:
    """Recall and quiet of whole audits, by package and in all."""
    every: Counter[tuple[bool, bool]] = Counter()
    for package in given.packages or FAMILIES:
        counts: Counter[tuple[bool, bool]] = Counter()
        wrong: list[str] = []
        for load in loads_at_hand(package, knowledge, judge, given):
            found = audited_findings(given.work, load.family, load.versions, load.path)
            if is_served(load.row["artifact"]):
                is_said = says_failure(found, package.split("+"))
                counts[is_said, load.is_bad] += 1
                if is_said is not load.is_bad:
                    wrong.append(_refuted(load, found))
        every.update(counts)
        for text in wrong[: given.wrong]:
            print(f"    {text}")
        print(f"{package:24} {shares(counts)}", flush=True)
    print(f"{'all':24} {shares(every)}")
    return 0


def is_served(artifact: str) -> bool:
    """Whether a measured load is one of serving, and not of training again, copying or printing."""
    return not any(word in artifact for word in UPKEEP_USES)


def is_kept_up(artifact: str, said: Iterable[str]) -> bool:
    """Whether a measured load did what some predictions of training, copying or printing are about."""
    methods = {name for word, names in UPKEEP_USES.items() if word in artifact for name in names}
    called = (re.search(r" in (\w+)", text) for text in said)
    return any(found is not None and found[1] in methods for found in called)


def _refuted(load: Load, found: Iterable[Finding]) -> str:
    """A load that an audit told wrong, with what it said or what happened."""
    said = next(
        (f"{one.code} {one.message[:160]}" for one in found if says_failure((one,), load.row["package"].split("+"))),
        load.row["error_text"][:160],
    )
    return f"{'missed' if load.is_bad else 'false'} {load.row['artifact']} {' -> '.join(load.versions)}: {said}"


def _scored(package: str, knowledge: Path, judge: Judge, given: argparse.Namespace) -> tuple[Score, float]:
    score, start = Score(), time.perf_counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    said: dict[tuple[Path, str], tuple[Tier, list[str]]] = {}
    for load in loads_at_hand(package, knowledge, judge, given):
        key = (load.path, load.versions[1])
        if key not in said:
            said[key] = judge.said(load.path, load.family, load.versions, load.row["kind"])
        tier, texts = said[key]
        if tier is Tier.UPKEEP and is_kept_up(load.row["artifact"], texts):
            tier = Tier.CERTAIN
        score.counts[tier, load.is_bad] += 1
        if load.is_bad and tier >= Tier.UPKEEP:
            missed.update({f"{tier.name} {load.row['error_type']}: {load.row['error_text'][:90]}": 1})
        elif not load.is_bad and tier < Tier.UPKEEP:
            wrong.update({f"{tier.name} {texts[0]}  [{load.row['artifact']}]": 1})
    for title, found, most in (("refuted", wrong, given.wrong), ("missed", missed, given.missed)):
        for text, count in found.most_common(most):
            print(f"    {title} {count:4} {text}")
    return score, time.perf_counter() - start


def _print(name: str, score: Score, seconds: float | None) -> None:
    loads = sum(score.counts.values())
    bad = sum(count for (_, is_bad), count in score.counts.items() if is_bad)
    rows = [score.row(tier) for tier in SHOWN]
    shown = "   ".join(f"{recall:.3f} / {precision:.3f}" for recall, precision, _, _ in rows)
    false = " ".join(str(row[2]) for row in rows)
    took = f"   {seconds:.0f} s" if seconds is not None else ""
    print(f"{name:24} {loads:6} {bad:5}   {shown}   {false}{took}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
