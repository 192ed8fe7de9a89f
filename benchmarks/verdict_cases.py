"""Replay the verdict cases through the real audit and print how many hold, by table.

Usage: `python -m benchmarks.cases verdicts`, or `python -m benchmarks.verdict_cases [ID ...]`; it ends with 1 where a
bar is missed. The tables are looked for in the folder `verdicts` of the one that `MLAUDIT_CASES` names, else beside the
repository. Which cause a row must name stands in `verdict_cases.toml`.
"""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from mlaudit import api, door
from mlaudit.model.errors import MlauditError
from mlaudit.model.report import Finding
from mlaudit.request.options import Options

ROOT = Path(__file__).parent.parent
CASES = Path(os.environ.get("MLAUDIT_CASES", ROOT.parent / "shared" / "cases")) / "verdicts"
EXPECTED = ROOT / "benchmarks" / "verdict_cases.toml"
BARS: Mapping[str, float] = {"breaks": 0.9, "harmless": 1.0, "coherence": 0.9, "artifacts": 0.95}
LEVELS = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one row went; `why` is empty where it holds."""

    table: str
    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The findings of one audit, and whether anything was compared."""

    findings: tuple[Finding, ...]
    exit_code: int

    def texts(self, level: str) -> list[str]:
        """What the findings of at least a severity say."""
        levels = LEVELS[: LEVELS.index(level) + 1]
        return [
            " ".join((one.message, *one.details, one.fix.says if one.fix else ""))
            for one in self.findings
            if one.severity.value in levels
        ]


def outcomes(asked: Sequence[str] = ()) -> Iterator[Outcome]:
    """Every row of the three tables, those of `asked` where any is."""
    expected: Mapping[str, Any] = tomli.loads(EXPECTED.read_text(encoding="utf-8"))
    for row in _rows("incidents.csv"):
        if not asked or row["id"] in asked:
            yield _incident(row, expected["incidents"].get(row["id"], {}))
    for row in _rows("coherence.csv"):
        if not asked or row["id"] in asked:
            yield _coherence(row, expected["coherence"].get(row["id"], {}))
    for file, cases in expected["artifacts"].items():
        for case in cases:
            if not asked or file in asked:
                yield _artifact(file, case)


def _rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _incident(row: Mapping[str, str], case: Mapping[str, Any]) -> Outcome:
    package = row["package"].split()[0]
    training = case.get("training", [f"{package}=={row['writer_version'].split()[0]}"])
    serving = case.get("serving", [f"{package}=={row['reader_version'].split()[0]}"])
    pythons = case.get("pythons", (None, None))
    with tempfile.TemporaryDirectory() as home:
        sources = [_side(home, name, lines, python) for name, lines, python in _sides(training, serving, pythons)]
        audited = _audited(sources)
    table = "breaks" if row["class"] == "break" else "harmless"
    return Outcome(table=table, name=row["id"], why=_fault(audited, row["expected_severity"], case))


def _sides(
    training: list[str], serving: list[str], pythons: Sequence[str | None]
) -> Iterator[tuple[str, list[str], str | None]]:
    yield "training", training, pythons[0]
    yield "serving", serving, pythons[1]


def _side(home: str, name: str, lines: Iterable[str], python: str | None) -> str:
    folder = Path(home) / name
    folder.mkdir()
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    source = f"{name}={folder}/requirements.txt"
    if python is None:
        return source
    (folder / ".python-version").write_text(f"{python}\n", encoding="utf-8")
    return f"{source},{name}={folder}/.python-version"


def _coherence(row: Mapping[str, str], case: Mapping[str, Any]) -> Outcome:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        text = "\n".join(row["requirements"].split())
        (folder / "requirements.txt").write_text(f"{text}\n", encoding="utf-8")
        for name, content in case.get("files", {}).items():
            (folder / name).write_text(content, encoding="utf-8")
        audited = _checked(folder)
    named = {"says": _partners(row["requirements"]), **case}
    return Outcome(table="coherence", name=row["id"], why=_fault(audited, row["expected"], named))


def _partners(requirements: str) -> str:
    """A pattern of the packages that the row is about."""
    return "|".join(re.escape(text.partition("==")[0]) for text in requirements.split())


def _checked(folder: Path) -> Audited:
    report = door.check(folder, no_config=True)
    return Audited(findings=report.findings, exit_code=report.exit_code)


def _audited(sources: Sequence[str]) -> Audited:
    report = door.compare(*sources)
    return Audited(findings=report.findings, exit_code=report.exit_code)


def _artifact(file: str, case: Mapping[str, Any]) -> Outcome:
    name = f"{file} -> {', '.join(case.get('serving', ['list']))}"
    path = CASES / "artifacts" / file
    try:
        lacking = [text for text in case.get("lists", ()) if text not in _listed(path)]
        if lacking:
            return Outcome(table="artifacts", name=name, why=f"lists no {', '.join(lacking)}")
        if case["severity"] == "listed":
            return Outcome(table="artifacts", name=name, why="" if _listed(path) else "lists nothing")
        with tempfile.TemporaryDirectory() as home:
            audited = _audited([f"model={path}", _side(home, "serving", case["serving"], case.get("python"))])
    except MlauditError as error:
        return Outcome(table="artifacts", name=name, why=str(error))
    return Outcome(table="artifacts", name=name, why=_fault(audited, case["severity"], case))


def _listed(path: Path) -> list[str]:
    environments = api.listing([str(path)], Options(root=path.parent))
    readings = [reading for one in environments for reading in (*one.readings, *one.writes, *one.reads)]
    return [f"{pin.package} {pin.version or ''}".strip() for reading in readings for pin in reading.pins]


def _fault(audited: Audited, severity: str, case: Mapping[str, Any]) -> str:
    """Why a row does not hold; empty where it does."""
    errors = audited.texts("error")
    if "never" in case and any(re.search(case["never"], text) for text in audited.texts("info")):
        return f"says {case['never']}: {audited.texts('info')}"
    if severity in ("none", "quiet", "compared"):
        if errors or (severity == "quiet" and audited.texts("warning")):
            return f"says an error: {(errors or audited.texts('warning'))[0]}"
        return "nothing compared" if severity == "compared" and audited.exit_code == 3 else ""
    if severity == "any":
        return ""
    said = audited.texts(severity)
    if not said:
        return f"no {severity}: {json.dumps(audited.texts('info')[:2])}"
    if not any(re.search(case.get("says", ""), text) for text in said):
        return f"another cause: {said[0]}"
    return "more than a warning" if severity == "warning" and errors and "says" not in case else ""


def report(asked: Sequence[str] = ()) -> int:
    """Print the rows that do not hold and the shares; 1 where a bar is missed."""
    held: dict[str, list[bool]] = {}
    for one in outcomes(asked):
        held.setdefault(one.table, []).append(not one.why)
        if one.why:
            print(f"  {one.table}/{one.name}: {one.why[:300]}")
    missed = False
    for table, each in held.items():
        share = sum(each) / len(each)
        print(f"verdicts/{table}: {sum(each)} of {len(each)} hold ({share:.2f}, {BARS[table]:.2f} is the bar)")
        missed = missed or share < BARS[table]
    return int(missed)


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:]))
