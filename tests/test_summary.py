"""What a report counts as compared and equal, what beside packages is the same, and what nobody stated."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.nouns import Artifact, Kind, Layer, Pin, Place, Reading, Recorded, Strength
from mlaudit.model.report import Environment, Summary
from mlaudit.parsers._read import read
from mlaudit.policy.summary import summary as count
from mlaudit.reporters._registry import Style, render
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted
from tests.reports import audited

KINDS = {"python": Kind.PYTHON, "cuda": Kind.CUDA, "cudnn": Kind.CUDNN, "nvidia-driver": Kind.DRIVER}


def side(name: str, pins: dict[str, str], *, leads: bool = False) -> Environment:
    """An environment of some pins; names that begin with `lib` are of system libraries."""
    made = tuple(
        Pin(
            name=package,
            package=package,
            at=Place(path=name, line=number),
            version=version,
            kind=KINDS.get(package, Kind.SYSTEM if package.startswith("lib") else Kind.PACKAGE),
        )
        for number, (package, version) in enumerate(pins.items(), 1)
    )
    reading = Reading(path=name, format="x", complete=True, pins=made)
    request = EnvironmentRequest(name=name, role=name, follows=() if leads else ("training",))
    return environment(request, [reading], Wanted())


def summary(training: dict[str, str], *serving: dict[str, str]) -> Summary:
    others = [side(f"serving{number}", pins) for number, pins in enumerate(serving)]
    return audited("compare", [side("training", training, leads=True), *others], Settings()).summary


SAME = {"python": "3.11", "cuda": "12.4", "cudnn": "9.1", "nvidia-driver": "550.54", "libgomp": "1", "libcurl": "4"}


@pytest.mark.parametrize(
    ("training", "serving", "equal", "unseen"),
    [
        (SAME, [SAME], ("Python 3.11", "CUDA 12.4", "cuDNN 9.1", "driver 550.54", "2 system libraries"), ()),
        (SAME, [SAME, SAME], ("Python 3.11", "CUDA 12.4", "cuDNN 9.1", "driver 550.54", "2 system libraries"), ()),
        ({"libgomp": "1"}, [{"libgomp": "1"}], ("1 system library",), ("Python", "CUDA")),
        (SAME, [SAME, {"python": "3.11"}], ("Python 3.11",), ()),
        (SAME, [{"python": "3.12", "cuda": "12.1", "libgomp": "2"}], (), ()),
        (SAME, [{"numpy": "1"}], (), ("Python", "CUDA", "system libraries")),
        ({"cudnn": "9.1"}, [{"cudnn": "9.1"}], ("cuDNN 9.1",), ("Python", "CUDA", "system libraries")),
        ({"python": "3.11.7"}, [{"python": "3.11"}], ("Python 3.11",), ("CUDA", "system libraries")),
        ({"python": "3.11"}, [{"numpy": "1"}, {"python": "3.11"}], (), ("CUDA", "system libraries")),
    ],
)
def test_what_beside_packages_is_equal_or_not_stated(
    training: dict[str, str], serving: list[dict[str, str]], equal: tuple[str, ...], unseen: tuple[str, ...]
) -> None:
    found = summary(training, *serving)
    assert found.equal == equal
    assert found.unseen == (*unseen, "model artifacts")


def test_an_environment_alone_lacks_nothing() -> None:
    found = summary(SAME)
    assert (found.equal, found.unseen, found.compared) == ((), (), 0)


@pytest.mark.parametrize(
    ("serving", "compared", "aligned"),
    [
        ({"numpy": "2.1.3", "scipy": "1.15.2"}, 2, 2),
        ({"numpy": "2.1.4", "scipy": "1.15.2"}, 2, 1),
        ({"numpy": "2.1.3"}, 1, 1),
        ({"numpy": "2.1.3", "python": "3.11"}, 1, 1),
        ({"pandas": "2.0"}, 0, 0),
    ],
)
def test_packages_that_both_state_are_compared(serving: dict[str, str], compared: int, aligned: int) -> None:
    found = summary({"numpy": "2.1.3", "scipy": "1.15.2", "python": "3.11"}, serving)
    assert (found.compared, found.aligned) == (compared, aligned)


@pytest.mark.parametrize(
    ("recorded", "compared", "aligned"), [("1.5.2", 2, 2), ("1.5.2.0", 2, 2), ("1.4.0", 2, 1), (None, 1, 1)]
)
def test_what_a_model_records_is_compared_too(recorded: str | None, compared: int, aligned: int) -> None:
    at = Place(path="model.pkl")
    file = Pin(
        name="model",
        package="model",
        at=at,
        kind=Kind.ARTIFACT,
        layer=Layer.RECORDED,
        artifact=Artifact(kind="sklearn.pickle"),
    )
    library = Pin(
        name="scikit-learn",
        package="scikit-learn",
        at=at,
        version=recorded,
        layer=Layer.RECORDED,
        recorded=Recorded(strength=Strength.EXACT),
    )
    model = Reading(path="model.pkl", format="pickle", complete=False, pins=(file, library))
    pins = {"scikit-learn": "1.5.2"}
    trained = side("training", pins, leads=True)
    served = environment(
        EnvironmentRequest(name="serving", role="serving", follows=("training",)),
        side("serving", pins).readings,
        Wanted(),
        reads=[model],
    )
    found = audited("compare", [trained, served], Settings()).summary
    assert (found.compared, found.aligned) == (compared, aligned)
    assert "model artifacts" not in found.unseen


@pytest.mark.parametrize("is_paired", [True, False])
def test_unknown_images_are_those_of_pairs(is_paired: bool) -> None:
    recipe = read(Document("Dockerfile", b"FROM registry.example/team/base:7\nRUN pip install numpy==2.1.3\n"))
    request = EnvironmentRequest(name="image", role="serving", follows=("training",) if is_paired else ())
    sides = [side("training", {"numpy": "2.1.3"}, leads=True), side("other", {"numpy": "2.1.3"})]
    found = audited("check", [*sides, environment(request, [recipe], Wanted())], Settings()).summary
    assert bool(found.unknown_images) is is_paired


COUNTS = {
    "error": 1,
    "warning": 2,
    "info": 3,
    "configuration": 4,
    "waiver": 5,
    "baseline": 6,
    "evidence": 7,
    "left_out": 8,
}


def test_counts_of_findings_are_those_of_policy() -> None:
    nothing: Any = SimpleNamespace(crossings=lambda: (), pairs=(), artifacts=(), environments={}, rows=())

    def shown(counts: dict[str, int]) -> tuple[int, ...]:
        found = count(nothing, counts)
        suppressed = (found.by_configuration, found.by_waivers, found.by_baseline, found.by_evidence)
        return (found.error, found.warning, found.info, *suppressed, found.left_out, found.suppressed)

    assert shown(COUNTS) == (1, 2, 3, 4, 5, 6, 7, 8, 22)
    assert shown({}) == (0,) * 9
    for number, key in enumerate(COUNTS):
        alone = shown({key: 1})
        assert alone[number] == 1
        assert sum(alone[:8]) == 1


@pytest.mark.parametrize(("kinds", "is_unseen"), [((), True), (("sklearn.pickle",), False)])
def test_a_declared_kind_of_artifact_is_seen(kinds: tuple[str, ...], is_unseen: bool) -> None:
    request = EnvironmentRequest(name="serving", role="serving", follows=("training",), artifact_kinds=kinds)
    serving = environment(request, side("serving", {"numpy": "2"}).readings, Wanted())
    found = audited("compare", [side("training", {"numpy": "2"}, leads=True), serving], Settings()).summary
    assert ("model artifacts" in found.unseen) is is_unseen


@pytest.mark.parametrize(
    ("file", "text", "unknown"),
    [
        ("requirements.txt", "an-unknown-package==1.0\nrequests==2.32.3\n", ("an-unknown-package",)),
        ("requirements.txt", "an-unknown-package>=1.0\nanother==0.1\n", ("another",)),
        ("requirements.txt", "transformers==4.46.3\nsentence-transformers==3.3.1\n", ()),
        ("conda-list.txt", "# Name Version Build Channel\nno-such 1.0 py_0 conda-forge\n", ()),
        (
            "pip-list.txt",
            "Package Version\n------- -------\nan-unknown-package 1.0\nanother 0.1\n",
            ("an-unknown-package", "another"),
        ),
        (
            "uv.lock",
            'version = 1\nrequires-python = ">=3.11"\n\n[[package]]\nname = "an-unknown-package"\nversion = "1.0"\n'
            'source = { registry = "https://registry.example/simple" }\n\n[[package]]\nname = "app"\nversion = "0.1"\n'
            'source = { virtual = "." }\ndependencies = [{ name = "an-unknown-package" }]\n',
            (),
        ),
    ],
)
def test_what_packages_require_is_unknown_unless_a_resolver_knew(
    file: str, text: str, unknown: tuple[str, ...]
) -> None:
    request = EnvironmentRequest(name="serving", role="serving")
    serving = environment(request, [read(Document(file, text.encode()))], Wanted())
    assert serving.cells, "nothing was read"
    report = audited("check", [serving], Settings())
    assert report.summary.unknown_requirements == unknown
    table = " ".join(render("table")(report, Style()).split())
    require = "requires" if len(unknown) == 1 else "require"
    sentence = f"What {' and '.join(unknown)} {require} is not known here, so not checked."
    assert (sentence in table) is bool(unknown)
