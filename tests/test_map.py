"""The map of a project: pairs with their evidence, what a change reaches, and each format under hostile names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mlaudit.api import check
from mlaudit.cli.app import run
from mlaudit.mapping.builder import MapBuilder
from mlaudit.mapping.entry import MapQuestion, project_map
from mlaudit.model.dependency_map import DependencyMap, NodeKind, Relation
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation
from mlaudit.reporters._map_graphs import MAX_DRAWN_EDGES, MAX_DRAWN_NODES, as_dot, as_mermaid
from mlaudit.request.options import Options
from tests.checkout import write
from tests.command_line import PAIR, drifted
from tests.command_line import run as command
from tests.test_reporters import problems

DISCOVERY = Path(__file__).parent.parent / "fixtures" / "discovery"
TREES = sorted(path for name in ("files", "tree") for path in DISCOVERY.glob(f"*/{name}"))

PROJECT = {
    "src/features.py": "def scale(rows):\n    return rows\n",
    "training/train.py": (
        "import joblib\nimport pandas as pd\nfrom src.features import scale\n\n"
        "rows = scale(pd.read_csv('data/raw.csv'))\njoblib.dump(rows, 'models/churn.joblib')\n"
    ),
    "training/other.py": "import joblib\njoblib.dump({}, 'models/price.joblib')\n",
    "training/requirements.txt": "numpy==1.26.4\njoblib==1.4.2\npandas==2.2.2\n",
    "serving/app.py": (
        "import joblib\nfrom fastapi import FastAPI\n\napp = FastAPI()\nmodel = joblib.load('models/churn.joblib')\n"
    ),
    "serving/requirements.txt": "numpy==1.26.0\njoblib==1.4.2\nfastapi==0.115.0\n",
    "dvc.yaml": (
        "stages:\n  train:\n    cmd: python training/train.py\n"
        "    deps:\n      - data/raw.csv\n      - training/train.py\n"
        "    outs:\n      - models/churn.joblib\n"
    ),
}
Call = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, PROJECT)
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.fixture
def call(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Prints a map of the project."""

    def called(*arguments: str, code: int = 0) -> str:
        monkeypatch.chdir(project)
        capsys.readouterr()
        assert run(["map", *arguments]) == code
        printed = capsys.readouterr()
        return printed.out or printed.err

    return called


def edges(whole: DependencyMap) -> dict[tuple[str, str, str], list[str]]:
    return {
        (one.source, one.relation.value, one.target): [f"{seen.at.path}:{seen.at.line}" for seen in one.evidence]
        for one in whole.edges
    }


@pytest.mark.parametrize("tree", TREES, ids=[f"{tree.parent.name}-{tree.name}" for tree in TREES])
def test_every_pair_is_an_edge_with_its_evidence(tree: Path, tmp_path: Path) -> None:
    """What `check` says to cross is written by an environment or its code, and read by one, at the same places."""
    root = tmp_path / "project"
    shutil.copytree(tree, root)
    options = Options(root=root)
    mapped = project_map([str(root)], options, MapQuestion()).map
    found = edges(mapped)
    keys = {node.key for node in mapped.nodes}

    assert len(keys) == len(mapped.nodes)
    assert all({one.source, one.target} <= keys and one.evidence for one in mapped.edges)
    for pair in check([str(root)], options).known_pairs:
        writer, reader = f"environment:{pair.writer}", f"environment:{pair.reader}"
        evidence = found[writer, "is followed by", reader]
        for one in pair.crosses[:6]:
            written, read = (f"{at.path}:{at.line}" for at in (one.written, one.read))
            assert {written, read} <= set(evidence)
            writes = {to for (by, what, to), at in found.items() if (by, what) == (writer, "writes") and written in at}
            reads = {by for (by, what, to), at in found.items() if (what, to) == ("is read by", reader) and read in at}
            assert writes & reads, one


