"""Peak memory and CPU time of `mlaudit list` on a large input of each text format, each in a process of its own.

Run it from the project's folder: `python -m benchmarks.memory [--size BYTES] [FORMAT ...]`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mlaudit.parsers._registry import parsers
from tests.growing import growing, name_of


def main() -> None:
    """Print a line per format, the largest first."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=50_000_000, help="bytes of the input")
    arguments.add_argument("formats", nargs="*", metavar="FORMAT")
    chosen = arguments.parse_args()
    formats = chosen.formats or [name for name, parser in parsers().items() if parser.access == "text"]
    for name in formats:
        with tempfile.TemporaryDirectory() as folder:
            print(_measured(name, chosen.size, Path(folder)), flush=True)


def _measured(format_name: str, size: int, folder: Path) -> str:
    text = growing(format_name)
    unit = max((len(text(64)) - len(text(32))) // 32, 1)
    path = folder / name_of(format_name)
    path.write_text(text(max(size // unit, 1)), encoding="utf-8")
    code = (
        "import re, resource, sys\n"
        "from mlaudit.parsers._read import read\n"
        "from mlaudit.sources.working_tree import Root\n"
        "from pathlib import Path\n"
        "path = Path(sys.argv[1])\n"
        "found = read(Root(path.parent).document(path), sys.argv[2])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "why = next((unread.why for unread in found.unread if unread.whole), '')\n"
        # `ru_maxrss` would count what this process had before it became another.
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024\n"
        "seconds = used.ru_utime + used.ru_stime\n"
        "print(f'{peak:5} MB {seconds:7.1f} s {len(found.pins):8} pins  {why}')\n"
    )
    command = [sys.executable, "-c", code, str(path), format_name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=dict(os.environ))
    except subprocess.TimeoutExpired:
        return f"{format_name:22} more than 120 s"
    return f"{format_name:22} {done.stdout.strip() or done.stderr.strip()[-200:]}"


if __name__ == "__main__":
    main()
