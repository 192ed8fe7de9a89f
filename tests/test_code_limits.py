"""Limits of the reading of code: what is known at a limit, and is not one beyond it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

import pytest

from mlaudit.code.data_values import value_of_data
from mlaudit.code.definitions import definition_words, definitions
from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.hydra_config import without_references
from mlaudit.code.linking import Program
from mlaudit.code.parsing import parse_source_file, parse_text
from mlaudit.code.repository import read_module, read_program
from mlaudit.code.scan import imported_words, scan
from mlaudit.code.source import choose_bindings, index_module
from mlaudit.code.values import END, TableValue, TextValue, UnknownValue

Files = dict[str, str]
CASES: dict[str, tuple[int, Callable[[int], Files]]] = {}
"""A limit, and a program that names `last.joblib` as long as a number is not above it."""


def case(name: str, limit: int) -> Callable[[Callable[[int], Files]], None]:
    def added(make: Callable[[int], Files]) -> None:
        CASES[name] = (limit, make)

    return added


def program(files: Files) -> Program:
    contents = {path: text.encode() for path, text in files.items()}
    return read_program(contents, contents.get)


def dumping(expression: str, before: str = "") -> Files:
    return {"a.py": f"import joblib\n{before}\njoblib.dump(0, {expression})\n"}


def listed(number: int, last: str = "'last.joblib'", other: str = "'{}.joblib'") -> str:
    """So many expressions, the last of them `last`."""
    return ", ".join([*(other.format(at) for at in range(1, number)), last])


@case("alternatives of a choice", 8)
def _(number: int) -> Files:
    return dumping("".join(f"'{at}.joblib' if c else " for at in range(1, number)) + "'last.joblib'")


@case("members of a loop", 8)
def _(number: int) -> Files:
    return dumping("x", f"for x in [{listed(number)}]:\n    pass")


@case("keys of a loop", 8)
def _(number: int) -> Files:
    entries = listed(number, "'last.joblib': 1", "'{}.joblib': 1")
    return dumping("x", f"for x in {{{entries}}}:\n    pass")


@case("values of a loop", 8)
def _(number: int) -> Files:
    entries = listed(number, "'k': 'last.joblib'", "'a{0}': '{0}.joblib'")
    return dumping("x", f"for x in {{{entries}}}.values():\n    pass")


@case("members of a list that a loop cannot tell apart", 8)
def _(number: int) -> Files:
    return dumping(f"[{listed(number)}][i]")


@case("combinations of the parts of a text", 4)
def _(number: int) -> Files:
    choice = " if c else ".join(f"'b{at}'" for at in range(1, number)) + " if c else 'st.joblib'"
    return dumping("f\"{'x' if c else 'la'}{y}\"", f"y = {choice}")


@case("combinations of the parts of a path", 4)
def _(number: int) -> Files:
    choice = " if c else ".join(f"'b{at}'" for at in range(1, number)) + " if c else 'st.joblib'"
    return dumping("os.path.join('x' if c else 'la', y)", f"import os\ny = {choice}")


@case("parts of a joined path", 20)
def _(number: int) -> Files:
    entries = listed(number, "'/last.joblib'")
    return dumping(f"os.path.join({entries})", "import os")


@case("parts of a path in a list", 20)
def _(number: int) -> Files:
    entries = listed(number, "'/last.joblib'")
    return dumping(f"os.path.join(*[{entries}])", "import os")


@case("characters of a replaced text", 4_000)
def _(number: int) -> Files:
    return dumping("'" + "a" * (number - len("/last.joblib")) + "/last.joblib'.replace('q', 'r')")


@case("places at which a text is divided", 999)
def _(number: int) -> Files:
    return dumping(f"'a,last.joblib'.split(',', {number})[1]")


@case("members of a joined text", 20)
def _(number: int) -> Files:
    return dumping(f"'/'.join([{listed(number)}])")


@case("parts of a text that is split", 20)
def _(number: int) -> Files:
    return dumping("'{}'.split(',')[-1]".format(",".join([*map(str, range(1, number)), "last.joblib"])))


@case("members of a list", 200)
def _(number: int) -> Files:
    return dumping(f"[{listed(number)}][{number - 1}]")


@case("entries of a table", 500)
def _(number: int) -> Files:
    entries = listed(number, "'k': 'last.joblib'", "'a{}': 1")
    return dumping(f"{{{entries}}}['k']")


@case("pieces of a text", 30)
def _(number: int) -> Files:
    return dumping("f'" + "{x}a" * (number - 1) + "{x}/last.joblib'")


@case("characters of a text", 2_000)
def _(number: int) -> Files:
    return dumping("'" + "a" * (number - len("/last.joblib")) + "' + '/last.joblib'")


@case("returns of a function", 6)
def _(number: int) -> Files:
    body = "".join(f"    return '{at}.joblib'\n" for at in range(1, number))
    return dumping("f()", f"def f():\n{body}    return 'last.joblib'")


@case("functions that call each other", 13)
def _(number: int) -> Files:
    body = "".join(f"def f{at}():\n    return f{at + 1}()\n" for at in range(1, number))
    return dumping("f1()", f"{body}def f{number}():\n    return 'last.joblib'")


@case("classes that a class inherits from", 20)
def _(number: int) -> Files:
    body = "".join(f"class A{at}(A{at - 1}):\n    pass\n" for at in range(2, number + 1))
    return dumping(f"A{number}.path", f"class A1:\n    path = 'last.joblib'\n{body}")


@case("digits of a subscript", 8)
def _(number: int) -> Files:
    return dumping(f"[{listed(10)}]['{'9'.zfill(number)}']")


@case("calls of a function", 12)
def _(number: int) -> Files:
    calls = "".join(f"keep('{at}.joblib')\n" for at in range(1, number))
    return {"a.py": f"import joblib\ndef keep(path):\n    joblib.dump(0, path)\n{calls}keep('last.joblib')\n"}


@case("calls of functions of one name", 48)
def _(number: int) -> Files:
    calls = "for keep in x:\n    pass\n" + "keep('1.joblib')\n" * (number - 1)
    return {
        "a.py": "import joblib\ndef keep(path):\n    joblib.dump(0, path)\n",
        "b.py": f"import joblib, a\n{calls}",
        "c.py": "import a\na.keep('last.joblib')\n",
    }


@case("callers of callers", 8)
def _(number: int) -> Files:
    body = "".join(f"def f{at}(path):\n    f{at - 1}(path)\n" for at in range(1, number))
    return {"a.py": f"import joblib\ndef f0(path):\n    joblib.dump(0, path)\n{body}f{number - 1}('last.joblib')\n"}


@case("chains of callers", 10)
def _(number: int) -> Files:
    def functions(at: int) -> str:
        return f"def g{at}(path):\n    keep(path)\ndef h{at}(path):\n    g{at}(path)\nh{at}('{at}.joblib')\n"

    pairs = "".join(map(functions, range(1, number + 1)))
    last = pairs.replace("'1.joblib'", "'last.joblib'")
    return {"a.py": f"import joblib\ndef keep(path):\n    joblib.dump(0, path)\nkeep('x.joblib')\n{last}"}


@case("names of one artifact", 12)
def _(number: int) -> Files:
    calls = "".join(f"s3.upload_file('m.joblib', 'b', '{at}.joblib')\n" for at in range(1, number - 1))
    text = f"import joblib, boto3\ns3 = boto3.client('s3')\njoblib.dump(0, 'm.joblib')\n{calls}"
    return {"a.py": text + "s3.upload_file('m.joblib', 'b', 'last.joblib')\n"}


@case("calls that hand a name on", 5)
def _(number: int) -> Files:
    return {"a.py": "import joblib\njoblib.load(" + "open(" * number + "'last.joblib'" + ")" * number + ")\n"}


@case("methods that hand a name on", 4)
def _(number: int) -> Files:
    methods = ".m()" * number
    return {
        "a.py": f"import joblib, wandb\nrun = wandb.init()\njoblib.load(run.use_artifact('t/last.joblib'){methods})\n"
    }


@case("methods and an attribute that hand a name on", 3)
def _(number: int) -> Files:
    methods = ".m()" * number
    text = f"joblib.load(run.use_artifact('t/last.joblib'){methods}.attribute)\n"
    return {"a.py": f"import joblib, wandb\nrun = wandb.init()\n{text}"}


@case("methods that hand on a name behind a folder", 3)
def _(number: int) -> Files:
    methods = ".m()" * number
    text = f"joblib.load(run.use_artifact('t/last.joblib'){methods} + '/x.joblib')\n"
    return {"a.py": f"import joblib, wandb\nrun = wandb.init()\n{text}"}


@case("defaults of a configuration of Hydra", 20)
def _(number: int) -> Files:
    entries = "".join(f"- a{at}\n" for at in range(1, number))
    return {
        "a.py": "import hydra, joblib\n@hydra.main()\ndef main(cfg):\n    joblib.dump(0, cfg.path)\n",
        "config.yaml": f"defaults:\n{entries}- own\n",
        "own.yaml": "path: last.joblib\n",
    }


@case("members of a list of a configuration", 200)
def _(number: int) -> Files:
    data = "".join(f"- {at}.joblib\n" for at in range(1, number)) + "- last.joblib\n"
    return {
        "a.py": f"import yaml, joblib\njoblib.dump(0, yaml.safe_load(open('a.yaml'))[{number - 1}])\n",
        "a.yaml": data,
    }


@case("bytes of a configuration", 1024 * 1024)
def _(number: int) -> Files:
    data = '{"k": "last.joblib"}'
    return {
        "a.py": "import json, joblib\njoblib.dump(0, json.load(open('a.json'))['k'])\n",
        "a.json": data + " " * (number - len(data)),
    }


@case("characters of the path of a configuration", 299)
def _(number: int) -> Files:
    path = "./" + "a" * (number - len("/a.json")) + "/a.json"
    return {
        "a.py": f"import json, joblib\njoblib.dump(0, json.load(open('{path}'))['k'])\n",
        path[2:]: '{"k": "last.joblib"}',
    }


@case("characters of a module's name", 300)
def _(number: int) -> Files:
    name = "a" * number
    return {"a.py": f"import joblib\nfrom {name} import x\njoblib.dump(0, x)\n", f"{name}.py": "x = 'last.joblib'\n"}


@case("names that an import has", 1_000)
def _(number: int) -> Files:
    names = ", ".join(f"a{at}" for at in range(1, number))
    return {"a.py": f"import joblib\nfrom b import {names}, x\njoblib.dump(0, x)\n", "b.py": "x = 'last.joblib'\n"}


@case("calls among which a task is looked for", 2_000)
def _(number: int) -> Files:
    calls = "f()\n" * (number - 3)
    task = "PythonOperator(task_id='t', python_callable=made)\n"
    return {
        "a.py": "import joblib\ndef made():\n    return 'last.joblib'\n"
        f"joblib.load(ti.xcom_pull(task_ids='t'))\n{calls}{task}"
    }


@case("datasets of a node of Kedro", 30)
def _(number: int) -> Files:
    entries = listed(number, "'m'", "'{}'")
    return {
        "a.py": f"from kedro.pipeline import node\nnode(f, [{entries}], None)\n",
        "conf/base/catalog.yml": "m: {type: pickle.PickleDataset, filepath: last.joblib}\n",
    }


@case("nodes of Kedro of one module", 500)
def _(number: int) -> Files:
    return {
        "a.py": "from kedro.pipeline import node\n" + "node(f, 'x', None)\n" * (number - 1) + "node(f, 'm', None)\n",
        "conf/base/catalog.yml": "m: {type: pickle.PickleDataset, filepath: last.joblib}\n",
    }


@case("expressions of an annotation of ZenML", 300)
def _(number: int) -> Files:
    rest = ", ".join("x" for _ in range(number - 6))
    return {
        "a.py": "from zenml import step\nfrom typing import Annotated, Tuple\n@step\n"
        f"def f() -> Tuple[{rest}, Annotated[int, 'last.joblib']]:\n    pass\n"
    }


@case("rounds in which callers are looked for", 2)
def _(number: int) -> Files:
    return {
        "a.py": "import joblib\ndef f0(path):\n    joblib.dump(0, path)\n",
        **{
            f"b{at}.py": f"from x import y\nfrom b{at - 1} import f{at - 1}\ndef f{at}(path):\n    f{at - 1}(path)\n"
            for at in range(1, number)
        },
        "b0.py": "from a import f0\n",
        "z.py": f"from b{number - 1} import f{number - 1}\nf{number - 1}('last.joblib')\n",
    }


def is_known(files: Files) -> bool:
    return any(
        name.text.replace("/", "").endswith("last.joblib")
        for use in program(files).uses
        for name in use.names
        if use.form != "bytes"
    )


@pytest.mark.parametrize("name", CASES)
def test_a_limit(name: str) -> None:
    limit, make = CASES[name]
    assert [number for number in (limit - 1, limit, limit + 1) if is_known(make(number))] == [limit - 1, limit]


@pytest.mark.parametrize(("size", "is_last_known"), [(20_000, True), (20_001, False)])
def test_values_of_a_configuration_are_known_as_many_as_the_limit(size: int, is_last_known: bool) -> None:
    table = value_of_data({str(number): "x" for number in range(size - 1)}, "a.yaml")
    assert isinstance(table, TableValue)
    known = [isinstance(value, TextValue) for thunk in table.items.values() for value in thunk.values]
    assert (known[0], known[-1], len(known)) == (True, is_last_known, size - 1)


@pytest.mark.parametrize(("depth", "is_left"), [(20, False), (21, True)])
def test_references_of_a_configuration_are_left_out_as_deep_as_the_limit(depth: int, is_left: bool) -> None:
    data: object = "${a}"
    for _ in range(depth):
        data = {"k": data}
    reader = ValueEvaluator(Program([]))
    reader.renew()
    value = without_references(reader, value_of_data(data, "a.yaml"))
    for _ in range(depth):
        assert isinstance(value, TableValue)
        (value,) = value.items["k"].values
    assert isinstance(value, TextValue if is_left else UnknownValue)


@pytest.mark.parametrize(("size", "is_read"), [(16 * 1024 * 1024, True), (16 * 1024 * 1024 + 1, False)])
def test_a_notebook_may_be_as_large_as_the_limit(size: int, is_read: bool) -> None:
    reading = parse_source_file("a.ipynb", b"{}".ljust(size))
    assert [one.why for one in reading.unread] == (
        [] if is_read else ["it has 16,777,217 bytes; a notebook may have 16,777,216"]
    )


@pytest.mark.parametrize(("size", "is_read"), [(500_000, True), (500_001, False)])
def test_a_source_may_be_as_long_as_the_limit(size: int, is_read: bool) -> None:
    reading = parse_source_file("a.py", b"x=1".ljust(size))
    assert [one.why for one in reading.unread] == (
        [] if is_read else ["it has 500,001 characters; a Python source may have 500,000"]
    )


@pytest.mark.parametrize(("number", "is_read"), [(2_000, True), (2_001, False)])
def test_a_notebook_has_as_many_cells_as_the_limit(number: int, is_read: bool) -> None:
    cells: list[dict[str, str]] = [{"cell_type": "markdown"}] * (number - 1)
    cells.append({"cell_type": "code", "source": "import joblib"})
    reading = parse_source_file("a.ipynb", json.dumps({"cells": cells}).encode())
    assert bool(reading.imports) is is_read


@pytest.mark.parametrize(("size", "is_known"), [(20_000, True), (20_001, False)])
def test_a_definition_has_as_many_words_as_the_limit(size: int, is_known: bool) -> None:
    reading = parse_text("a.py", "def f():\n    pass\n")
    assert reading.source is not None
    function = reading.source.scopes[1].node
    assert isinstance(function, ast.FunctionDef)
    names: list[str] = []
    function.body = [ast.Global(names=names)]
    names.extend(["x"] * (size - len(definition_words(reading)["f"])))
    assert len(definition_words(reading)["f"]) == 20_000
    assert bool(definitions(reading)) is is_known


@pytest.mark.parametrize(("number", "is_known"), [(8, True), (9, False)])
def test_bindings_of_a_name_are_looked_at_as_many_as_the_limit(number: int, is_known: bool) -> None:
    text = "".join(f"if a:\n    x = {at}\n" for at in range(number))
    source = index_module("a.py", ast.parse(text))
    bindings = source.top.bindings["x"]
    assert (bindings[0] in choose_bindings(bindings, END)) is is_known


@pytest.mark.parametrize(("number", "is_known"), [(2_000, True), (2_001, False)])
def test_imports_are_scanned_as_many_as_the_limit(number: int, is_known: bool) -> None:
    data = b"import os\n" * (number - 1) + b"import joblib"
    assert (b"joblib" in imported_words(data)) is is_known


@pytest.mark.parametrize(("size", "is_known"), [(400, True), (401, False)])
def test_lines_of_imports_are_scanned_as_far_as_the_limit(size: int, is_known: bool) -> None:
    before = b"joblib, " + b" " * (size - len(b"joblib, ")) + b"import"
    assert (b"joblib" in imported_words(before)) is is_known
    after = b"import ".ljust(size - len(b"joblib")) + b"joblib"
    assert (b"joblib" in imported_words(b"\n" + after + b"\n")) is is_known


@pytest.mark.parametrize(("size", "is_known"), [(16 * 1024 * 1024, True), (16 * 1024 * 1024 + 1, False)])
def test_files_are_scanned_as_far_as_the_limit(size: int, is_known: bool) -> None:
    call = b"m.save_pretrained"
    assert scan(call.rjust(size)) is is_known
    assert scan(b"import joblib" + b"dump".rjust(size - len(b"import joblib"))) is is_known
    assert (b"joblib" in imported_words(b"joblib import".rjust(size))) is is_known


@pytest.mark.parametrize(("size", "is_shortened"), [(80, False), (81, True)])
def test_settings_are_shown_as_long_as_the_limit(size: int, is_shortened: bool) -> None:
    reading = read_module("a.py", f"import torch\ntorch.load('x.pt', map_location={'a' * size})\n")
    assert reading.uses[0].settings == (("map_location", "a" * 80),)


def test_settings_nested_too_deeply_are_not_shown() -> None:
    reading = read_module("a.py", f"import torch\ntorch.load('x.pt', map_location={'-' * 800}1)\n")
    assert reading.uses[0].settings in ((("map_location", "..."),), (("map_location", "-" * 80),))


STEPS = {
    "calls that are none of a library": (
        "import joblib\n",
        "x.y.z.dump()\n",
        "joblib.dump({}, 'last.joblib')\n",
        "last.joblib",
    ),
    "states that are loaded": (
        "import torch\n",
        "m.load_state_dict(f())\n",
        "m.load_state_dict(torch.load('last.pt'))\n",
        "torch.state_dict",
    ),
    "calls of an entry point": ("import fastapi\n", "x.y.z.FastAPI()\n", "last = fastapi.FastAPI()\n", "fastapi last"),
    "decorators": ("import zenml\n", "@x.step\ndef f(): pass\n", "@zenml.step\ndef last(): pass\n", "zenml.step last"),
    "options": (
        "import argparse\np = argparse.ArgumentParser()\n",
        "p.add_argument('-x', default=a.b)\n",
        "p.add_argument('--last', default='x')\n",
        "--last=x",
    ),
    "applications": ("import uvicorn\n", "x.y.z('a:b')\n", "uvicorn.run('last:app')\n", "imports last.py"),
    "steps of ZenML": (
        "from zenml import step\nfrom typing import Annotated\n",
        "@step\ndef f() -> Annotated[a.b, 'c']: pass\n",
        "@step\ndef f() -> Annotated[a.b, 'last']: pass\n",
        "last",
    ),
    "nodes of Kedro": (
        "from kedro.pipeline import node\nfrom sklearn.svm import SVC\ndef f():\n"
        + "    return SVC(1).a.b.c.d.e\n" * 5
        + "    return SVC()\n",
        "node(f, 'x', None)\n",
        "node(f, None, 'last')\n",
        "sklearn.pickle",
    ),
    "attributes of a flow": (
        "from metaflow import FlowSpec, conda, step\nfrom sklearn.svm import SVC\nclass F(FlowSpec):\n    @conda()\n"
        "    @step\n    def start(self):\n",
        "        self.at@ = a.b\n",
        "        self.last = SVC()\n    def end(self):\n        print(self.last)\n"
        + "        print(self.at@)\n" * 2_500,
        "sklearn.pickle",
    ),
}


def numbered(text: str) -> str:
    """Each `at@` of a line as the number of that line among those that have it."""
    lines = text.splitlines(keepends=True)
    first = next((at for at, line in enumerate(lines) if "at@" in line), 0)
    return "".join(line.replace("at@", f"at{at - first}") for at, line in enumerate(lines))


@pytest.mark.parametrize("name", STEPS)
def test_every_question_has_all_its_steps(name: str) -> None:
    before, repeated, last, expected = STEPS[name]
    number = 400 if "Kedro" in name else 2_500
    files = {
        "a.py": before + numbered(repeated * number) + numbered(last),
        "last.py": "app = 1\n",
        "conf/base/catalog.yml": "last: {type: pickle.PickleDataset, filepath: last.pkl}\n",
    }
    read = program(files)
    words = {word for use in read.uses for word in (use.form, *use.holds, *(name.text for name in use.names))}
    reading = read.module("a.py")
    assert reading is not None
    described = read.described(reading)
    words |= {f"{point.kind} {point.name}" for point in described.entry_points}
    words |= {f"{option.name}={option.default}" for option in described.options}
    words |= {f"imports {path}" for path in read.imported_files("a.py")}
    assert expected in words


def test_every_caller_has_all_the_steps() -> None:
    either = " or ".join(["x"] * 1_000)
    calls = "".join(f"keep('{at}.joblib')\n" for at in range(12))
    text = f"import joblib\ndef keep(path):\n    joblib.dump({{}}, {either} or path)\n{calls}"
    assert [name.text for use in program({"a.py": text}).uses for name in use.names] == [
        f"{at}.joblib" for at in range(12)
    ]


@pytest.mark.parametrize(("number", "is_last_known"), [(3_997, True), (3_998, False)])
def test_a_question_has_as_many_steps_as_the_limit(number: int, is_last_known: bool) -> None:
    assert is_last_known is is_known(dumping(" or ".join(["x"] * number) + " or 'last.joblib'"))


@pytest.mark.parametrize(("number", "is_known"), [(199, True), (200, False)])
def test_a_list_is_counted_from_its_end_where_all_of_it_is_known(number: int, is_known: bool) -> None:
    files = dumping(f"[{listed(number)}][-1]")
    (use,) = program(files).uses
    assert [name.text for name in use.names if name.certain] == ["last.joblib"] * is_known


def test_a_question_that_uses_up_its_steps_is_not_asked_for_each_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = "".join(f"def f{at}(x):\n    return f{at - 1}(x) + f{at - 1}(x)\n" for at in range(1, 14))
    calls = "".join(f"def a{at}():\n    load('m{at}.pt')\n" for at in range(20))
    before = "import torch\ndef f0(x):\n    return x + x\n"
    module = parse_text("m.py", f"{before}{doubled}def load(p):\n    return torch.load(f13(p))\n{calls}")
    questions: list[int] = []
    renew = ValueEvaluator.renew

    def counted(evaluator: ValueEvaluator) -> None:
        questions.append(1)
        renew(evaluator)

    monkeypatch.setattr(ValueEvaluator, "renew", counted)
    (use,) = Program([module]).uses
    assert (use.call, use.names) == ("torch.load", ())
    assert len(questions) < 6, "each of 20 callers would ask once more"
