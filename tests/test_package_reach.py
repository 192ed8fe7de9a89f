"""How far the code of packages is followed: each limit at its exact value, and what is counted on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from mlaudit.code.package.classes import ClassCode, dotted
from mlaudit.code.package.defined_names import NameAnswer, names_of_source
from mlaudit.code.package.installed_names import InstalledNames
from mlaudit.code.package.member_calls import MemberCalls, member_calls
from mlaudit.code.package.modules import PackageModules
from mlaudit.code.package.object_code import Calling, FoundNeed, ObjectCode, Sureness
from mlaudit.code.package.object_values import Values
from mlaudit.code.package.record_layouts import DeclaredStructs, structs
from mlaudit.code.package.source import parsed_source
from mlaudit.code.package.state_gaps import StateJudge
from mlaudit.code.package.step_expressions import expression_steps
from mlaudit.code.package.step_reader import steps_of
from mlaudit.code.package.steps import Read
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.grammars.model_file.pickle_states import PickledObject, StateDict
from mlaudit.grammars.model_file.pickle_values import Global
from mlaudit.sources.package_sources import PackageSources
from tests.test_missing_names import write
from tests.test_package_code import OLD, pickled, symbols_of
from tests.test_package_limits import answer
from tests.test_package_pieces import View

ALL_STEPS = 500_000
READS_ONE = "class Scaler:\n    def __init__(self): self.b = 1\n    def transform(self, x): return self.b\n"


def need_of(folder: Path, body: str, before: str = "", base: str = "") -> FoundNeed | None:
    """How serving is known to read of an object what its writer does not give it."""
    states = pickled(OLD, "Scaler()")
    new = f"{before}class Scaler({base}):\n    def __init__(self):\n        self.a = 1\n        self.b = 2\n{body}"
    judge = StateJudge(ObjectCode(symbols_of(folder, {"acme/scaling.py": new}), repairs=True), None)
    found = [gap for one in states.objects for gap in judge.gaps(one) if gap.attribute == "b"]
    return next((gap.need for gap in found if gap.need.calling is Calling.SERVING), None)


def class_called(symbols: PackageSymbols, name: str) -> ClassCode:
    found = symbols.find("acme.scaling", name)
    assert isinstance(found, ClassCode)
    return found


def stars(folder: Path, number: int) -> bool:
    """A chain of modules by `*` imports, the last of which has the name."""
    files = {f"acme/m{at}.py": f"from .m{at + 1} import *\n" for at in range(1, number)}
    files[f"acme/m{number}.py"] = "other = 1\n"
    return answer(folder, files, "acme.m1:Name") == NameAnswer.NO_NAME.value


def words_of_a_module(folder: Path, number: int) -> bool:
    write(folder, {"a/" * (number - 1) + "a.py": ""})
    return PackageModules(PackageSources(folder)).exists(".".join("a" * number))


def words_of_a_name(folder: Path, number: int) -> bool:
    """Whether it is seen that the last class of a qualified name is not there."""
    names = names_of_source(nested("class C:", number - 1, "pass").encode())
    assert names is not None
    return names.answer(".".join(["C"] * number)) is NameAnswer.NO_NAME


def lines_of_a_struct(folder: Path, number: int) -> bool:
    text = "cdef struct S:\n" + "".join(f"    int a{at}\n" for at in range(number - 1)) + "    int last\n"
    return "last" in next(iter(structs(text, "a.pxd"))).fields


def declarations(folder: Path, number: int) -> bool:
    """Whether a struct is known that only the last of so many declarations has."""
    write(folder, {f"acme/a{at:03}.pxd": "" for at in range(number - 1)})
    write(folder, {"acme/__init__.py": "", "acme/one.so": "", "acme/z.pxd": "cdef struct S:\n    int a\n"})
    return bool(DeclaredStructs(PackageSymbols(PackageSources(folder))).of("acme.one"))


def methods(folder: Path, number: int) -> bool:
    body = "".join(f"    def m{at}(self):\n        self.m{at + 1}()\n" for at in range(1, number))
    last = f"    def m{number}(self):\n        self.b\n"
    return need_of(folder, f"    def transform(self, x):\n        self.m1()\n{body}{last}") is not None


def methods_of_bases(folder: Path, number: int) -> bool:
    """Whether an attribute is known to be read by the last of so many classes whose methods call the next one's."""
    first = "".join(f"class C{at}(C{at + 1}):\n    def m(self): super().m()\n" for at in range(1, number))
    text = f"{first}class C{number}:\n    def m(self): self.b\n"
    return need_of(folder, "    def transform(self, x): super().m()\n", text, "C1") is not None


