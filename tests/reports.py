"""Reports made in memory, for tests of reporters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mlaudit.audit import audit
from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.nouns import Distance, Edit, Evidence, Fix, Kind, Place, Role, Severity, State, Verdict
from mlaudit.model.report import Cell, Crossing, Discovered, Environment, Finding, Location, Report, Row, Summary
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import AuditRequest, EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted

TODAY = date(2026, 11, 22)


def audited(
    command: str,
    environments: Sequence[Environment],
    settings: Settings,
    *,
    baseline: Mapping[str, str] | None = None,
    only: Sequence[str] = (),
    **more: Any,
) -> Report:
    """The report on some environments, on the day that all tests have; `more` are fields of the request."""
    options = Options(settings=settings, today=TODAY, baseline=baseline, only=tuple(only))
    return audit(environments, AuditRequest(command=command, options=options, **more))


def made_of(texts: Mapping[str, str], settings: Settings | None = None, *, folder: str = "") -> Report:
    """A report on environments that are requirements files; the first writes, the others follow it."""
    names = list(texts)
    made = [
        _environment(name, texts[name], follows=() if name == names[0] else (names[0],), folder=folder)
        for name in names
    ]
    return audited("check", made, settings or Settings())


def _environment(name: str, text: str, *, follows: Sequence[str], folder: str) -> Environment:
    document = Document(f"{folder}{name}/requirements.txt", text.encode("utf-8", "surrogatepass"))
    readings = [read(document, "requirements")]
    return environment(
        EnvironmentRequest(name=name, role=name, follows=follows),
        readings,
        Wanted(python="3.11"),
        sources=[document.path],
    )


KNOWN = """\
numpy==2.1.3
scikit-learn==1.5.2
torch==2.5.1+cu124
pandas==2.2.3
scipy==1.14.1
joblib==1.4.2
xgboost==2.1.2
lightgbm==4.5.0
onnx==1.17.0
onnxruntime==1.20.1
transformers==4.46.3
tokenizers==0.20.3
safetensors==0.4.5
""".splitlines()
OTHER = """\
numpy==1.26.4
scikit-learn==1.3.2
torch==2.5.1+cpu
pandas==2.0.3
scipy==1.11.4
joblib==1.3.2
xgboost==1.7.6
lightgbm==3.3.5
onnx==1.16.0
onnxruntime==1.18.0
transformers==4.40.0
tokenizers==0.19.1
safetensors==0.4.2
""".splitlines()


def fleet(environments: int, packages: int) -> Report:
    """One training environment and many that follow it; every seventh package of every third of them differs."""
    others = [f"package-{number}" for number in range(packages - len(KNOWN))]
    texts = {"training": "\n".join([*KNOWN, *(f"{name}==1.0.{len(name)}" for name in others)])}
    for number in range(1, environments):
        known = [
            other if (number + at) % 9 == 0 else pin for at, (pin, other) in enumerate(zip(KNOWN, OTHER, strict=True))
        ]
        rest = [
            f"{name}=={'1.2.0' if at % 7 == 0 and number % 3 == 0 else f'1.0.{len(name)}'}"
            for at, name in enumerate(others)
        ]
        texts[f"serving-{number}"] = "\n".join([*known, *rest])
    return made_of(texts)


def of_texts(*, package: str, version: str, message: str, path: str, environment: str = "serving") -> Report:
    """A report of one finding, every text of which is given: what no parser lets through may come from another one."""
    at = Place(path=path, line=3, column=1, start=20, end=25)
    writer = Cell(environment="training", package=package, state=State.EXACT, versions=("1.0",), at=Place(path="a.txt"))
    reader = Cell(environment=environment, package=package, state=State.EXACT, versions=(version,), at=at)
    crossing = Crossing(writer=writer, reader=reader, verdict=Verdict.DIFFERS, distance=Distance.MAJOR, watched=True)
    row = Row(
        package=package,
        kind=Kind.PACKAGE,
        cells=(writer, reader),
        crossings=(crossing,),
        verdict=Verdict.DIFFERS,
        distance=Distance.MAJOR,
        watched=True,
    )
    return Report(
        command="check",
        environments=(
            Environment(name="training", role="training", sources=("a.txt",)),
            Environment(name=environment, role="serving", sources=(path,), follows=("training",), notes=(message,)),
        ),
        rows=(row,),
        findings=(finding_of(package=package, actual=version, message=message, at=at, environment=environment),),
        summary=Summary(error=1, compared=1),
        exit_code=1,
        knowledge="2026-11-22",
        found=(Discovered(role="serving", folder=path, documents=(path,), why=message),),
        notes=(message,),
    )


def finding_of(*, package: str, actual: str, message: str, at: Place, environment: str = "serving") -> Finding:
    """An error with everything that a finding may have."""
    return Finding(
        code="MLA101",
        name="artifact-unreadable",
        severity=Severity.ERROR,
        message=message,
        at=at,
        package=package,
        environments=("training", environment),
        says=actual,
        related=(Location(Place(path="a.txt"), Role.WRITER, actual),),
        evidence=(Evidence(source=message, checked="2026-11-22"),),
        details=(message,),
        expected="1.0",
        actual=actual,
        fix=Fix(
            says=message,
            edits=(
                Edit(
                    path=at.path, start=20, end=25, old="12345", new=actual, line=2, column=7, whole_line="name==12345"
                ),
            ),
        ),
        covers=(f"{package}-more",),
        fingerprint="0123456789abcdef0123456789abcdef",
    )
