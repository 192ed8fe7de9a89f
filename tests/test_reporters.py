"""Reporters under texts that mean something in their medium, and the published schemas under what is written."""

from __future__ import annotations

import csv
import json
import re
from enum import Enum
from html.parser import HTMLParser
from importlib import resources
from io import StringIO
from typing import Any
from unicodedata import category
from xml.etree import ElementTree

import pytest
import tomli
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mlaudit.model import nouns as model
from mlaudit.reporters._escape import as_code, for_css, for_markdown, for_spreadsheet, for_terminal, for_uri
from mlaudit.reporters._inventory import as_json
from mlaudit.reporters._registry import Style, formats, render
from mlaudit.request import config_file as config
from tests.parser_cases import FIXTURES
from tests.reports import fleet, made_of, of_texts
from tests.test_cases import CASES, report_of
from tests.test_config import EXAMPLE

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema, of the dev extra, is not installed")

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "</style><svg onload=alert(1)>",
    "\"' onmouseover='alert(1)",
    "]]><!--",
    "&lt;b&gt; &amp;amp;",
    "a|b\\|c",
    "`code` ``more`",
    "**bold** _it_ ~~no~~ # head",
    "[link](javascript:alert(1)) ![image](x) {0}",
    "@somebody #1",
    "::error file=x::%0Apwned%3A",
    "\n::stop-commands::token\r\n",
    '=HYPERLINK("x")',
    "-1+1",
    "\x1b[2J\x1b]0;title\x07",
    "a\u202egnp.exe\u2066",
    "\ud800\udcff",
    "\x00\x08\ufffe\uffff",
    "${{ secrets.TOKEN }}",
    "<details><summary>",
    " lead and trail ",
    "{} \\",
    "x ::error::y",
    "##[add-mask]x",
    "###[group]",
    "##vso[task.setvariable]",
    "\u00ad\u180e\U000e0041\ufe0f\u3164\u2800",
    "a;=1+1",
    "\uff1d1+1",
    "\t=1",
)
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100")
texts = st.one_of(st.sampled_from(HOSTILE), st.text(alphabet=st.characters(), min_size=1, max_size=30))
shape = {"package": texts, "version": texts, "message": texts, "path": texts, "environment": texts}


def rendered(name: str, given_texts: dict[str, str]) -> str:
    text = render(name)(of_texts(**given_texts), Style())
    assert unseen(text) == set(), "a control, unseen or reordering mark came through"
    assert commands(text) == [] or name == "github", "a runner would take a command from it"
    return text


def unseen(text: str) -> set[str]:
    """Characters that a terminal obeys or that nobody sees, but for line breaks."""
    marks = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return {sign for sign in text if sign != "\n" and (category(sign) in marks or sign in UNSEEN)}


def commands(text: str) -> list[str]:
    """Lines from which GitHub's, Azure's or TeamCity's runner takes a command."""
    return [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line or "##vso[" in line]


def words(text: str) -> list[str]:
    """Running text as a page shows it: backquotes make code, and runs of blanks are one."""
    return text.replace("`", "").split()


