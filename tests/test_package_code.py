"""The code of packages in pieces, by `fixtures/names/package_code.toml`; pickles are made by the writer's code."""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import tomli

from mlaudit.code.package.called_methods import called_methods
from mlaudit.code.package.classes import ClassCode
from mlaudit.code.package.constructors import makes_by_keywords, makes_of_file, refused_keys
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.layered_code import LayeredCode, PlacedCode
from mlaudit.code.package.member_calls import member_calls
from mlaudit.code.package.modules import PackageModules
from mlaudit.code.package.object_code import ObjectCode
from mlaudit.code.package.refused_calls import CallJudge, state_shape
from mlaudit.code.package.returned_values import ReturnedValues
from mlaudit.code.package.state_gaps import StateGap, StateJudge
from mlaudit.code.package.symbols import ForeignName, PackageSymbols
from mlaudit.document.document import Document
from mlaudit.grammars.model_file.pickle_states import PickledStates, states_of
from mlaudit.sources.package_sources import MAX_SOURCE, PackageSources
from tests.parser_cases import FIXTURES
from tests.test_incomplete_states import run, write
from tests.test_package_pieces import View

ROWS = tomli.loads((FIXTURES / "names" / "package_code.toml").read_text(encoding="utf-8"))
OUT = FIXTURES / "names" / "gaps.out"
SAID = ("has_slots", "is_generated", "is_open")
RECORDS = """
class Kind:
    def __init__(self, names): self.names = names
    def __reduce__(self): return Kind, ((),), (3, '|', None, self.names, {}, 8, 1)
    def __setstate__(self, state): pass
class Array:
    def __init__(self, names): self.names = names
    def __reduce__(self): return Array, ((),), (1, (2,), Kind(self.names), False, b'')
    def __setstate__(self, state): pass
class Tree:
    def __init__(self, names): self.nodes = Array(names)
"""


