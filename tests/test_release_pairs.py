"""Which releases fit by the index of releases: what uv says of the same, other builds, releases between two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.comparison.requirements import worlds_for
from mlaudit.knowledge import releases
from mlaudit.knowledge.binaries import python_unsupported
from mlaudit.knowledge.family import Holds, family_mismatches, wanted
from mlaudit.lab.refresh import is_repeated
from mlaudit.lab.release_rows import GatheredRelease, packed
from mlaudit.model.nouns import Target
from mlaudit.model.packaged import HOME

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES: list[dict[str, Any]] = tomli.loads((FIXTURES / "release_pairs.toml").read_text(encoding="utf-8"))["case"]


def _on_linux(python: str) -> dict[str, Holds]:
    return worlds_for(Target(pythons=(python,), platform="linux", machine="x86_64"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case["packages"]))
def test_what_fits_together_is_what_uv_says(case: dict[str, Any]) -> None:
    versions = dict(text.split("==") for text in case["packages"])
    rows = family_mismatches(versions, worlds=_on_linux(case["python"]))
    unsupported = [python_unsupported(name, version, case["python"]) for name, version in versions.items()]
    told = [f"{row.other}{row.wanted}" for row in rows] + [one.says for one in unsupported if one is not None]
    assert len(told) == bool(case["because"]), told
    assert case["because"] in "".join(told)


@pytest.mark.parametrize(
    ("version", "other", "found"),
    [
        ("2.4.1", "nvidia-cublas-cu12", "==12.1.3.1"),
        ("2.4.1+cu124", "nvidia-cublas-cu12", None),
        ("2.4.1+cu124", "filelock", ""),
    ],
)
def test_what_belongs_to_wheels_of_a_machine_is_asked_of_no_other_build(
    version: str, other: str, found: str | None
) -> None:
    (holds,) = _on_linux("3.11").values()
    wanted_range = wanted("torch", version, other, holds)
    assert (wanted_range.range if wanted_range is not None else None) == found


def _release(version: str, day: int, *requires: str, **more: Any) -> GatheredRelease:
    values = {"source": "METADATA of pinbox {version}", "from_metadata": True, "requires": requires, **more}
    return GatheredRelease(package="pinbox", version=version, day=f"2025-01-{day:02}", **values)


UNREAD: dict[str, Any] = {"from_metadata": False, "requires": None}


def test_what_releases_around_one_require_alike_is_required_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        _release("1.0.0", 1, "numpy<2", "scipy", "torch<2", "jax<1,>=0.4", "dask<2; extra == 'all'", "keras<3"),
        _release("1.0.9", 8, "numpy<2", "scipy", "torch<2", "protobuf<4"),
        _release("1.1.0", 2, **UNREAD),
        _release("1.1.1", 3, "numpy<2", "scipy>=1", from_metadata=False),
        _release("1.1.2", 8, "numpy<2", "torch<3", "protobuf<4", "jax[cpu]>=0.5,!=0.6", "dask<3", "keras>=2"),
        _release("1.2", 9, **UNREAD),
    ]
    known = releases.unpacked(packed("pinbox", rows, "2026-01-01"), "pinbox")
    monkeypatch.setattr(releases, "history", lambda _: known)
    releases.agreed.cache_clear()
    found = releases.agreed("pinbox", "1.1.0")
    assert found is not None
    assert {name: found.requirements[name][0].specifier for name in found.requirements} == {
        "numpy": "<2",
        "torch": "<3",
        "jax": ">=0.4",
    }
    assert found.evidence.source == "METADATA of pinbox 1.0.0 and 1.1.2, between which 1.1.0 lies"
    assert [releases.agreed("pinbox", version) for version in ("1.1.1", "1.1.2", "1.2", "9.0")] == [None] * 4
    mismatch = wanted("pinbox", "1.1", "numpy")
    assert mismatch is not None
    assert mismatch.range == "<2"
    releases.agreed.cache_clear()


def test_ranges_that_the_index_has_do_not_stand_in_the_table_too() -> None:
    table = tomli.loads((HOME / "knowledge" / "demands.toml").read_text(encoding="utf-8"))["demand"]
    rows = [(one, other, run) for one, others in table.items() for other, row in others.items() for run in row["runs"]]
    assert [row for row in rows if is_repeated(*row)] == []
    assert is_repeated("torchvision", "torch", ("0.17.0", "0.17.0", "==2.2.0"))
    assert not is_repeated("torchvision", "torch", ("0.17.0", "0.17.0", "==2.2.1"))
    assert not is_repeated("torch", "triton", ("2.4.1", "2.4.1", "==3.0.0"))
