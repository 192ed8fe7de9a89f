"""CPU time for twice the input, for each text format: shows quadratic work that no counted call shows.

Run it from the project's folder: `python -m benchmarks.linear [--size BYTES] [FORMAT ...]`. A ratio near 2 is linear,
near 4 quadratic; ratios of very short times say little.
"""

from __future__ import annotations

import argparse
import time

from mlaudit.document.document import Document
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers
from tests.growing import growing, name_of


def main() -> None:
    """Print a line per format, the worst ratio first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=200_000, help="bytes of the shorter input")
    arguments.add_argument("formats", nargs="*", metavar="FORMAT")
    chosen = arguments.parse_args()
    formats = chosen.formats or [name for name, parser in parsers().items() if parser.access == "text"]
    rows = sorted((_ratio(name, chosen.size) for name in formats), reverse=True)
    for ratio, name, short, long, why in rows:
        print(f"{ratio:5.2f}  {name:22} {short:7.2f} s {long:7.2f} s  {why}")


def _ratio(format_name: str, size: int) -> tuple[float, str, float, float, str]:
    text = growing(format_name)
    unit = max((len(text(64)) - len(text(32))) // 32, 1)
    count = max(size // unit, 1)
    short, _ = _seconds(format_name, text(count))
    long, why = _seconds(format_name, text(2 * count))
    return long / short, format_name, short, long, why


def _seconds(format_name: str, text: str) -> tuple[float, str]:
    """CPU seconds of a reading, and why the document was left unread as a whole where it was."""
    start = time.process_time()
    found = read(Document(name_of(format_name), text.encode()), format_name)
    seconds = time.process_time() - start
    return max(seconds, 1e-6), next((unread.why for unread in found.unread if unread.whole), "")


if __name__ == "__main__":
    main()