def rows(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", ROWS[table], ids=lambda row: str(next(iter(row.values()))).strip()[:70])


def symbols_of(folder: Path, files: dict[str, str]) -> PackageSymbols:
    write(folder, {"acme/__init__.py": "", **files})
    return PackageSymbols(PackageSources(folder, folder.name))


@cache
def pickle_of(source: str, make: str) -> bytes:
    """What the writer's code makes, by a Python of its own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, {"acme/__init__.py": "", "acme/scaling.py": source})
        path = str(folder / "model.pkl")
        run(folder, f"from acme.scaling import *\nmodel = {make}\npickle.dump(model, open({path!r}, 'wb'), 4)")
        return (folder / "model.pkl").read_bytes()


def pickled(source: str, make: str) -> PickledStates:
    return states_of(Document("model.pkl", pickle_of(source, make)))


def class_of(symbols: PackageSymbols) -> ClassCode:
    found = symbols.find("acme.scaling", "C")
    assert isinstance(found, ClassCode)
    return found


@rows("class")
def test_what_a_class_statement_says(row: dict[str, Any], tmp_path: Path) -> None:
    found = class_of(symbols_of(tmp_path, {"acme/scaling.py": row["source"]}))
    assert found.own == set(row.get("own", ()))
    assert [f"{name} {one.kind.name}" for name, one in found.methods.items()] == row.get("methods", [])
    assert found.slots == set(row.get("slots", ()))
    assert [f"{name} {str(is_given).lower()}" for name, is_given in found.fields] == row.get("fields", [])
    assert [name for name in SAID if getattr(found, name)] == row.get("said", [])
    assert found.full_name == "acme.scaling.C"


@rows("order")
def test_the_order_of_bases(row: dict[str, Any], tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": row["source"]})
    lineage = symbols.lineage(class_of(symbols))
    assert [one.name for one in lineage.classes] == row["classes"]
    assert lineage.is_whole is row["whole"]


@rows("constructor")
def test_which_keywords_a_constructor_refuses(row: dict[str, Any], tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": row["source"]})
    found = refused_keys(symbols, class_of(symbols), row["keys"], row.get("plain", ()))
    assert (list(found.keys) if found is not None else []) == row["refused"]
    assert found is None or (found.path == "acme/scaling.py" and found.line > 0)


@rows("makes")
def test_which_keys_a_method_handles_before_it_makes_an_object(row: dict[str, Any], tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": row["source"]})
    assert makes_by_keywords(symbols, class_of(symbols), "make") == (frozenset(row["keys"]) if "keys" in row else None)


@rows("reads")
def test_which_keys_a_method_handles_that_reads_a_file(row: dict[str, Any], tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": row["source"]})
    assert makes_of_file(symbols, class_of(symbols), "make") == (frozenset(row["keys"]) if "keys" in row else None)


OWNER = """
def helper(one):
    return one.transform(1)
class Base:
    def serve(self, x):
        x.base()
class Member:
    def transform(self, x): pass
    def other(self): pass
class C(Base):
    def inner(self, x):
        x.transform()
        if x:
            x.other()
    def serve(self, x):
"""


@rows("members")
def test_what_an_owner_calls_on_a_member(row: dict[str, Any], tmp_path: Path) -> None:
    body = "".join(f"        {line}\n" for line in row["body"].split("\n"))
    source = OWNER.replace("x.base()", "x.base()" if "super()" in body else "pass") + body
    symbols = symbols_of(tmp_path, {"acme/scaling.py": source})
    member = symbols.find("acme.scaling", "Member")
    assert isinstance(member, ClassCode)
    found = member_calls(symbols, symbols.lineage(class_of(symbols)), symbols.lineage(member), ["serve"])
    ours = {"held", "first_of", "hasattr", "getattr"}
    assert (sorted(found.names - ours), sorted(found.surely), found.is_open) == (row["names"], row["surely"], False)


@rows("locate")
def test_where_modules_are(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(row["files"], ""))
    modules = PackageModules(PackageSources(tmp_path))
    found = {name: modules.locate(name) for name in row["modules"]}
    said = {name: f"{one.kind.value} {one.path}{' ' + one.gone if one.gone else ''}" for name, one in found.items()}
    assert said == row["modules"]
    assert [name for name, one in found.items() if one.is_package] == ["acme", "acme.two"]
    assert sorted(modules.extensions()) == row["extensions"]


def test_nothing_is_known_of_modules_where_there_is_no_folder(tmp_path: Path) -> None:
    modules = PackageModules(PackageSources(tmp_path / "gone"))
    assert [modules.locate(name).kind.value for name in ("acme", "acme.one", "acme.in.one")] == ["unknown"] * 3
    assert (modules.exists("acme.one"), list(modules.extensions())) == (False, [])


def test_a_class_is_one_under_all_of_its_names(tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": "class C: pass\nD = C\nclass E(C): pass\n"})
    first, second, below = (symbols.find("acme.scaling", name) for name in "CDE")
    assert first is second
    assert isinstance(below, ClassCode)
    assert symbols.lineage(below).classes == (below, first)


@rows("symbol")
def test_what_a_name_of_a_module_is(row: dict[str, Any], tmp_path: Path) -> None:
    found = symbols_of(tmp_path, row["files"]).find("acme.scaling", row.get("asked", "C"))
    words = [type(found).__name__]
    if isinstance(found, ForeignName):
        words += [found.module, found.name]
    elif found is not None:
        words += [found.module.name, getattr(found.node, "name", "") or ast.unparse(found.node)]
    assert " ".join(words) == row["is"]


@rows("patched")
def test_what_a_class_is_given_from_outside(row: dict[str, Any], tmp_path: Path) -> None:
    assert class_of(symbols_of(tmp_path, {"acme/scaling.py": row["source"]})).own == set(row["own"])


@rows("called")
def test_which_methods_sources_call(row: dict[str, Any]) -> None:
    assert sorted(called_methods(source.encode() for source in row["sources"])) == row["names"]


def test_packages_of_several_places_are_one(tmp_path: Path) -> None:
    write(tmp_path / "first", {"acme/__init__.py": "1", "acme/one.py": "1", "acme/space/x.txt": ""})
    write(tmp_path / "second", {"acme/__init__.py": "2", "acme/two.py": "2", "other.py": "2", "acme/two.so": "so"})
    parts = [
        PlacedCode(package=name, version="1", place=name, code=PackageSources(tmp_path / name, name))
        for name in ("first", "second")
    ]
    code = LayeredCode(parts)

    def used() -> list[str]:
        return [placed.package for placed in code.used]

    assert code.names("") == frozenset(("acme", "other.py"))
    assert code.names("acme") == frozenset(("__init__.py", "one.py", "two.py", "two.so", "space"))
    assert code.names("gone") is None
    assert used() == []
    assert code.read("acme/__init__.py") == b"1"
    assert used() == ["first"]
    assert code.read_binary("acme/two.so") == b"so"
    (tmp_path / "second" / "acme" / "large.so").write_bytes(bytes(MAX_SOURCE + 1))
    assert (code.read("acme/large.so"), len(code.read_binary("acme/large.so") or b"")) == (None, MAX_SOURCE + 1)
    assert code.read("acme/gone.py") is None
    assert used() == ["first", "second"]
    assert sorted(filter(None, code.sources("acme"))) == [b"1", b"1", b"2", b"2"]
    assert code.shown("acme/two.py") == "second/acme/two.py"
    assert code.shown("acme/gone.py") == "first/acme/gone.py"
    assert code.shown("gone.py") == "gone.py"
    assert (list(LayeredCode(parts).sources("acme/space")), list(code.sources("gone"))) == ([], [])


def test_only_a_place_that_has_a_folder_is_used_for_it(tmp_path: Path) -> None:
    write(tmp_path / "first", {"acme/one.py": "1"})
    write(tmp_path / "second", {"acme/deep/two.py": "2"})
    code = LayeredCode(
        [
            PlacedCode(package=name, version="1", place=name, code=PackageSources(tmp_path / name, name))
            for name in ("first", "second")
        ]
    )
    assert list(code.sources("acme/deep")) == [b"2"]
    assert [placed.package for placed in code.used] == ["second"]


@rows("shape")
def test_what_a_setstate_requires(row: dict[str, Any]) -> None:
    body = "\n".join(f"    {line}" for line in row["body"].split("\n"))
    (function,) = ast.parse(f"def __setstate__(self, state):\n{body}\n").body
    assert isinstance(function, ast.FunctionDef)
    shape = state_shape(function)
    assert (shape.keys, shape.length) == (frozenset(row.get("keys", ())), row.get("length"))


PARTS = """
class Part:
    def __init__(self): self.c = 1
    def ask(self): pass
    @property
    def maybe(self): return 1
def with_part():
    found = Scaler()
    found.held = Part()
    return found
"""
SCALER = "class Scaler:\n    def __init__(self):\n        self.a = 1\n"
OLD = PARTS + SCALER


@rows("gap")
def test_what_is_read_of_an_object(row: dict[str, Any], tmp_path: Path) -> None:
    old = OLD + row.get("old", "")
    states = pickled(old, row.get("make", "Scaler()"))
    new = SCALER.replace("(self)", f"(self, {row['parameters']})") if "parameters" in row else SCALER
    new += row.get("init", "        self.b = 2\n" if "parameters" not in row else "") + row.get("more", "")
    new = f"def helper(one):\n    return one.b\ndef helper_of(x, one):\n    return helper(one)\n{PARTS}{new}"
    new = row.get("before", "") + new
    new += f"    def fit(self, x):\n        self.c = self.b\n    def transform(self, x):\n{row['body']}"
    reader = ObjectCode(symbols_of(tmp_path / "new", {"acme/scaling.py": new}), repairs=True)
    judge = StateJudge(reader, ObjectCode(symbols_of(tmp_path / "old", {"acme/scaling.py": old}), repairs=True))
    found = [gap for one in states.objects for gap in judge.gaps(one)]
    said = [f"{one.attribute} {one.need.calling.name} {one.need.sureness.name}" for one in found]
    assert sorted(said) == sorted(row.get("found", []))
    compare(row["name"], sorted(map(detailed, found)))


def detailed(gap: StateGap) -> str:
    """Where, by which methods and under which condition an attribute is read, counted from the last method."""
    need = gap.need.need
    words = [f"{gap.cls.name}.{gap.attribute}", gap.need.calling.name, f"line {need.line} of {need.module.name}"]
    words += [f"by {' '.join(need.route)}"] * bool(need.route) + [f"where {need.where}"] * (need.where is not None)
    words += ["rarely"] * (need.rank == 2) + [f"unless {need.unless}"] * bool(need.unless)
    return " ".join([*words, *(["as a template"] * gap.is_of_template)])


def compare(name: str, lines: list[str]) -> None:
    """What is shown of a case, against `gaps.out`: written by the tool and judged by eye."""
    text = OUT.read_text(encoding="utf-8") if OUT.exists() else ""
    known = dict(re.findall(r"(?ms)^## ([^\n]*)\n(.*?)(?=^## |\Z)", text))
    said = "".join(f"{line}\n" for line in lines)
    if os.environ.get("MLAUDIT_REGENERATE"):
        known[name] = said
        names = [row["name"] for row in ROWS["gap"] if row["name"] in known]
        OUT.write_text("".join(f"## {one}\n{known[one]}" for one in names), encoding="utf-8")
    assert said == known[name]


@rows("call")
def test_which_calls_are_refused(row: dict[str, Any], tmp_path: Path) -> None:
    states = pickled(row["old"], "Scaler()")
    reader = symbols_of(tmp_path / "new", {"acme/scaling.py": row["new"]})
    judge = CallJudge(reader, symbols_of(tmp_path / "old", {"acme/scaling.py": row["old"]}))
    found = [call for one in states.objects for call in judge.refused(one)]
    assert [f"{call.called} {call.reason}" for call in found] == [said for said in [row.get("says")] if said]
    assert all(call.path.endswith("acme/scaling.py") and call.line for call in found)


@rows("compiled")
def test_what_compiled_modules_refuse(row: dict[str, Any], tmp_path: Path) -> None:
    states = pickled(RECORDS if row["old"] == "RECORDS" else row["old"], row["make"])
    reader = symbols_of(tmp_path / "new", row.get("declared", {}))
    if "module" in row:
        (tmp_path / "new" / "acme" / "scaling.so").write_bytes(b"\x7fELF\0" + row["module"].encode())
    judge = CallJudge(reader, None)
    found = [call for one in states.objects for call in judge.refused(one)]
    assert [f"{call.called} {call.reason}" for call in found] == [said for said in [row.get("says")] if said]
    assert [call.line for call in found] == [row.get("line")] * len(found)


@rows("returned")
def test_what_a_method_gives(row: dict[str, Any], tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": row["source"]})
    values = ReturnedValues(symbols.lineage(class_of(symbols)), View(), set())

    def part(asked: str) -> str:
        method, *route = asked.split()
        return repr(values.part(method, tuple(route), 0))

    assert {asked: part(asked) for asked in row["is"]} == row["is"]


def test_a_class_that_is_gone_lacks_nothing(tmp_path: Path) -> None:
    reader = ObjectCode(symbols_of(tmp_path, {"acme/scaling.py": ""}), repairs=True)
    assert [gap for one in pickled(OLD, "Scaler()").objects for gap in StateJudge(reader, None).gaps(one)] == []


def test_a_parameter_is_read_where_it_is_taken(tmp_path: Path) -> None:
    new = "class Scaler:\n    def get_params(self): pass\n    def __init__(self, b=1):\n        self.b = b\n"
    reader = ObjectCode(symbols_of(tmp_path, {"acme/scaling.py": new}), repairs=True)
    (gap,) = (gap for one in pickled(OLD, "Scaler()").objects for gap in StateJudge(reader, None).gaps(one))
    assert (gap.attribute, gap.need.need.line, gap.need.need.route) == ("b", 3, ("get_params",))


def test_a_missing_module_is_looked_for_in_its_package(tmp_path: Path) -> None:
    names = InstalledNames(symbols_of(tmp_path, {"acme/scaling.py": ""}))
    assert [names.path_of(module) for module in ("acme.scaling", "acme.gone.more")] == ["acme/scaling.py", "acme"]