def test_the_same_project_gives_the_same_map(project: Path) -> None:
    first, second = (project_map([str(project)], Options(root=project), MapQuestion()).map for _ in range(2))

    assert first == second


def test_a_map_has_every_kind_of_dependency(project: Path) -> None:
    found = edges(project_map([str(project)], Options(root=project), MapQuestion()).map)

    for edge, place in {
        ("code:src/features.py", "is imported by", "code:training/train.py"): "training/train.py:3",
        ("code:training/train.py", "writes", "model:models/churn.joblib"): "training/train.py:6",
        ("model:models/churn.joblib", "is read by", "code:serving/app.py"): "serving/app.py:5",
        ("data:data/raw.csv", "is read by", "code:training/train.py"): "training/train.py:5",
        ("environment:training", "is followed by", "environment:serving"): "training/train.py:6",
        ("file:serving/requirements.txt", "states", "package:numpy"): "serving/requirements.txt:1",
        ("package:numpy", "is installed in", "environment:serving"): "serving/requirements.txt:1",
        ("stage:train", "writes", "model:models/churn.joblib"): "dvc.yaml:8",
        ("data:data/raw.csv", "is read by", "stage:train"): "dvc.yaml:5",
        ("code:training/train.py", "runs in", "stage:train"): "dvc.yaml:3",
    }.items():
        assert place in found[edge], edge


def test_a_change_reaches_what_depends_on_it_and_nothing_else(call: Call) -> None:
    text = call("--impact", "src/features.py")
    data = json.loads(call("--impact", "src/features.py", "--format", "json"))
    reached = {node["key"] for node in data["nodes"]}

    assert "reaches 1 model (models/churn.joblib) and 1 service (serving)." in " ".join(text.split())
    assert {"model:models/churn.joblib", "code:serving/app.py", "environment:serving"} <= reached
    assert not reached & {"model:models/price.joblib", "package:numpy", "file:serving/requirements.txt"}


def test_a_change_of_a_list_reaches_the_models_of_its_environment_alone(call: Call) -> None:
    reached = {node["key"] for node in json.loads(call("--impact", "training/requirements.txt", "-f", "json"))["nodes"]}
    serving = {node["key"] for node in json.loads(call("--impact", "serving/requirements.txt", "-f", "json"))["nodes"]}

    assert {"environment:training", "model:models/churn.joblib", "environment:serving"} <= reached
    assert "environment:training" not in serving
    assert "model:models/churn.joblib" not in serving


def test_a_model_touches_both_ways(call: Call) -> None:
    text = call("--model", "churn")

    for part in ("training/train.py:6", "serving/app.py:5", "serving/requirements.txt", "data/raw.csv"):
        assert part in text
    assert "price" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_package_touches_both_ways(call: Call) -> None:
    text = call("--package", "numpy")

    assert "serving/requirements.txt:1" in text
    assert "training/requirements.txt:1" in text
    assert "fastapi" not in text
    assert "the map has no package of that name; did you mean numpy?" in " ".join(
        call("--package", "nunpy", code=2).split()
    )


def test_json_keeps_to_its_schema(call: Call) -> None:
    for arguments in ([], ["--file", "serving/requirements.txt"]):
        data: dict[str, Any] = json.loads(call(*arguments, "--format", "json"))
        assert problems("map-1", data) == []


def test_the_page_has_the_map_without_a_script(call: Call) -> None:
    page = call("--format", "html")
    section = page.partition('<section id="map">')[2].partition("</section>")[0]

    assert "models/churn.joblib" in section
    assert "training/train.py:6" in re.sub(r"</?wbr/?>", "", section)
    assert '<p id="map-narrow" hidden>' in section
    assert '<section id="map">' not in page_of_check()


def page_of_check() -> str:
    """The page of `check`, which asks for no map."""
    from mlaudit.reporters._registry import Style, render

    return render("html")(check([], Options(root=Path())), Style())


