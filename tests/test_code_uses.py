from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import tomli

from mlaudit.code.call_table import match_rows
from mlaudit.code.definitions import definitions
from mlaudit.code.linking import Program
from mlaudit.code.nouns import ArtifactName, ArtifactUse, NameKind, Sameness
from mlaudit.code.repository import link, read_module, read_program, read_source
from mlaudit.code.sameness import fits, joined, same_artifact
from mlaudit.code.scan import scan
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.model.nouns import Place
from tests.checkout import ROOT

_USES = ("writes", "reads", "uploads", "downloads")


def _cases() -> list[Any]:
    return list(_each_case())


def _each_case() -> Iterator[Any]:
    for name in ("calls.toml", "names.toml"):
        for case in tomli.loads((ROOT / "fixtures" / "code" / name).read_text(encoding="utf-8"))["case"]:
            yield pytest.param(case, id=f"{name.removesuffix('.toml')}: {case['name']}")


def _program(files: dict[str, str]) -> Program:
    contents = {path: text.encode() for path, text in files.items()}
    return read_program(contents, contents.get)


def _name(name: ArtifactName) -> str:
    kind = "" if name.kind is NameKind.PATH else f"{name.kind.value}:{name.scope}:"
    return kind + name.text + (f"~{name.variable}" if name.variable else "")


def _written(use: ArtifactUse, *, with_path: bool) -> str:
    def place(at: Place) -> str:
        return f"{at.path}:{at.line}" if with_path else f"{at.line}"

    words = [place(use.at), use.direction.value, use.form, *(f"+{kind}" for kind in use.holds)]
    words += [_name(name) for name in use.names]
    words += [f"{key}={value}" for key, value in use.settings]
    words += ["<-" + ",".join(map(place, use.callers))] if use.callers else []
    return " ".join([*words, *([] if use.certain else ["?"])])


@pytest.mark.parametrize("case", _cases())
def test_uses_of_a_source(case: dict[str, Any]) -> None:
    files = case.get("files") or {"a.py": "\n" + case["source"]}
    uses = _program(files).uses
    found = sorted(_written(use, with_path="files" in case) for use in uses)
    assert found == sorted(case["expects"])


def test_every_row_is_found_by_each_of_its_names() -> None:
    for row in artifact_calls().rows:
        for call in row.calls:
            name = call.replace("*.", "thing.", 1) if call.startswith("*.") else call
            name = name.replace("*", "x")
            matched = match_rows(name, frozenset(row.imports), (row.does,))
            assert matched is not None, call


def _name_of(text: str, kind: NameKind = NameKind.PATH, scope: str = "", variable: str = "") -> ArtifactName:
    parts = re.split(r"(\*)", text)
    pieces = tuple(None if part == "*" else part for part in parts if part)
    return ArtifactName(kind=kind, pieces=pieces, at=Place(path="a.py"), scope=scope, variable=variable)


