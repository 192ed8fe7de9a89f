"""Files that are declared to be the same on every side are not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Place, Role, Severity
from mlaudit.model.report import Hit, Location, SharedFile
from mlaudit.rules._registry import fleet_rule

ReadFile = tuple[str, str]
"""Path and text of a file that could be read."""


@fleet_rule("MLA601", Severity.ERROR, since="0.1", title="a shared file differs", fact="shared-file", where="shared")
def check(view: View) -> Iterator[Hit]:
    """Files that are declared to be the same on every side are not.

    What it does:
        Compares the files of each `same` row of the configuration by content. For Python, differences of formatting
        and comments alone are recognized by the syntax tree and reported as info.

    Why:
        The preprocessing script that was copied into serving is edited in training, and the model gets features that
        it was not trained on.

    Example:
        `training/features.py` fills missing values with the median, `serving/features.py` with 0.

    Fix:
        Copy the file that is right over the other, or make both import it from one package.

    References:
        https://developers.google.com/machine-learning/guides/rules-of-ml#training-serving_skew
    """
    for files in view.shared:
        yield from (_unread(file) for file in files if file.text is None)
        readable = [(file.path, file.text) for file in files if file.text is not None]
        for other in readable[1:]:
            yield from _compared(readable[0], other)


def _unread(file: SharedFile) -> Hit:
    return Hit(message=f"{file.path} cannot be compared: {file.why}.", at=Place(path=file.path), actual=file.why)


def _compared(file: ReadFile, other: ReadFile) -> Iterator[Hit]:
    (path, text), (other_path, other_text) = file, other
    left, right = _lines(text), _lines(other_text)
    if left == right:
        return
    harmless = _same_code(file, other)
    line, changed = _first_difference(left, right)
    yield Hit(
        severity=Severity.INFO if harmless else None,
        message=(
            f"{other_path} differs from {path} in {changed} line{'' if changed == 1 else 's'}"
            f"{', in formatting and comments only' if harmless else ''}."
        ),
        at=Place(path=other_path, line=line, column=1),
        says="",
        related=(Location(Place(path=path), Role.FILE),),
        expected=path,
        actual=other_path,
        values=(_digest(left), _digest(right)),
    )


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip().split("\n")


def _digest(lines: list[str]) -> str:
    import hashlib

    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


def _same_code(*files: ReadFile) -> bool:
    import ast

    from mlaudit.grammars.python_tree import parse_tree

    if not all(path.endswith(".py") for path, _ in files):
        return False
    try:
        return len({ast.dump(parse_tree(text)) for _, text in files}) == 1
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


MAX_DIFFED = 2_000
"""Lines of files that are diffed; longer ones are compared line by line."""


def _first_difference(left: list[str], right: list[str]) -> tuple[int, int]:
    """The first line of the second text that differs, and how many lines differ."""
    from difflib import SequenceMatcher

    line = next((at for at, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), len(left)) + 1
    if max(len(left), len(right)) > MAX_DIFFED:
        pairs = zip_longest(left, right)
        return min(line, len(right)), sum(1 for mine, other in pairs if mine != other)
    equal = sum(block.size for block in SequenceMatcher(None, left, right).get_matching_blocks())
    return min(line, len(right)), max(len(left), len(right)) - equal
