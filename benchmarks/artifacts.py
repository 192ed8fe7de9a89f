"""Time and memory of reading a large artifact of each kind: nothing of it may be read whole.

    python benchmarks/artifacts.py [MEGABYTES]

The files are sparse and made in a temporary folder; every one is read in a process of its own. `base` is what a process
takes that reads a tiny file: the start-up that the figures come on top of.
"""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from mlaudit.parsers._read import read  # noqa: E402
from mlaudit.sources.working_tree import WorkingTree  # noqa: E402

STATE = b"\x8c\x10_sklearn_version\x8c\x051.5.2"
MODEL = b"\x80\x04csklearn.svm\nSVC\n)\x81}("


def hole(out: BinaryIO, size: int) -> None:
    out.seek(size, 1)


def plain_pickle(out: BinaryIO, size: int) -> None:
    out.write(MODEL + b"\x8c\x05coef_\x8e" + struct.pack("<Q", size))
    hole(out, size)
    out.write(STATE + b"ub.")


def joblib_raw(out: BinaryIO, size: int) -> None:
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(\x8c\x05shapeJ" + struct.pack("<i", size // 8) + b"\x85"
    dtype = b"\x8c\x05dtypecnumpy\ndtype\n\x8c\x02f8\x89\x88\x87R\x8c\x1bnumpy_array_alignment_bytesK\x10ub"
    out.write(MODEL + b"\x8c\x05coef_" + wrapper + dtype + b"\0")
    hole(out, size // 8 * 8)
    out.write(STATE + b"ub.")


def joblib_zlib(out: BinaryIO, size: int) -> None:
    packer = zlib.compressobj(1)
    out.write(packer.compress(MODEL + b"\x8c\x05coef_\x8e" + struct.pack("<Q", size)))
    noise = b"".join(struct.pack("<d", number / 7) for number in range(8192))
    for _ in range(size // len(noise)):
        out.write(packer.compress(noise))
    out.write(packer.compress(bytes(size % len(noise)) + STATE + b"ub.") + packer.flush())


def dense_pickle(out: BinaryIO, size: int) -> None:
    words = {f"term{number}": number for number in range(size // 500)}
    pickle.dump(words, out, 4)


def archive(members: dict[str, bytes], big: str) -> Callable[[BinaryIO, int], None]:
    def make(out: BinaryIO, size: int) -> None:
        entries = b""
        for name, data in {**members, big: b""}.items():
            length = size if name == big else len(data)
            at, crc = out.tell(), zlib.crc32(data)
            numbers = struct.pack("<IIIHH", crc, length, length, len(name), 0)
            out.write(struct.pack("<4sHHHHH", b"PK\x03\x04", 20, 0, 0, 0, 0) + numbers + name.encode() + data)
            hole(out, length - len(data))
            head = struct.pack("<4sHHHHHH", b"PK\x01\x02", 20, 20, 0, 0, 0, 0)
            entries += head + numbers + struct.pack("<HHHII", 0, 0, 0, 0, at) + name.encode()
        count, at = len(members) + 1, out.tell()
        out.write(entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(entries), at, 0))

    return make


def framed(head: bytes, tail: bytes) -> Callable[[BinaryIO, int], None]:
    """A head in which `SIZE` is the size as `code`, a hole, and a tail."""

    def make(out: BinaryIO, size: int) -> None:
        out.write(head.replace(b"<LITTLE>", struct.pack("<Q", size)).replace(b"<BIG>", struct.pack(">q", size)))
        hole(out, size)
        out.write(tail)

    return make


def varint(number: int) -> bytes:
    return bytes((number >> 7 * part & 0x7F) | (0x80 if number >> 7 * (part + 1) else 0) for part in range(5))[
        : max(1, -(-number.bit_length() // 7))
    ]


def onnx(out: BinaryIO, size: int) -> None:
    out.write(b"\x08\x08\x12\x07pytorch\x1a\x052.4.0\x3a" + varint(size) + b"\x0a" + varint(size - 6))
    hole(out, size - 6)
    out.write(b"\x42\x04\x0a\x00\x10\x11")


UBJ_KEY = b"L\0\0\0\0\0\0\0"
KINDS: dict[str, tuple[str, Callable[[BinaryIO, int], None]]] = {
    "pickle": ("m.pkl", plain_pickle),
    "joblib": ("m.joblib", joblib_raw),
    "joblib zlib": ("z.joblib", joblib_zlib),
    "pickle of a vocabulary": ("v.pkl", dense_pickle),
    "torch zip": ("m.pt", archive({"m/data.pkl": pickle.dumps({"a": 1}, 2), "m/version": b"3"}, "m/data/0")),
    "keras": ("m.keras", archive({"metadata.json": b'{"keras_version": "3.4.1"}', "config.json": b"{}"}, "w.h5")),
    "npy": (
        "m.npy",
        framed(b"\x93NUMPY\x01\x00\x3b\x00{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }\n", b""),
    ),
    "safetensors": ("m.safetensors", framed(struct.pack("<Q", 32) + b'{"__metadata__":{"format":"pt"}}', b"")),
    "onnx": ("m.onnx", onnx),
    "xgboost json": ("m.json", framed(b'{"learner":{"weights":"', b'"},"version":[3,0,2]}')),
    "xgboost ubj": (
        "m.ubj",
        framed(
            b"{" + UBJ_KEY + b"\x07learner[$U#L<BIG>",
            UBJ_KEY + b"\x07version[#L" + struct.pack(">q", 3) + b"i\x03i\x00i\x02}",
        ),
    ),
    "gguf": ("m.gguf", framed(b"GGUF" + struct.pack("<IQQ", 3, 0, 0), b"")),
    "lightgbm": ("m.txt", framed(b"tree\nversion=v4\n", b"\n")),
}


def measured(path: Path) -> tuple[float, float, str]:
    """Seconds, megabytes and what was read, in a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--read", str(path)], capture_output=True, text=True, check=True
    ).stdout.split("\t")
    return float(told[0]), float(told[1]), told[2].strip()


def read_one(path: Path) -> None:
    # What every run pays once: parsers, tables and the version classes.
    read(WorkingTree(path.parent).document(path.parent / "tiny.pkl"))
    start = time.perf_counter()
    found = read(WorkingTree(path.parent).document(path))
    seconds = time.perf_counter() - start
    # Not getrusage: its peak counts what the parent process had before exec.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    versions = {pin.name: pin.version or pin.specifier for pin in found.pins if pin.kind.value == "package"}
    print(seconds, peak, f"{found.format} {versions} {[unread.why for unread in found.unread]}", sep="\t")


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tiny.pkl").write_bytes(MODEL + STATE + b"ub.")
        _, base, _ = measured(folder / "tiny.pkl")
        print(f"base: {base:.0f} MB of memory")
        for kind, (file_name, make) in KINDS.items():
            with (folder / file_name).open("wb") as out:
                make(out, megabytes * 1024 * 1024)
                out.truncate(out.tell())
            seconds, peak, what = measured(folder / file_name)
            size = (folder / file_name).stat().st_size / 1024**2
            print(f"{kind:24} {size:6.0f} MB  {seconds * 1000:8.1f} ms  +{peak - base:4.0f} MB  {what}")
            (folder / file_name).unlink()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read_one(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
