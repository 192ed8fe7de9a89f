"""What the user says about findings: which of them a row speaks of, in which order, and what fingerprints hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.nouns import Evidence, Place, Role, Severity
from mlaudit.model.report import Environment, Finding, Hit, Location, Report
from mlaudit.parsers._read import read
from mlaudit.policy.apply import RuleHit, apply
from mlaudit.policy.baseline import dumps, loads
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.config_file import load
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted
from mlaudit.rules._registry import rules
from tests.reports import audited

TODAY = date(2026, 11, 22)
NUMPY = ("numpy==2.1.3\n", "numpy==1.26.0\n")


def sides(training: str, serving: str, folder: str = "") -> list[Environment]:
    return [
        environment(
            EnvironmentRequest(name=name, role=name, follows=() if name == "training" else ("training",)),
            [read(Document(f"{folder}{name}/requirements.txt", text.encode()))],
            Wanted(),
        )
        for name, text in (("training", training), ("serving", serving))
    ]


def report(texts: tuple[str, str], configuration: str = "", *, partial: bool = False) -> Report:
    settings = load(Document("mlaudit.toml", configuration.encode()))
    return audited("compare", sides(*texts), settings, partial=partial)


def codes(found: Report) -> list[str]:
    return [finding.code for finding in found.findings]


def test_the_break_is_told_once_and_as_the_break() -> None:
    assert codes(report(NUMPY)) == ["MLA101"]


@pytest.mark.parametrize("code", ["MLA001", "MLA002", "MLA003", "version-differs"])
def test_what_is_said_of_a_weak_rule_does_not_touch_what_a_stronger_one_found(code: str) -> None:
    assert "MLA001" in rules()["MLA101"].supersedes
    for row in (f'[severity]\n{code} = "info"', f'[[ignore]]\ncode = "{code}"\nreason = "ranges are our way"'):
        found = report(NUMPY, row)
        assert [(one.code, one.severity) for one in found.findings if one.package] == [("MLA101", Severity.ERROR)]
        assert found.exit_code == 1


def test_a_waiver_of_a_weak_rule_does_not_cover_a_stronger_one() -> None:
    def with_waiver(code: str) -> Report:
        return report(("numpy==2.1.3\n", f"numpy==1.26.0  # mlaudit: ignore[{code}] retrained tonight\n"))

    assert "MLA101" in codes(with_waiver("MLA001"))
    for code in ("MLA101", "artifact-unreadable"):
        assert codes(with_waiver(code)) == []
        assert [one.suppressed for one in with_waiver(code).suppressed] == ["retrained tonight"]


@pytest.mark.parametrize(
    "row",
    [
        '[[ignore]]\ncode = "MLA101"\nreason = "retrained tonight"',
        'ignore-codes = ["MLA101"]',
        'ignore-codes = ["artifact-unreadable"]',
        'ignore-codes = ["MLA1"]',
    ],
)
def test_ignoring_the_strong_rule_does_not_bring_the_weak_one_back(row: str) -> None:
    found = report(NUMPY, row)
    assert codes(found) == []
    assert found.exit_code == 0


def test_selecting_the_weak_rule_asks_for_it() -> None:
    assert codes(report(NUMPY, 'select = ["MLA001"]')) == ["MLA001"]
    assert codes(report(NUMPY, 'select = ["MLA1", "version-differs"]')) == ["MLA101"]


def test_the_last_row_that_speaks_of_a_finding_sets_its_severity() -> None:
    rows = '[severity]\nMLA101 = "info"\n[[severity-for]]\npackage = "num*"\nenvironment = "serv*"\nlevel = "warning"\n'
    assert [one.severity for one in report(NUMPY, rows).findings] == [Severity.WARNING]
    elsewhere = rows.replace("serv*", "batch")
    assert [one.severity for one in report(NUMPY, elsewhere).findings] == [Severity.INFO]


def test_a_version_group_that_may_differ_suppresses_with_its_reason() -> None:
    group = '[[version-groups]]\npackages = ["num*"]\nmay-differ = true\nreason = "uploads only"\n'
    found = report(NUMPY, group)
    assert (codes(found), found.exit_code) == ([], 0)
    assert [(one.code, one.suppressed) for one in found.suppressed] == [("MLA101", "uploads only")]
    assert codes(report(NUMPY, group.replace("num*", "scipy"))) == ["MLA101"]
    assert codes(report(NUMPY, group + 'environments = ["batch"]\n')) == ["MLA101"]
    assert codes(report(NUMPY, group + 'environments = ["serving"]\n')) == []


def test_what_may_differ_must_still_fit_inside_each_environment() -> None:
    texts = ("scipy==1.12.0\nnumpy==2.1.3\n", "scipy==1.12.0\nnumpy==1.26.4\n")
    group = '[[version-groups]]\npackages = ["*"]\nmay-differ = true\n'
    assert [(one.code, one.environments) for one in report(texts, group).findings] == [("MLA202", ("training",))]


def test_two_packages_that_do_not_fit_are_one_finding() -> None:
    texts = ("scipy==1.12.0\nnumpy==2.1.3\n", "scipy==1.12.0\nnumpy==2.1.3\n")
    assert [one.code for one in report(texts).findings] == ["MLA202", "MLA202"]
    weaker = report(texts, 'select = ["MLA201"]')
    assert [one.code for one in weaker.findings] == ["MLA201", "MLA201"]
    assert {one.fingerprint for one in weaker.findings} == {one.fingerprint for one in report(texts).findings}


def test_a_pair_that_does_not_fit_hides_no_other_pair() -> None:
    at = Place(path="a")
    pairs = [Hit(message=other, at=at, package="scipy", other=other, environments=("serving",)) for other in "ab"]
    judged = [RuleHit(rules()["MLA202"], pairs[0]), *(RuleHit(rules()["MLA203"], pair) for pair in pairs)]
    found = apply(judged, Settings(), today=TODAY, baseline={}).findings
    assert [(one.code, one.message) for one in found] == [("MLA202", "a"), ("MLA203", "b")]


@pytest.mark.parametrize(
    ("environments", "codes"),
    [
        (("training", "serving"), ["MLA101"]),
        (("serving", "training"), ["MLA101"]),
        (("training", "batch"), ["MLA101", "MLA001"]),
        (("batch", "serving"), ["MLA101", "MLA001"]),
        (("serving",), ["MLA101", "MLA001"]),
        (("training", "serving", "batch"), ["MLA101", "MLA001"]),
    ],
)
def test_a_break_between_two_environments_hides_nothing_of_others(
    environments: tuple[str, ...], codes: list[str]
) -> None:
    at = Place(path="a")
    strong = Hit(message="", at=at, package="numpy", environments=("training", "serving"))
    weak = Hit(message="", at=at, package="numpy", environments=environments)
    for judged in ([("MLA101", strong), ("MLA001", weak)], [("MLA001", weak), ("MLA101", strong)]):
        hits = [RuleHit(rules()[code], hit) for code, hit in judged]
        assert [one.code for one in apply(hits, Settings(), today=TODAY, baseline={}).findings] == codes


STALE = '[[ignore]]\npackage = "pandas"\nreason = "only formats timestamps"\n'


def test_an_ignore_is_stale_only_where_everything_was_looked_at() -> None:
    assert "MLA902" in codes(report(NUMPY, STALE))
    assert "MLA902" not in codes(report(NUMPY, STALE, partial=True))
    settings = load(Document("mlaudit.toml", STALE.encode()))
    assert "MLA902" not in codes(audited("check", sides(*NUMPY), settings, only=["numpy"]))
    expired = STALE + "until = 2026-11-21\n"
    assert "MLA903" in codes(report(NUMPY, expired, partial=True))


def test_a_waiver_is_stale_only_where_everything_was_looked_at() -> None:
    texts = ("numpy==2.1.3\n", "numpy==2.1.3  # mlaudit: ignore[MLA101] retrained tonight\n")
    assert codes(report(texts)) == ["MLA902"]
    assert codes(report(texts, partial=True)) == []


def test_what_a_baseline_knows_is_mended_only_where_everything_was_looked_at() -> None:
    known = {"f" * 32: "MLA101 torch: gone"}
    whole = audited("check", sides(*NUMPY), Settings(), baseline=known)
    part = audited("check", sides(*NUMPY), Settings(), baseline=known, partial=True)
    assert [note for note in whole.notes if "MLA101 torch" in note]
    assert not part.notes


@pytest.mark.parametrize(("day", "suppressed"), [("2026-11-22", True), ("2026-11-21", False)])
def test_an_ignore_holds_through_its_last_day(day: str, suppressed: bool) -> None:
    found = report(NUMPY, f'[[ignore]]\npackage = "numpy"\nreason = "x"\nuntil = {day}\n')
    assert bool(found.suppressed) is suppressed
    assert ("MLA903" in codes(found)) is not suppressed


def test_a_guessed_pair_with_rivals_fails_nobody() -> None:
    uncertain = frozenset({("training", "serving")})
    found = audited("check", sides(*NUMPY), Settings(), uncertain=uncertain)
    assert [(one.code, one.severity) for one in found.findings] == [("MLA101", Severity.WARNING)]


def test_findings_stand_worst_first_and_in_one_order() -> None:
    texts = ("numpy==2.1.3\nscipy==1.15.2\nxgboost==3.1.1\n", "xgboost==3.0.5\nscipy==1.13.0\nnumpy==1.26.0\n")
    found = report(texts).findings
    keys = [(one.severity.rank, one.code, one.package) for one in found]
    assert keys == sorted(keys)
    assert len({one.severity for one in found}) > 1


def test_the_milder_findings_of_a_guessed_pair_stay_as_they_are() -> None:
    texts = ("scipy==1.15.2\n", "scipy==1.15.1\n")
    uncertain = frozenset({("training", "serving")})
    (plain,) = report(texts).findings
    (guessed,) = audited("check", sides(*texts), Settings(), uncertain=uncertain).findings
    assert guessed.severity is plain.severity is Severity.INFO


def test_the_first_reason_why_a_finding_does_not_count_is_told() -> None:
    row = '[[ignore]]\npackage = "numpy"\nreason = "retrained tonight"\n'
    waived = ("numpy==2.1.3\n", "numpy==1.26.0  # mlaudit: ignore[MLA101] old model\n")
    settings = load(Document("mlaudit.toml", row.encode()))
    (finding,) = report(waived, row).suppressed
    known = {finding.fingerprint: ""}
    for texts in (NUMPY, waived):
        (found,) = audited("check", sides(*texts), settings, baseline=known).suppressed
        assert found.suppressed == "retrained tonight"
    (found,) = audited("check", sides(*NUMPY), Settings(), baseline=known).suppressed
    assert found.suppressed == "in the baseline"


def test_a_baseline_holds_what_no_ignore_covers() -> None:
    row = '[[ignore]]\npackage = "numpy"\nreason = "retrained tonight"\n'
    texts = ("numpy==2.1.3\nscipy==1.15.2\n", "numpy==1.26.0\nscipy==1.13.0\n")
    found = report(texts, row)
    held = loads(Document("baseline.json", dumps(found).encode()))
    assert held.keys() == {one.fingerprint for one in found.findings}
    again = audited("check", sides(*texts), Settings(), baseline=held)
    assert [one.package for one in again.findings] == ["numpy"]
    assert loads(Document("baseline.json", dumps(again).encode())).keys() > held.keys()


# Fingerprints


def of(hit: Hit, code: str = "MLA101") -> Finding:
    (found,) = apply([RuleHit(rules()[code], hit)], Settings(), today=TODAY, baseline={}).findings
    return found


TEXTS = st.text(max_size=20)
PLACES = st.builds(Place, path=st.text(min_size=1, max_size=9), line=st.integers(1, 99), column=st.integers(1, 99))
HITS = st.builds(
    Hit,
    message=TEXTS,
    at=PLACES,
    package=st.sampled_from(("numpy", "torch")),
    environments=st.just(("training", "serving")),
    expected=st.sampled_from(("1.0", "2.0")),
    actual=st.sampled_from(("1.0", "2.0")),
)


@given(
    hit=HITS,
    message=TEXTS,
    at=PLACES,
    related=st.lists(st.builds(Location, PLACES, st.sampled_from(Role), TEXTS), max_size=2).map(tuple),
    details=st.lists(TEXTS, max_size=2).map(tuple),
    severity=st.sampled_from(Severity),
    code=st.sampled_from(("MLA001", "MLA002", "MLA003", "MLA101", "MLA102", "MLA103", "MLA104")),
)
def test_no_wording_place_severity_or_knowledge_changes_a_fingerprint(
    hit: Hit,
    message: str,
    at: Place,
    related: tuple[Location, ...],
    details: tuple[str, ...],
    severity: Severity,
    code: str,
) -> None:
    evidence = (Evidence(source="https://example.com", checked="2030-01-01"),)
    other = replace(hit, message=message, at=at, related=related, details=details, severity=severity, evidence=evidence)
    assert of(other, code).fingerprint == of(hit).fingerprint


@given(one=HITS, other=HITS)
def test_another_package_or_value_is_another_fingerprint(one: Hit, other: Hit) -> None:
    facts = [(hit.package, hit.expected, hit.actual) for hit in (one, other)]
    assert (of(one).fingerprint == of(other).fingerprint) is (facts[0] == facts[1])


def test_a_fact_of_another_family_or_between_others_is_another_fingerprint() -> None:
    hit = Hit(message="", at=Place(path="a"), package="torch", environments=("a", "b"), expected="1", actual="2")
    prints = {
        of(hit, "MLA001").fingerprint,
        of(hit, "MLA302").fingerprint,
        of(replace(hit, environments=("b", "a"))).fingerprint,
        of(replace(hit, environments=("a",))).fingerprint,
    }
    assert len(prints) == 4


def test_moved_files_and_lines_keep_the_fingerprints_of_a_whole_audit() -> None:
    training = "numpy==2.1.3\nscipy==1.12.0\ntorch==2.5.1+cu124\n=oops=\n"
    serving = "numpy==1.26.0\nscipy==1.12.0\ntorch==2.5.1+cpu\n"

    def prints(found: Report) -> set[tuple[str, str]]:
        return {(one.code, one.fingerprint) for one in found.findings}

    here = audited("check", sides(training, serving), Settings())
    turned = "# moved\n\n" + "".join(reversed(training.splitlines(keepends=True)))
    there = audited("check", sides(turned, "\n" + serving, folder="apps/"), Settings())
    assert prints(here) == prints(there)
    assert len(here.findings) >= 4