@pytest.mark.parametrize(
    ("one", "other", "sure"),
    [
        ("models/churn.joblib", "/app/models/churn.joblib", Sameness.CERTAIN),
        ("churn.joblib", "./churn.joblib", Sameness.CERTAIN),
        ("out/churn.joblib", "served/churn.joblib", Sameness.LIKELY),
        ("*/churn.joblib", "models/churn.joblib", Sameness.CERTAIN),
        ("forest_{epoch:02d}_{score:.2f}.h5", "forest_08_0.91.h5", Sameness.LIKELY),
        ("model.pkl", "/srv/model.pkl", Sameness.POSSIBLE),
        ("models/model.pkl", "models/model.pkl", Sameness.POSSIBLE),
        ("churn/model.pkl", "churn/model.pkl", Sameness.CERTAIN),
        ("a/model.pkl", "b/model.pkl", Sameness.DIFFERENT),
        ("churn/model.pkl", "/srv/churn/model.pkl", Sameness.LIKELY),
        ("data.csv", "raw/data.csv", Sameness.POSSIBLE),
        ("one/data.csv", "two/data.csv", Sameness.DIFFERENT),
        ("churn.joblib", "price.joblib", Sameness.DIFFERENT),
        ("*/churn.joblib", "*/churn.joblib", Sameness.LIKELY),
        ("*", "churn.joblib", Sameness.DIFFERENT),
        ("*.joblib", "churn.joblib", Sameness.POSSIBLE),
        ("churn*-b*z.joblib", "churn-bz.joblib", Sameness.LIKELY),
        ("churn*-b*z.joblib", "churn-cz.joblib", Sameness.DIFFERENT),
        ("models/model_v1.0.0.pkl", "models/model_v1.0.0.pkl", Sameness.POSSIBLE),
        ("model-2024-05-01.pkl", "*/model-2024-05-01.pkl", Sameness.POSSIBLE),
        ("models/churn_v2.pkl", "/app/models/churn_v2.pkl", Sameness.CERTAIN),
        ("model.tar.gz", "*/model.tar.gz", Sameness.POSSIBLE),
        ("churn.tar.gz", "*/churn.tar.gz", Sameness.CERTAIN),
        ("clothing-model", "/models/clothing-model", Sameness.LIKELY),
        ("model", "model", Sameness.POSSIBLE),
    ],
)
def test_sameness_of_paths(one: str, other: str, sure: Sameness) -> None:
    assert same_artifact(_name_of(one), _name_of(other)) is sure
    assert same_artifact(_name_of(other), _name_of(one)) is sure


def test_sameness_of_registries_buckets_and_variables() -> None:
    registry = NameKind.REGISTRY
    churn = _name_of("churn", registry, "mlflow")
    assert same_artifact(churn, _name_of("churn", registry, "mlflow")) is Sameness.CERTAIN
    assert same_artifact(churn, _name_of("churn", registry, "bentoml")) is Sameness.DIFFERENT
    assert same_artifact(churn, _name_of("price", registry, "mlflow")) is Sameness.DIFFERENT
    assert same_artifact(churn, _name_of("churn", NameKind.TABLE, "feast")) is Sameness.DIFFERENT
    latest = _name_of("team/forecast:latest", registry, "wandb")
    assert same_artifact(latest, _name_of("forecast", registry, "wandb")) is Sameness.CERTAIN
    assert same_artifact(_name_of("model", registry, "mlflow"), _name_of("model", registry, "mlflow")) < Sameness.LIKELY
    best = _name_of("best_model", registry, "hopsworks")
    assert same_artifact(best, _name_of("best_model", registry, "hopsworks")) is Sameness.LIKELY
    key = _name_of("v1/tree.joblib", NameKind.BUCKET, "acme")
    assert same_artifact(key, _name_of("v1/tree.joblib", NameKind.BUCKET, "acme")) is Sameness.CERTAIN
    assert same_artifact(key, _name_of("v1/tree.joblib", NameKind.BUCKET, "other")) is Sameness.DIFFERENT
    assert same_artifact(key, _name_of("tree.joblib")) is Sameness.CERTAIN


def test_uses_join_by_name_and_form() -> None:
    program = _program(
        {
            "train.py": "import joblib, pandas as pd\njoblib.dump(1, 'churn.bin')\n"
            "pd.DataFrame().to_csv('churn.bin')\n",
            "serve.py": "import pickle\npickle.load(open('churn.bin', 'rb'))\n",
        }
    )
    reader, writer, table = program.uses
    assert joined(writer, reader) is Sameness.CERTAIN
    assert joined(table, reader) is Sameness.DIFFERENT
    assert fits("bytes", "onnx")
    assert not fits("onnx", "python.pickle")


def test_generic_names_join_only_what_lies_together() -> None:
    save, load = "import joblib\njoblib.dump(1, 'model.pkl')\n", "import joblib\njoblib.load('model.pkl')\n"
    for paths, sure in (
        (("train.py", "serve.py"), Sameness.LIKELY),
        (("churn/train/run.py", "churn/serve/app.py"), Sameness.LIKELY),
        (("chapter1/train.py", "chapter2/serve.py"), Sameness.POSSIBLE),
    ):
        uses = _program({paths[0]: save, paths[1]: load}).uses
        writer = next(use for use in uses if use.direction.value == "writes")
        reader = next(use for use in uses if use.direction.value == "reads")
        assert joined(writer, reader) is sure


