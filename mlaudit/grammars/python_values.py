"""Values of names and expressions in a Python source, found by reading its syntax; nothing is ever run.

Known are literals, names, concatenations, the usual calls on literals, and `open("file").read()`; any other value is
kept as `Unknown`, with the node that it is at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlaudit.document.budget import Limit, spend
from mlaudit.grammars.pypi.requirement import leading_name
from mlaudit.grammars.python_value_nouns import (
    COMPUTED,
    MAX_DEPTH,
    MEMBERS,
    File,
    Text,
    Unknown,
    Value,
    copied,
    either,
    extend,
    filled,
    joined_lists,
    members_of,
    text_value,
    update,
)

MAX_NAMES = 3
"""Names of folders that are followed through one another."""
MAX_CALLS = 200
"""Calls of functions that the source defines."""
STEPS = Limit(name="statements and expressions of a Python source", most=1_000_000)


_DEEP = f"names and operators are nested more than {MAX_DEPTH} deep"
_WRAPPERS = frozenset(("list", "tuple", "sorted", "set", "dict", "str", "frozenset"))
_OF_FILE = frozenset(("open", "read", "readlines", "splitlines", "split", "strip", "read_text", "rstrip", "decode"))


class Scope:
    """Names of a source and their values at its end; what a condition decides is unknown."""

    def __init__(self) -> None:
        self.names: dict[str, Value] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        self.calls_left = [MAX_CALLS]

    def copied(self) -> Scope:
        """A scope of its own that begins with the names and values of this one."""
        copy = Scope()
        copy.names = {name: copied(value) for name, value in self.names.items()}
        copy.functions, copy.calls_left = dict(self.functions), self.calls_left
        return copy

    def run(self, body: list[ast.stmt], *, surely: bool = True) -> None:
        """Take statements in their order. `surely` is False inside conditions and loops."""
        for statement in body:
            self._statement(statement, surely)

    def _statement(self, statement: ast.stmt, surely: bool) -> None:
        spend(STEPS)
        if isinstance(statement, ast.Assign):
            value = self.value(statement.value)
            for target in statement.targets:
                self._assign(target, value, statement.value, surely)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign(statement.target, self.value(statement.value), statement.value, surely)
        elif isinstance(statement, ast.AugAssign):
            self._grow(statement.target, statement.value, surely)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self._call(statement.value, surely)
        elif isinstance(statement, ast.With):
            self._with(statement, surely)
        elif isinstance(statement, ast.FunctionDef):
            self.functions[statement.name] = statement
        else:
            self._block(statement, surely)

    def _block(self, statement: ast.stmt, surely: bool) -> None:
        if isinstance(statement, ast.If) and _is_main(statement.test):
            self.run(statement.body, surely=surely)
            return
        for name in ("body", "orelse", "handlers", "finalbody"):
            for member in getattr(statement, name, ()):
                if isinstance(member, ast.ExceptHandler):
                    self.run(member.body, surely=False)
                elif isinstance(member, ast.stmt) and isinstance(statement, (ast.If, ast.For, ast.While, ast.Try)):
                    self._statement(member, False)

    def _with(self, statement: ast.With, surely: bool) -> None:
        for item in statement.items:
            if isinstance(item.optional_vars, ast.Name):
                self.names[item.optional_vars.id] = self.value(item.context_expr)
        self.run(statement.body, surely=surely)

    def _assign(self, target: ast.expr, value: Value, node: ast.expr, surely: bool) -> None:
        if isinstance(target, ast.Name):
            known = self.names.get(target.id)
            self.names[target.id] = value if surely else either(known, node)
        elif isinstance(target, ast.Subscript):
            table, key = self.value(target.value), self.value(target.slice)
            if isinstance(table, dict) and isinstance(key, Text):
                table[key.text] = value if surely else either(table.get(key.text), node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value, node, surely)

    def _unpack(self, targets: list[ast.expr], value: Value, node: ast.expr, surely: bool) -> None:
        """`base, more = ["numpy"], ["scipy"]`; of any other value each name is unknown."""
        members = value if isinstance(value, list) and len(value) == len(targets) else None
        for index, target in enumerate(targets):
            plain = members is not None and not isinstance(target, ast.Starred)
            name = target.value if isinstance(target, ast.Starred) else target
            self._assign(name, members[index] if members and plain else Unknown(COMPUTED, node), node, surely)

    def _grow(self, target: ast.expr, value: ast.expr, surely: bool) -> None:
        known = self._growing(target)
        more = self.value(value) if surely else Unknown("a condition decides whether it is added", value)
        if isinstance(known, list):
            extend(known, members_of(more))
        else:
            self._assign(target, Unknown(COMPUTED, value), value, True)

    def _growing(self, target: ast.expr) -> Value:
        """The value of a name to which something is added: what came from a file becomes the first of a list."""
        known = self.value(target)
        if isinstance(known, File):
            known = [known]
            self._assign(target, known, target, True)
        return known

    def _call(self, call: ast.Call, surely: bool) -> None:
        """`x.append(...)`, `x.extend(...)` and `x.update(...)` on a known list or table."""
        if not isinstance(call.func, ast.Attribute) or not call.args:
            return
        grows = call.func.attr in ("append", "extend", "insert")
        known = self._growing(call.func.value) if grows else self.value(call.func.value)
        argument = call.args[0]
        more: Value = self.value(argument) if surely else Unknown("a condition decides whether it is added", argument)
        if isinstance(known, list) and call.func.attr in ("append", "add", "insert"):
            extend(known, [self.value(call.args[-1]) if surely else more])
        elif isinstance(known, list) and call.func.attr in ("extend", "update"):
            extend(known, members_of(more))
        elif isinstance(known, dict) and call.func.attr == "update":
            update(known, more)

    def value(self, node: ast.expr, depth: int = 0) -> Value:
        """The value of an expression. Raises BudgetExceeded."""
        spend(STEPS)
        if depth > MAX_DEPTH:
            return Unknown(_DEEP, node)
        if isinstance(node, ast.Constant):
            return Text(node.value, node) if isinstance(node.value, str) else Unknown("it is no text", node)
        if isinstance(node, ast.Name):
            return self.names.get(node.id, Unknown(f"`{node.id}` has no value that could be read here", node))
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return self._list(node.elts, depth)
        if isinstance(node, ast.Dict):
            return self._table(node, depth)
        return self._composed(node, depth)

    def _composed(self, node: ast.expr, depth: int) -> Value:
        if isinstance(node, ast.BinOp):
            return self._operation(node, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, depth)
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, ast.Subscript):
            table, key = self.value(node.value, depth + 1), self.value(node.slice, depth + 1)
            member = table.get(key.text) if isinstance(table, dict) and isinstance(key, Text) else None
            return member if member is not None else Unknown(COMPUTED, node)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            return self._comprehension(node, depth)
        if isinstance(node, ast.IfExp):
            return Unknown("a condition decides its value", node)
        return Unknown(COMPUTED, node)

    def _comprehension(self, node: ast.expr, depth: int) -> Value:
        """`[line.strip() for line in open("requirements.txt") if line]`: the lines of that file."""
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)) and len(node.generators) == 1:
            target, over = node.generators[0].target, self.value(node.generators[0].iter, depth + 1)
            if isinstance(over, File) and isinstance(target, ast.Name) and _is_part_of(node.elt, target.id):
                return over
            if isinstance(over, list) and isinstance(target, ast.Name) and not node.generators[0].ifs:
                return self._each(node.elt, target.id, over, depth)
        if isinstance(node, ast.DictComp) and (listed := self._named_requirements(node, depth)) is not None:
            return listed
        return Unknown("a comprehension is computed when the file runs, and audited files are never run", node)

    def _each(self, element: ast.expr, name: str, over: list[Value], depth: int) -> Value:
        """`[table[name] for name in names]`: the element for every member of a known list."""
        before = self.names.get(name)
        values: list[Value] = []
        for member in over[:MAX_CALLS]:
            self.names[name] = member
            values.append(self.value(element, depth + 1))
        values += over[MAX_CALLS:]
        if before is None:
            self.names.pop(name, None)
        else:
            self.names[name] = before
        return values

    def _named_requirements(self, node: ast.DictComp, depth: int) -> dict[str, Value] | None:
        """Requirements by their names: `{b: a for a, b in (re.findall(pattern, x)[0] for x in _deps)}`.

        transformers and its relatives write it: https://github.com/huggingface/transformers/blob/main/setup.py
        """
        inner = node.generators[0].iter if len(node.generators) == 1 else None
        if not isinstance(inner, (ast.GeneratorExp, ast.ListComp)) or len(inner.generators) != 1:
            return None
        calls = [call for call in ast.walk(inner.elt) if isinstance(call, ast.Call)]
        if not any(_called_name(call) in ("findall", "match", "fullmatch") for call in calls):
            return None
        over = self.value(inner.generators[0].iter, depth + 1)
        texts = [text for text in over if isinstance(text, Text)] if isinstance(over, list) else []
        return {leading_name(text.text): text for text in texts} if texts else None

    def _list(self, elements: list[ast.expr], depth: int) -> list[Value]:
        values: list[Value] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                extend(values, members_of(self.value(element.value, depth + 1)))
            else:
                extend(values, [self.value(element, depth + 1)])
        return values

    def _table(self, node: ast.Dict, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            inner = self.value(value, depth + 1)
            if key is None:
                update(members, inner)
                continue
            name = self.value(key, depth + 1)
            members[name.text if isinstance(name, Text) else ""] = (
                inner if isinstance(name, Text) else Unknown(COMPUTED, key)
            )
        return members

    def _operation(self, node: ast.BinOp, depth: int) -> Value:
        left, right = self.value(node.left, depth + 1), self.value(node.right, depth + 1)
        if isinstance(node.op, ast.Add):
            if isinstance(left, Text) and isinstance(right, Text):
                return text_value(left.text + right.text, node)
            if isinstance(left, (list, File)) or isinstance(right, (list, File)):
                return joined_lists(members_of(left), members_of(right))
        if isinstance(node.op, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            both: dict[str, Value] = {}
            update(both, left)
            update(both, right)
            return both
        if isinstance(node.op, ast.Div) and isinstance(right, Text):
            return self._below(left, right.text, node)
        if isinstance(node.op, ast.Mod) and isinstance(left, Text):
            return filled(left.text, right if isinstance(right, list) else [right], {}, node)
        return Unknown(COMPUTED, node)

    def _below(self, folder: Value, name: str, node: ast.BinOp) -> Value:
        """A file by pathlib: `Path(__file__).parent / "a.txt"`; what only a run would give is this folder."""
        if isinstance(folder, File):
            return File(f"{folder.target}/{name}", node)
        is_here = isinstance(folder, Unknown) and self._parents(folder.node) < 2
        return File(name, node) if is_here else Unknown(COMPUTED, node)

    def _parents(self, path: ast.AST, depth: int = 0) -> int:
        """How many folders up an expression goes, by the names in it too."""
        count = 0
        for part in ast.walk(path):
            spend(STEPS)
            if isinstance(part, ast.Attribute):
                count += {"parent": 1, "parents": 2}.get(part.attr, 0)
            elif isinstance(part, ast.Name) and depth < MAX_NAMES:
                known = self.names.get(part.id)
                count += self._parents(known.node, depth + 1) if isinstance(known, Unknown) else 0
        return count

    def _joined(self, node: ast.JoinedStr, depth: int) -> Value:
        parts: list[str] = []
        for value in node.values:
            plain = isinstance(value, ast.FormattedValue) and value.format_spec is None
            inner = value.value if isinstance(value, ast.FormattedValue) and plain else value
            text = self.value(inner, depth + 1)
            if not isinstance(text, Text):
                return Unknown(COMPUTED, node)
            parts.append(text.text)
        return text_value("".join(parts), node)

    def _called(self, node: ast.Call, depth: int) -> Value:
        name = _called_name(node)
        if isinstance(node.func, ast.Name):
            return self._function(node, name, depth)
        if not isinstance(node.func, ast.Attribute):
            return Unknown(COMPUTED, node)
        if name == "join" and _is_path_join(node.func):
            return self._function(node, name, depth)
        owner = self.value(node.func.value, depth + 1)
        if isinstance(owner, File) and name in _OF_FILE:
            return owner
        if name in ("open", "Path"):
            return self._function(node, name, depth)
        if isinstance(owner, Text):
            return self._text_method(owner, name, node, depth)
        return owner if isinstance(owner, (list, dict)) and name == "copy" else self._unknown_call(node)

    def _function(self, node: ast.Call, name: str, depth: int) -> Value:
        if name in ("open", "Path", "join", "read_text", "parse_requirements") and node.args:
            arguments = [self.value(argument, depth + 1) for argument in node.args]
            return self._opened(node, name, arguments)
        if name == "dict" and not node.args:
            return {word.arg or "": self.value(word.value, depth + 1) for word in node.keywords}
        if name in _WRAPPERS and len(node.args) == 1:
            return self.value(node.args[0], depth + 1)
        if name in self.functions and self.calls_left[0] > 0:
            self.calls_left[0] -= 1
            return self._returned(node, self.functions[name], depth)
        return self._unknown_call(node)

    def _returned(self, node: ast.Call, function: ast.FunctionDef, depth: int) -> Value:
        """What a function of the source gives back, where one statement alone does and nothing decides whether."""
        nodes = list(ast.walk(function))
        spend(STEPS, len(nodes))
        returns = [inner for inner in nodes if isinstance(inner, ast.Return)]
        sure = [inner for inner in _sure_statements(function.body) if isinstance(inner, ast.Return)]
        if len(returns) != 1 or returns != sure or returns[0].value is None:
            return self._unknown_call(node)
        inside = Scope()
        spend(MEMBERS, len(self.names))
        inside.names, inside.functions, inside.calls_left = dict(self.names), self.functions, self.calls_left
        parameters, defaults = function.args.args, function.args.defaults
        given = list(zip(reversed(parameters), reversed(defaults), strict=False))
        given += zip(parameters, node.args, strict=False)
        named = {word.arg: word.value for word in node.keywords}
        given += [(parameter, named[parameter.arg]) for parameter in parameters if parameter.arg in named]
        inside.names.update({parameter.arg: self.value(value, depth + 1) for parameter, value in given})
        if function.args.vararg is not None:
            inside.names[function.args.vararg.arg] = self._list(node.args[len(parameters) :], depth)
        inside.run(function.body)
        return inside.value(returns[0].value, depth + 1)

    def _opened(self, node: ast.Call, name: str, values: list[Value]) -> Value:
        """A file whose path is literal, but for a folder in front that only a run would give."""
        literal = [value.text for value in values if isinstance(value, Text)]
        if name == "join":
            last = values[-1]
            return text_value("/".join(literal), node) if isinstance(last, Text) else Unknown(COMPUTED, node)
        return File(literal[0], node) if isinstance(values[0], Text) else Unknown(COMPUTED, node)

    def _text_method(self, owner: Text, name: str, node: ast.Call, depth: int) -> Value:
        arguments = [self.value(argument, depth + 1) for argument in node.args]
        if name == "format":
            words = {word.arg or "": self.value(word.value, depth + 1) for word in node.keywords}
            return filled(owner.text, arguments, words, node)
        if name in ("strip", "lower", "rstrip", "lstrip") and not arguments:
            return Text(owner.text.strip(), owner.node)
        if name in ("split", "splitlines"):
            separator = arguments[0].text if arguments and isinstance(arguments[0], Text) else None
            parts = owner.text.splitlines() if name == "splitlines" else owner.text.split(separator or None)
            spend(MEMBERS, len(parts))
            return [Text(part.strip(), owner.node) for part in parts if part.strip()]
        return self._unknown_call(node)

    def _unknown_call(self, node: ast.Call) -> Unknown:
        name = _called_name(node)
        return Unknown(f"`{name}(...)` is computed when the file runs, and audited files are never run", node)


def _called_name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else "(...)"


def _is_path_join(function: ast.Attribute) -> bool:
    return isinstance(function.value, ast.Attribute) and function.value.attr == "path"


def _sure_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that no condition or loop holds."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.With):
            yield from _sure_statements(statement.body)


def _is_part_of(node: ast.expr, name: str) -> bool:
    """Whether an expression takes a name apart and uses nothing else: `line.strip()`, `str(entry.req)`."""
    for _ in range(8):
        if isinstance(node, ast.Name):
            return node.id == name
        if isinstance(node, ast.Call):
            node = node.args[0] if _called_name(node) == "str" and node.args else node.func
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        else:
            break
    return False


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"
