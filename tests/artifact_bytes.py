"""Model files made by hand, byte for byte, for tests that no library can write."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping

from mlaudit.document.document import Document
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read


def reading(data: bytes, name: str = "model.bin", as_format: str | None = None) -> Reading:
    return read(Document(name, data), as_format)


def versions(found: Reading) -> dict[str, str | None]:
    return {pin.package: pin.version or pin.specifier for pin in found.pins if pin.kind.value != "artifact"}


def reasons(found: Reading) -> str:
    return " | ".join(unread.why for unread in found.unread)


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


def torch_archive() -> bytes:
    return zipped({"m/data.pkl": pickle.dumps({"pytorch-lightning_version": "2.4.0"}, 2), "m/version": b"3\n"})


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: int | bytes) -> bytes:
    """One protocol buffer field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx(ir: int = 8, opsets: Iterable[tuple[str, int]] = (("", 17),), producer: str = "", version: str = "") -> bytes:
    head = field(1, ir)
    if producer:
        head += field(2, producer.encode()) + field(3, version.encode())
    graph = field(7, field(2, b"graph"))
    return head + graph + b"".join(field(8, field(1, name.encode()) + field(2, number)) for name, number in opsets)


def saved_model(version: str) -> bytes:
    return field(1, 1) + field(2, field(1, field(5, version.encode()) + field(6, b"v2.16.1-0-g5bc9d26649c")))


def core_ml(user: Mapping[str, str], specification: int = 8) -> bytes:
    entries = b"".join(field(100, field(1, key.encode()) + field(2, value.encode())) for key, value in user.items())
    return field(1, specification) + field(2, field(100, entries)) + field(500, b"")


def ubj_key(text: bytes) -> bytes:
    return b"L" + struct.pack(">q", len(text)) + text


def ubj_model(version: tuple[int, int, int]) -> bytes:
    numbers = b"".join(b"i" + struct.pack(">b", part) for part in version)
    weights = b"[$d#L" + struct.pack(">q", 4) + b"\0" * 16
    tail = ubj_key(b"version") + b"[#L" + struct.pack(">q", 3) + numbers
    return b"{" + ubj_key(b"learner") + b"{" + ubj_key(b"base_weights") + weights + b"}" + tail + b"}"


def gguf(values: Mapping[str, str | int], version: int = 3) -> bytes:
    out = b"GGUF" + struct.pack("<IQQ", version, 0, len(values))
    for key, value in values.items():
        out += struct.pack("<Q", len(key)) + key.encode()
        if isinstance(value, int):
            out += struct.pack("<II", 4, value)
        else:
            out += struct.pack("<IQ", 8, len(value)) + value.encode()
    return out


def tensorrt(version: tuple[int, int, int, int], serialization: int = 239) -> bytes:
    return b"ftrt" + struct.pack("<III", 0, serialization, 0) + b"\0" * 8 + bytes(version)


def safetensors(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data