class Page(HTMLParser):
    """The elements of a page, the text of each, and their attributes."""

    VOID = frozenset(("meta", "input", "br", "wbr", "link", "img", "hr"))

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self._open.append(len(self.elements))
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self.elements[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for at in self._open:
            self.elements[at][2].append(data)

    def texts(self, tag: str) -> list[str]:
        return ["".join(parts) for name, _, parts in self.elements if name == tag]

    def tags(self) -> set[str]:
        return {name for name, _, _ in self.elements}

    def harmless(self) -> bool:
        """Whether no attribute runs anything and no link leads elsewhere than to the web."""
        return all(
            not name.startswith("on") and (name not in ("href", "src") or (value or "").startswith(("https://", "#")))
            for _, attributes, _ in self.elements
            for name, value in attributes.items()
        )


@pytest.mark.parametrize("name", formats())
@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_any_text_stays_on_its_line(name: str, given_texts: dict[str, str]) -> None:
    calm = {"package": "p", "version": "v", "message": "m", "path": "s", "environment": "e"}
    lines = rendered(name, given_texts).count("\n")
    # In these, how many lines there are depends on the texts' length, on whether two are equal, and on where paths lie.
    if name not in ("sarif", "markdown", "github-summary", "table", "statistics"):
        assert lines == rendered(name, calm).count("\n")


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_json_holds_the_texts_as_they_are(given_texts: dict[str, str]) -> None:
    data = json.loads(rendered("json", given_texts))
    held = {name: _joined(text) for name, text in given_texts.items()}
    (finding,) = data["findings"]
    assert finding["message"] == held["message"]
    assert finding["locations"][0]["path"] == held["path"]
    assert data["rows"][0]["versions"][held["environment"]] == held["version"]


def _joined(text: str) -> str:
    """The text with two surrogates that make a pair as the character that JSON reads them as."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_junit_is_xml_that_holds_the_texts(given_texts: dict[str, str]) -> None:
    root = ElementTree.fromstring(rendered("junit", given_texts))  # noqa: S314  our own output
    (case,) = root.iter("testcase")
    (failure,) = case
    assert case.get("name") == for_terminal(given_texts["package"])
    assert for_terminal(given_texts["message"]) in (failure.text or "").split("\n")


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_csv_holds_the_texts_and_no_formula(given_texts: dict[str, str]) -> None:
    head, row = csv.reader(StringIO(rendered("csv", given_texts)))
    assert head[-1] == for_spreadsheet(given_texts["environment"])
    assert (row[0], row[-1]) == (for_spreadsheet(given_texts["package"]), for_spreadsheet(given_texts["version"]))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in (*head, *row))


def _command(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it (actions/runner, src/Runner.Common/ActionCommand.cs)."""
    found = re.fullmatch(r"::([a-z-]+) ([^\n]*?)::([^\n]*)", line)
    assert found is not None
    properties = dict(part.split("=", 1) for part in found[2].split(","))
    undo = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
    for code, character in undo:
        properties = {name: value.replace(code, character) for name, value in properties.items()}
    message = found[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return found[1], properties, message


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
@example(given_texts=dict.fromkeys(shape, "a::b,c=d"))
def test_github_is_one_command_a_finding(given_texts: dict[str, str]) -> None:
    command, last = rendered("github", given_texts).splitlines()
    name, properties, message = _command(command)
    assert name == "error"
    package, version = for_terminal(given_texts["package"]), for_terminal(given_texts["version"])
    assert properties["title"] == f"MLA101 artifact-unreadable: {package} 1.0 → {version}"
    assert for_terminal(given_texts["message"]) == message.split("\n")[0]
    assert not last.startswith(("::", "##["))


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_gitlab_describes_the_finding(given_texts: dict[str, str]) -> None:
    (entry,) = json.loads(rendered("gitlab", given_texts))
    assert for_terminal(given_texts["message"]) in entry["description"]
    assert entry["location"]["path"]
    assert entry["location"]["lines"]["begin"] >= 1


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
TAGS = re.compile(r"\w+")
MARKDOWN_TAGS = frozenset(TAGS.findall("h3 table thead tbody tr th td details summary b sub p ul li code strong a"))


@pytest.mark.parametrize("name", ["markdown", "github-summary"])
@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
@example(given_texts=dict.fromkeys(shape, "[link](javascript:alert(1)) <b>|</b>"))
@example(given_texts=dict.fromkeys(shape, "-"))
@example(given_texts=dict.fromkeys(shape, "- a"))
@example(given_texts=dict.fromkeys(shape, "1. a"))
@example(given_texts=dict.fromkeys(shape, "==="))
@example(given_texts=dict.fromkeys(shape, "    a"))
def test_markdown_shows_the_texts(name: str, given_texts: dict[str, str]) -> None:
    page = Page(MARKDOWN.render(rendered(name, given_texts)))
    assert page.tags() <= MARKDOWN_TAGS
    assert page.harmless()
    assert for_terminal(given_texts["package"]) in page.texts("code")
    assert for_terminal(given_texts["version"]) in page.texts("code")
    # A message of blanks is no paragraph.
    message = words(for_terminal(given_texts["message"]))
    assert not message or message in [words(text) for text in page.texts("p")]
    assert words(for_terminal(given_texts["environment"])) == words(page.texts("th")[2])


@settings(deadline=None)
@given(texts)
def test_markdown_of_any_text_is_that_text(text: str) -> None:
    shown = Page(MARKDOWN.render(f"- x {for_markdown(text)}"))
    assert words("".join(shown.texts("li"))) == ["x", *words(for_terminal(text))]
    in_code = Page(MARKDOWN.render(f"| x | y |\n|---|---|\n| {as_code(text)} | z |"))
    assert in_code.texts("code") == [for_terminal(text)]
    assert len(in_code.texts("td")) == 2


HTML_TAGS = MARKDOWN_TAGS | frozenset(
    TAGS.findall(
        "html head meta title style body header h1 main section h2 small form label input datalist option fieldset "
        "legend span div button footer script br nav output wbr"
    )
)


@settings(deadline=None)
@given(given_texts=st.fixed_dictionaries(shape))
def test_html_shows_the_texts(given_texts: dict[str, str]) -> None:
    page = Page(rendered("html", given_texts))
    assert page.tags() <= HTML_TAGS
    assert page.harmless()
    (row,) = [attributes for tag, attributes, _ in page.elements if tag == "tr" and "data-p" in attributes]
    assert row["data-p"] == for_terminal(given_texts["package"])
    assert page.texts("td")[1].startswith(for_terminal(given_texts["version"]))
    # A message of blanks is no paragraph.
    message = words(for_terminal(given_texts["message"]))
    assert not message or message in [words(text) for text in page.texts("p")]


@settings(deadline=None)
@given(texts)
def test_a_css_string_ends_where_it_ends(text: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9_./ -]|\\[0-9a-f]{6})*", for_css(text))


@settings(deadline=None)
@given(texts)
def test_a_uri_has_no_other_characters(text: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})+", for_uri(text))


