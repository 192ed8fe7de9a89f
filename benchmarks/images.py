"""How fast and in how much memory a layer is read, beside `gzip -dc` on the same file in the same run.

    python benchmarks/images.py [MEGABYTES] [FOLDER]       a layer of 300 MB is generated in a temporary folder

Both are measured as children, three times in turn; the best of each counts. The speed must be at least 80% of gzip's.
"""

from __future__ import annotations

import gzip
import io
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SITE = "usr/local/lib/python3.11/site-packages"
SCAN = """
import sys, resource, time
from mlaudit.sources.images import byte_reader, layers
path = sys.argv[1]
start = time.perf_counter()
with open(path, "rb") as stream:
    layer = layers.scan(byte_reader.of_file(stream, 0, 1 << 62), "layer")
print(layer.entries, len(layer.files), layer.lost, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def generated(path: Path, megabytes: int) -> None:
    """A layer in the shape of an installed environment: many small modules, some large libraries, metadata."""
    chance = random.Random(1)
    words = [chance.randbytes(chance.randrange(3, 12)).hex().encode() for _ in range(4000)]
    written, number = 0, 0
    with gzip.open(path, "wb", compresslevel=6) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        while written < megabytes * 1_000_000:
            number += 1
            if number % 150 == 0:
                name = f"{SITE}/package{number}-1.{number}.dist-info/METADATA"
                data = b"Metadata-Version: 2.1\nName: package%d\nVersion: 1.%d\n\n" % (number, number) + b"text\n" * 900
            elif number % 40 == 0:
                name, data = f"{SITE}/package{number}/lib{number}.so", _library(chance, words)
            else:
                size = chance.randrange(100, 4000)
                name = f"{SITE}/package{number}/module{number}.py"
                data = b" ".join(chance.choices(words, k=size // 8))
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
            written += len(data)


def _library(chance: random.Random, words: list[bytes]) -> bytes:
    """Half of it cannot be compressed, as machine code and weights hardly can."""
    return chance.randbytes(150_000) + b"".join(chance.choices(words, k=15_000))


def timed(command: list[str]) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return time.perf_counter() - start, done.stdout


def main() -> None:
    """Print seconds, ratio and memory."""
    megabytes = int(sys.argv[1]) if sys.argv[1:] else 300
    folder = Path(sys.argv[2]) if sys.argv[2:] else Path(tempfile.mkdtemp())
    layer = folder / "layer.tar.gz"
    if not layer.exists():
        generated(layer, megabytes)
    gunzip = f"gzip -dc {layer} > /dev/null"
    theirs, ours, said = [], [], ""
    for _ in range(3):
        theirs.append(timed(["sh", "-c", gunzip])[0])
        seconds, said = timed([sys.executable, "-c", SCAN, str(layer)])
        ours.append(seconds)
    entries, files, lost, kilobytes = said.split()
    print(f"{layer.stat().st_size / 1e6:.0f} MB compressed, {entries} entries, {files} kept, lost: {lost}")
    print(f"gzip -dc {min(theirs):.2f} s, read {min(ours):.2f} s with start-up, {int(kilobytes) / 1024:.0f} MB at most")
    print(f"speed against gzip -dc: {min(theirs) / min(ours):.0%}")
    if not sys.argv[2:]:
        shutil.rmtree(folder)
    sys.exit(min(theirs) / min(ours) < 0.8)


if __name__ == "__main__":
    main()
