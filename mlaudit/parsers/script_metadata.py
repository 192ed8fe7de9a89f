"""Python scripts that name their own dependencies in a comment block, `# /// script` (PEP 723)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import rewriting
from mlaudit.grammars.pypi import overrides, requirement
from mlaudit.grammars.shell.script_text import line_and_column
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Statement, Unread
from mlaudit.parsers._registry import parser

BLOCK_TYPE = "script"
"""The type of block that holds dependencies; others are reserved (https://peps.python.org/pep-0723/)."""

_OPENING = lazy_pattern(r"(?m)^# /// ([A-Za-z0-9-]{1,64})[ \t]*\r?$")
_SNIFFED = lazy_pattern(rb"(?m)^# /// script[ \t]*\r?$")
_CLOSING = "# ///"


def _looks_like_it(doc: Document) -> bool:
    return _SNIFFED.search(doc.head) is not None


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(kind="aside", content=_looks_like_it, marks=[b"# /// script"])
def read(doc: Document) -> Iterator[Statement]:
    """The Python and the dependencies of the script, and those that uv adds in `[tool.uv]`."""
    blocks = [match for match in _OPENING.finditer(doc.text) if match.group(1) == BLOCK_TYPE]
    if not blocks:
        raise Unreadable("it has no block that begins with the line `# /// script`")
    if len(blocks) > 1:
        raise Unreadable(
            "it has more than one block `# /// script`, which PEP 723 forbids", _line(doc, blocks[1].start())
        )
    block = _Block(doc, blocks[0].end() + 1)
    yield from block.python()
    yield from overrides.applied(block.declared())


def _line(doc: Document, offset: int) -> int:
    return line_and_column(doc, offset)[0]


class _Block:
    """The TOML inside the comments, and where each of its characters is in the script."""

    def __init__(self, doc: Document, start: int) -> None:
        self.doc = doc
        self.starts: list[tuple[int, int]] = []
        text = self._uncommented(start)
        self.toml = Document(doc.path, text.encode("utf-8"))
        try:
            self.root: Node = self.toml.toml
        except Unreadable as error:
            line = (error.line or 1) + _line(doc, start) - 1
            raise Unreadable(f"its block `# /// script`: {error.why}", line) from None

    def _uncommented(self, start: int) -> str:
        """The block's text; it ends with the last `# ///` before a line that is no comment."""
        lines_inside: list[str] = []
        ends_at: int | None = None
        offset, inner = start, 0
        for raw in self.doc.text[start:].splitlines(keepends=True):
            line = raw.rstrip("\r\n")
            if line == _CLOSING:
                ends_at = len(lines_inside)
            elif not (line == "#" or line.startswith("# ")):
                break
            self.starts.append((inner, offset + min(2, len(line))))
            lines_inside.append(line[2:] + "\n")
            inner += len(lines_inside[-1])
            offset += len(raw)
        if ends_at is None:
            raise Unreadable("its block `# /// script` is not closed by a line `# ///`", _line(self.doc, start - 1))
        return "".join(lines_inside[:ends_at])

    def at(self, *route: str | int) -> Place:
        """The place in the script of a value in the block."""
        inner = self.toml.at(*route)
        if inner.start is None or inner.end is None:
            return self.doc.place()
        begin, end = self._outside(inner.start), self._outside(inner.end)
        return self.doc.place(*line_and_column(self.doc, begin), begin, end)

    def _outside(self, offset: int) -> int:
        index = max(bisect_right(self.starts, (offset, 1 << 62)) - 1, 0)
        inner, outer = self.starts[index]
        return outer + offset - inner

    def python(self) -> Iterator[Statement]:
        requires = self.root.get("requires-python")
        if requires.exists:
            at = self.at(*requires.route)
            yield self.doc.pin(Layer.DECLARED, "python", specifier=requires.text().strip(), kind=Kind.PYTHON, at=at)

    def declared(self) -> Iterator[Statement]:
        """The dependencies, and what uv's table limits, replaces or leaves out of them."""
        yield from self.requirements(self.root.get("dependencies"), Kind.PACKAGE)
        uv = self.root.dig("tool", "uv")
        if not uv.exists:
            return
        yield from self.requirements(uv.get("constraint-dependencies"), Kind.BOUND)
        for key, excludes in (("override-dependencies", False), ("exclude-dependencies", True)):
            for statement in self.requirements(uv.get(key), Kind.BOUND):
                yield replace(statement, overrides=True, optional=excludes) if isinstance(statement, Pin) else statement

    def requirements(self, node: Node, kind: Kind) -> Iterator[Statement]:
        for member in node.each():
            try:
                yield requirement.pin(self.doc, member.text(), self.at(*member.route), kind=kind)
            except Malformed as error:
                yield self._malformed(error)

    def _malformed(self, error: Malformed) -> Unread:
        return self.doc.unread(str(error), self.at(*error.route))