def steps_of_a_method(folder: Path, number: int) -> bool:
    return need_of(folder, f"    def transform(self, x): {'self.a, ' * (number - 1)}self.b\n") is not None


def values_that_decide(folder: Path, number: int) -> bool:
    """Whether an attribute is known not to be read, by the last one of so many values in front of it."""
    values = " and ".join(["self.a"] * (number - 1) + ["self.a == 2", "self.b"])
    return need_of(folder, f"    def transform(self, x): return {values}\n") is None


def names_that_lead_to_a_class(folder: Path, number: int) -> bool:
    text = "".join(f"C{at} = C{at + 1}\n" for at in range(1, number)) + f"class C{number}: pass\n"
    return isinstance(symbols_of(folder, {"acme/scaling.py": text}).find("acme.scaling", "C1"), ClassCode)


def line_of_classes(folder: Path, number: int) -> PackageSymbols:
    text = "".join(f"class C{at}(C{at + 1}): pass\n" for at in range(1, number)) + f"class C{number}: pass\n"
    return symbols_of(folder, {"acme/scaling.py": text})


def classes_in_a_line(folder: Path, number: int) -> bool:
    symbols = line_of_classes(folder, number)
    return symbols.lineage(class_called(symbols, "C1")).is_whole


def classes_above_each_other(folder: Path, number: int) -> bool:
    """Whether the last ones of a line of classes are known where the first one was asked for its bases."""
    symbols = line_of_classes(folder, number)
    symbols.lineage(class_called(symbols, "C1"))
    return all(symbols.lineage(class_called(symbols, f"C{at}")).is_whole for at in range(number - 5, number + 1))


def bases_of_a_class(folder: Path, number: int) -> bool:
    """Whether the last of the bases beside each other is one of the classes that are asked."""
    names = [f"C{at}" for at in range(1, number)]
    text = "".join(f"class {name}: pass\n" for name in names) + f"class C({', '.join(names)}): pass\n"
    symbols = symbols_of(folder, {"acme/scaling.py": text})
    return names[-1] in {cls.name for cls in symbols.lineage(class_called(symbols, "C")).classes}


def words_of_a_base(folder: Path, number: int) -> bool:
    words = tuple(f"c{at}" for at in range(number))
    return dotted(ast.parse(".".join(words), mode="eval").body) == words


def choices(folder: Path, number: int) -> bool:
    text = "2 if 0 else (" * number + "1" + ")" * number
    return Values(View(), "self", {}, []).value(ast.parse(text, mode="eval").body, set()) == 1


def alternatives(folder: Path, number: int) -> bool:
    text = "0 or (" * number + "1" + ")" * number
    return Values(View(), "self", {}, []).value(ast.parse(text, mode="eval").body, set()) == 1


def conditions(folder: Path, number: int) -> bool:
    text = "1 and (" * number + "1" + ")" * number
    return Values(View(), "self", {}, []).truth(ast.parse(text, mode="eval").body, set()) is True


def statements_of_a_value(folder: Path, number: int) -> bool:
    """Whether it is known what a method gives, of so many statements."""
    body = "        x = 1\n" * (number - 1)
    return decides(folder, f"    def m(self):\n{body}        return x\n")


def methods_of_a_value(folder: Path, number: int) -> bool:
    """Whether it is known what a method gives, by so many methods each of which gives what the next one gives."""
    first = "".join(f"    def m{at or ''}(self): return self.m{at + 1}()\n" for at in range(number - 1))
    return decides(folder, f"{first}    def m{number - 1 or ''}(self): return 1\n")


def choices_of_a_value(folder: Path, number: int) -> bool:
    """Whether it is known what a method gives by another one, by so many choices inside one another."""
    value = "2 if 0 else (" * number + "1" + ")" * number
    return decides(folder, f"    def m(self): return self.m1()\n    def m1(self): return {value}\n")


def decides(folder: Path, text: str) -> bool:
    """Whether it is known that a method `m` gives 1."""
    body = "    def transform(self, x):\n        if self.m() == 1: self.b\n"
    need = need_of(folder, body + text)
    return need is not None and need.sureness is Sureness.CERTAIN


def parts_of_a_value(folder: Path, number: int) -> bool:
    """Whether so many attributes behind a call are looked at."""
    text = "self.tags()" + "".join(f".a{at}" for at in range(number))
    value = Values(View(), "self", {}, []).value(ast.parse(text, mode="eval").body, set())
    return "." not in repr(value)