def test_imports_and_what_an_entry_point_runs() -> None:
    program = _program(
        {
            "app/main.py": "from fastapi import FastAPI\nfrom app.models import load\n"
            "from . import helpers\napp = FastAPI()\n",
            "app/models.py": "import joblib\ndef load():\n    return joblib.load('x.joblib')\n",
            "app/helpers.py": "from shared.tools import anything\n",
            "app/unused.py": "",
            "shared/tools.py": "anything = 1\n",
        }
    )
    assert program.closure(["app/main.py"]) == {"app/main.py", "app/models.py", "app/helpers.py", "shared/tools.py"}
    assert "app/models.py" in program.imported_files("app/main.py")


def test_entry_points_and_options() -> None:
    reading = read_module(
        "run.py",
        "import argparse, flask\nfrom zenml import step\napp = flask.Flask('x')\n@step\ndef train():\n    pass\n"
        "p = argparse.ArgumentParser()\np.add_argument('--out', default='m.pkl')\n"
        "if __name__ == '__main__':\n    train()\n",
    )
    assert {(one.kind, one.role, one.name, one.at.line) for one in reading.entry_points} == {
        ("flask", "serving", "app", 3),
        ("zenml.step", "pipeline", "train", 5),
        ("main", "", "__main__", 9),
    }
    assert [(one.name, one.default) for one in reading.options] == [("--out", "m.pkl")]


def test_a_function_of_a_shared_module_belongs_to_who_calls_it() -> None:
    program = _program(
        {
            "shared.py": "import joblib\ndef save(m):\n    joblib.dump(m, 'a.joblib')\ndef load():\n"
            "    return joblib.load('a.joblib')\n",
            "train.py": "import shared\nshared.save(1)\n",
            "serve.py": "import shared\nmodel = shared.load()\n",
            "tests/test_shared.py": "import shared\nshared.load()\n",
        }
    )
    files = {use.direction.value: use.files for use in program.uses}
    assert files == {"writes": {"shared.py", "train.py"}, "reads": {"shared.py", "serve.py"}}


def test_notebook_lines_are_those_of_the_file() -> None:
    text = """{
 "cells": [
  {"cell_type": "markdown", "source": ["import joblib"]},
  {
   "cell_type": "code",
   "outputs": [],
   "source": [
    "%pip install joblib\\n",
    "import joblib\\n",
    "\\n",
    "joblib.dump(1, 'from_cell.joblib')"
   ]
  },
  {"cell_type": "code", "source": ["print 'old'"]},
  {"cell_type": "code", "source": ["%%bash\\n", "joblib.load()"]},
  {"cell_type": "code", "source": ["joblib.load('from_cell.joblib')"]}
 ],
 "nbformat": 4
}
"""
    reading = read_source("n.ipynb", text.encode())
    assert [(use.at.line, use.direction.value) for use in reading.uses] == [(11, "writes"), (16, "reads")]
    assert [one.at.line for one in reading.unread] == [14]
    assert "Python 2" in reading.unread[0].why


@pytest.mark.parametrize(
    ("text", "why", "line"),
    [
        ("import joblib\nprint 'x'\n", "Python 2", 2),
        ("import joblib\njoblib.load({{ path }})\n", "", None),
        ("x = {% if a %}\n", "template", 1),
        ("x = 1\0", "cannot be parsed|null bytes", None),
        ("(" * 5_000 + ")" * 5_000, "nested|parsed|too many", None),
        ("x = " + "-" * 100_000 + "1", "nested|parsed|too|recursion", None),
        ("x = 1\n" * 200_000, "characters", None),
        ("def f(:\n", "not valid Python 3", 1),
    ],
)
def test_what_cannot_be_read_is_unread_with_its_line(text: str, why: str, line: int | None) -> None:
    reading = read_module("bad.py", text)
    if not why:
        return
    assert len(reading.unread) == 1
    assert re.search(why, reading.unread[0].why, re.IGNORECASE)
    assert reading.unread[0].whole
    if line is not None:
        assert reading.unread[0].at.line == line