# The schemas


def schema(name: str) -> dict[str, Any]:
    text = resources.files("mlaudit").joinpath(f"schemas/{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


def problems(name: str, data: object) -> list[str]:
    found = jsonschema.Draft202012Validator(schema(name)).iter_errors(data)
    return [f"{error.json_path}: {error.message}" for error in found]


@pytest.mark.parametrize("case", CASES)
def test_every_report_keeps_to_the_schema(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of(case, monkeypatch)
    assert problems("report-1", json.loads(render("json")(report, Style()))) == []
    assert problems("list-1", json.loads(as_json(report.environments))) == []


def test_a_report_of_everything_keeps_to_the_schema() -> None:
    report = of_texts(package="p", version="1", message="m", path="x.txt")
    assert problems("report-1", json.loads(render("json")(report, Style()))) == []


REPORT_KEYS = {
    "": "schema mlaudit knowledge environments rows findings summary exit_code",
    "environment": "name role target sources packages unread",
    "row": "package verdict distance versions cells crossings",
    "cell": "state versions specifier variant layer",
    "crossing": "writer reader verdict distance",
    "finding": "code name severity package environments message expected actual locations evidence fingerprint "
    "suppressed fix",
    "place": "path line column",
    "evidence": "source checked measured",
    "fix": "safe edits",
    "summary": "error warning info suppressed aligned compared unread",
}
LIST_KEYS = {
    "": "schema environments",
    "environment": "name role complete target pins unread",
    "pin": "name package version variant specifier layer kind marker extras groups source derived_from selected path "
    "line column format",
    "unread": "path line why",
}


@pytest.mark.parametrize(("name", "keys"), [("report-1", REPORT_KEYS), ("list-1", LIST_KEYS)])
def test_the_schema_demands_what_is_promised(name: str, keys: dict[str, str]) -> None:
    whole = schema(name)
    for part, promised in keys.items():
        assert set(promised.split()) <= set((whole["$defs"][part] if part else whole)["required"]), part


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ("verdict", model.Verdict),
        ("severity", model.Severity),
        ("layer", model.Layer),
        ("kind", model.Kind),
        ("distance", model.Distance),
    ],
)
def test_the_schema_knows_every_word(definition: str, kind: type[Enum]) -> None:
    known = set(schema("report-1")["$defs"][definition]["enum"]) - {None}
    assert known == {member.value for member in kind}


