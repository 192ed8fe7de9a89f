"""`mlaudit plan`: what moves, in which order, what has no solution, and what an audit of the files says afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.knowledge.family import wanted
from mlaudit.model.nouns import State
from mlaudit.model.report import Cell, Environment
from mlaudit.repair.upgrade.candidates import final_releases
from mlaudit.repair.upgrade.fit import EnvironmentFit
from mlaudit.repair.upgrade.search import SearchBudget, VersionSearch
from tests.checkout import write
from tests.command_line import run
from tests.plain_wheels import UV, compiled, resolved, wheel_index
from tests.test_against import MODEL
from tests.test_reporters import problems

ROOT = Path(__file__).parent.parent
PLANS = tomli.loads((ROOT / "fixtures" / "plan.toml").read_text(encoding="utf-8"))
CASES = PLANS["case"]
DECLARED = """
[environments.training]
sources = ["training/requirements.txt"]
artifact-kinds = {kinds}
[environments.serving]
sources = {sources}
follows = "training"
"""
APART = """
[environments.apart]
sources = ["apart/requirements.txt"]
"""


ALONE = '[environments.training]\nsources = ["{source}"]\n{writes}'
TWO = f"""{ALONE}
[environments.serving]
sources = ["serving.txt"]
follows = "training"
"""


def lay(folder: Path, case: Mapping[str, Any]) -> None:
    sources = ["serving/requirements.txt", *(["serving/Dockerfile"] if "docker" in case else [])]
    files = {f"{name}/requirements.txt": "\n".join(case[name]) + "\n" for name in ("training", "serving")}
    if "docker" in case:
        files["serving/Dockerfile"] = f"FROM {case['docker']}\n"
    declared = DECLARED.format(kinds=case.get("kinds", []), sources=sources)
    if "apart" in case:
        files["apart/requirements.txt"] = "\n".join(case["apart"]) + "\n"
        declared += APART
    write(folder, {"mlaudit.toml": declared, **files})


def planned(folder: Path, *arguments: str, code: int = 0) -> Any:
    done = run(folder, "plan", *arguments, "--format", "json")
    assert done.returncode == code, done.stdout + done.stderr
    data = json.loads(done.stdout)
    assert problems("plan-1", data) == []
    return data


def moves_of(plan: Any) -> list[str]:
    return [
        f"{one['environment']} {move['package']} {move['to']}" for move in plan["moves"] for one in move["environments"]
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_plan_says_what_moves(case: dict[str, Any], tmp_path: Path) -> None:
    lay(tmp_path, case)
    plan = planned(tmp_path, *case["arguments"], code=case["exit"])
    if case.get("partial"):
        assert set(case["moves"]) <= set(moves_of(plan))
    else:
        assert moves_of(plan) == case["moves"]
    assert [one["packages"] for one in plan["unsolved"]] == case.get("unsolved", [])
    assert "orders" not in case or [one["order"] for one in plan["orders"]] == case["orders"]
    assert "steps" not in case or [one["environments"] for one in plan["steps"]] == case["steps"]
    because = {move["package"]: move["because"] for move in plan["moves"]}
    assert all(text in because[package] for package, text in case.get("because", {}).items())
    assert "errors" not in case or [plan["errors_before"], plan["errors_after"]] == case["errors"]
    for name in ("table", "markdown"):
        text = run(tmp_path, "plan", *case["arguments"], "--format", name).stdout
        assert name == "markdown" or max(map(len, text.splitlines())) <= 80
        for move in plan["moves"]:
            assert all(f"{at['path']}:{at['line']}" in text for one in move["environments"] for at in one["places"])


@pytest.mark.parametrize("case", PLANS["unknown"], ids=lambda case: case["name"])
def test_a_plan_says_what_it_does_not_know(case: dict[str, Any], tmp_path: Path) -> None:
    writes = 'writes = ["models/"]\n' if case.get("model") else ""
    declared = (ALONE if case.get("alone") else TWO).format(source=case.get("source", "training.txt"), writes=writes)
    write(tmp_path, {"mlaudit.toml": declared, **case["files"]})
    if case.get("model"):
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "m.pkl").write_bytes(MODEL)
    plan = planned(tmp_path, *case["arguments"], code=case.get("exit", 0))
    assert plan["unknown"] == case["says"]
    for key, text in (("unsolved", "says"), ("why", "why")):
        assert [one[text] for one in plan["unsolved"]] == case.get(key, [])
    fates = [
        f"{one['fate']} {one['name']} {one['package']} {one['written']} {one['read']}" for one in plan["artifacts"]
    ]
    assert fates == case.get("fates", [])


@pytest.mark.parametrize("case", [CASES[0], CASES[2]], ids=lambda case: case["name"])
def test_the_command_of_a_plan_makes_what_it_says(case: dict[str, Any], tmp_path: Path) -> None:
    lay(tmp_path, case)
    plan = planned(tmp_path, *case["arguments"])
    done = run(tmp_path, *plan["command"].split()[1:])
    assert done.returncode == 0, done.stderr
    report = json.loads(run(tmp_path, "check", "--format", "json").stdout)
    assert report["summary"]["error"] == plan["errors_after"]
    assert moves_of(planned(tmp_path, *case["arguments"])) == []


def test_artifacts_that_break_are_named_and_their_writer_waits(tmp_path: Path) -> None:
    """Of trees of scikit-learn 1.2.2 it is known that 1.3 and later do not read them."""
    case = {"training": ["scikit-learn==1.2.2"], "serving": ["scikit-learn==1.2.2"], "kinds": ["sklearn.joblib"]}
    lay(tmp_path, case)
    plan = planned(tmp_path, "scikit-learn==1.4.2")
    (one,) = plan["artifacts"]
    assert (one["fate"], one["package"], one["already"]) == ("breaks", "scikit-learn", False)
    assert (one["written"], one["read"]) == ("1.2.2", "1.4.2")
    assert "to retrain" in run(tmp_path, "plan", "scikit-learn==1.4.2").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nump==2.1.3"], "error: nump==2.1.3: no environment names nump; did you mean numpy?"),
        (["numpy"], "error: numpy: expected a package and its version, such as numpy==2.1.3"),
        (["numpy==2.1.3", "numpy==2.0.0"], "error: numpy is to be 2.1.3 and 2.0.0; name one version"),
        (["--format", "xml"], "error: --format xml: plan prints table, markdown, json"),
    ],
)
def test_a_target_that_cannot_be_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    lay(tmp_path, CASES[0])
    done = run(tmp_path, "plan", *arguments)
    assert (done.returncode, done.stderr.strip(), done.stdout) == (2, said, "")


def test_a_search_that_gives_up_says_so() -> None:
    versions = {"numpy": "1.26.4", "scipy": "1.11.4", "pandas": "2.1.4"}
    cells = {
        name: Cell(environment="training", package=name, state=State.EXACT, versions=(version,))
        for name, version in versions.items()
    }
    fits = [EnvironmentFit(Environment(name="training", role="training", cells=cells))]
    found = VersionSearch(fits, {"numpy": "2.1.3"}, budget=SearchBudget(1)).solve()
    assert found.gave_up
    assert {one.unfit.packages for one in found.unsolved} >= {("scipy", "numpy")}
    assert not any(one.proven for one in found.unsolved)


INDEXED = ("numpy", "scipy", "pandas", "scikit-learn", "numba", "numexpr", "pyarrow", "torch", "torchvision")
"""What the index of the resolver has: the releases that mlaudit knows, and what they require of one another."""


def releases(lists: Sequence[Sequence[str]], plan: Any) -> dict[str, dict[str, list[str]]]:
    """What is there, what a plan names, and the newest releases: what a resolver might choose."""
    named = {tuple(line.split("==")) for lines in lists for line in lines if "==" in line}
    named |= {(move["package"], move["to"]) for move in plan["moves"]}
    found: dict[str, dict[str, list[str]]] = {}
    for name in INDEXED:
        for version in {*(version for package, version in named if package == name), *final_releases(name)[-12:]}:
            demands = {other: wanted(name, version, other, lambda marker: "extra" not in marker) for other in INDEXED}
            found.setdefault(name, {})[version] = [f"{other}{one.range}" for other, one in demands.items() if one]
    return found


@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="uv is neither beside this Python nor on the PATH")
@pytest.mark.parametrize("number", [0, 2, 3])
def test_a_resolver_agrees_with_a_plan(number: int, tmp_path: Path) -> None:
    """Every environment resolves with the versions of a plan, and to them; what has no solution does not resolve."""
    case = CASES[number]
    lay(tmp_path, case)
    plan = planned(tmp_path, *case["arguments"], code=case["exit"])
    asked = "".join(f"{one}\n" for one in case["arguments"])
    pins = "".join(f"{move['package']}=={move['to']}\n" for move in plan["moves"])
    write(tmp_path, {"asked.txt": asked, "plan.txt": pins})
    moved = {move["package"]: move["to"] for move in plan["moves"]}
    with wheel_index(tmp_path / "index", releases([case["training"], case["serving"]], plan)) as address:
        stays = compiled(tmp_path, "training/requirements.txt", address, constraints="asked.txt")
        assert stays.returncode != 0, "without its partners the target does not resolve"
        for name in ("training", "serving"):
            kept = [line for line in case[name] if line.partition("==")[0] not in moved]
            bare = [line.partition("==")[0] for line in case[name] if line.partition("==")[0] in moved]
            write(tmp_path, {f"{name}.txt": "".join(f"{line}\n" for line in (*kept, *bare))})
            if plan["unsolved"]:
                assert compiled(tmp_path, f"{name}.txt", address, constraints="plan.txt").returncode != 0
            else:
                found = resolved(tmp_path, f"{name}.txt", address, constraints="plan.txt")
                assert {package: found[package] for package in bare} == {package: moved[package] for package in bare}
