"""Every crossing is judged once, however many rules read the judgement."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import mlaudit
from mlaudit.comparison.judgement import Judgement, Judgements
from mlaudit.comparison.requirements import ImpliedRange
from mlaudit.environments.cells import Stated, cells
from mlaudit.model.artifacts import PickledName
from mlaudit.model.nouns import Artifact, Kind, Layer, Pin, Place, Reading, Recorded, Strength, Target
from mlaudit.model.report import ArtifactCrossing, Crossing, Environment


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Counter[object]:
    """How often each crossing is judged."""
    counts: Counter[object] = Counter()
    of_crossing, of_recorded = Judgements._of_crossing, Judgements._of_recorded

    def count_crossing(judgements: Judgements, crossing: Crossing) -> Judgement | None:
        counts[crossing.package] += 1
        return of_crossing(judgements, crossing)

    def count_artifact(judgements: Judgements, crossing: ArtifactCrossing) -> Judgement | None:
        counts[crossing.artifact.name] += 1
        return of_recorded(judgements, crossing)

    monkeypatch.setattr(Judgements, "_of_crossing", count_crossing)
    monkeypatch.setattr(Judgements, "_of_recorded", count_artifact)
    return counts


def test_rules_share_the_judgement_of_a_crossing(tmp_path: Path, judged: Counter[object]) -> None:
    for name, numpy in (("training", "2.1.3"), ("serving", "1.26.0")):
        (tmp_path / f"{name}.txt").write_text(f"numpy=={numpy}\nscikit-learn==1.5.2\n", encoding="utf-8")
    report = mlaudit.compare(tmp_path / "training.txt", tmp_path / "serving.txt")
    assert {finding.code for finding in report.findings} >= {"MLA101"}
    assert judged["numpy"] == 1
    assert set(judged.values()) == {1}


def crossing_of(version: str) -> tuple[ArtifactCrossing, Judgements]:
    at = Place(path="model.pkl")
    artifact = Pin(name="model.pkl", package="model.pkl", at=at, kind=Kind.ARTIFACT, artifact=Artifact("numpy.pickle"))
    recorded = Recorded(("numpy.pickle",), Strength.EXACT)
    pin = Pin(name="numpy", package="numpy", at=at, version=version, layer=Layer.RECORDED, recorded=recorded)
    stated = Pin(name="numpy", package="numpy", at=at, version="1.26.0")
    reading = Reading(path="a.txt", format="requirements", complete=False, pins=(stated,))
    named = cells("serving", [Stated(stated, 0)], (), Target())
    serving = Environment(name="serving", role="serving", readings=(reading,), selected=((True,),), cells=named)
    made = ArtifactCrossing(writer="serving", reader="serving", artifact=artifact, pin=pin, cell=named["numpy"])
    return made, Judgements({"serving": serving})


def test_an_artifact_is_judged_once(judged: Counter[object]) -> None:
    crossing, judgements = crossing_of("2.1.3")
    first = judgements.of_artifact(crossing)
    assert first is not None
    assert judgements.of_artifact(crossing) is first
    assert judged["model.pkl"] == 1


def test_what_crosses_is_gathered_once_for_a_pair() -> None:
    _, judgements = crossing_of("2.1.3")
    assert judgements.what_crosses("serving", "serving") is judgements.what_crosses("serving", "serving")


def names_that_cross(*artifacts: Artifact, declared: tuple[str, ...] = ()) -> frozenset[str]:
    at = Place(path="frame.pkl")
    pins = tuple(Pin(name="m", package="m", at=at, kind=Kind.ARTIFACT, artifact=one) for one in artifacts)
    reading = Reading(path="frame.pkl", format="pickle", complete=False, pins=pins)
    training = Environment(name="training", role="training", writes=(reading,), artifact_kinds=declared)
    serving = Environment(name="serving", role="serving", follows=("training",))
    return Judgements({"training": training, "serving": serving}).names_that_cross("training", "serving")


def test_the_names_that_cross_are_known_where_all_that_crosses_is() -> None:
    frame = Artifact("pandas.pickle", (), (PickledName("pandas", "DataFrame"),))
    assert names_that_cross(frame) == {"pandas.DataFrame"}
    assert names_that_cross(frame, declared=("pandas.pickle",)) == {"pandas.DataFrame"}
    assert not names_that_cross(frame, declared=("pandas.to_pickle",))
    assert not names_that_cross(frame, Artifact("pandas.pickle"))


def test_a_chain_of_requirements_is_told_link_by_link() -> None:
    implied = ImpliedRange(package="numpy", range="<2", chain=("vllm 0.6.3", "torch 2.4.0"), evidence=())
    assert implied.because == "vllm 0.6.3, which requires torch 2.4.0"
