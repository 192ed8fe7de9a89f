"""Every rule over its cases: `fixtures/rules/<CODE>.toml` holds environments as texts and what the rule says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from inspect import cleandoc
from typing import Any

import pytest
import tomli

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.evidence import RecordedProof
from mlaudit.model.lazy_dataclass import replace as with_changes
from mlaudit.model.missing_names import Lack, MissingName
from mlaudit.model.missing_states import MissingState, RefusedByCode, WhenRead
from mlaudit.model.nouns import Artifact, Kind, Layer, Pin, Place, Reading, Recorded, Strength
from mlaudit.model.pairs import CrossingArtifact, EnvironmentPair, PartedDefinition
from mlaudit.model.refused_configurations import Refusal, RefusedConfiguration
from mlaudit.model.report import Environment, Finding, Hit, Report, SharedFile
from mlaudit.model.resolution import Unresolvable
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.config_file import load
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted
from mlaudit.rules import _registry
from mlaudit.rules._registry import Rule, rules
from tests.parser_cases import FIXTURES
from tests.reports import audited

SECTIONS = ("What it does", "Why", "Example", "Fix", "References")
CASES = {path.stem: tomli.loads(path.read_text(encoding="utf-8")) for path in (FIXTURES / "rules").glob("*.toml")}


def environments(case: dict[str, Any]) -> list[Environment]:
    """The environments of a case: tables with `name`, `text` and `as`; the first writes, the others follow it."""
    made = []
    for number, row in enumerate(case["environments"]):
        sources = row.get("sources", [row])
        readings = [read_source(row["name"], source) for source in sources]
        one = environment(
            EnvironmentRequest(
                name=row["name"],
                role=row.get("role", row["name"]),
                follows=() if number == 0 else (case["environments"][0]["name"],),
                artifact_kinds=row.get("artifact-kinds", ()),
            ),
            readings,
            Wanted(python=row.get("python"), extras=tuple(row.get("extras", ())), groups=tuple(row.get("groups", ()))),
            sources=[reading.path for reading in readings],
            writes=[stated({"pins": row["writes"]})] if "writes" in row else (),
        )
        changed = with_changes(
            one,
            missing_names=tuple(map(missing_name, row.get("missing", ()))),
            missing_states=tuple(map(missing_state, row.get("incomplete", ()))),
            refused_calls=tuple(map(refused_call, row.get("refused", ()))),
            unresolvable=tuple(
                Unresolvable(found["says"], tuple(found["packages"])) for found in row.get("conflicts", ())
            ),
            proofs=tuple(map(recorded_proof, row.get("proofs", ()))),
            refused_configurations=tuple(map(refused_configuration, row.get("configured", ()))),
            reads=tuple(map(stated, row.get("reads", ()))),
        )
        made.append(changed)
    return made


def missing_state(row: dict[str, Any]) -> MissingState:
    """An attribute that an object of `model.pkl` of training lacks."""
    given = {**row, "when": WhenRead(row["when"]), "read": Place(path=row["read"], line=7)}
    return MissingState(writer="training", artifact=artifact_place(given), **given)


def artifact_place(given: dict[str, Any]) -> Place:
    """Where something is in `model.pkl`; with `whole`, only that it is in there."""
    return Place(path="model.pkl", start=None if given.pop("whole", False) else 66)


def refused_call(row: dict[str, Any]) -> RefusedByCode:
    """A call of `model.pkl` of training that the environment refuses."""
    given = {**row, "taken": Place(path=row["taken"], line=7)}
    return RefusedByCode(writer="training", artifact=artifact_place(given), **given)


def recorded_proof(given: dict[str, Any]) -> RecordedProof:
    """A proof of `model.pkl` from training to serving as `mlaudit.evidence.toml` holds it."""
    row = {"model": "model.pkl", "sha256": "", "kind": "sklearn.pickle", "writer": "training", "reader": "serving"}
    made = {"date": "2026-11-26", "platform": "linux x86_64", **row, **given}
    return RecordedProof(at=Place(path="mlaudit.evidence.toml", line=5), **made)


def refused_configuration(row: dict[str, Any]) -> RefusedConfiguration:
    """Something in `config.json` of training that the environment refuses."""
    given = {
        **row,
        "refusal": Refusal(row["refusal"]),
        "values": tuple(row.get("values", ())),
        "searched": Place(path=row["searched"], line=7),
    }
    return RefusedConfiguration(writer="training", artifact=Place(path="config.json", line=3), **given)


def missing_name(row: dict[str, Any]) -> MissingName:
    """A name that `model.pkl` of training has and the environment lacks."""
    given = {**row, "lack": Lack(row["lack"]), "searched": Place(path=row["searched"])}
    return MissingName(writer="training", artifact=Place(path="model.pkl"), **given)


def read_source(name: str, row: dict[str, Any]) -> Reading:
    """The reading of one text, or of pins."""
    if "pins" in row:
        return stated(row)
    document = Document(row.get("path", f"{name}.txt"), row.get("text", "").encode())
    return read(document, row.get("as", "requirements"))


def stated(row: dict[str, Any]) -> Reading:
    """A reading made of pins as they stand in the case, for what needs no format of its own."""
    pins = tuple(pin(given) for given in row["pins"])
    return Reading(path=row.get("path", "stated"), format="stated", complete=False, pins=pins)


def pin(given: dict[str, Any]) -> Pin:
    return Pin(
        name=given["name"],
        package=given["name"],
        version=given.get("version"),
        specifier=given.get("specifier"),
        kind=Kind(given["kind"]),
        layer=Layer(given.get("layer", "declared")),
        artifact=Artifact(given["artifact-kind"], tuple(given.get("classes", ())))
        if "artifact-kind" in given
        else None,
        recorded=recorded(given) if "strength" in given else None,
        at=Place(path=given.get("at", "stated")),
        derived_from=Place(path=given["derived"]) if "derived" in given else None,
    )


def artifact(given: dict[str, Any]) -> Artifact:
    return Artifact(given["artifact-kind"], tuple(given.get("classes", ())))


def recorded(given: dict[str, Any]) -> Recorded:
    return Recorded(tuple(given.get("kinds", ())), Strength(given["strength"]), tuple(given.get("numbers", {}).items()))


def shared_file(row: dict[str, Any]) -> SharedFile:
    """A file with a text, with some numbers for lines, or neither, with what prevents it from being read."""
    lines = "".join(f"{number}\n" for number in range(*row["numbers"])) if "numbers" in row else None
    return SharedFile(path=row["path"], text=row.get("text", lines), why=row.get("why", ""))


def known_pair(row: dict[str, Any]) -> EnvironmentPair:
    """What discovery would say of a pair; functions begin on the third line of their files."""
    parted = tuple(
        PartedDefinition(
            name=one["name"], written=Place(path=one["written"], line=3), read=Place(path=one["read"], line=3)
        )
        for one in row.get("parted", ())
    )
    crosses = tuple(
        CrossingArtifact(artifact=one, form="CSV table", written=Place(path=one), read=Place(path=one), is_plain=True)
        for one in row.get("tables", ())
    )
    graphs = tuple(
        CrossingArtifact(
            artifact=one["name"],
            form="ONNX model",
            kinds=("onnx",),
            written=Place(path="train.py", line=one["line"]),
            read=Place(path="serve.py", line=3),
            stated=tuple(one.get("stated", {}).items()),
        )
        for one in row.get("graphs", ())
    )
    return EnvironmentPair(writer=row["writer"], reader=row["reader"], parted=parted, crosses=(*crosses, *graphs))


def settings_of(case: dict[str, Any]) -> Settings:
    return load(Document("mlaudit.toml", case["config"].encode())) if "config" in case else Settings()


def findings(code: str, case: dict[str, Any]) -> list[Finding]:
    selected = replace(settings_of(case), select=(code, *case.get("with", ())))
    return [finding for finding in report_of(case, selected).findings if finding.code == code]


def findings_of_all(case: dict[str, Any]) -> tuple[Finding, ...]:
    report = report_of(case, settings_of(case))
    return (*report.findings, *report.suppressed)


def report_of(case: dict[str, Any], settings: Settings) -> Report:
    shared = [tuple(map(shared_file, files)) for files in case.get("shared", ())]
    command = case.get("command", "compare")
    pairs = [known_pair(row) for row in case.get("pairs", ())]
    return audited(command, environments(case), settings, shared=shared, pairs=pairs)


def test_every_rule_has_a_case_that_hits_and_one_that_does_not() -> None:
    for code in rules():
        cases = CASES[code]["case"]
        assert any(case["hits"] for case in cases), code
        assert any(not case["hits"] for case in cases), code


@pytest.mark.parametrize(
    ("code", "case"),
    [
        pytest.param(code, case, id=f"{code}-{case['name']}")
        for code, table in sorted(CASES.items())
        for case in table["case"]
    ],
)
def test_says_what_the_case_expects(code: str, case: dict[str, Any]) -> None:
    found = findings(code, case)
    assert len(found) == len(case["hits"]), [finding.message for finding in found]
    for finding, expected in zip(found, case["hits"], strict=True):
        for field, value in expected.items():
            if field == "says":
                assert value in finding.message
            elif field == "places":
                assert [str(one.place) for one in finding.locations] == value
            elif field == "stands":
                assert [[one.role.value, one.says] for one in finding.locations] == value
            elif field == "fix":
                assert finding.fix is not None
                assert value in finding.fix.says
            else:
                held = getattr(finding, field)
                plain = list(held) if isinstance(held, tuple) else getattr(held, "value", held)
                assert plain == value, field


@pytest.mark.parametrize(
    ("code", "case"),
    [
        pytest.param(code, case, id=f"{code}-{case['name']}")
        for _, table in sorted(CASES.items())
        for case in table["case"]
        for code in case.get("unasked", ())
    ],
)
def test_a_rule_is_not_asked_where_nothing_concerns_it(
    code: str, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    check, asked = rules()[code].check, []

    def noted(*subject: Any) -> Iterable[Hit]:
        asked.append(subject)
        return check(*subject)

    monkeypatch.setitem(_registry._CHECKS, code, noted)
    assert not findings(code, case)
    assert not asked


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_rule_says_whole_sentences(code: str) -> None:
    said, kept = sentences(code), FIXTURES / "rules" / f"{code}.txt"
    if os.environ.get("MLAUDIT_REGENERATE") == "1":
        kept.write_text(said, encoding="utf-8")
    assert said == kept.read_text(encoding="utf-8")


_NEWEST = re.compile(r"(?<=admits is )\S+( of \S+)?$")


def sentences(code: str) -> str:
    """What a rule says in each of its cases, with remedy and places."""
    lines = []
    for case in CASES[code]["case"]:
        found = findings(code, case)
        lines += [f"# {code} {case['name']}"] if found else []
        for one in found:
            lines.append(f"{one.severity.value}: {one.title}. {one.message}")
            lines += [f"  effect: {one.effect}"] if one.effect and one.effect not in one.message else []
            # The newest releases change with every refresh of the knowledge.
            lines += [f"  {_NEWEST.sub('...', detail)}" for detail in one.details]
            lines += [f"  fix: {one.fix.says}"] if one.fix else []
            lines += [f"  change: {change}" for change in one.fix.changes] if one.fix else []
            lines += [f"  by what was {'measured' if fact.measured else 'stated'}" for fact in one.evidence[:1]]
            lines += [f"  {other.role.value} at {other.place}: {other.says}".rstrip(" :") for other in one.locations]
    return "".join(f"{line}\n" for line in lines)


def test_a_rule_whose_question_is_answered_by_no_has_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [case for table in CASES.values() for case in table["case"]]
    asked = list(map(findings_of_all, cases))
    monkeypatch.setattr(Rule, "may_speak_of", lambda *_: True)
    monkeypatch.setattr("mlaudit.audit.condition", lambda _: lambda *_: True)
    different = [case["name"] for case, said in zip(cases, asked, strict=True) if findings_of_all(case) != said]
    assert different == []


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_documents_itself(rule: Rule) -> None:
    # The compiler takes the indentation away since Python 3.13.
    sections = re.findall(r"^([A-Z][A-Za-z ]+):$", cleandoc(rule.documentation), re.MULTILINE)
    assert sections == list(SECTIONS)
    assert re.fullmatch(r"MLA\d{3}", rule.code)
    assert "https://" in rule.documentation.rpartition("References:")[2]


def test_supersedes_only_rules_that_exist() -> None:
    known = rules()
    assert all(code in known for rule in known.values() for code in rule.supersedes)