@pytest.mark.parametrize(
    "text",
    [
        "import joblib\npath = path + 'x'\njoblib.load(path)\n",
        "import joblib\na = b\nb = a\njoblib.load(a)\n",
        "import joblib\ndef f(x):\n    return f(x + 'y')\njoblib.load(f('a'))\n",
        "import joblib\ndef f(x):\n    joblib.load(x)\n    f(x + 'y')\nf('a')\n",
        "import joblib\nclass A(B):\n    pass\nclass B(A):\n    pass\njoblib.load(A().x)\n",
        "import joblib\nclass A:\n    def __init__(self, x):\n        self.x = A(self.x).x\njoblib.load(A(1).x)\n",
        "import joblib\nx = 'a'\n" + "x = x + x\n" * 300 + "joblib.load(x)\n",
        "import joblib\njoblib.load(" + "+".join(["'a'"] * 900) + ")\n",
        "import joblib\nif 1:\n    pass\n"
        + "".join(f"elif {n}:\n    x = '{n}'\n" for n in range(2_000))
        + "joblib.load(x)\n",
        "import joblib\nx = " + "f('" * 1 + "a'" + ")" * 1 + "\n" + "x = (x, x, x)\n" * 60 + "joblib.load(x)\n",
        "from bad import *\nfrom . import *\nfrom .. import x\nfrom ..... import y\nimport joblib\njoblib.load(y.z)\n",
        "import joblib\n" + "".join(f"def f{n}(x):\n    f{n + 1}(x)\n    f{n + 1}(x)\n" for n in range(60))
        + "def f60(x):\n    joblib.load(x)\nf0('a')\n",
        "import joblib\njoblib.load(['a']['" + "9" * 5_000 + "'])\n",
        "import joblib\njoblib.load('a-b'.split('-', 0x" + "9" * 50 + ")[0])\n",
    ],
)  # fmt: skip
def test_hostile_sources_come_to_an_end(text: str) -> None:
    program = _program({"bad.py": text})
    assert all(use.at.path == "bad.py" for use in program.uses)
    assert program.uses


@pytest.mark.parametrize(
    "data",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\npath: y.joblib\n",
        "path: &p [*p]\n",
        "[" * 5_000,
        "path: {" * 2_000,
        "path: y.joblib\n" + "".join(f"k{n}: {n}\n" for n in range(40_000)),
        "\0",
    ],
)
def test_hostile_configuration_comes_to_an_end(data: str) -> None:
    code = "import joblib, yaml\njoblib.load(yaml.safe_load(open('params.yaml'))['path'])\n"
    assert len(_program({"a.py": code, "params.yaml": data}).uses) == 1


@pytest.mark.parametrize("data", [b"", b"[", b"[" * 100_000, b'{"cells": 3}', b'{"cells": [1, {"cell_type": "code"}]}'])
def test_hostile_notebooks_are_unread_or_empty(data: bytes) -> None:
    assert read_source("n.ipynb", data).uses == ()


def test_settings_nested_deeply_are_shortened() -> None:
    reading = read_module("a.py", f"import torch\ntorch.load('x.pt', map_location={'-' * 800}1)\n")
    assert len(reading.uses) == 1


def test_modules_that_import_each_other_come_to_an_end() -> None:
    program = _program({"a.py": "from b import x\n", "b.py": "from a import x\nimport joblib\njoblib.load(x)\n"})
    assert len(program.uses) == 1
    assert program.closure(["a.py"]) == {"a.py", "b.py"}


def test_scan_asks_for_an_import_and_a_call() -> None:
    assert scan(b"import joblib\njoblib.dump(1, 'x')\n")
    assert scan(b"from fastapi import FastAPI\napp = FastAPI()\n")
    assert scan(b'"    model.save_pretrained(path)\\n",')
    assert not scan(b"import logging\nlogging.dump(1)\n")
    assert not scan(b"import joblib\n")
    assert not scan(b"")