def characters_of_a_source(folder: Path, number: int) -> bool:
    return parsed_source(b"a = 1\n#" + b"x" * (number - len("a = 1\n#"))) is not None


def functions_of_an_owner(folder: Path, number: int) -> bool:
    """Whether it is known what an owner calls on a member, by so many methods one after another."""
    names = ["serve", *(f"m{at}" for at in range(2, number + 1))]
    text = "".join(f"    def {name}(self): self.{after}()\n" for name, after in pairwise(names))
    return not calls_of_an_owner(folder, f"{text}    def {names[-1]}(self): pass\n").is_open


def nodes_of_an_owner(folder: Path, number: int) -> bool:
    """Whether it is known what an owner calls on a member, where another method follows behind so many nodes."""
    # The call has five: itself, what it calls, `self`, and of both that they are read; the values have two around them.
    body = f"        ({'1, ' * (number - 7)})\n"
    text = f"    def serve(self):\n{body}        self.last()\n    def last(self): pass\n"
    return not calls_of_an_owner(folder, text).is_open


def calls_of_an_owner(folder: Path, text: str) -> MemberCalls:
    source = f"class Member:\n    def transform(self): pass\nclass C:\n{text}"
    symbols = symbols_of(folder, {"acme/scaling.py": source})
    owner, member = (symbols.lineage(class_called(symbols, name)) for name in ("C", "Member"))
    return member_calls(symbols, owner, member, ["serve"])


class DeepFolders:
    """Folders inside one another, the last of which has a compiled module."""

    def __init__(self, number: int) -> None:
        self.number = number

    def names(self, folder: str) -> frozenset[str] | None:
        return frozenset(["a" if folder.count("a") < self.number else "one.so"])

    def read(self, path: str) -> bytes | None:
        return None

    def read_binary(self, path: str) -> bytes | None:
        return None

    def sources(self, folder: str) -> Iterator[bytes | None]:
        return iter(())

    def shown(self, path: str) -> str:
        return path


def folders_of_compiled_modules(folder: Path, number: int) -> bool:
    """Whether a compiled module is found in the last of so many folders."""
    return bool(list(PackageModules(DeepFolders(number - 1)).extensions()))


def owners(folder: Path, number: int) -> bool:
    """Whether the last of so many objects around one is known to be what asks it."""
    text = "class Box: pass\nclass Owner:\n    def predict(self, x): pass\n"
    code = ObjectCode(symbols_of(folder, {"acme/scaling.py": text}), repairs=True)
    boxed = made("Owner")
    for _ in range(number):
        boxed = made("Box", boxed)
    return code.calls_of(boxed, code.symbols.lineage(class_called(code.symbols, "Box"))) is not None


def made(name: str, owner: PickledObject | None = None) -> PickledObject:
    maker = Global("acme.scaling", name)
    return PickledObject(maker, cls=maker, state=StateDict({}), owner=owner)


LIMITS: dict[Callable[[Path, int], bool], int] = {
    stars: 40,
    words_of_a_module: 20,
    words_of_a_name: 21,
    lines_of_a_struct: 400,
    declarations: 60,
    methods: 11,
    methods_of_bases: 3,
    steps_of_a_method: 6_000,
    values_that_decide: 100,
    names_that_lead_to_a_class: 401,
    classes_in_a_line: 59,
    classes_above_each_other: 80,
    bases_of_a_class: 60,
    words_of_a_base: 61,
    choices: 40,
    alternatives: 40,
    conditions: 40,
    statements_of_a_value: 60,
    methods_of_a_value: 4,
    choices_of_a_value: 21,
    parts_of_a_value: 7,
    characters_of_a_source: 1_000_000,
    functions_of_an_owner: 400,
    nodes_of_an_owner: 60_000,
    folders_of_compiled_modules: 3_000,
    owners: 20,
}


@pytest.mark.parametrize("is_known", LIMITS, ids=lambda count: count.__name__)
def test_how_far_code_is_followed(is_known: Callable[[Path, int], bool], tmp_path: Path) -> None:
    limit = LIMITS[is_known]
    assert [is_known(tmp_path / str(number), number) for number in (limit, limit + 1)] == [True, False]


def test_every_line_of_classes_is_followed_by_itself(tmp_path: Path) -> None:
    text = "".join(f"class {kind}{at}({kind}{at + 1}): pass\n" for kind in "ABC" for at in range(1, 50))
    symbols = symbols_of(tmp_path, {"acme/scaling.py": f"{text}class A50: pass\nclass B50: pass\nclass C50: pass\n"})
    assert [symbols.lineage(class_called(symbols, f"{kind}1")).is_whole for kind in "ABC"] == [True] * 3