HOSTILE = (
    'a"]; click n0 "javascript:alert(1)"',
    "x\n  n1 --> n2",
    "]] end %%{init: {}}%%",
    "<img src=x onerror=alert(1)>",
    '\\"; injected [label="y',
    "#quot;`**b**`",
    "\x1b[31m\u202egnp.exe",
)


def hostile_map() -> DependencyMap:
    builder = MapBuilder()
    nodes = [builder.add(kind, name, name) for name in HOSTILE for kind in NodeKind]
    for one, other in pairwise(nodes):
        seen = Observation(at=Place(path=HOSTILE[0], line=1), says=HOSTILE[1])
        builder.connect(one, other, Relation.WRITES, seen, certain=len(one) % 2 == 0)
    builder.leave_out(HOSTILE[2] + HOSTILE[1])
    return builder.finished()


def test_mermaid_labels_end_where_they_should() -> None:
    text = as_mermaid(hostile_map())
    node = re.compile(r'  n\d+(\[\("|\{\{"|\["|\(\["|\[/"|>")[A-Za-z0-9_./:,()@+= #;-]*("\)\]|"\}\}|"\]|"\]\)|"/\])')
    edge = re.compile(r'  n\d+ (-->|-\.->)\|"[A-Za-z0-9_./:,()@+= #;-]*"\| n\d+')

    lines = text.rstrip("\n").split("\n")
    assert lines[0] == "flowchart LR"
    for line in lines[1:]:
        assert node.fullmatch(line) or edge.fullmatch(line) or re.fullmatch(r"  %% left out: [^{}\n]*", line), line
    assert text.isascii()


def test_dot_labels_end_where_they_should() -> None:
    text = as_dot(hostile_map())
    statement = re.compile(r'  n\d+( -> n\d+)? \[(shape=\w+, )?label="(?:[^"\\]|\\[\\"])*"(, style=dashed)?\];')

    lines = text.rstrip("\n").split("\n")
    for line in lines[2:-1]:
        assert statement.fullmatch(line) or line.startswith("  // left out: "), line
    assert "\x1b" not in text
    if shutil.which("dot") is not None:
        subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True, timeout=60)


def wide_map() -> DependencyMap:
    builder = MapBuilder()
    nodes = [builder.add(NodeKind.MODEL, f"models/{number}.pkl") for number in range(MAX_DRAWN_NODES * 2)]
    for one in nodes:
        for other in nodes[:8]:
            builder.connect(one, other, Relation.WRITES)
    return builder.finished()


@pytest.mark.parametrize("draw", [as_mermaid, as_dot])
def test_a_diagram_is_bounded_and_says_so(draw: Callable[[DependencyMap], str]) -> None:
    text = draw(wide_map())

    assert text.count("\n") <= MAX_DRAWN_NODES + MAX_DRAWN_EDGES + 6
    assert f"{MAX_DRAWN_NODES:,} nodes with their edges" in text


def test_bounds_of_a_map_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlaudit.mapping.builder.MAX_NODES", 2)
    builder = MapBuilder()
    for number in range(5):
        builder.add(NodeKind.MODEL, str(number))

    assert len(builder.finished().nodes) == 2
    assert builder.finished().left_out == ("3 nodes or edges beyond the limits of a map are left out.",)


def test_credentials_in_names_are_masked() -> None:
    builder = MapBuilder()
    model = builder.add(NodeKind.MODEL, "s3://user:hunter22secret@bucket/model.pkl")
    builder.connect(model, builder.add(NodeKind.CODE, "a.py"), Relation.READ_BY)

    assert "hunter22secret" not in repr(builder.finished().nodes) + repr(builder.finished().edges)


def test_a_page_of_check_has_the_map(tmp_path: Path) -> None:
    done = command(drifted(tmp_path), "check", "--format", "html")
    nodes = re.findall(r'<details class="node"><summary><b>([^<]*)', done.stdout)
    assert nodes == ["churn.joblib", "serving", "training"]
    assert 'id="map"' not in command(tmp_path, "compare", *PAIR, "--format", "html").stdout
