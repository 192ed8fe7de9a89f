"""`python -m mlaudit.lab.code_index FOLDER WHEEL ...`: the index of code, from wheels or folders that hold one each.

Nothing of a wheel is imported. What an audit looks at in code is kept, on its lines; comments, docstrings,
long texts, tests, and bodies of functions that use no attribute of their arguments are left out.
"""

from __future__ import annotations

import ast
import io
import json
import lzma
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeGuard

from packaging.version import Version

from mlaudit.code.package.code import PackageCode
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.names import normalized
from mlaudit.sources.code_index import FORMAT, MAX_PACKED, patched
from mlaudit.sources.package_sources import PackageSources
from mlaudit.sources.wheel_code import WheelCode

KEPT_TEXT = 60
"""Characters of a text that is kept: names are shorter, messages longer."""
_LISTED = (".so", ".pyd", ".pyi", ".pyx", ".py")
_TESTS = frozenset(("tests", "test", "testing", "__pycache__"))
_METADATA = ".dist-info"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedRelease:
    """One release: its files, with the reduced text of those that are Python."""

    package: str
    version: str
    files: dict[str, str | None]


def release_of(path: Path) -> IndexedRelease:
    """The release in a wheel, or in a folder that one was unpacked into. Raises ValueError where there is not one."""
    code: PackageCode = WheelCode(path, path.name) if path.is_file() else PackageSources(path, path.name)
    metadata_names = [name for name in code.names("") or () if name.endswith(_METADATA)]
    if len(metadata_names) != 1:
        counted = f"{len(metadata_names)} *{_METADATA}"
        raise ValueError(f"{path}: expected a wheel, or a folder that holds one unpacked; it has {counted}")
    name, _, version = metadata_names[0].removesuffix(_METADATA).partition("-")
    files = {file: _reduced_file(code, file) for file in sorted(_files(code, "", 0))}
    return IndexedRelease(package=normalized(name), version=version, files=files)


def packed(releases: Sequence[IndexedRelease]) -> bytes:
    """The file of one package, its releases from the oldest on."""
    before: dict[str, str | None] = {}
    rows = []
    for indexed_release in sorted(releases, key=lambda release: Version(release.version)):
        rows.append({"version": indexed_release.version, "files": dict(_changes(before, indexed_release.files))})
        before = indexed_release.files
    data = json.dumps({"format": FORMAT, "releases": rows}, separators=(",", ":"), ensure_ascii=False).encode()
    return lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)


def reduced(text: str) -> str:
    """A source without what no audit looks at; every statement that is kept stays on its line."""
    tree = parse_tree(text)
    lines = [line.encode() for line in text.split("\n")]
    for cut in sorted(_cuts(tree), key=lambda cut_node: (cut_node.lineno, cut_node.col_offset), reverse=True):
        _replace(lines, cut)
    kept = b"\n".join(lines).decode()
    return "\n".join(line.rstrip() for line in _without_comments(kept).split("\n"))


class _Cut:
    """A part of a source with what takes its place."""

    def __init__(self, first: ast.stmt | ast.expr, last: ast.stmt | ast.expr, text: str) -> None:
        self.lineno, self.col_offset, self.text = first.lineno, first.col_offset, text
        self.end_lineno, self.end_col_offset = last.end_lineno or last.lineno, last.end_col_offset or 0


def _cuts(node: ast.AST) -> Iterator[_Cut]:
    """The parts to leave out, none inside another."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield _Cut(node, node, "0")
    elif _is_message(node):
        yield _Cut(node, node, "''")
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not _touches_what_it_is_given(node):
        for part in (*node.decorator_list, node.args):
            yield from _cuts(part)
        yield _Cut(node.body[0], node.body[-1], "0")
    else:
        for inner in ast.iter_child_nodes(node):
            yield from _cuts(inner)


def _is_message(node: ast.AST) -> TypeGuard[ast.Constant | ast.JoinedStr]:
    """Whether an expression is a text too long for a name, or one that is put together."""
    is_long = isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > KEPT_TEXT
    return is_long or isinstance(node, ast.JoinedStr)


def _touches_what_it_is_given(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function uses its arguments in any way, or is one that Python calls."""
    if node.name.startswith("__") and node.name.endswith("__"):
        return True
    given = node.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    names = {argument.arg for argument in every if argument is not None}
    inside = (inner for part in node.body for inner in ast.walk(part))
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in inside)


def _replace(lines: list[bytes], cut: _Cut) -> None:
    first, last = cut.lineno - 1, cut.end_lineno - 1
    head, tail = lines[first][: cut.col_offset], lines[last][cut.end_col_offset :]
    if first == last:
        lines[first] = head + cut.text.encode() + tail
        return
    # What follows on the last line follows on the first one now, and the lines between are empty.
    lines[first] = head + cut.text.encode() + tail
    lines[first + 1 : last + 1] = [b""] * (last - first)


def _without_comments(text: str) -> str:
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(lines)


def _files(code: PackageCode, folder: str, depth: int) -> Iterator[str]:
    for name in code.names(folder) or ():
        path = f"{folder}/{name}" if folder else name
        if name.endswith(_LISTED):
            yield path
        elif name not in _TESTS and not name.endswith(_METADATA) and depth < 20 and code.names(path) is not None:
            yield from _files(code, path, depth + 1)


def _reduced_file(code: PackageCode, path: str) -> str | None:
    """The reduced text of a source, the whole one where it cannot be parsed; None for a compiled module."""
    data = code.read(path) if path.endswith((".py", ".pyi", ".pyx")) else None
    if data is None:
        return None
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\f", " ")
    if not path.endswith(".py"):
        return text
    try:
        kept = reduced(text)
        parse_tree(kept)
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return text
    return kept


def _changes(before: dict[str, str | None], after: dict[str, str | None]) -> Iterator[tuple[str, object]]:
    for path in before.keys() - after.keys():
        yield path, False
    for path, text in after.items():
        old = before.get(path)
        if text is None:
            if path not in before or old is not None:
                yield path, True
        elif old != text:
            change = list(_difference((old or "").split("\n"), text.split("\n")))
            if patched(old or "", change) != text:
                raise ValueError(f"{path}: its difference does not give it back")
            yield path, change


def _difference(old: list[str], new: list[str]) -> Iterator[object]:
    for tag, first, last, start, end in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield [first, last]
        elif start < end:
            yield "\n".join(new[start:end])


def main(words: Sequence[str]) -> int:
    """Write a file for each package of some wheels into a folder."""
    if len(words) < 2:
        sys.stderr.write("usage: python -m mlaudit.lab.code_index FOLDER WHEEL ...\n")
        return 2
    folder, wheels = Path(words[0]), words[1:]
    try:
        _write(folder, (release_of(Path(wheel)) for wheel in wheels))
    except ValueError as error:
        sys.stderr.write(f"mlaudit.lab.code_index: {error}\n")
        return 2
    return 0


def _write(folder: Path, releases: Iterable[IndexedRelease]) -> None:
    by_package: dict[str, list[IndexedRelease]] = {}
    for release in releases:
        by_package.setdefault(release.package, []).append(release)
    folder.mkdir(parents=True, exist_ok=True)
    for package, known in sorted(by_package.items()):
        data = packed(known)
        if len(data) > MAX_PACKED:
            raise ValueError(f"{package}: {len(data):,} bytes; a file of the index may have {MAX_PACKED:,}")
        (folder / f"{package}.xz").write_bytes(data)
        sys.stdout.write(f"{package}: {len(known)} releases, {len(data):,} bytes\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
