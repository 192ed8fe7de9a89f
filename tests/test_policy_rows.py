"""What policy makes of single hits: what silences, in which order findings are, and what their fingerprints are of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from mlaudit.document.document import Document
from mlaudit.model.errors import UsageError
from mlaudit.model.nouns import Evidence, Place, Role, Severity, Waiver
from mlaudit.model.report import Finding, Hit, Location, Report
from mlaudit.policy.apply import Outcome, RuleHit, apply
from mlaudit.policy.baseline import SCHEMA, dumps, loads
from mlaudit.policy.fold import folded
from mlaudit.request.config_file import load
from mlaudit.rules._registry import rules
from tests.reports import TODAY, made_of

PAIR = ("training", "serving")
AT = Place(path="a.txt", line=3, column=1)


def hit(code: str, package: str | None = "numpy", environments: tuple[str, ...] = PAIR, **more: Any) -> RuleHit:
    return RuleHit(
        rules()[code], Hit(**{"message": "", "at": AT, "package": package, "environments": environments, **more})
    )


def outcome(hits: Sequence[RuleHit], configuration: str = "", **more: Any) -> Outcome:
    settings = load(Document("mlaudit.toml", configuration.encode()))
    return apply(iter(hits), settings, **{"today": TODAY, "baseline": {}, **more})


def codes(findings: Sequence[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def reasons(found: Outcome) -> list[tuple[str | None, str | None]]:
    return [(one.suppressed, one.suppressed_by) for one in found.suppressed]


# What was proven


@pytest.mark.parametrize(
    ("code", "environments", "is_proven"),
    [
        ("MLA101", PAIR, True),
        ("MLA102", PAIR, True),
        ("MLA103", PAIR, True),
        ("MLA401", PAIR, True),
        ("MLA104", PAIR, False),
        ("MLA001", PAIR, False),
        ("MLA410", PAIR, False),
        ("MLA101", ("serving", "training"), False),
        ("MLA101", ("training", "batch"), False),
        ("MLA101", ("training",), False),
        ("MLA101", (*PAIR, "batch"), False),
    ],
)
def test_a_proof_silences_what_is_expected_of_loading(
    code: str, environments: tuple[str, ...], is_proven: bool
) -> None:
    found = outcome([hit(code, environments=environments)], proven={PAIR: "all 3 models give the same"})
    assert reasons(found) == ([("all 3 models give the same", "evidence")] if is_proven else [])
    assert codes(found.findings) == ([] if is_proven else [code])


def test_a_version_group_is_named_before_a_proof() -> None:
    group = '[[version-groups]]\npackages = ["numpy"]\nmay-differ = true\n'
    found = outcome([hit("MLA101")], group, proven={PAIR: "all models give the same"})
    assert reasons(found) == [("its version group may differ", "configuration")]


# What silences a weaker rule


@pytest.mark.parametrize("code", ["MLA410", "MLA411", "MLA412", "MLA413"])
@pytest.mark.parametrize(
    ("severity", "known", "remains"),
    [
        (Severity.ERROR, Severity.ERROR, False),
        (Severity.ERROR, Severity.WARNING, True),
        (Severity.WARNING, Severity.WARNING, False),
        (Severity.INFO, Severity.INFO, False),
    ],
)
def test_an_error_that_the_readers_code_shows_stays_beside_a_milder_fact(
    code: str, severity: Severity, known: Severity, remains: bool
) -> None:
    found = outcome([hit("MLA101", severity=known), hit(code, severity=severity)])
    assert set(codes(found.findings)) == ({"MLA101", code} if remains else {"MLA101"})


def test_an_error_of_versions_is_silenced_by_a_milder_fact() -> None:
    found = outcome([hit("MLA102", severity=Severity.WARNING), hit("MLA001", severity=Severity.ERROR)])
    assert codes(found.findings) == ["MLA102"]


def test_the_worst_of_several_facts_silences() -> None:
    milder, worse = hit("MLA101", severity=Severity.WARNING), hit("MLA401", severity=Severity.ERROR)
    for strong in ([milder, worse], [worse, milder]):
        assert "MLA410" not in codes(outcome([*strong, hit("MLA410")]).findings)


# Order and counts


def test_findings_are_by_severity_code_package_environments_and_place() -> None:
    def at(path: str, line: int | None, column: int | None) -> Place:
        return Place(path=path, line=line, column=column)

    ordered = [
        hit("MLA101"),
        hit("MLA001", None, message="a"),
        hit("MLA001", "A"),
        hit("MLA001", "a", ("a", "b")),
        hit("MLA001", "a", ("a", "c"), at=at("a", None, None)),
        hit("MLA001", "a", ("a", "c"), at=at("a", 1, None), message="z"),
        hit("MLA001", "a", ("a", "c"), at=at("a", 1, 1), message="a"),
        hit("MLA001", "a", ("a", "c"), at=at("a", 1, 1), message="b"),
        hit("MLA001", "a", ("a", "c"), at=at("a", 1, 2)),
        hit("MLA001", "a", ("a", "c"), at=at("a", 2, 1)),
        hit("MLA001", "a", ("a", "c"), at=at("b", 1, 1)),
        hit("MLA001", "b", ("a", "b")),
        hit("MLA005", "a"),
        hit("MLA003", "a"),
    ]
    expected = [(one.rule.code, one.hit) for one in ordered]
    for hits in (ordered, ordered[::-1]):
        found = outcome(hits).findings
        keys = [(one.code, one.package, one.environments, one.at, one.message) for one in found]
        assert keys == [(code, one.package, one.environments, one.at, one.message) for code, one in expected]


@pytest.mark.parametrize(
    ("more", "title", "says"),
    [
        ({}, "versions differ", ""),
        ({"actual": "1.26.0"}, "versions differ", "1.26.0"),
        ({"actual": "1.26.0", "says": "==1.26.0"}, "versions differ", "==1.26.0"),
        ({"actual": "1.26.0", "says": ""}, "versions differ", ""),
        ({"title": "builds differ"}, "builds differ", ""),
    ],
)
def test_a_finding_has_the_words_of_its_hit_before_those_of_its_rule(
    more: dict[str, Any], title: str, says: str
) -> None:
    (found,) = outcome([hit("MLA001", **more)]).findings
    assert (found.title, found.says, found.name, found.fact) == (title, says, "version-differs", "version")


@pytest.mark.parametrize(
    ("fail_on", "severity", "failed"),
    [
        ("error", Severity.ERROR, True),
        ("error", Severity.WARNING, False),
        ("warning", Severity.ERROR, True),
        ("warning", Severity.WARNING, True),
        ("warning", Severity.INFO, False),
        ("info", Severity.INFO, True),
        ("never", Severity.ERROR, False),
    ],
)
def test_what_fails_a_run(fail_on: str, severity: Severity, failed: bool) -> None:
    assert outcome([hit("MLA001", severity=severity)], f'fail-on = "{fail_on}"').failed is failed


def test_what_is_left_out_is_counted_once() -> None:
    hits = [hit("MLA101"), hit("MLA001"), hit("MLA005"), hit("MLA003", "scipy")]
    assert outcome(hits, 'ignore-codes = ["MLA1"]').counts == {"left_out": 1, "warning": 1, "info": 1}
    assert outcome(hits, 'select = ["MLA003"]').counts == {"left_out": 2, "info": 1}
    assert outcome(hits).counts == {"error": 1, "warning": 1, "info": 1}


# Rows and waivers


@pytest.mark.parametrize(
    ("row", "package", "environments", "matched"),
    [
        ('package = "numpy"', "numpy", PAIR, True),
        ('package = "numpy"', "scipy", PAIR, False),
        ('package = "*"', None, (), True),
        ('package = "?*"', None, (), False),
        ('environment = "serv*"', "numpy", PAIR, True),
        ('environment = "batch"', "numpy", PAIR, False),
        ('environment = "*"', "numpy", (), False),
        ('code = "MLA001"', "numpy", PAIR, True),
        ('code = "version-differs"', "numpy", PAIR, True),
        ('code = "MLA002"', "numpy", PAIR, False),
    ],
)
def test_a_row_speaks_of_what_all_its_words_match(
    row: str, package: str | None, environments: tuple[str, ...], matched: bool
) -> None:
    found = outcome([hit("MLA001", package, environments)], f'[[ignore]]\n{row}\nreason = "known"\n')
    assert bool(found.suppressed) is matched
    assert ("MLA902" in codes(found.findings)) is not matched


@pytest.mark.parametrize(
    ("codes_of_it", "at", "waives"),
    [
        (("MLA001",), AT, True),
        (("version-differs",), AT, True),
        (("MLA002", "MLA001"), AT, True),
        (("MLA002",), AT, False),
        (("MLA001",), replace(AT, column=9), True),
        (("MLA001",), replace(AT, line=4), False),
        (("MLA001",), replace(AT, path="b.txt"), False),
        (("MLA001",), Place(path="b.txt", line=7), True),
    ],
)
def test_a_waiver_covers_the_lines_of_a_finding(codes_of_it: tuple[str, ...], at: Place, waives: bool) -> None:
    waiver = Waiver(codes=codes_of_it, reason="old model", at=at)
    related = (Location(Place(path="b.txt", line=7), Role.STATEMENT, "1"),)
    found = outcome([hit("MLA001", related=related)], waivers=[waiver])
    assert reasons(found) == ([("old model", "waiver")] if waives else [])
    stale = [one for one in found.findings if one.code == "MLA902"]
    assert [one.message for one in stale] == (
        [] if waives else [f"This waiver ({', '.join(codes_of_it)}) matches no finding; delete it."]
    )
    for left_out in ('ignore-codes = ["MLA902"]', 'select = ["MLA001"]'):
        hushed = outcome([hit("MLA001", related=related)], left_out, waivers=[waiver]).findings
        assert "MLA902" not in codes(hushed)


def test_waivers_of_other_codes_are_other_facts() -> None:
    waivers = [Waiver(codes=names, reason="", at=AT) for names in (("MLA001", "MLA002"), ("MLA001",), ("MLA0", "01"))]
    found = outcome([], waivers=waivers).findings
    assert len({one.fingerprint for one in found}) == 3
    assert {one.fingerprint for one in found} == {
        one.fingerprint for one in outcome([], waivers=[replace(one, reason="x") for one in waivers]).findings
    }


@pytest.mark.parametrize(("until", "shown"), [(date(2026, 11, 21), ["MLA001", "MLA903"]), (TODAY, [])])
def test_an_expired_row_is_said_and_hides_nothing(until: date, shown: list[str]) -> None:
    row = f'[[ignore]]\npackage = "numpy"\nreason = "x"\nuntil = {until}\n'
    assert codes(outcome([hit("MLA001")], row).findings) == shown


# Fingerprints and baselines

PINNED = [
    "529fab57861b4b6a38f176a05eb7041d",
    "34015546e3f0bb8f663ad83f50f6b7a4",
    "41fa0309829f5f257d2b90d7c7e38107",
    "8f02bb439d79f4711f571d4f5a59af7f",
]


def prints(**more: Any) -> str:
    (found,) = outcome([hit("MLA001", **more)]).findings
    return found.fingerprint


def test_only_a_hit_of_nothing_is_known_by_its_file() -> None:
    other = replace(AT, path="b.txt")
    assert prints(at=AT) == prints(at=other)
    assert prints(package=None, at=AT) == prints(package=None, at=other)
    assert prints(package=None, environments=(), values=("a",), at=AT) == prints(
        package=None, environments=(), values=("a",), at=other
    )
    assert prints(environments=(), at=AT) == prints(environments=(), at=other)
    assert prints(package=None, environments=(), at=AT) != prints(package=None, environments=(), at=other)


def test_fingerprints_stay_what_baselines_have() -> None:
    """A change of these values breaks every baseline that is in use."""
    found = [
        prints(expected="2.1.3", actual="1.26.0"),
        prints(values=("a", "b")),
        prints(package=None, environments=()),
        prints(),
    ]
    assert found == PINNED


def test_what_no_encoding_has_still_has_a_fingerprint() -> None:
    assert len(prints(expected="\ud800")) == 32
    assert prints(values=("a", "b")) == prints(values=("a", "b"), expected="1", actual="2")


def test_a_baseline_is_one_line_a_finding_in_the_order_of_their_texts() -> None:
    report = made_of({"training": "numpy==2.1.3\nscipy==1.15.2\n", "serving": "numpy==1.26.0\nscipy==1.13.0\n"})
    text = dumps(report)
    rows = json.loads(text)["findings"]
    assert [row.partition(":")[0] for row in rows.values()] == sorted(
        f"{one.code} {one.package}" for one in report.findings
    )
    assert text.splitlines()[:3] == ["{", f' "schema": "{SCHEMA}",', ' "findings": {']
    assert text.endswith("}\n")
    same = replace(report, findings=tuple(_twins(report)))
    assert list(json.loads(dumps(same))["findings"]) == ["0" * 32, "1" * 32]


def _twins(report: Report) -> Iterator[Finding]:
    for digit in "10":
        yield replace(report.findings[0], fingerprint=digit * 32)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "other/1", "findings": {}}'])
def test_what_is_no_baseline_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match=r"known\.json is no baseline: .*--write-baseline makes one"):
        loads(Document("known.json", text.encode()))


# Folding

EVIDENCE = (Evidence(source="https://example.com", checked="2026-01-01"),)


@pytest.mark.parametrize(
    ("leader", "follower", "is_folded"),
    [
        (hit("MLA001", "torch"), hit("MLA001", "torchvision"), True),
        (hit("MLA302", "torch"), hit("MLA302", "torchvision"), True),
        (hit("MLA302", "torch"), hit("MLA001", "torchvision"), True),
        (hit("MLA101", "torch"), hit("MLA003", "torchvision"), True),
        (hit("MLA001", "torch"), hit("MLA101", "torchvision"), False),
        (hit("MLA001", "torch"), hit("MLA005", "torchvision"), False),
        (hit("MLA005", "torch"), hit("MLA001", "torchvision"), False),
        (hit("MLA504", "torch"), hit("MLA001", "torchvision"), False),
        (hit("MLA001", "torch", ("a", "b")), hit("MLA001", "torchvision"), False),
        (hit("MLA001", "numpy"), hit("MLA001", "torchvision"), False),
        (hit("MLA001", "torch"), hit("MLA001", None), False),
        (hit("MLA001", "torch"), hit("MLA001", "torchvision", severity=Severity.WARNING), True),
        (hit("MLA001", "torch"), hit("MLA001", "torchvision", evidence=EVIDENCE), True),
        (hit("MLA001", "torch"), hit("MLA001", "torchvision", evidence=EVIDENCE, severity=Severity.INFO), True),
        (hit("MLA001", "torch"), hit("MLA001", "torchvision", evidence=EVIDENCE, severity=Severity.WARNING), False),
        (hit("MLA001", "torch"), hit("MLA001", "torchvision", evidence=EVIDENCE, severity=Severity.ERROR), False),
    ],
)
def test_what_merely_moved_with_its_leader_is_reported_with_it(
    leader: RuleHit, follower: RuleHit, is_folded: bool
) -> None:
    follower = RuleHit(follower.rule, replace(follower.hit, expected="1", actual="2"))
    beside = hit("MLA504", leader.hit.package)
    for judged in ([leader, beside, follower], [follower, beside, leader]):
        found = folded([*judged, follower])
        assert len(found) == (2 if is_folded else 4)
        covers = {one.rule.code: one.hit.covers for one in found if one.hit.package == leader.hit.package}
        assert covers["MLA504"] == ()
        if is_folded:
            assert covers[leader.rule.code] == ("torchvision 1 → 2",)
