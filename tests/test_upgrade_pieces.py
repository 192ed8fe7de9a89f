"""What does not fit beside a new version: by the graph of a lock, and for conda's own builds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlaudit.knowledge import releases
from mlaudit.lab.release_rows import packed
from mlaudit.model.nouns import Edge, Pin, Place, State
from mlaudit.model.report import Cell, Environment
from mlaudit.repair.upgrade import candidates, search
from mlaudit.repair.upgrade.fit import EnvironmentFit
from mlaudit.repair.upgrade.search import VersionSearch
from tests.test_releases import _release


def fit_of(versions: Mapping[str, str], requires: Mapping[str, tuple[Edge, ...]]) -> EnvironmentFit:
    """An environment of a lock, of which the release index knows no package but numpy."""
    cells = {}
    for name, version in versions.items():
        pin = Pin(name=name, package=name, version=version, at=Place(path="uv.lock"), requires=requires.get(name, ()))
        cells[name] = Cell(environment="serving", package=name, state=State.EXACT, versions=(version,), pins=(pin,))
    return EnvironmentFit(Environment(name="serving", role="serving", cells=cells))


@pytest.mark.parametrize(
    ("edge", "says"),
    [
        (
            Edge(name="NumPy", specifier="<2"),
            ["own-package 1.0 requires numpy<2 (uv.lock), and numpy is 2.1.3."],
        ),
        (Edge(name="numpy", specifier=">=1.26"), []),
        (Edge(name="numpy", specifier="<2", marker="python_version < '3'"), []),
        (Edge(name="numpy", specifier="<2", when_extra="old"), []),
        (Edge(name="numpy", specifier="<2", when_group="dev"), []),
        (Edge(name="numpy", specifier=None), []),
        (Edge(name="scipy", specifier="<1"), []),
    ],
)
def test_what_a_lock_states_counts_where_the_index_knows_nothing(edge: Edge, says: list[str]) -> None:
    fit = fit_of({"numpy": "1.26.4", "own-package": "1.0"}, {"own-package": (edge,)})
    # Of what moves itself, and of what is beside it.
    for focus in (("numpy", "own-package"), ("numpy",)):
        assert [unfit.says for unfit in fit.conflicts({"numpy": "2.1.3"}, frozenset(focus))] == says
    assert list(fit.unknown_to_index({"numpy": "2.1.3"})) == ([] if edge.specifier else ["own-package"])


def test_a_package_that_the_index_lacks_leaves_the_conflict() -> None:
    fit = fit_of({"numpy": "1.26.4", "own-package": "1.0"}, {"own-package": (Edge(name="numpy", specifier="<2"),)})
    solved = VersionSearch([fit], {"numpy": "2.1.3"}, mend=frozenset(("own-package",))).solve()
    assert dict(solved.versions) == {"numpy": "2.1.3"}
    assert [(unsolved.unfit.packages, unsolved.says, unsolved.proven) for unsolved in solved.unsolved] == [
        (
            ("own-package", "numpy"),
            "the release index lacks own-package, so whether another release fits is not known",
            False,
        )
    ]


@pytest.mark.parametrize(("listed", "is_proven"), [("2026-06-01", True), (None, False)])
def test_what_no_release_solves_is_proven_where_all_are_known(
    listed: str | None, is_proven: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [_release(version, "numpy<2", day="2026-01-01") for version in ("1.0", "1.1")]
    known = releases.unpacked(packed("pinbox", rows, "2026-06-02", listed=listed), "pinbox")
    shipped = releases.history
    for module in (releases, candidates, search):
        monkeypatch.setattr(module, "history", lambda name: known if name == "pinbox" else shipped(name))
    for cached in (releases.requirements, candidates.final_releases, candidates.candidates):
        cached.cache_clear()
    solved = VersionSearch([fit_of({"numpy": "1.26.4", "pinbox": "1.0"}, {})], {"numpy": "2.1.3"}).solve()
    (unsolved,) = solved.unsolved
    reason = "fits: pinbox 1.1 requires numpy<2, and numpy is 2.1.3"
    assert unsolved.proven is is_proven
    assert unsolved.says == (
        f"no release of pinbox from 1.0 up to 1.1 ({listed}) {reason}"
        if is_proven
        else f"none of the 2 releases of pinbox in the index {reason}; the index does not have all releases"
    )
