"""Reports of fleets and upgrades that are made in memory, as terminals and pages show them, beside golden files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlaudit.model.fleet import FleetPair, FleetReport, FleetRepository, PackageSpread, VersionUse
from mlaudit.model.nouns import Place
from mlaudit.model.report import Report
from mlaudit.repair.upgrade.nouns import (
    AffectedArtifact,
    EnvironmentMove,
    Fate,
    Order,
    PackageMove,
    PairOrder,
    RollOutStep,
    UpgradePlan,
)
from mlaudit.reporters import _fleet_lines, _upgrade_lines, _upgrade_markdown
from mlaudit.reporters._facts import with_findings
from mlaudit.reporters._markdown import Room, document
from mlaudit.reporters._registry import Style, render
from tests.parser_cases import FIXTURES, REGENERATE
from tests.reports import KNOWN, OTHER, finding_of, made_of

STYLE = Style(width=80)


def fleet(**more: Any) -> FleetReport:
    """A fleet of twelve repositories that were given up and one that was audited."""
    lost = [FleetRepository(name=f"lost-{number:02}", kind="bare", why="it has no commit") for number in range(12)]
    audited = FleetRepository(name="shop", kind="checkout", environments=2, pairs=1, unread=3, error=2)
    finding = {
        "code": "MLA101",
        "severity": "error",
        "package": "numpy",
        "name": "artifact-unreadable",
        "expected": "2.1.3",
        "actual": "1.26.4",
    }
    pairs = (
        FleetPair(writer="shop:training", reader="shop:serving", severity="error", findings=(finding,)),
        FleetPair(writer="shop:training", reader="lost-00:serving", why="lost-00 could not be read"),
    )
    report = FleetReport(
        knowledge="2026-11-22",
        repositories=(*lost, audited),
        pairs=pairs,
        versions=(VersionUse(package="numpy", version="2.1.3", count=1, where=("shop:training",)),),
        clusters=(),
        drifts=(PackageSpread(package="numpy", differing=1, compared=1, versions=2),),
        risks=(),
        exit_code=1,
        environments=2,
        compared=1,
        differing=1,
    )
    return replace(report, **more)


def upgrade(**more: Any) -> UpgradePlan:
    """A plan that is to be made by hand in one environment, with more of everything than is shown."""
    at = Place(path="serving/requirements.txt", line=3)
    by_hand = EnvironmentMove(environment="serving", was="1.3.2", statements=(at,), refusal="its file is read-only")
    artifacts = [
        AffectedArtifact(
            name=f"model-{number}.pkl",
            at=None,
            writer="training",
            reader="serving",
            package="scikit-learn",
            written="1.3.2",
            read="1.5.2",
            fate=fate,
            says="Trees of 1.3.2 are not read.",
            remedy="Load it with 1.3.2 and save it as ONNX." if number % 2 else "",
            already=False,
        )
        for number, fate in enumerate([Fate.BREAKS] * 6 + [Fate.UNPROMISED] * 4)
    ]
    findings = tuple(
        finding_of(package=f"package-{number}", actual="1.0", message=f"Package {number} breaks.", at=at)
        for number in range(8)
    )
    plan = UpgradePlan(
        targets=(("scikit-learn", "1.5.2"),),
        proposed=False,
        moves=(
            PackageMove(package="scikit-learn", to="1.5.2", because="", asked=True, environments=(by_hand,)),
            PackageMove(package="numpy", to="2.1.3", because="", asked=True, environments=()),
        ),
        unsolved=(),
        artifacts=tuple(artifacts),
        orders=(PairOrder(writer="training", reader="serving", order=Order.WRITERS_FIRST, because=("It is so.",)),),
        steps=(RollOutStep(environments=("serving",), packages=("scikit-learn",)),),
        unknown=tuple(f"package-{number} is not in the release index" for number in range(9)),
        before=(),
        after=findings,
        fresh=frozenset((findings[0].fingerprint,)),
        index="2026-11-22",
        gave_up=False,
        search_steps=1,
        uniform=False,
    )
    return replace(plan, **more)


MADE: dict[str, Callable[[], str]] = {
    "fleet": lambda: _fleet_lines.as_table(fleet(), STYLE),
    "fleet-of-nothing": lambda: _fleet_lines.as_table(fleet(pairs=(), drifts=(), repositories=()), STYLE),
    "upgrade": lambda: _upgrade_lines.as_table(upgrade(), STYLE),
    "upgrade-page": lambda: _upgrade_markdown.as_markdown(upgrade()),
    "upgrade-of-nothing": lambda: _upgrade_lines.as_table(
        upgrade(
            moves=(), artifacts=(), after=(), orders=(), steps=(), unknown=(), before=upgrade().after, uniform=True
        ),
        STYLE,
    ),
    "upgrade-done": lambda: _upgrade_lines.as_table(
        upgrade(moves=upgrade().moves[1:], artifacts=(), after=(), orders=(), steps=(), unknown=(), uniform=True), STYLE
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_a_made_report_is_shown_as_before(name: str) -> None:
    golden: Path = FIXTURES / "reports" / f"{name}.txt"
    shown = MADE[name]()
    if REGENERATE:
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


NUMBERS = range(12)


def long_report() -> Report:
    """Two sides that differ in many packages that nobody watches, with entries that were not read."""
    training = [*KNOWN, *(f"package-{number}==1.0" for number in NUMBERS)]
    serving = [*OTHER, *(f"package-{number}==2.0" for number in NUMBERS), *(f"!{number}" for number in NUMBERS)]
    return made_of({"training": "\n".join(training), "serving": "\n".join(serving)})


def test_a_page_counts_what_it_has_no_room_for() -> None:
    report = long_report()
    text = document(report, Room(characters=3_000, rows=4, entries=5))
    assert len(text) <= 3_000
    lines = [line for line in text.splitlines() if line.startswith(("and ", "- and ")) or line.endswith("here.")]
    assert lines[0] == f"and {len(with_findings(report)) - 4} packages more."
    assert re.fullmatch(r"\d+ findings more; there is no room for them here\.", lines[1])
    assert 0 < int(lines[1].split()[0]) < len(report.findings)
    assert lines[2:] == ["- and 7 more"]


def test_the_same_in_many_environments_is_folded() -> None:
    report = made_of({"training": "numpy==2.1.3", **{f"serving-{number}": "numpy==1.26.4" for number in range(30)}})
    shown = render("html")(report, STYLE)
    assert "<details><summary>The same in 29 more environments</summary>" in shown
    assert "<details><summary>19 more places</summary>" in shown
    assert "<details><summary>All 31 environments</summary>" in shown
