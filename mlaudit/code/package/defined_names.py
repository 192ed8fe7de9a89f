"""Whether the code of a package or a file defines a name that a pickle imports; what cannot be determined is unknown.

A name is missing only if nothing in the module can bring it: any statement that binds it, on whatever branch, a
`*` import that is not followed to its end, a module `__getattr__`, `globals()` and their like make the answer no
alarm. `pickle` imports by module and qualified name: https://docs.python.org/3/library/pickle.html#pickle.Unpickler
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import TypeGuard

from mlaudit.code.package.classes import dotted
from mlaudit.code.package.source import parsed_tree
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_PARTS = 20
"""Words of a dotted name that are followed."""

_REDIRECTS = lazy_pattern(
    rb"sys\.modules|find_class|meta_path|path_hooks|__path__|add_module|LazyModule|add_safe_globals"
)
"""Words by which code gives modules other names, or takes them from elsewhere."""
_NEEDS_NODES = lazy_pattern(rb"\bglobal\b|\bglobals\b|\bexec\b|\bvars\(|\blocals\(")
"""Words without which no statement inside a function binds a name of the module."""
_SETS_BY_TEXT = lazy_pattern(rb"setattr\(|__dict__|vars\(")
"""Words by which code sets names of a module that it has as texts."""


class NameAnswer(Enum):
    """Whether a name can be imported."""

    DEFINED = "defined"
    NO_NAME = "no name"
    NO_MODULE = "no module"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesOfModule:
    """What a module binds.

    Attributes:
        bound: every name that some statement at module level binds.
        classes: the class statements among them that are the only ones to bind their name.
        stars: modules of `*` imports with their levels.
        is_dynamic: it can have names that no statement binds.
        hooks: what it has as `__getattr__`.
    """

    bound: frozenset[str]
    classes: dict[str, ast.ClassDef]
    stars: tuple[tuple[str, int], ...]
    is_dynamic: bool
    hooks: tuple[ast.AST, ...] = ()

    def answer(self, qualified_name: str) -> NameAnswer:
        """Whether it has a name itself; its `*` imports are left aside."""
        first, _, rest = qualified_name.partition(".")
        if first not in self.bound:
            return NameAnswer.UNKNOWN if self.is_dynamic or first.startswith("__") else NameAnswer.NO_NAME
        if not rest:
            return NameAnswer.DEFINED
        answer = _in_class(self.classes.get(first), rest)
        return NameAnswer.UNKNOWN if self.is_dynamic and answer is NameAnswer.NO_NAME else answer


def searched_text(data: bytes) -> bytes:
    """A source for searches of words: behind it, where that differs, the source as Python reads its identifiers.

    Python takes `\u211datio` for `Ratio`: https://docs.python.org/3/reference/lexical_analysis.html#identifiers
    """
    if data.isascii():
        return data
    text = data.decode("utf-8", "replace")
    read = unicodedata.normalize("NFKC", text)
    return data if read == text else data + b"\n" + read.encode()


def names_of_source(
    data: bytes, redirects: re.Pattern[bytes] = _REDIRECTS, *, is_imported: bool = False
) -> NamesOfModule | None:
    """What one Python source binds; None if it cannot be read.

    Args:
        redirects: words with which it may have names that no statement binds.
        is_imported: it is surely not what is started, so that its blocks for `__main__` never run.
    """
    tree, words = parsed_tree(data), searched_text(data)
    if tree is None:
        return None
    if is_imported:
        tree = ast.Module([statement for statement in tree.body if not _is_for_main(statement)], type_ignores=[])
    nodes = list(ast.walk(tree)) if _NEEDS_NODES.search(words) is not None else []
    bound = [(name, node) for node in _module_level(tree) for name in _bound_by(node)]
    bound += [(name, node) for node in nodes if isinstance(node, ast.Global) for name in node.names]
    names = Counter(name for name, _ in bound)
    classes = {name: node for name, node in bound if isinstance(node, ast.ClassDef) and names[name] == 1}
    stars = tuple((import_.module or "", import_.level) for import_ in filter(_is_star, _module_level(tree)))
    hooks = [node for name, node in bound if name == "__getattr__"]
    dynamic = redirects.search(words) is not None or any(map(_is_dynamic, nodes))
    return NamesOfModule(
        bound=frozenset(names), classes=classes, stars=stars, is_dynamic=dynamic or bool(hooks), hooks=tuple(hooks)
    )


def _is_for_main(node: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__":` without an `else`."""
    if not isinstance(node, ast.If) or node.orelse or not isinstance(node.test, ast.Compare):
        return False
    (operator, *more), left, right = node.test.ops, node.test.left, node.test.comparators[0]
    names = {getattr(side, "id", None) or getattr(side, "value", None) for side in (left, right)}
    return isinstance(operator, ast.Eq) and not more and names == {"__name__", "__main__"}


def _is_star(node: ast.AST) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def _is_dynamic(node: ast.AST) -> bool:
    """Whether a node can bind names of its module that no statement has; on objects it would name its argument."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("vars", "locals"):
        return not node.args
    return isinstance(node, ast.Name) and node.id in ("globals", "exec")


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when a module or class body runs, bodies of functions and classes left aside."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _is_for_type_checkers(test: ast.expr) -> bool:
    """Whether a block is never run: `if TYPE_CHECKING:`."""
    return dotted(test)[-1:] == ("TYPE_CHECKING",)


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        yield from (node.name,) if node.name else ()
    elif isinstance(node, ast.MatchMapping):
        yield from (node.rest,) if node.rest else ()


def _in_class(node: ast.ClassDef | None, qualified_name: str) -> NameAnswer:
    """Whether a class has a member; what bases, decorators and metaclasses bring is unknown."""
    for word in qualified_name.split(".")[:MAX_PARTS]:
        if node is None:
            return NameAnswer.UNKNOWN
        inside = [(name, bound) for bound in _module_level(node) for name in _bound_by(bound)]
        nodes = [bound for name, bound in inside if name == word]
        if not nodes:
            brought = node.bases or node.keywords or node.decorator_list
            return NameAnswer.UNKNOWN if brought else NameAnswer.NO_NAME
        node = next((class_node for class_node in nodes if isinstance(class_node, ast.ClassDef)), None)
    return NameAnswer.DEFINED


def gives_name(text: bytes, word: str) -> bool:
    """Whether a source may set a name on a module from outside, or lead a module's name elsewhere."""
    encoded = word.encode()
    if encoded not in text:
        return False
    if _REDIRECTS.search(text) is not None and re.search(rb"(?<!\w)" + encoded + rb"(?!\w)", text):
        return True
    if _SETS_BY_TEXT.search(text) is not None and re.search(rb"['\"]" + encoded + rb"['\"]", text):
        return True
    return re.search(rb"\." + encoded + rb"\s{0,9}=(?!=)", text) is not None


def fills_module(text: bytes, module: str) -> bool:
    """Whether a source sets names on a module, whatever names these are, under its own name or one given to it."""
    encoded = module.encode()
    if encoded not in text:
        return False
    aliases = re.findall(rb"(?<!\w)" + encoded + rb"[ \t]{1,9}as[ \t]{1,9}(\w{1,200})", text)
    any_name = b"|".join(map(re.escape, {encoded, *aliases}))
    called = rb"(?:setattr|vars)\(\s{0,200}(?:[\w.]{0,200}\.)?(?:" + any_name + rb")(?!\w)"
    return re.search(called + rb"|(?<!\w)(?:" + any_name + rb")\.__dict__", text) is not None
