"""Zip archives of torch: state dicts, pickled modules, Lightning and ultralytics checkpoints, TorchScript, `.pt2`."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import inside, member_json, member_names, remarks
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickled import contents
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.grammars.model_file.torch_pickled import checkpoint
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive, Member
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

EXPORTED_MODELS = 4
"""Models of one archive whose versions are read; one writer wrote them all."""

_SMALL = 4096


def _is_torch(doc: Document) -> bool:
    names = member_names(doc)
    pickled = any(("/" + name).endswith("/data.pkl") for name in names)
    return pickled or any(name.endswith("/archive_format") for name in names)


@parser(
    kind="artifact",
    files=["*.pt", "*.pth", "*.ckpt", "*.pt2", "*.bin", "*.pkl", "*.model"],
    access="binary",
    content=_is_torch,
    starts=[b"PK"],
)
def read(doc: Document) -> Iterator[Statement]:
    """What the archive is, and what its pickle or its schema says."""
    with doc.stream() as stream:
        archive = Archive(whole(stream))
        if archive.find("/archive_format"):
            yield from _exported(doc, archive)
        elif archive.find("/constants.pkl"):
            yield from _script(doc, archive)
        else:
            yield from _pickled(doc, archive)
        yield from remarks(doc, archive)


def _pickled(doc: Document, archive: Archive) -> Iterator[Statement]:
    member = archive.find("/data.pkl")
    if member is None:
        raise Unreadable("the archive has no data.pkl")
    pickle_contents = walk(archive.checked(member))
    yield from checkpoint(doc, contents(pickle_contents), inside(doc, member))


def _script(doc: Document, archive: Archive) -> Iterator[Statement]:
    """TorchScript: the number of the archive is a floor for operators, not a version."""
    number = _number(archive, archive.find("/version"))
    yield artifact(doc, "torch.jit", says=(f"archive version {number}",))
    highest = formats().table("torchscript")["highest"]
    if not number.isdecimal() or int(number) > int(highest):
        yield doc.unread(f"the archive version {number} is not known; {highest} is the highest", package="torch")
    yield ranged(doc, "torch", None, "torch.jit", detail=f"archive version {number}", numbers={"archive": number})


def _number(archive: Archive, member: Member | None) -> str:
    text = archive.read(member, _SMALL).decode("ascii", "replace").strip() if member else ""
    return text if text.isdecimal() and len(text) < 10 else "unknown"


def _exported(doc: Document, archive: Archive) -> Iterator[Statement]:
    """torch.export: every model's JSON records torch's own version."""
    models = [member for name, member in archive.members.items() if "/models/" in name and name.endswith(".json")]
    if not models:
        raise Unreadable("the archive states that torch.export wrote it, and has no models/*.json")
    yield artifact(doc, "torch.export")
    for member in models[:EXPORTED_MODELS]:
        at = inside(doc, member)
        try:
            model = member_json(archive, member)
            schema = model.dig("schema_version")
            detail = f"schema {schema.dig('major').value}.{schema.dig('minor').value}"
            yield exact(doc, "torch", model.get("torch_version").value, "torch.export", at=at, detail=detail)
        except (Unreadable, ValueError) as error:
            yield doc.unread(str(error), at, package="torch")