def nested(statement: str, number: int, last: str) -> str:
    """A statement so many times in itself, with another one inside; what is behind `...` comes behind that."""
    before, _, behind = statement.partition("...")
    lines = [f"{'  ' * at}{line}" for at in range(number) for line in before.split("\n")]
    ends = [f"{'  ' * at}{behind}" for at in reversed(range(number))]
    return "\n".join([*lines, f"{'  ' * number}{last}", *ends])


def reads_of(steps: object) -> set[str]:
    if isinstance(steps, Read):
        return {steps.attribute}
    if isinstance(steps, tuple | list):
        return {name for step in steps for name in reads_of(step)}
    slots = getattr(type(steps), "__slots__", ()) if not isinstance(steps, str | ast.AST) else ()
    return {name for slot in slots for name in reads_of(getattr(steps, slot, None))}


BLOCKS = {
    "if": "if x:",
    "else": "if x: pass\nelse:",
    "for": "for x in y:",
    "the end of a loop": "for x in y: pass\nelse:",
    "while": "while x:",
    "the end of a while": "while x: pass\nelse:",
    "with": "with x:",
    "try": "try:...except: pass",
    "except": "try: pass\nexcept:",
    "what is tried without an error": "try: pass\nexcept: pass\nelse:",
    "finally": "try: pass\nfinally:",
    "case": "match x:\n case 1:",
    "function": "def f():",
}
BIND_NO_NAME = {"function", "case", "the end of a loop", "the end of a while"}
"""Blocks that bind no name of the module, or that are not looked into for names."""


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_of_a_method_are_followed_as_deep_as_the_limit(kind: str) -> None:
    def is_read(number: int) -> bool:
        text = nested(BLOCKS[kind], number, "self.last")
        if kind == "case":
            text = nested("if x:", number - 1, "match x:")
            text += f"\n{'  ' * (number - 1)} case 1:\n{'  ' * number}self.last"
        source = "def f(self):\n" + "\n".join(f" {line}" for line in text.split("\n"))
        (function,) = ast.parse(source).body
        assert isinstance(function, ast.FunctionDef)
        return "last" in reads_of(steps_of(function, "self"))

    assert [number for number in range(55, 65) if is_read(number)] == list(range(55, 61))


@pytest.mark.parametrize("kind", sorted(BLOCKS.keys() - BIND_NO_NAME))
def test_names_in_blocks_are_bound_as_deep_as_the_limit(kind: str) -> None:
    def is_bound(number: int) -> bool:
        source = parsed_source(nested(BLOCKS[kind], number, "last = 1").encode())
        assert source is not None
        return "last" in source.names

    assert [number for number in range(35, 45) if is_bound(number)] == list(range(35, 41))


@pytest.mark.parametrize(
    "kind", ["if", "else", "for", "while", "with", "try", "except", "finally", "if hasattr(x, 'transform'):"]
)
def test_blocks_of_an_owner_are_followed_as_deep_as_the_limit(kind: str, tmp_path: Path) -> None:
    def is_called(number: int) -> bool:
        text = nested(BLOCKS.get(kind, kind), number, "x.last()")
        body = "".join(f"        {line}\n" for line in text.split("\n"))
        return "last" in calls_of_an_owner(tmp_path / str(number), f"    def serve(self, x):\n{body}").names

    assert [number for number in range(57, 63) if is_called(number)] == [57, 58, 59]


NESTINGS: dict[str, tuple[str, str, int]] = {
    "choice": ("1 if x else (", ")", 1),
    "first of a choice": ("(", ") if x else 1", 1),
    "test of a choice": ("1 if (", ") else 2", 1),
    "list": ("[", "]", 1),
    "argument": ("f(", ")", 1),
    "keyword": ("f(a=", ")", 1),
    "argument of its own method": ("self.m(", ")", 1),
    "argument of its base's method": ("super().m(", ")", 1),
    "default of a key": ("x.setdefault('a', ", ")", 1),
    "function that is called": ("(", "[0])(1)", 2),
    "attribute of an element": ("(", "[0]).x", 2),
    "default of an attribute": ("getattr(self, 'a', ", ")", 1),
    "value of an attribute": ("setattr(self, 'a', ", ")", 1),
    "function": ("lambda: (", ")", 1),
    "element": ("[", " for a in b]", 1),
    "key": ("{", ": 1 for a in b}", 1),
    "iterated": ("[a for a in ", "]", 1),
    "iterated inside": ("[a for a in b for c in ", "]", 1),
    "filter": ("[a for a in b if ", "]", 1),
    "and": ("x and (", ")", 1),
    "first of an and": ("(", ") and x", 1),
    "subscript": ("x[", "]", 1),
}
"""What is before and behind an expression inside of another, and how many levels these are."""


