"""Images that Python code asks a platform for: SageMaker's classes, containers of Vertex AI, ZenML's Docker settings.

Every call that chooses an image is a part of its own, since code and image are two environments. Names are followed to
plain assignments and to the defaults of parameters; what only a run would give is left out.
https://sagemaker.readthedocs.io/en/stable/frameworks/index.html,
https://cloud.google.com/vertex-ai/docs/predictions/pre-built-containers,
https://docs.zenml.io/concepts/containerization
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import python_source
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.pypi import python_text, requirement
from mlaudit.knowledge.schema import checked, words_of
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Include, Layer, Pin, Place, Root, Statement
from mlaudit.model.scope import PinScope

_SOURCE = "./source.py"
"""What `__file__` is, seen from its folder: of the source itself the name does not matter."""
_SAME_PATH = frozenset(("str", "fspath", "abspath", "realpath", "resolve", "absolute", "as_posix", "expanduser"))
"""Functions and methods that give the same path."""
_COMPUTED = ast.Constant(value=None)
"""The value of a name that is unpacked or added to."""
MAX_TEXT = 1_024
"""Characters of a text that is put together."""
CALLS = Limit(name="calls of a Python source", most=200_000)

MENTIONED = lazy_pattern(
    rb"\b(?:framework_version|transformers_version|image_uri|serving_container_image\w*|container_uri|parent_image"
    rb"|DockerSettings|image_uris)\b|\b(?:vertex-ai|cloud-aiplatform)/(?:prediction|training)/"
)
"""What a source holds that chooses an image so."""
_LITERAL_IMAGE = lazy_pattern(r"[\w.-]+(?::\d+)?/[\w./-]+:[\w.-]+|\d{12}\.dkr\.ecr\.[\w./:-]+")
_ANY_PYTHON = ("py2", "py3")
"""Values of `py_version` that leave the version to the image."""
_RETRIEVED = ("framework", "region", "version", "py_version")
"""The first arguments of `sagemaker.image_uris.retrieve`."""
_VERSION = lazy_pattern(r"\d[\w.+-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkWords:
    """The words of `sdk_images.toml`."""

    frameworks: Mapping[str, str]
    versions: Mapping[str, str]
    serving: tuple[str, ...]
    others: tuple[str, ...]
    keywords: Mapping[str, str]
    prebuilt: tuple[tuple[str, re.Pattern[str]], ...]


@lru_cache(maxsize=1)
def sdk_words() -> SdkWords:
    """The classes and keywords of SDKs that choose images."""
    return checked("sdk_images.toml", _sdk_words)


def _sdk_words(root: Node) -> SdkWords:
    sagemaker = root.get("sagemaker")
    return SdkWords(
        frameworks=words_of(sagemaker.get("frameworks")),
        versions=words_of(sagemaker.get("versions")),
        serving=sagemaker.get("serving").texts(),
        others=sagemaker.get("others").texts(),
        keywords=words_of(root.get("keywords")),
        prebuilt=tuple((role, re.compile(pattern)) for role, pattern in words_of(root.get("prebuilt")).items()),
    )


def read(doc: Document, tree: ast.Module) -> Iterator[Statement]:
    """A root and its statements for every call that chooses an image, and every prebuilt image that a name holds."""
    for name, call, _, statements in _parts(doc, tree):
        yield Root(name=name, kind="environment", at=python_source.place(doc, call))
        yield from statements


def entry_points(doc: Document, tree: ast.Module) -> Iterator[tuple[str, str, Place]]:
    """The part, the script that its job or server runs, and where that is said: `entry_point="train.py"`."""
    names = _Names(tree)
    for name, _, given, _ in _parts(doc, tree):
        stated = given.get("entry_point")
        script = names.text(stated)
        if stated is None or script is None or not str(script.value).endswith(".py"):
            continue
        folder = names.folder(given.get("source_dir")) or ""
        path = posixpath.join("" if "://" in folder else folder, str(script.value))
        yield name, posixpath.normpath(path), python_source.place(doc, stated)


def _parts(
    doc: Document, tree: ast.Module
) -> Iterator[tuple[str, ast.AST, Mapping[str, ast.expr], Sequence[Statement]]]:
    """The name, the place, the keywords and the statements of every part."""
    names = _Names(tree)
    used: dict[str, int] = {}
    ran = _ran_with(tree, names)
    stated: set[str] = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        spend(CALLS)
        chosen = _chosen(call, names)
        if chosen is None:
            continue
        name, given = chosen
        given = {**ran.get(id(call), {}), **given}
        used[name] = used.get(name, 0) + 1
        part = name if used[name] == 1 else f"{name}-{used[name]}"
        statements = list(_statements(doc, call, given, names, part))
        if any(isinstance(statement, (Pin, Include)) for statement in statements):
            stated.update(str(text.value) for text in map(names.text, given.values()) if text is not None)
            yield part, call.func, given, statements
        else:
            used[name] -= 1
    for name, text in _prebuilt(tree, names):
        if str(text.value) not in stated:
            stated.add(str(text.value))
            used[name] = used.get(name, 0) + 1
            part = name if used[name] == 1 else f"{name}-{used[name]}"
            at = python_source.place(doc, text)
            yield part, text, {}, list(image_tags.statements(doc, str(text.value), at, scope=PinScope(parts=(part,))))


def _prebuilt(tree: ast.Module, names: _Names) -> Iterator[tuple[str, ast.Constant]]:
    """The prebuilt images of platforms that names of the module itself hold, for other modules to choose."""
    for statement in tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        text = names.text(target) if isinstance(target, ast.Name) else None
        for role, pattern in sdk_words().prebuilt if text is not None else ():
            if text is not None and pattern.fullmatch(str(text.value)):
                yield ("endpoint" if role == "serving" else "training-job"), text


def _ran_with(tree: ast.Module, names: _Names) -> Mapping[int, Mapping[str, ast.expr]]:
    """What `processor.run(source_dir="code")` adds to the call that made it, by the identity of that call."""
    keywords_by_node: dict[int, Mapping[str, ast.expr]] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = call.func
        given = {
            keyword.arg: keyword.value
            for keyword in call.keywords
            if keyword.arg is not None and keyword.arg == "source_dir"
        }
        if given and isinstance(function, ast.Attribute) and function.attr == "run":
            value = names.value(function.value)
            if isinstance(value, ast.Call):
                keywords_by_node[id(value)] = given
    return keywords_by_node


class _Names:
    """Strings that names of a source stand for, as far as assignments and defaults of parameters show."""

    def __init__(self, tree: ast.Module) -> None:
        self._values: dict[str, ast.expr | None] = {}
        for node in ast.walk(tree):
            spend(CALLS)
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                self._add(node.targets[0], node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._add(node.target, node.value)
            elif isinstance(node, ast.AugAssign):
                self._add(node.target, _COMPUTED)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._add_defaults(node.args)

    def _add(self, target: ast.expr, value: ast.expr) -> None:
        for member in target.elts if isinstance(target, (ast.Tuple, ast.List)) else ():
            self._add(member, _COMPUTED)
        name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else None
        if name is not None:
            known = self._values.get(name, value)
            same = known is not None and ast.dump(known) == ast.dump(value)
            self._values[name] = value if known is value or same else None

    def _add_defaults(self, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        for argument, default in zip(positional[::-1], arguments.defaults[::-1], strict=False):
            self._add(ast.Name(id=argument.arg), default)
        for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if given is not None:
                self._add(ast.Name(id=argument.arg), given)

    def value(self, node: ast.expr) -> ast.expr | None:
        """What a name or attribute was assigned; None if that is not one thing."""
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return self._values.get(name)

    def text(self, node: ast.expr | None, depth: int = 0) -> ast.Constant | None:
        """The string literal that an expression stands for; of `Parameter(default=...)` that default."""
        if node is None or depth > 6:
            return None
        if isinstance(node, ast.Constant):
            return node if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.text(self._values.get(node.id), depth + 1)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, depth)
        if isinstance(node, ast.Attribute):
            return self.text(self._values.get(node.attr), depth + 1)
        if isinstance(node, ast.Call):
            default = next((keyword.value for keyword in node.keywords if keyword.arg == "default"), None)
            fallback = node.args[1] if _called(node).rpartition(".")[2] in ("get", "getenv") and node.args[1:] else None
            return self.text(default if default is not None else fallback, depth + 1)
        return None

    def folder(self, node: ast.expr | None, depth: int = 0) -> str | None:
        """The path relative to the source that an expression stands for: `Path(__file__).parent / "code"`."""
        if node is None or depth > 12:
            return None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._below(node.left, [node.right], depth)
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            inner = self.folder(node.value, depth + 1)
            return posixpath.join(inner, "..") if inner is not None else None
        if isinstance(node, ast.Call):
            return self._of_path_call(node, depth)
        if isinstance(node, ast.Name) and node.id == "__file__":
            return _SOURCE
        if isinstance(node, ast.Name) and self._values.get(node.id) is not None:
            return self.folder(self._values[node.id], depth + 1)
        text = self.text(node, depth + 1)
        return str(text.value) if text is not None else None

    def _of_path_call(self, node: ast.Call, depth: int) -> str | None:
        function = node.func
        last = function.attr if isinstance(function, ast.Attribute) else _called(node)
        first = node.args[0] if node.args else function.value if isinstance(function, ast.Attribute) else None
        if last in _SAME_PATH:
            return self.folder(first, depth + 1)
        if last == "dirname":
            inner = self.folder(first, depth + 1)
            return posixpath.join(inner, "..") if inner is not None else None
        if last in ("join", "Path", "PurePath") and node.args:
            return self._below(node.args[0], node.args[1:], depth)
        return None

    def _below(self, base: ast.expr, rest: Sequence[ast.expr], depth: int) -> str | None:
        parts = [self.folder(expression, depth + 1) for expression in (base, *rest)]
        joined = posixpath.join(*(part for part in parts if part is not None))
        return joined if None not in parts and len(joined) <= MAX_TEXT else None

    def _joined(self, node: ast.JoinedStr, depth: int) -> ast.Constant | None:
        """An f-string of which every part is known."""
        parts = [
            self.text(value.value if isinstance(value, ast.FormattedValue) else value, depth + 1)
            for value in node.values
        ]
        if not parts or any(part is None for part in parts):
            return None
        joined = "".join(str(part.value) for part in parts if part is not None)
        return ast.copy_location(ast.Constant(value=joined), node) if len(joined) <= MAX_TEXT else None


def _called(call: ast.Call) -> str:
    """The dotted name of what is called."""
    parts: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, *([node.id] if isinstance(node, ast.Name) else [])]))


def _chosen(call: ast.Call, names: _Names) -> tuple[str, Mapping[str, ast.expr]] | None:
    """The name of the part that a call makes and its keywords, None if it chooses no image."""
    words = sdk_words()
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    called = _called(call).rpartition(".")[2]
    if called == "DockerSettings":
        return "docker-settings", given
    if called == "retrieve":
        given = {**dict(zip(_RETRIEVED, call.args, strict=False)), **given}
    if called == "retrieve" and {"framework", "version"} <= given.keys():
        scope = names.text(given.get("image_scope"))
        is_serving = scope is not None and scope.value == "inference"
        return ("endpoint" if is_serving else "training-job"), given
    versions = {"framework_version", *words.versions, "image_uri"} & given.keys()
    is_framework = called[:1].isupper() and any(
        called.startswith(framework) for framework in (*words.frameworks, "Estimator")
    )
    if (is_framework or called in ("Model", "ModelPackage")) and versions:
        return _role_of_class(called), given
    for keyword, role in words.keywords.items():
        text = names.text(given.get(keyword)) if role else None
        if text is not None and _LITERAL_IMAGE.search(str(text.value)):
            return ("endpoint" if role == "serving" else "training-job"), given
    return None


def _role_of_class(called: str) -> str:
    words = sdk_words()
    if called.endswith(words.others):
        return "processing-job"
    return "endpoint" if called.endswith(words.serving) else "training-job"


def _statements(
    doc: Document, call: ast.Call, given: Mapping[str, ast.expr], names: _Names, part: str
) -> Iterator[Statement]:
    words, parts = sdk_words(), (part,)
    called = _called(call).rpartition(".")[2]
    framework = next((package for begin, package in words.frameworks.items() if called.startswith(begin)), None)
    for keyword in words.keywords:
        text = names.text(given.get(keyword))
        if text is not None:
            yield from image_tags.statements(
                doc, str(text.value), python_source.place(doc, text), scope=PinScope(parts=parts)
            )
    named = {**({"framework_version": framework} if framework else {}), **words.versions}
    asked = names.text(given.get("framework")) if called == "retrieve" else None
    if asked is not None:
        named["version"] = package_of(str(asked.value).lower(), "sagemaker")
    for keyword, package in named.items():
        text = names.text(given.get(keyword))
        if text is not None and _VERSION.fullmatch(str(text.value)):
            yield _version(doc, package, text, parts)
    python = names.text(given.get("py_version"))
    if python is not None and python.value not in _ANY_PYTHON:
        at = python_source.place(doc, python)
        yield python_text.statement(doc, str(python.value), at, scope=PinScope(parts=parts))
    yield from _requirements(doc, given, names, parts)
    yield from _source_folder(doc, given, names, parts)


def _version(doc: Document, package: str, text: ast.Constant, parts: tuple[str, ...]) -> Pin:
    """A version, of which SageMaker takes a beginning too (`2.1` is the newest of 2.1)."""
    stated = str(text.value)
    is_whole = stated.count(".") > 1 and "-" not in stated
    at = python_source.place(doc, text)
    return doc.pin(
        Layer.DECLARED,
        package,
        stated if is_whole else None,
        at=at,
        specifier=None if is_whole else f"=={stated.partition('-')[0]}.*",
        scope=PinScope(parts=parts),
        derived_from=at,
    )


def _requirements(
    doc: Document, given: Mapping[str, ast.expr], names: _Names, parts: tuple[str, ...]
) -> Iterator[Statement]:
    """`requirements="requirements.txt"` or a list of requirements, as Docker settings take them."""
    stated = given.get("requirements")
    listed = names.value(stated) if isinstance(stated, (ast.Name, ast.Attribute)) else stated
    if isinstance(listed, (ast.List, ast.Tuple)):
        for member in listed.elts:
            text = names.text(member)
            if text is None:
                yield python_source.computed_packages(doc, member)
            else:
                yield requirement.pin(doc, str(text.value), python_source.place(doc, text), scope=PinScope(parts=parts))
        return
    file = names.text(listed)
    if file is not None and doc.beside(str(file.value)) is not None:
        yield Include(target=str(file.value), at=python_source.place(doc, file), format="requirements", parts=parts)


def _lists_of(folder: str) -> Iterator[str]:
    """Where the list of a folder may be: seen from the source, or from the folder around it if that may be meant."""
    yield posixpath.normpath(f"{folder}/requirements.txt")
    if not folder.startswith(_SOURCE):
        yield f"../{folder}/requirements.txt"


def _source_folder(
    doc: Document, given: Mapping[str, ast.expr], names: _Names, parts: tuple[str, ...]
) -> Iterator[Statement]:
    """`source_dir="code"`: its requirements.txt is installed before the entry point runs.

    A model archive holds the folder under the name `code`, where the source is if the call names no folder.
    https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html#for-versions-1-2-and-higher
    """
    stated = given.get("source_dir")
    named = names.folder(stated)
    at = stated if named is not None else given.get("model_data")
    folder = named if named is not None else "code"
    if at is None or "://" in folder:
        return
    for target in _lists_of(folder):
        if doc.beside(target) is not None:
            yield Include(target=target, at=python_source.place(doc, at), format="requirements", parts=parts)
            return
