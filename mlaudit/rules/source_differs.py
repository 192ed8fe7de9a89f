"""One version comes from different kinds of sources."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Kind, Severity
from mlaudit.model.report import Cell, Crossing, Hit
from mlaudit.model.secrets import without_credentials
from mlaudit.rules._phrases import places
from mlaudit.rules._registry import crossing_rule


@crossing_rule(
    "MLA005",
    Severity.WARNING,
    since="0.1",
    title="installed from different sources",
    fact="source",
    when="has_two_sources",
)
def check(crossing: Crossing, view: View) -> Iterator[Hit]:
    """One version comes from different kinds of sources.

    What it does:
        Reports a watched package that one environment installs from a package index and the other from a git
        repository, an address or a path.

    Why:
        The version number is the same and the code need not be: a fork, a commit after the release, a patched wheel.

    Example:
        Training installs `transformers @ git+https://github.com/huggingface/transformers@main`, serving the
        release.

    Fix:
        Install both from one source.

    References:
        https://packaging.python.org/en/latest/specifications/direct-url/
    """
    writer, reader = crossing.cells
    if writer.kind is not Kind.PACKAGE or not (writer.stated and reader.stated):
        return
    left, right = _source(writer), _source(reader)
    # Who fetches it changes nothing of what is fetched.
    if without_credentials(left) != without_credentials(right):
        at, related = places(crossing, view)
        yield Hit(
            package=crossing.package,
            environments=crossing.environments,
            message=(
                f"{crossing.package} comes from {left} in {writer.environment} and from {right} in "
                f"{reader.environment}."
            ),
            at=at,
            related=related,
            expected=left,
            actual=right,
        )


def _source(cell: Cell) -> str:
    """Where the statements that count come from; the address where it is one that decides the code."""
    pin = cell.pins[0]
    if pin.source == "index":
        return "a package index"
    return f"{pin.source} ({pin.origin})" if pin.origin and pin.source != "path" else f"a {pin.source}"