@pytest.mark.parametrize("kind", NESTINGS)
def test_expressions_are_followed_as_deep_as_the_limit(kind: str) -> None:
    before, behind, levels = NESTINGS[kind]
    limit = 150 // levels

    def is_read(number: int) -> bool:
        node = ast.parse(f"{before * number}self.last{behind * number}", mode="eval").body
        return "last" in reads_of(tuple(expression_steps(node, "self")))

    assert [number for number in range(limit - 2, limit + 3) if is_read(number)] == [limit - 2, limit - 1, limit]


@pytest.mark.parametrize(
    ("before", "behind", "limit"),
    [
        ("f(", ")", 60),
        ("[1, ", "]", 60),
        ("x.a[", "]", 60),
        ("x == (", ")", 60),
        ("lambda: ", "", 60),
        ("x and (", ")", 60),
    ],
)
def test_expressions_of_an_owner_are_followed_as_deep_as_the_limit(
    before: str, behind: str, limit: int, tmp_path: Path
) -> None:
    def is_called(number: int) -> bool:
        text = f"        return {before * number}x.last{behind * number}\n"
        return "last" in calls_of_an_owner(tmp_path / str(number), f"    def serve(self, x):\n{text}").names

    assert [number for number in range(limit - 2, limit + 3) if is_called(number)] == [limit - 2, limit - 1, limit]


def test_a_package_is_searched_for_as_many_names_as_the_limit(tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": "", "acme/one.py": ""})
    names = InstalledNames(PackageSymbols(PackageSources(tmp_path)))
    answers = [names.answer("acme.one", f"N{at}") for at in range(300)]
    assert answers.count(NameAnswer.NO_NAME) == answers.index(NameAnswer.UNKNOWN) == 201
    assert names.answer_of_module("acme.gone") is NameAnswer.UNKNOWN


def test_a_package_is_searched_for_as_many_modules_as_the_limit(tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": "", "acme/one.py": ""})
    names = InstalledNames(PackageSymbols(PackageSources(tmp_path)))
    answers = [names.answer_of_module(f"acme.m{at}") for at in range(300)]
    assert answers.count(NameAnswer.NO_MODULE) == answers.index(NameAnswer.UNKNOWN) == 201
    assert names.answer("acme.one", "N") is NameAnswer.UNKNOWN


def test_every_step_is_counted(tmp_path: Path) -> None:
    code = ObjectCode(symbols_of(tmp_path, {"acme/scaling.py": READS_ONE}), repairs=True)
    assert code.steps_left == ALL_STEPS
    (scaler,) = pickled(OLD, "Scaler()").objects
    assert [gap.attribute for gap in StateJudge(code, None).gaps(scaler)] == ["b"]
    # A read and an end, with the defaults of parameters and without.
    assert code.steps_left == ALL_STEPS - 4


@pytest.mark.parametrize(("left", "found"), [(4, ["b"]), (3, [])])
def test_nothing_is_reported_where_no_step_is_left(left: int, found: list[str], tmp_path: Path) -> None:
    code = ObjectCode(symbols_of(tmp_path, {"acme/scaling.py": READS_ONE}), repairs=True)
    code._steps.left = left
    (scaler,) = pickled(OLD, "Scaler()").objects
    assert [gap.attribute for gap in StateJudge(code, None).gaps(scaler)] == found
    assert code.is_exhausted is not bool(found)


@pytest.mark.parametrize(("left", "found"), [(2, ["b"]), (1, [])])
def test_nothing_is_reported_where_no_step_of_the_writer_is_left(left: int, found: list[str], tmp_path: Path) -> None:
    old = "class Scaler:\n    def __init__(self):\n        self.a = 1\n    def transform(self, x):\n        self.a\n"
    new = f"{old}    def predict(self, x):\n        self.b\n    def fit(self, x):\n        self.b = x\n"
    reader, writer = (
        ObjectCode(symbols_of(tmp_path / name, {"acme/scaling.py": text}), repairs=True)
        for name, text in (("new", new), ("old", old))
    )
    writer._steps.left = left
    (scaler,) = pickled(OLD, "Scaler()").objects
    assert [gap.attribute for gap in StateJudge(reader, writer).gaps(scaler)] == found