def test_a_missing_key_is_told() -> None:
    data = json.loads(render("json")(made_of({"training": "numpy==1.0", "serving": "numpy==2.0"}), Style()))
    del data["findings"][0]["fingerprint"]
    assert problems("report-1", data) == ["$.findings[0]: 'fingerprint' is a required property"]


def test_the_configuration_has_every_key_and_no_other() -> None:
    whole = schema("configuration")
    assert set(whole["properties"]) == set(config._KEYS)
    assert set(whole["$defs"]["environment"]["properties"]) == set(config._ENVIRONMENT_KEYS)


def test_every_configuration_keeps_to_the_schema() -> None:
    assert problems("configuration", tomli.loads(EXAMPLE)["tool"]["mlaudit"]) == []
    for file in sorted((FIXTURES / "cases").glob("*/mlaudit.toml")):
        assert problems("configuration", tomli.loads(file.read_text(encoding="utf-8"))) == [], file


@pytest.mark.parametrize(
    "text",
    [
        "fail-on = 'fatal'",
        "failon = 'error'",
        "[environments.a]\nsources = []",
        "[environments.a]\nrole = 'x'",
        "[[ignore]]\ncode = 'MLA001'",
        "[[ignore]]\nreason = 'x'",
        "[[version-groups]]\npackages = ['a']",
        "[[version-groups]]\npackages = ['a']\ntogether = true\nmay-differ = true",
        "[[banned]]\npackage = 'a'",
        "[[same]]\nfiles = ['a']",
        "target = { python = 'three' }",
        "[severity]\nMLA001 = 'fatal'",
    ],
)
def test_the_configuration_schema_refuses_what_loading_refuses(text: str) -> None:
    assert problems("configuration", tomli.loads(text))


# What single reporters do


def test_markdown_fits_into_a_comment() -> None:
    report = fleet(30, 120)
    assert len(render("markdown")(report, Style())) < 65_536
    assert len(render("github-summary")(report, Style()).encode()) < 1_048_576


def test_markdown_puts_equal_findings_together() -> None:
    report = made_of({"training": "numpy==2.0", "a": "numpy==1.0", "b": "numpy==1.0"})
    text = render("markdown")(report, Style())
    assert text.count("<details") < len(report.findings)
    assert "The same in b." in text


def test_markdown_of_many_environments_names_versions_once() -> None:
    texts = {"training": "numpy==2.0", **{f"serving-{number}": "numpy==1.0" for number in range(6)}}
    text = render("markdown")(made_of(texts), Style())
    assert "`2.0` in training; `1.0` in serving-0, serving-1, serving-2 and 3 more" in text


def test_junit_counts_what_it_holds() -> None:
    root = ElementTree.fromstring(render("junit")(fleet(5, 30), Style()))  # noqa: S314  our own output
    for suite in (root, *root.iter("testsuite")):
        for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "-1")) == len(list(suite.iter(tag)))
    assert len(list(root.iter("testcase"))) >= 4 * 30
