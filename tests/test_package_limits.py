"""The code of packages: limits, names that sources bind, compiled modules, conditions, records, layers."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.code.package.called_methods import called_methods
from mlaudit.code.package.classes import ClassCode
from mlaudit.code.package.conditions import Condition
from mlaudit.code.package.constructors import refused_keys
from mlaudit.code.package.defined_names import fills_module, gives_name, names_of_source, searched_text
from mlaudit.code.package.extension import ExtensionModule
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.modules import PackageModule
from mlaudit.code.package.object_code import ObjectCode
from mlaudit.code.package.record_layouts import DeclaredStructs, Struct, differing_struct, fields_of, structs
from mlaudit.code.package.source import ParsedSource, parsed_source
from mlaudit.code.package.state_gaps import StateJudge
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.grammars.model_file.pickle_states import PickledObject, StateDict
from mlaudit.grammars.model_file.pickle_values import Global, Seq
from mlaudit.sources.package_sources import PackageSources
from tests.parser_cases import FIXTURES
from tests.test_missing_names import write
from tests.test_package_code import OLD, pickled, symbols_of

ROWS = tomli.loads((FIXTURES / "names" / "names_of_code.toml").read_text(encoding="utf-8"))


def rows(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", ROWS[table], ids=lambda row: str(next(iter(row.values()))).strip()[:70])


def answer(folder: Path, files: dict[str, str], asked: str = "acme.one:Name") -> str:
    write(folder, {"acme/__init__.py": "", **files})
    module, name = asked.split(":")
    return InstalledNames(PackageSymbols(PackageSources(folder))).answer(module, name).value


@rows("bound")
def test_what_a_source_binds(row: dict[str, Any]) -> None:
    names = names_of_source(row["text"].encode(), is_imported=row.get("is_imported", False))
    if "answers" not in row:
        assert names is None
        return
    assert names is not None
    assert {name: names.answer(name).value for name in row["answers"]} == row["answers"]
    assert sorted(f"{module} {level}" for module, level in names.stars) == row.get("stars", [])
    assert names.is_dynamic is row.get("dynamic", False)


@pytest.mark.parametrize(
    ("data", "behind"),
    [
        (b"Ratio = 1", b""),
        (b"caf\xe9 = 1", b""),
        ("Maß = 1".encode(), b""),
        ("\u211datio = 1".encode(), b"\nRatio = 1"),
        ("\u211datio = 1 # ".encode() + b"\xe9", "\nRatio = 1 # \ufffd".encode()),
    ],
)
def test_what_is_searched_of_a_source(data: bytes, behind: bytes) -> None:
    assert searched_text(data) == data + behind


@rows("given")
def test_whether_a_source_gives_a_module_a_name(row: dict[str, Any]) -> None:
    assert [text for text in row["texts"] if gives_name(text.encode(), row["word"]) is not row["is"]] == []


@rows("filled")
def test_whether_a_source_fills_a_module(row: dict[str, Any]) -> None:
    assert [text for text in row["texts"] if fills_module(text.encode(), row["module"]) is not row["is"]] == []


@rows("installed")
def test_whether_a_package_has_a_name(row: dict[str, Any], tmp_path: Path) -> None:
    for path in row.get("links", ()):  # A file that is there and cannot be had.
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).symlink_to(tmp_path / "outside")
    assert answer(tmp_path, row["files"], row["asked"]) == row["answer"]


@rows("module")
def test_whether_a_folder_has_a_module(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, row["files"])
    names = InstalledNames(PackageSymbols(PackageSources(tmp_path)))
    assert {name: names.answer_of_module(name).value for name in row["answers"]} == row["answers"]


@rows("absolute")
def test_the_module_that_an_import_means(row: dict[str, Any]) -> None:
    source = parsed_source(b"")
    assert isinstance(source, ParsedSource)
    module = PackageModule(row["name"], "x.py", row["is_package"], source)
    assert [module.absolute(name, level) for name, level in row["asked"]] == row["is"]


@rows("extension")
def test_the_names_in_a_compiled_module(row: dict[str, Any]) -> None:
    data = b"\x7fELF" + row["text"].encode().replace(b"|", b"\0")
    module = ExtensionModule(row["name"], data)
    assert {name: module.has(name) for name in row["has"]} == {
        name: {"yes": True, "no": False, "?": None}[has] for name, has in row["has"].items()
    }
    assert [name for name in row["has"] if module.has_type_in_full(name)] == row.get("full", [])
    assert sorted(module.checksums()) == row.get("checksums", [])
    assert ExtensionModule(row["name"], data[1:]).has("anything") is None
    assert ExtensionModule(row["name"], None).checksums() == frozenset()


@rows("struct")
def test_the_structs_of_a_declaration(row: dict[str, Any]) -> None:
    found = [f"{one.name} {' '.join(one.fields)} {one.line}" for one in structs(row["text"], "a.pxd")]
    assert found == row["is"]


@pytest.mark.parametrize(
    ("fields", "known", "differing"),
    [
        ("a b", ["a b c"], "a b c"),
        ("a b", ["a b c", "b a"], ""),
        ("a b c", ["a x y", "a b x"], "a b x"),
        ("a b c d", ["a x", "y"], ""),
        ("a b c d", ["a b"], "a b"),
        ("a", [], ""),
    ],
)
def test_the_struct_of_an_array_that_has_other_fields(fields: str, known: list[str], differing: str) -> None:
    found = differing_struct(tuple(fields.split()), [Struct("S", tuple(one.split()), "a.pxd", 1) for one in known])
    assert (" ".join(found.fields) if found is not None else "") == differing


@rows("condition")
def test_a_condition_in_words(row: dict[str, Any]) -> None:
    test = ast.parse(row["test"], mode="eval").body if "test" in row else None
    assert str(Condition(row["before"], test)) == row["is"]


@pytest.mark.parametrize(("size", "is_cut"), [(120, False), (121, True)])
def test_a_condition_is_shown_as_long_as_the_limit(size: int, is_cut: bool) -> None:
    condition = Condition("if ", ast.Name("x" * (size - len("if ")), ast.Load()))
    assert str(condition) == "if " + "x" * 117 + "..." * is_cut


def test_a_condition_that_is_too_deep_for_words() -> None:
    inner: ast.expr = ast.Name("x", ast.Load())
    for _ in range(3_000):
        inner = ast.UnaryOp(ast.USub(), inner)
    assert str(Condition("if ", inner)) == "if a condition"


@rows("called")
def test_the_methods_that_sources_call(row: dict[str, Any]) -> None:
    assert sorted(called_methods([text.encode() for text in row["texts"]])) == row["is"]


@rows("plain_base")
def test_bases_that_add_no_argument(row: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": "", "acme/scaling.py": row["source"]})
    symbols = PackageSymbols(PackageSources(tmp_path, tmp_path.name))
    cls = symbols.find("acme.scaling", "C")
    assert isinstance(cls, ClassCode)
    found = refused_keys(symbols, cls, ["z"])
    assert (found.keys if found is not None else ()) == (("z",) if row["is_refused"] else ())


@pytest.mark.parametrize(
    ("part", "lacks"),
    [
        ("class Part:\n    def __init__(self): self.c = 1\n", ["Part.d"]),
        ("class Part:\n    def __init__(self, k): self.__dict__ = k\n", []),
        ("class Part:\n    def __init__(self, k): self.__dict__.update(k)\n", []),
        ("class Part:\n    def __init__(self, k): self.__dict__[k] = 1\n", []),
        ("class Part:\n    def __init__(self, k): vars(self)[k] = 1\n", []),
        ("class Part:\n    def __init__(self, k): vars(self)['d'] = 1\n", ["Part.d"]),
        ("class Part:\n    def __init__(self, k): setattr(self, k, 1)\n", []),
        ("class Part:\n    def __init__(self, k): setattr(self, 'e', 1)\n", ["Part.d"]),
        ("class Part:\n    def __init__(self, k): k[k] = setattr(self, k)\n", ["Part.d"]),
        ("class Part:\n    def __init__(self, k): self.parts.update(k)\n", ["Part.d"]),
        ("class Part:\n    def __getattr__(self, k): self.__dict__[k] = 1\n", []),
        ("class Part:\n    def __init__(self): self.c = self.d = 1\n", ["Part.d"]),
        ("class Part:\n    def __init__(self, **k): vars(self).update(k)\n", []),
        ("class Part:\n    d = 1\n    def __init__(self): self.c = 1\n", []),
        ("class Part:\n    def __init__(self): self.c = self.d = 1\n    def __setstate__(self, s): self.d = 2\n", []),
        ("class Part:\n    pass\n", ["Part.d"]),
    ],
)
def test_what_a_part_of_an_object_lacks(part: str, lacks: list[str], tmp_path: Path) -> None:
    scaler = "class Scaler:\n    def __init__(self):\n        self.a = 1\n        self.held = Part()\n"
    new = f"{part}{scaler}    def transform(self, x):\n        return self.held.d\n"
    reader = ObjectCode(symbols_of(tmp_path, {"acme/scaling.py": new}), repairs=True)
    found = [gap for one in pickled(OLD, "with_part()").objects for gap in StateJudge(reader, None).gaps(one)]
    assert [f"{gap.cls.name}.{gap.attribute}" for gap in found] == lacks


@pytest.mark.parametrize(
    ("before", "method", "lacks"),
    [
        ("def {}(self, k): setattr(self, k, 1)", name, ["Part.d"])
        for name in ("set_params", "_set_params", "__setstate__", "__sklearn_clone__", "__setattr__")
    ]
    + [
        ("def {}(self, k): setattr(self, k, 1)", "reset", []),
        ("def {}(self, k): setattr(self, 'd')", "reset", ["Part.d"]),
        ("def {}(self, k): set(self, k, 1)", "reset", ["Part.d"]),
        ("def {}(self, k): x.setattr(self, k, 1)", "reset", ["Part.d"]),
        ("def {}(self, k): self.update(k)", "reset", ["Part.d"]),
        ("def {}(self, k): vars(self).get(k)", "reset", ["Part.d"]),
        ("def {}(self, k): x.vars(self).update(k)", "reset", ["Part.d"]),
        ("def {}(self, k): names(self).update(k)", "reset", ["Part.d"]),
        ("def {}(self, k): self.__dict__[k]", "reset", ["Part.d"]),
        ("def {}(self, k): self.other[k] = 1", "reset", ["Part.d"]),
        ("def {}(self, k): del self.__dict__[k]", "reset", []),
        ("def {}(self, k): k = self.__dict__", "reset", ["Part.d"]),
        ("def {}(self, k): self.__dict__['c'] = 1", "reset", ["Part.d"]),
    ],
)
def test_which_methods_may_set_any_attribute(before: str, method: str, lacks: list[str], tmp_path: Path) -> None:
    new = f"class Part:\n    {before.format(method)}\n{READS_PART}"
    reader = ObjectCode(symbols_of(tmp_path, {"acme/scaling.py": new}), repairs=True)
    found = [gap for one in pickled(OLD, "with_part()").objects for gap in StateJudge(reader, None).gaps(one)]
    assert [f"{gap.cls.name}.{gap.attribute}" for gap in found] == lacks


READS_PART = (
    "class Scaler:\n    def __init__(self):\n        self.a = 1\n        self.held = Part()\n"
    "    def transform(self, x):\n        return self.held.d\n"
)


@pytest.mark.parametrize(
    ("import_", "base", "is_whole", "is_container"),
    [
        ("import abc", "abc.ABC", True, False),
        ("import typing", "typing.Generic[int]", True, False),
        ("import typing_extensions", "typing_extensions.Protocol", True, False),
        ("import numbers", "numbers.Number", True, False),
        ("from enum import Enum", "Enum", True, False),
        ("from collections.abc import Mapping", "Mapping", True, False),
        ("from collections import OrderedDict", "OrderedDict", True, True),
        ("from collections import defaultdict", "defaultdict", True, True),
        ("import threading", "threading.Thread", True, False),
        ("from threading import local", "local", True, False),
        ("from threading import Barrier", "Barrier", False, False),
        ("from elsewhere import Thread", "Thread", False, False),
        ("import socket", "socket.socket", False, False),
        ("", "object", True, False),
        ("", "dict", True, True),
        ("", "Exception", True, True),
        ("", "len", False, False),
        ("", "unknown", False, False),
        ("from sklearn.base import BaseEstimator", "BaseEstimator", True, True),
        ("from sklearn.base import Unknown", "Unknown", False, False),
    ],
)
def test_bases_of_elsewhere(import_: str, base: str, is_whole: bool, is_container: bool, tmp_path: Path) -> None:
    symbols = symbols_of(tmp_path, {"acme/scaling.py": f"{import_}\nclass C({base}): pass\n"})
    cls = symbols.find("acme.scaling", "C")
    assert isinstance(cls, ClassCode)
    lineage = symbols.lineage(cls)
    assert (lineage.is_whole, lineage.is_container, lineage.gives("mro")) == (is_whole, is_container, False)
    assert lineage.gives("get_params") is (base == "BaseEstimator")
    assert not is_whole or lineage.gives("__init__")


METHODS = {
    "predict": ("SERVING", "SERVING"),
    "__getitem__": ("SERVING", "SERVING"),
    "__len__": ("OTHERWISE", "SERVING"),
    "__enter__": ("", "SERVING"),
    "summary": ("OTHERWISE", "SERVING"),
    "_inner": ("", "SERVING"),
    "fit": ("UPKEEP", "UPKEEP"),
    "append": ("UPKEEP", "UPKEEP"),
    "build": ("", ""),
    "set_rate": ("", ""),
    "fitted": ("", ""),
    "__init__": ("", ""),
    "__setstate__": ("", ""),
}
"""For what a method is called, where no source is known to call it, and where one is."""


@pytest.mark.parametrize("name", METHODS)
def test_for_what_a_method_is_called(name: str, tmp_path: Path) -> None:
    new = f"class Scaler:\n    def {name}(self):\n        self.d\n    def other_way(self):\n        self.d = 1\n"
    said = []
    for called in (frozenset[str](), frozenset((name,))):
        symbols = symbols_of(tmp_path, {"acme/scaling.py": new})
        judge = StateJudge(ObjectCode(symbols, repairs=True, called=called), None)
        gaps = [gap for one in pickled(OLD, "Scaler()").objects for gap in judge.gaps(one)]
        said.append("".join(gap.need.calling.name for gap in gaps))
    assert tuple(said) == METHODS[name]


def kind_of(*items: object) -> PickledObject:
    """What a pickled array is of, by its names."""
    return PickledObject(Global("numpy", "dtype"), state=Seq(items, len(items), 0))


NAMED = kind_of(3, "|", None, Seq(("a", "b"), 2, 0))


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        (Seq((1, (2,), NAMED, False, b""), 5, 0), ("a", "b")),
        (Seq((1, (2,), NAMED, False, b"", 1), 6, 0), None),
        (Seq((1, (2,), NAMED, False), 4, 0), None),
        (Seq((1, (2,), 3, False, b""), 5, 0), None),
        (StateDict({"dtype": NAMED}), ("a", "b")),
        (StateDict({"kind": NAMED}), None),
        (StateDict({"dtype": kind_of(3, "|", None, Seq(("a", 1), 2, 0))}), None),
        (StateDict({"dtype": kind_of(3, "|", None, Seq(("a", "b"), 3, 0))}), None),
        (StateDict({"dtype": kind_of(3, "|", None, None)}), None),
        (StateDict({"dtype": kind_of(3, "|", None)}), None),
        (StateDict({"dtype": PickledObject(Global("numpy", "dtype"))}), None),
        (None, None),
    ],
)
def test_the_fields_of_an_array_of_records(state: object, fields: tuple[str, ...] | None) -> None:
    assert fields_of(PickledObject(Global("numpy", "array"), state=state)) == fields
    assert fields_of(state) is None


def test_a_declaration_that_is_no_text_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": "", "acme/one.so": ""})
    (tmp_path / "acme" / "one.pxd").write_bytes(b"# \xff\ncdef struct S:\n    int a\n")
    (struct,) = DeclaredStructs(PackageSymbols(PackageSources(tmp_path))).of("acme.one")
    assert (struct.name, struct.fields, struct.path, struct.line) == ("S", ("a",), "acme/one.pxd", 2)


@pytest.mark.parametrize(
    ("source", "classes"),
    [
        ("import acme.two\nclass C(acme.two.Base): pass\n", ["C", "Base"]),
        ("import acme.deep.two as two\nclass C(two.Base): pass\n", ["C", "Base"]),
        ("import acme.deep.two\nclass C(acme.deep.two.Base): pass\n", ["C", "Base"]),
        ("from acme import deep\nclass C(deep.two.Base): pass\n", ["C", "Base"]),
        ("from . import two\nclass C(two.Base): pass\n", ["C", "Base"]),
        ("two = 1\nclass C(two.Base): pass\n", ["C"]),
        ("from ..... import two\nclass C(two.Base): pass\n", ["C"]),
        ("from .two import *\nclass C(Base): pass\n", ["C", "Base"]),
        ("class C(Base): pass\n", ["C"]),
        ("class C(C): pass\n", ["C"]),
    ],
)
def test_bases_by_their_dotted_names(source: str, classes: list[str], tmp_path: Path) -> None:
    base = "class Base: pass\n"
    files = {"acme/scaling.py": source, "acme/two.py": base, "acme/deep/__init__.py": "", "acme/deep/two.py": base}
    symbols = symbols_of(tmp_path, files)
    cls = symbols.find("acme.scaling", "C")
    assert isinstance(cls, ClassCode)
    assert [one.name for one in symbols.lineage(cls).classes] == classes


@pytest.mark.parametrize(
    ("files", "asked", "expected"),
    [
        ({"acme/_loss.so": "|acme._loss.Name|"}, "_loss:Name", "no module"),
        ({"acme/_loss.so": "|_loss.Name|"}, "_loss:Name", "unknown"),
        ({"acme/_loss.so": "|acme._loss.Name|", "acme/deep/_loss.so": "|other"}, "_loss:Name", "unknown"),
        ({"acme/_loss.so": "|acme._loss.Other|__pyx_x"}, "_loss:Name", "no name"),
        ({"acme/_loss.so": "|acme._loss.Other|"}, "_loss:Name", "unknown"),
        ({"acme/_loss.so": "|__pyx_x", "acme/deep/_loss.so": "|__pyx_x"}, "_loss:Name", "unknown"),
        ({"acme/_loss.so": "|acme._loss.Name|", "_loss.txt": ""}, "_loss:Name", "unknown"),
        ({"acme/loss.so": "|acme.loss.Name|"}, "loss:Name", "unknown"),
        ({"acme/_other.so": "|acme._other.Name|"}, "_loss:Name", "unknown"),
        ({"acme/_loss.so": "|Name|__pyx_x"}, "acme._loss:Name", "defined"),
        ({"acme/_loss.so": "|Name|__pyx_x"}, "acme._loss:Name.more", "unknown"),
        ({"acme/_loss.so": "|Name|__pyx_x"}, "acme._loss:Other", "no name"),
        ({"acme/_loss.so": "|Name|"}, "acme._loss:Other", "unknown"),
    ],
)
def test_names_of_compiled_modules(files: dict[str, str], asked: str, expected: str, tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": "", "acme/deep/__init__.py": ""})
    for path, text in files.items():
        (tmp_path / path).write_bytes(b"\x7fELF" + text.encode().replace(b"|", b"\0"))
    module, name = asked.split(":")
    assert InstalledNames(PackageSymbols(PackageSources(tmp_path))).answer(module, name).value == expected


@pytest.mark.parametrize(
    ("after", "name", "owner"),
    [
        ("C", "m", "D"),
        ("D", "m", "E"),
        ("E", "m", ""),
        ("C", "only", "E"),
        ("D", "own", ""),
        ("C", "gone", ""),
    ],
)
def test_what_a_class_gives_behind_another_one(after: str, name: str, owner: str, tmp_path: Path) -> None:
    text = (
        "class E:\n    def m(self): pass\n    def only(self): pass\nclass D(E):\n    def m(self): pass\n"
        "class C(D):\n    def m(self): pass\n    def own(self): pass\n"
    )
    symbols = symbols_of(tmp_path, {"acme/scaling.py": text})
    cls = symbols.find("acme.scaling", "C")
    assert isinstance(cls, ClassCode)
    lineage = symbols.lineage(cls)
    behind = next(one for one in lineage.classes if one.name == after)
    member = lineage.member_after(behind, name)
    assert (member[0].name if member is not None else "") == owner


@pytest.mark.parametrize(
    ("decorator", "kind"),
    [
        ("property", "PROPERTY"),
        ("functools.cached_property", "PROPERTY"),
        ("cached", "PROPERTY"),
        ("cache_readonly", "PROPERTY"),
        ("lazy()", "PROPERTY"),
        ("staticmethod", "UNBOUND"),
        ("classmethod", "UNBOUND"),
    ],
)
def test_what_a_decorator_makes_of_a_method(decorator: str, kind: str, tmp_path: Path) -> None:
    text = f"class C:\n    @{decorator}\n    def m(self): pass\n    def plain(self): pass\n"
    cls = symbols_of(tmp_path, {"acme/scaling.py": text}).find("acme.scaling", "C")
    assert isinstance(cls, ClassCode)
    assert [cls.methods[name].kind.name for name in ("m", "plain")] == [kind, "METHOD"]
