"""Where measured facts and code disagree, as the maintainers' list has it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.disagreements import disagreements
from mlaudit.model.lazy_dataclass import replace
from tests.test_incomplete_states import unpromised

PACKAGES = ("scikit-learn",)


def test_one_fact_that_both_say_is_no_disagreement(tmp_path: Path) -> None:
    assert not list(disagreements(unpromised(tmp_path, "return self.b").findings, PACKAGES))


def test_what_code_says_against_a_measurement_is_listed(tmp_path: Path) -> None:
    found = [one for one in unpromised(tmp_path, "return self.b").findings if one.code == "MLA401"]
    overruled = [replace(one, code="MLA411", details=("measured differently: it loads",)) for one in found]
    assert [who for who, _ in disagreements(overruled, PACKAGES)] == ["code alone"]


def test_what_a_fact_says_and_code_does_not_is_listed(tmp_path: Path) -> None:
    found = [replace(one, details=()) for one in unpromised(tmp_path, "return self.b").findings]
    (said,) = disagreements(found, PACKAGES)
    assert said[0] == "knowledge alone"
    assert said[1].startswith("MLA401 ")
    assert not list(disagreements(found, ("pandas",)))
