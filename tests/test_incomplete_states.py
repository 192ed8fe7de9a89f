"""Objects of pickles against the code of their reader: `fixtures/names/own_states.toml`, confirmed by real loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.api import check, compare
from mlaudit.code.package.classes import ClassCode
from mlaudit.code.package.needs import MAX_ALL_STEPS
from mlaudit.code.package.object_code import Calling, ObjectCode
from mlaudit.code.package.refused_calls import CallJudge
from mlaudit.code.package.state_gaps import StateJudge
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.document.document import Document
from mlaudit.grammars.model_file.pickle_states import PickledStates, states_of
from mlaudit.model.report import Finding, Report
from mlaudit.request.options import Options
from mlaudit.sources.package_sources import PackageSources
from tests.parser_cases import FIXTURES

CASES = tomli.loads((FIXTURES / "names" / "own_states.toml").read_text(encoding="utf-8"))["case"]
BASE = tomli.loads((FIXTURES / "names" / "own.toml").read_text(encoding="utf-8"))["base"]
CODES = ("MLA410", "MLA411", "MLA412")


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run(folder: Path, code: str) -> str:
    """What a Python without any other code prints, the folder on its import path."""
    start = f"import pickle, sys; sys.path.insert(0, {str(folder)!r})\n"
    done = subprocess.run([sys.executable, "-I", "-c", start + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tree_of(case: dict[str, Any], folder: Path) -> Path:
    """The repository of a case, its model pickled by the class of training."""
    own = {"train/features.py": case["train"], "serve/train/__init__.py": "# copied\n"}
    write(folder, {**BASE, **own, "serve/train/features.py": case["serve"]})
    model = folder / "models" / "ratio.pkl"
    model.parent.mkdir()
    run(folder, f"{case['make']}\npickle.dump(model, open({str(model)!r}, 'wb'), 4)")
    return model


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_tells_what_serving_lacks_of_own_objects(case: dict[str, Any], tmp_path: Path) -> None:
    tree_of(case, tmp_path)
    found = [one for one in check([str(tmp_path)], Options(root=tmp_path)).findings if one.code in CODES]
    assert len(found) == bool(case.get("finds")), [one.message for one in found]
    for one in found:
        head, part = case["finds"]
        assert f"{one.code} {one.severity.value}" == head
        assert part in one.message
        assert one.at is not None
        assert one.at.path == "models/ratio.pkl"


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_real_load_agrees(case: dict[str, Any], tmp_path: Path) -> None:
    model = tree_of(case, tmp_path)
    code = (
        f"try:\n    model = pickle.load(open({str(model)!r}, 'rb'))\n    {case['use']}\n    print('ok')\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    assert run(tmp_path / "serve", code) == case["load"]
    assert (case["load"] != "ok") == bool(case.get("finds"))


# Packages of both sides


def installed(folder: Path, source: str, version: str) -> PackageSources:
    write(folder, {"acme/__init__.py": "", "acme/scaling.py": source})
    return PackageSources(folder, f"{version}/site-packages")


def pickled(folder: Path, make: str) -> PickledStates:
    path = folder / "model.pkl"
    run(folder, f"{make}\npickle.dump(model, open({str(path)!r}, 'wb'), 4)")
    return states_of(Document("model.pkl", path.read_bytes()))


OLD = "class Scaler:\n    def __init__(self):\n        self.a = 1\n"
NEW = OLD + "        self.b = 2\n    def fit(self, x):\n        self.c = self.b\n    def transform(self, x):\n"


def gaps(folder: Path, old: str, new: str, *, with_writer: bool = True) -> list[str]:
    written = PackageSymbols(installed(folder / "old", old, "old"))
    states = pickled(folder / "old", "from acme.scaling import Scaler\nmodel = Scaler()")
    reader = ObjectCode(PackageSymbols(installed(folder / "new", new, "new")), repairs=True)
    judge = StateJudge(reader, ObjectCode(written, repairs=True) if with_writer else None)
    found = [gap for one in states.objects for gap in judge.gaps(one)]
    return [
        f"{gap.attribute} {gap.need.calling.name} {gap.need.sureness.name}"
        + (f" unless {gap.need.need.unless}" if gap.need.need.unless else "")
        for gap in found
    ]


def test_what_the_writer_lacks_as_well_is_no_difference(tmp_path: Path) -> None:
    reading = "    def transform(self, x):\n        return self.b\n    def fill(self):\n        self.b = 1\n"
    assert gaps(tmp_path / "with", OLD + reading, OLD + reading) == []
    assert gaps(tmp_path / "without", OLD + reading, OLD + reading, with_writer=False) == ["b SERVING CERTAIN"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("        return self.b\n", ["b SERVING CERTAIN"]),
        ("        if x:\n            return self.b\n", ["b SERVING CONDITIONAL"]),
        ("        self.b = x\n        return self.b\n", ["b UPKEEP CERTAIN"]),
        ("        try:\n            self.b\n        except AttributeError:\n            pass\n", ["b UPKEEP CERTAIN"]),
        ("        for one in x:\n            self.b\n", ["b SERVING CONDITIONAL"]),
        ("        if self.a == 1:\n            return self.b\n", ["b SERVING CERTAIN"]),
        ("        if self.a != 1:\n            return self.b\n", ["b UPKEEP CERTAIN"]),
        ("        if not hasattr(self, 'b'):\n            raise ValueError\n", ["b SERVING CERTAIN"]),
        ("        return x and self.b\n", ["b SERVING CONDITIONAL"]),
        ("        return [self.b for _ in x]\n", ["b SERVING CONDITIONAL"]),
        ("        return self.never_set\n", ["b UPKEEP CERTAIN"]),
    ],
)  # fmt: skip
def test_when_an_attribute_is_read(body: str, found: list[str], tmp_path: Path) -> None:
    assert gaps(tmp_path, OLD, NEW + body) == found


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("x, y = check(x, y)", ["b SERVING ARGUMENTS"]),
        ("x, y = check(x)", ["b SERVING CONDITIONAL"]),
        ("y = check(y)", ["b SERVING CONDITIONAL"]),
        ("pass", ["b SERVING ARGUMENTS"]),
    ],
)
def test_what_checks_an_argument_leaves_none_as_it_is(call: str, found: list[str], tmp_path: Path) -> None:
    reading = f"    def transform(self, x, y=None):\n        {call}\n        if y is not None:\n            self.b\n"
    new = f"{OLD}    def fit(self, x):\n        self.b = x\n{reading}"
    assert gaps(tmp_path, OLD, new) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        # Data is dense, unless code shows something else.
        ("        if issparse(x):\n            return 1\n        return self.b\n", ["b SERVING CERTAIN unless sparse"]),
        ("        x = check(x)\n        if not issparse(x): self.b\n", ["b SERVING CERTAIN unless sparse"]),
        ("        if not sp.issparse(x):\n            self.b\n", ["b SERVING CERTAIN unless sparse"]),
        ("        if issparse(x):\n            return self.b\n", ["b UPKEEP CERTAIN"]),
        ("        if issparse(self.a):\n            return self.b\n", ["b SERVING CONDITIONAL"]),
        ("        if issparse(other):\n            return self.b\n", ["b SERVING CONDITIONAL"]),
        # What the code warns of, or refuses, is rare.
        ("        if x:\n            warnings.warn(self.b)\n", ["b SERVING ARGUMENTS"]),
        ("        if x:\n            raise ValueError(self.b)\n", ["b SERVING ARGUMENTS"]),
        ("        if x:\n            if self.b:\n                warnings.warn('x')\n", ["b SERVING ARGUMENTS"]),
        ("        if x:\n            warnings.warn('x')\n        return self.b\n", ["b SERVING CERTAIN"]),
    ],
)  # fmt: skip
def test_what_is_unusual_counts_for_less(body: str, found: list[str], tmp_path: Path) -> None:
    assert gaps(tmp_path, OLD, NEW + body) == found


@pytest.mark.parametrize(
    ("methods", "test", "found"),
    [
        ({"_more_tags": "return {'c': self.a == 1}"}, "self._get_tags()['c']", "CERTAIN"),
        ({"_more_tags": "return {'c': self.a == 2}"}, "self._get_tags()['c']", None),
        ({"_more_tags": "return {'d': 1}"}, "self._get_tags()['c']", None),
        ({"_more_tags": "return {'d': 1, **other}"}, "self._get_tags()['c']", "CONDITIONAL"),
        ({"tags": "t = super().tags()\n        t.c.d = self.a == 1\n        return t"}, "self.tags().c.d", "CERTAIN"),
        ({"tags": "t = super().tags()\n        t.c.d = self.a == 2\n        return t"}, "self.tags().c.d", None),
        ({"tags": "t = super().tags()\n        t.c.d: self.a == 1\n        return t"}, "self.tags().c.d", None),
        ({"tags": "t = super().tags()\n        t.c = 1\n        return t"}, "self.tags().c.d", "CONDITIONAL"),
        ({"tags": "t = super().tags()\n        change(t)\n        return t"}, "self.tags().c.d", "CONDITIONAL"),
        (
            {"tags": "t = super().tags()\n        c = t.c\n        c.d = x\n        return t"},
            "self.tags().c.d",
            "CONDITIONAL",
        ),
        ({"tags": "if self.a == 1:\n            return 5\n        return 0"}, "self.tags() == 5", "CERTAIN"),
        ({"tags": "if x:\n            return 5\n        return 0"}, "self.tags() == 5", "CONDITIONAL"),
        ({"tags": "return self.tags()"}, "self.tags()", "CONDITIONAL"),
    ],
)
def test_what_own_methods_give_decides(methods: dict[str, str], test: str, found: str | None, tmp_path: Path) -> None:
    base = (
        "class Base:\n    def _more_tags(self):\n        return {'c': False}\n"
        "    def tags(self):\n        t = Tags()\n        t.c.d = False\n        return t\n"
    )
    new = NEW.replace("class Scaler", f"{base}class Scaler(Base)") + f"        if {test}:\n            self.b\n"
    new += "".join(f"    def {name}(self):\n        {body}\n" for name, body in methods.items())
    assert gaps(tmp_path, OLD, new) == ([f"b SERVING {found}"] if found else ["b UPKEEP CERTAIN"])


OWNERS = {
    "calls it": ("    def predict(self, x):\n        return self.held[0].transform(x)\n", "CERTAIN"),
    "calls it in a loop": (
        "    def predict(self, x):\n        for one in self.held:\n            one.transform(x)\n",
        "CERTAIN",
    ),
    "calls it in a function": ("    def predict(self, x):\n        return ask(self.held[0], x)\n", "CERTAIN"),
    "calls another method": ("    def predict(self, x):\n        return self.held[0].other(x)\n", None),
    "calls it only to train": (
        "    def fit(self, x):\n        self.held[0].transform(x)\n    def predict(self, x):\n        return x\n",
        None,
    ),
    "calls the first of two": (
        "    def predict(self, x):\n        return first_of(self.held[0], ['other', 'transform'])(x)\n",
        None,
    ),
    "asks for the first of two": (
        "    def predict(self, x):\n        model = self.held[0]\n        if hasattr(model, 'other'):\n"
        "            return model.other(x)\n        return model.transform(x)\n",
        None,
    ),
    "compares names": ("    def predict(self, x):\n        return self.held[0].name == 'transform'\n", None),
    "gives the name": ("    def predict(self, x):\n        return getattr(self.held[0], 'transform')(x)\n", "CERTAIN"),
    "serves nothing itself": ("    def held_one(self):\n        return self.held[0]\n", "CERTAIN"),
    "is a list": ("", "CERTAIN"),
}


@pytest.mark.parametrize(("methods", "found"), OWNERS.values(), ids=OWNERS.keys())
def test_what_an_owner_calls_on_its_members(methods: str, found: str | None, tmp_path: Path) -> None:
    owner = "class Owner({}):\n    def __init__(self, held):\n        self.held = held\n"
    owner = (owner.format("") if methods else owner.format("list")) + methods
    ask = "def ask(one, x):\n    return one.transform(x)\n"
    other = "    def other(self, x):\n        return x\n"
    new = ask + NEW + "        return self.b\n" + other + owner
    written = PackageSymbols(installed(tmp_path / "old", OLD + other + owner, "old"))
    make = "from acme.scaling import Scaler, Owner\nmodel = Owner([Scaler()])"
    states = pickled(tmp_path / "old", make)
    reader = ObjectCode(PackageSymbols(installed(tmp_path / "new", new, "new")), repairs=True)
    judge = StateJudge(reader, ObjectCode(written, repairs=True))
    said = [gap.need for one in states.objects for gap in judge.gaps(one)]
    serving = [one.sureness.name for one in said if one.calling is Calling.SERVING]
    assert serving == ([found] if found else [])


def test_a_method_that_only_the_owner_calls_is_followed(tmp_path: Path) -> None:
    owner = "class Owner:\n    def __init__(self, held):\n        self.held = held\n    def predict(self, x):\n{}"
    inner = "    def _inner(self, x):\n        return self.b\n"
    new = NEW + "        return x\n" + inner
    for body, expected in (
        ("        return self.held[0]._inner(x)\n", ["CERTAIN"]),
        ("        if x:\n            return self.held[0]._inner(x)\n", []),
    ):
        folder = tmp_path / str(len(expected))
        written = PackageSymbols(installed(folder / "old", OLD + owner.format(body), "old"))
        states = pickled(folder / "old", "from acme.scaling import Scaler, Owner\nmodel = Owner([Scaler()])")
        code = ObjectCode(PackageSymbols(installed(folder / "new", new + owner.format(body), "new")), repairs=True)
        judge = StateJudge(code, ObjectCode(written, repairs=True))
        found = [gap.need for one in states.objects for gap in judge.gaps(one)]
        assert [one.sureness.name for one in found if one.calling is Calling.SERVING] == expected


# What is made, what the writer's methods read beside, and what is asked of an object for `b`.
TEMPLATES = {
    "never trained": ("Scaler()", "return self.mean_", Calling.UPKEEP),
    "trained": ("Scaler().fit(1)", "return self.mean_", Calling.SERVING),
    "marked with a version": ("marked(Scaler())", "return self.mean_", Calling.UPKEEP),
    "marked with something else": ("marked(Scaler(), 'other')", "return self.mean_", Calling.SERVING),
    "the writer could use it": ("Scaler()", "return x", Calling.SERVING),
    "the writer can use it where a condition is met": ("Scaler()", "return x and self.mean_", Calling.SERVING),
    "the writer needs what is there": ("Scaler()", "return self.rate", Calling.SERVING),
    "the writer needs it otherwise": (
        "Scaler()",
        "return x\n    def summary(self):\n        return self.mean_",
        Calling.SERVING,
    ),
}


@pytest.mark.parametrize(("make", "body", "calling"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_model_that_was_never_trained_is_asked_for_nothing(
    make: str, body: str, calling: Calling, tmp_path: Path
) -> None:
    """What a search copies has parameters alone; its writer could not use it either."""
    old = (
        "class Scaler:\n    def __init__(self, rate=1):\n        self.rate = rate\n    def get_params(self):\n"
        "        return {}\n    def fit(self, x):\n        self.mean_ = x\n        return self\n"
        f"    def transform(self, x):\n        {body}\n"
    )
    mark = "def marked(model, key='_sklearn_version'):\n    model.__dict__[key] = '1'\n    return model\n"
    new = old.replace("def fit(self, x):\n", "def fit(self, x):\n        self.b = 2\n")
    new = new.replace("def transform(self, x):\n        return", "def transform(self, x):\n        return self.b,")
    written = PackageSymbols(installed(tmp_path / "old", old, "old"))
    states = pickled(tmp_path / "old", f"{mark}from acme.scaling import Scaler\nmodel = {make}")
    code = ObjectCode(PackageSymbols(installed(tmp_path / "new", new, "new")), repairs=True)
    judge = StateJudge(code, ObjectCode(written, repairs=True))
    found = [gap for one in states.objects for gap in judge.gaps(one)]
    assert [(gap.attribute, gap.need.calling) for gap in found] == [("b", calling)]
    assert [gap.is_of_template for gap in found] == ["fit" not in make and "other" not in make]


def test_a_parameter_that_serving_reads_is_asked_of_what_was_trained(tmp_path: Path) -> None:
    old = (
        "class Scaler:\n    def __init__(self, rate=1):\n        self.rate = rate\n    def get_params(self):\n"
        "        return {}\n    def fit(self, x):\n        self.mean_ = x\n        return self\n"
        "    def transform(self, x):\n        return self.mean_\n"
    )
    new = old.replace("rate=1", "rate=1, b=2").replace("= rate\n", "= rate\n        self.b = b\n")
    new = new.replace("return self.mean_", "return self.mean_ + self.b")
    for make, expected in (("Scaler()", Calling.UPKEEP), ("Scaler().fit(1)", Calling.SERVING)):
        folder = tmp_path / expected.name
        written = PackageSymbols(installed(folder / "old", old, "old"))
        states = pickled(folder / "old", f"from acme.scaling import Scaler\nmodel = {make}")
        code = ObjectCode(PackageSymbols(installed(folder / "new", new, "new")), repairs=True)
        judge = StateJudge(code, ObjectCode(written, repairs=True))
        found = [gap for one in states.objects for gap in judge.gaps(one)]
        assert [(gap.attribute, gap.need.calling) for gap in found] == [("b", expected)]


TRANSFORM = "class Scaler:\n    def transform(self, x):\n"
HOSTILE = {
    "a long expression": TRANSFORM + "        return " + "+".join(["self.b"] * 80_000) + "\n",
    "an expression of two megabytes": f"{TRANSFORM}        return {'+'.join(['self.b'] * 300_000)}\n",
    "a text of two megabytes": TRANSFORM + "        return self.b + '" + "x" * 2_000_000 + "'\n",
    "a long chain of conditions": TRANSFORM + "        return " + " and ".join(["self.b"] * 80_000) + "\n",
    "a long chain of attributes": TRANSFORM + "        return self" + ".b" * 50_000 + "\n",
    "a long chain of calls": TRANSFORM + "        return self" + ".b()" * 5_000 + "\n",
    "a list of two hundred thousand": TRANSFORM + "        return [" + "self.b, " * 100_000 + "]\n",
    "many conditions": TRANSFORM + "".join(f"        if x > {n}:\n            self.b\n" for n in range(20_000)),
    "conditions inside conditions": TRANSFORM + "        return " + "(1 if x else " * 80 + "self.b" + ")" * 80 + "\n",
    "a long chain of bases": "class C0: pass\n" + "".join(f"class C{n + 1}(C{n}): pass\n" for n in range(3_000))
    + "class Scaler(C3000):\n    def transform(self, x):\n        return self.b\n",
    "many bases": "".join(f"class C{n}: pass\n" for n in range(3_000))
    + f"class Scaler({', '.join(f'C{n}' for n in range(3_000))}): pass\n",
    "bases that fan out": "class C0: pass\nclass D0: pass\n" + "".join(
        f"class C{n + 1}(C{n}, D{n}): pass\nclass D{n + 1}(C{n}, D{n}): pass\n" for n in range(40)
    ) + "class Scaler(C40, D40): pass\n",
    "names in a circle": "Scaler = Other\nOther = Scaler\n",
    "a property in a circle": "class Scaler:\n    @property\n    def b(self):\n        return self.c\n"
    "    @property\n    def c(self):\n        return self.b\n    def transform(self, x):\n        return self.b\n",
    "deep nesting": TRANSFORM + "        return " + "(" * 4_000 + ")" * 4_000 + "\n",
    "deep blocks": "class Scaler:\n    def transform(self, x):\n" + "".join(
        " " * (8 + depth) + "if x:\n" for depth in range(90)
    ) + " " * 100 + "self.b\n",
    "a circle of bases": "class Other(Scaler): pass\nclass Scaler(Other): pass\n",
    "a circle of imports": "from acme.scaling import Scaler as Scaler\n",
    "stars in a circle": "from acme.scaling import *\n",
    "calls in a circle": "class Scaler:\n    def transform(self, x):\n        return self.fit(x)\n"
    "    def fit(self, x):\n        return self.transform(self.b)\n",
    "many methods that call each other": "class Scaler:\n" + "".join(
        f"    def predict{n}(self, x):\n        if x:\n            self.predict{n * 7 % 300}(x)\n"
        f"        self.predict{n * 3 % 300}(x)\n"
        for n in range(300)
    ),
    "two names that look alike": "class Scaler:\n    def transform(self, x):\n        return self.\u212a\n",
    "no text": "\0\0",
    "a source of megabytes": "x = 1\n" * 400_000,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_sources_end(text: str, tmp_path: Path) -> None:
    installed(tmp_path / "old", OLD, "old")
    states = pickled(tmp_path / "old", "from acme.scaling import Scaler\nmodel = Scaler()")
    code = ObjectCode(PackageSymbols(installed(tmp_path / "new", text, "new")), repairs=True)
    judge, calls = StateJudge(code, None), CallJudge(code.symbols, None)
    found = [gap.attribute for one in states.objects for gap in judge.gaps(one)]
    assert not [call for one in states.objects for call in calls.refused(one)]
    assert set(found) <= {"b"}
    assert code.steps_left <= MAX_ALL_STEPS


def test_stars_that_fan_out_end(tmp_path: Path) -> None:
    stars = "from acme.a{0} import *\nfrom acme.b{0} import *\n"
    modules = {f"acme/{one}{n}.py": stars.format((n + 1) % 40) for one in "ab" for n in range(40)}
    write(tmp_path, {"acme/__init__.py": "", **modules, "acme/a39.py": "class Last: pass\nfrom acme.a0 import *\n"})
    symbols = PackageSymbols(PackageSources(tmp_path, "site-packages"))
    assert symbols.find("acme.a0", "Nothing") is None
    assert isinstance(symbols.find("acme.b0", "Last"), ClassCode)


def test_only_modules_on_the_way_are_parsed(tmp_path: Path) -> None:
    write(tmp_path / "new", {f"acme/part{number}.py": "x = 1\n" for number in range(50)})
    reader = ObjectCode(
        PackageSymbols(installed(tmp_path / "new", NEW + "        return self.b\n", "new")), repairs=True
    )
    installed(tmp_path / "old", OLD, "old")
    states = pickled(tmp_path / "old", "from acme.scaling import Scaler\nmodel = Scaler()")
    assert [gap for one in states.objects for gap in StateJudge(reader, None).gaps(one)]
    assert reader.symbols.modules.parsed == 1


def test_a_finding_shows_its_evidence(tmp_path: Path) -> None:
    case = next(case for case in CASES if case["name"].startswith("a transform that reads"))
    tree_of(case, tmp_path)
    found: list[Finding] = [
        one for one in check([str(tmp_path)], Options(root=tmp_path)).findings if one.code == "MLA411"
    ]
    assert found[0].at.start is not None
    assert [str(one.place) for one in found[0].related] == ["serve/train/features.py:6"]
    assert (
        found[0].details[0].startswith("code: `lo_` is read at serve/train/features.py:6 by `transform`; the object is")
    )


# What nobody promises, of a package of both sides


MADE = "model = Model()\nmodel.__dict__['_sklearn_version'] = '1.2.2'"


def unpromised(folder: Path, reader: str, make: str = MADE) -> Report:
    """A report on a model of scikit-learn, between versions that nobody measured with its class."""
    model = "class Model:\n    def __init__(self):\n        self.a = {}\n    def predict(self, x):\n        {}\n"
    places = {}
    for name, version, body in (("old", "1.2.2", ("1", "return self.a")), ("new", "1.3.0", ("self.b = 1", reader))):
        places[name] = f"{name}/lib/python3.11/site-packages"
        metadata = f"Metadata-Version: 2.1\nName: scikit-learn\nVersion: {version}\n"
        files = {"sklearn/__init__.py": "", "sklearn/own.py": model.format(*body)}
        files[f"scikit_learn-{version}.dist-info/METADATA"] = metadata
        write(folder / places[name], files)
    run(
        folder / places["old"],
        f"from sklearn.own import Model\n{make}\npickle.dump(model, open({str(folder / 'model.pkl')!r}, 'wb'), 4)",
    )
    options = Options(root=folder, waivers=False, caches=False)
    asked = [f"training={places['old']},training=model.pkl", f"serving={places['new']}"]
    return compare(asked, options, folder=folder)


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("return self.a", ["MLA401 warning"]),
        ("return self.a if x is None else self.b", ["MLA401 error"]),
        ("return self.b", ["MLA401 error"]),
    ],
)
def test_code_that_agrees_lowers_what_nobody_promises(reader: str, said: list[str], tmp_path: Path) -> None:
    found = [one for one in unpromised(tmp_path, reader).findings if one.package == "scikit-learn"]
    assert [f"{one.code} {one.severity.value}" for one in found] == said


def test_a_pickle_without_objects_agrees_by_its_names(tmp_path: Path) -> None:
    report = unpromised(tmp_path, "return self.b", make="model = Model")
    (serving,) = (one for one in report.environments if one.name == "serving")
    assert serving.agreeing_code == (("training", "scikit-learn"),)
