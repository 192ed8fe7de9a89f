"""Every output over `fixtures/cases`: what it says stands in `expected.<format>`, and the JSON keeps to its schema."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import tomli

from mlaudit import __version__
from mlaudit.api import check, compare
from mlaudit.discovery.configuration import settings_for
from mlaudit.document.document import Document
from mlaudit.model.report import Report
from mlaudit.policy.baseline import loads
from mlaudit.reporters._registry import Style, formats, render
from mlaudit.request.asked import Overlay
from mlaudit.request.options import Options
from tests.parser_cases import FIXTURES, REGENERATE
from tests.reports import TODAY

CASES = sorted(path.name for path in (FIXTURES / "cases").iterdir() if path.is_dir())


def report_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The report of a case; `run.toml` says where it is run from and what is compared, else its configuration does."""
    case = FIXTURES / "cases" / name
    file = case / "run.toml"
    run = tomli.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    monkeypatch.chdir(case / run.get("folder", "."))
    here = Path()
    settings = settings_for(
        here,
        here,
        None,
        Overlay(select=tuple(run.get("select", ()))),
        codes=frozenset(),
    )
    known = Path("baseline.json")
    baseline = loads(Document(known.name, known.read_bytes())) if known.exists() else None
    options = Options(root=here, settings=settings, today=TODAY, baseline=baseline)
    report = compare(run["compare"], options) if "compare" in run else check([], options)
    return dataclasses.replace(report, knowledge="@@KNOWLEDGE@@")


def shown(report: Report, name: str) -> str:
    """What a reporter says, without what is not of the case: versions, rules without findings, style and script."""
    text = render(name)(report, Style())
    if name == "sarif":
        text = _with_used_rules_alone(text)
    if name == "html":
        text = re.sub(r"(?s)<(style|script)>.*?</\1>", r"<\1></\1>", text)
        text = re.sub(r"'sha256-[^']+'", "'sha256-@@HASH@@'", text)
    return text.replace(f'"{__version__}"', '"@@VERSION@@"').replace(f"mlaudit {__version__}", "mlaudit @@VERSION@@")


def _with_used_rules_alone(text: str) -> str:
    log = json.loads(text)
    (run,) = log["runs"]
    used = {result["ruleId"] for result in run["results"]}
    run["tool"]["driver"]["rules"] = [rule for rule in run["tool"]["driver"]["rules"] if rule["id"] in used]
    for result in run["results"]:
        del result["ruleIndex"]
    return json.dumps(log, indent=2) + "\n"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("format_name", formats())
def test_says_what_is_expected(name: str, format_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    actual = shown(report_of(name, monkeypatch), format_name)
    expected = FIXTURES / "cases" / name / f"expected.{format_name}"
    if REGENERATE:
        expected.write_text(actual, encoding="utf-8", newline="\n")
    assert actual == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_has_an_expectation_for_every_format_and_no_other(name: str) -> None:
    held = {path.name.removeprefix("expected.") for path in (FIXTURES / "cases" / name).glob("expected.*")}
    assert held == set(formats())


@pytest.mark.parametrize("format_name", formats())
def test_says_the_same_twice(format_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    once, twice = (shown(report_of("policy", monkeypatch), format_name) for _ in range(2))
    assert once == twice
