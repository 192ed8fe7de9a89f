"""The code cells of a notebook: their texts with the places of the characters, and all of them as one Python source."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.python_tree import parse_tree
from mlaudit.grammars.shell.script_text import Script, of_node
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Unread

CELLS = Limit(name="cells of a notebook", most=20_000)
MAGIC_LINE = lazy_pattern(
    r"[ \t]*(?:!{1,2}(?!=)|%(?:sx|system|sh)[ \t]|%(?=(?:pip|conda|mamba|micromamba|uv)\b)"
    r"|(?=(?:pip3?|conda|mamba|uv)[ \t]+(?:pip[ \t]+)?install\b))"
)
ASSIGNED_MAGIC = lazy_pattern(r"[ \t]*[A-Za-z_]\w{0,64}[ \t]*=[ \t]*!(?!=)")
_OTHER_CELL = lazy_pattern(r"\s*%%")


def code_cells(doc: Document) -> Iterator[Node | Unread]:
    """The code cells; notebooks of format 3 hold them in worksheets. Raises BudgetExceeded."""
    sheets = (sheet for sheet in doc.json_members("worksheets") if isinstance(sheet, Node))
    for cell in chain(doc.json_members("cells"), *(sheet.get("cells").each() for sheet in sheets)):
        spend(CELLS)
        if isinstance(cell, Unread) or not cell.is_table or cell.get("cell_type").value == "code":
            yield cell


def cell_source(doc: Document, node: Node) -> Script:
    """The text of a cell, which is a string or a list of lines."""
    if not node.is_list:
        return of_node(node, doc.at(*node.route), doc) if node.exists else Script(doc, "", (), doc.place(1, 1))
    text, pieces = "", []
    for line in node.each():
        script = of_node(line, doc.at(*line.route), doc)
        pieces += [(len(text) + at, to) for at, to in script.pieces] or [(len(text), -1)]
        text += script.text
    return Script(doc, text, pieces, doc.at(*node.route))


def python_text(doc: Document) -> Script:
    """All code cells one after the other without their magics; a cell that is no Python is left out.

    Raises Unreadable where it is no JSON, BudgetExceeded.
    """
    text, pieces = "", list[tuple[int, int]]()
    for cell in code_cells(doc):
        try:
            node = cell if isinstance(cell, Node) else Node({})
            script = without_magics(
                cell_source(doc, node.get("source") if node.get("source").exists else node.get("input"))
            )
        except Malformed:
            # The parser of notebooks shows what is wrong with it.
            continue
        if not _OTHER_CELL.match(script.text) and _is_python(script.text):
            pieces += [(len(text) + at, to) for at, to in script.pieces]
            text += script.text
            pieces.append((len(text), -1))
            text += "\n"
    return Script(doc, text, pieces, doc.place(1, 1))


def _source_of(doc: Document, cell: Node) -> Script:
    return cell_source(doc, cell.get("source") if cell.get("source").exists else cell.get("input"))


def _is_python(text: str) -> bool:
    try:
        parse_tree(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def without_magics(script: Script) -> Script:
    """The cell with its magics blanked, so that the rest is Python and every character is where it stood."""
    text = script.text
    for start, end in logical_lines(script.text):
        line = text[start:end]
        if MAGIC_LINE.match(line) or ASSIGNED_MAGIC.match(line) or line.lstrip().startswith(("%", "!", "?")):
            indent = len(line) - len(line.lstrip())
            blank = "".join(sign if sign == "\n" else " " for sign in line[indent + 4 :])
            text = text[: start + indent] + "pass"[: len(line) - indent] + blank + text[end:]
    return Script(script.doc, text, script.pieces, script.whole)


def logical_lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines with those that a backslash continues."""
    start = position = 0
    while position < len(text):
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        position = end + 1
        if not text[start:end].rstrip("\r").endswith("\\"):
            yield start, end
            start = position
    if start < len(text):
        yield start, len(text)