def test_definitions_ignore_layout_and_see_changes() -> None:
    one = read_module(
        "a.py",
        'def scale(x: int) -> int:\n    """Doc."""\n    return x * 2  # twice\nclass A:\n    def f(self): return 1\n',
    )
    other = read_module("b.py", "def scale(x):\n    return x * 2\nclass A:\n    def f(self):\n        return 2\n")
    first, second = definitions(one), definitions(other)
    assert set(first) == {"scale", "A", "A.f"}
    assert first["scale"].digest == second["scale"].digest
    assert first["A.f"].digest != second["A.f"].digest
    assert first["A"].digest != second["A"].digest
    assert first["A.f"].at.line == 5


def test_modules_that_were_read_one_by_one_are_linked() -> None:
    readings = [
        read_module("conf.py", "PATH = 'linked.joblib'\n"),
        read_module("run.py", "import joblib\nfrom conf import PATH\njoblib.load(PATH)\n"),
    ]
    assert [_name(name) for use in link(readings).uses for name in use.names] == ["linked.joblib"]
    assert readings[1].uses[0].names == ()
    assert [one.module for one in readings[1].imports] == ["joblib", "conf"]


def test_nothing_of_a_source_is_run() -> None:
    assert read_module("a.py", "import joblib\njoblib.load(__import__('os').abort() or 'x')\nraise SystemExit\n").uses


def test_callers_in_projects_of_one_template() -> None:
    files: dict[str, str] = {}
    for number in range(60):
        files[f"p{number}/utils.py"] = "import joblib\ndef save(model, path):\n    joblib.dump(model, path)\n"
        files[f"p{number}/train.py"] = f"from utils import save\nsave(None, 'churn_{number}.joblib')\n"
    found = {use.at.path: [name.text for name in use.names] for use in _program(files).uses}
    assert found == {f"p{number}/utils.py": [f"churn_{number}.joblib"] for number in range(60)}


@pytest.mark.parametrize(
    ("written", "read", "sure"),
    [
        ("'model.pkl'", "'model.pkl'", Sameness.LIKELY),
        ("'models/model.pkl'", "'model.pkl'", Sameness.LIKELY),
        ("f'{x}.pkl'", "f'{y}.pkl'", Sameness.POSSIBLE),
        ("f'model{x}.pkl'", "'model-1.pkl'", Sameness.POSSIBLE),
        ("'model.pkl'", "'best_model.pkl'", Sameness.DIFFERENT),
    ],
)
def test_names_that_many_have_are_equal_in_one_folder_only_where_they_are_known(
    written: str, read: str, sure: Sameness
) -> None:
    program = _program(
        {
            "train.py": f"import joblib, sys\nx, y = sys.argv\njoblib.dump(1, {written})\n",
            "serve.py": f"import joblib, sys\nx, y = sys.argv\njoblib.load({read})\n",
        }
    )
    reader, writer = program.uses
    assert joined(writer, reader) is sure


@pytest.mark.parametrize(
    ("paths", "sure"),
    [
        (("a/x/fit.ipynb", "a/y/use.ipynb"), Sameness.POSSIBLE),
        (("a/x/fit.ipynb", "a/x/use.ipynb"), Sameness.LIKELY),
        (("a/x/fit.py", "a/y/use.ipynb"), Sameness.LIKELY),
        (("a/x/fit.ipynb", "a/y/use.py"), Sameness.LIKELY),
        (("a/x/fit.py", "b/y/use.py"), Sameness.POSSIBLE),
    ],
)
def test_each_notebook_of_a_collection_has_a_model_of_its_own(paths: tuple[str, str], sure: Sameness) -> None:
    def source(path: str, text: str) -> str:
        cell = {"cell_type": "code", "source": [text]}
        return json.dumps({"cells": [cell]}) if path.endswith(".ipynb") else text

    fit, use = paths
    save, load = "import joblib\njoblib.dump(1, 'model.pkl')\n", "import joblib\njoblib.load('model.pkl')\n"
    writer, reader = sorted(
        _program({fit: source(fit, save), use: source(use, load)}).uses, key=lambda one: one.direction.value == "reads"
    )
    assert joined(writer, reader) is sure
