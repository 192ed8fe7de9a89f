"""From a model file to the case that is proven: its kind, what loads it, and what it imports; nothing is loaded."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.source import from_stream
from mlaudit.grammars.model_file.streams import compression, unfolded
from mlaudit.grammars.model_file.window import whole
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.knowledge.loaders import loader_of
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.nouns import Kind
from mlaudit.parsers._read import read
from mlaudit.proving.nouns import ProofCase
from mlaudit.sources.working_tree import WorkingTree

_FOLDERS = {"MLmodel": "mlflow.pyfunc", "saved_model.pb": "tensorflow.saved_model", "config.json": "transformers"}
"""The file by which a folder's kind is known."""
_PICKLED = (".pkl", ".pickle", ".joblib")
_MAX_MEMBER = 64 * 1024 * 1024
_MAX_FILES = 200


def case_of(path: Path, root: Path, *, declared: bool) -> ProofCase:
    """The case of a file or folder. Raises UsageError where it cannot be proven."""
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    kind = _kind(path, root)
    loader = loader_of(kind)
    if loader is None:
        raise UsageError(f"{path}: `mlaudit prove` has no way to load the kind {kind}")
    names, walked = imports_of(path)
    known = artifact_kinds().get(kind)
    return ProofCase(
        shown=WorkingTree(root).shown(path),
        kind=kind,
        loader=loader,
        package=known.package if known is not None else kind.partition(".")[0],
        path=path,
        names=names,
        walked=walked,
        declared=declared,
        example=_example(path),
    )


def _kind(path: Path, root: Path) -> str:
    if path.is_dir():
        for name, kind in _FOLDERS.items():
            if (path / name).is_file():
                return kind
        raise UsageError(f"{path}: expected a folder with one of {', '.join(_FOLDERS)}")
    try:
        reading = read(WorkingTree(root, tree=path.resolve().parent).document(path))
    except Unreadable as error:
        raise UsageError(f"{path}: {error.why}") from None
    for pin in reading.pins:
        if pin.kind is Kind.ARTIFACT and pin.artifact is not None and pin.artifact.kind:
            return pin.artifact.kind
    raise UsageError(f"{path}: it is no model file of a kind that is known (`mlaudit kinds`)")


def _example(path: Path) -> Path | None:
    example = path / "input_example.json"
    return example if path.is_dir() and example.is_file() else None


def imports_of(path: Path) -> tuple[tuple[tuple[str, str], ...], bool]:
    """What loading a file or folder imports, as far as its pickles show; and whether all of them were walked."""
    names: dict[tuple[str, str], None] = {}
    complete = True
    files = sorted(file_path for file_path in path.rglob("*") if file_path.is_file()) if path.is_dir() else [path]
    for file in files[:_MAX_FILES]:
        for names_read, whole_walk in _walked(file):
            names.update(dict.fromkeys(names_read))
            complete = complete and whole_walk
    return tuple(names), complete and len(files) <= _MAX_FILES


def _walked(file: Path) -> Iterator[tuple[list[tuple[str, str]], bool]]:
    with file.open("rb") as stream:
        head = stream.read(16)
    if head.startswith(b"PK"):
        yield from _of_archive(file)
    elif compression(head) is not None or head[:1] == b"\x80" or file.suffix in _PICKLED:
        with file.open("rb") as stream:
            name = compression(head)
            contents = walk(unfolded(whole(stream), name) if name else from_stream(stream))
        yield (
            [(name.module, name.name) for name in contents.globals],
            contents.problem is None and not contents.out_of_operations,
        )


def _of_archive(file: Path) -> Iterator[tuple[list[tuple[str, str]], bool]]:
    """The pickles among the members of an archive, as torch has them."""
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist()[:_MAX_FILES]:
                if member.filename.endswith(_PICKLED):
                    with archive.open(member) as stream:
                        data = stream.read(_MAX_MEMBER + 1)
                    contents = walk(from_stream(BytesIO(data)))
                    yield (
                        [(name.module, name.name) for name in contents.globals],
                        contents.problem is None and not contents.out_of_operations and len(data) <= _MAX_MEMBER,
                    )
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        yield [], False
