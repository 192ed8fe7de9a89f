"""An image, root file system or archive as a source: the environment in it, and the models beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlaudit.discovery.model_files import likely_models, may_be_model, shown_names
from mlaudit.document.document import WHOLE_LIMIT, Document
from mlaudit.environments.folder_contents import FolderContents
from mlaudit.grammars.model_file.archives import member_names
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.knowledge.model_folders import is_hint
from mlaudit.model.nouns import Place, Reading, Unread
from mlaudit.parsers._read import is_model_file
from mlaudit.sources.images.file_system import FileSystem

MAX_MEMBERS = 50
"""Models of one zip archive that are read."""


def image_contents(path: Path, image: Document, platform: str | None) -> FolderContents:
    """What an image holds: its environment, and the models that it loads; of an archive of models those alone."""
    from mlaudit.sources.images.image_models import chosen_models, is_candidate, model_documents

    system = image.tree
    if not isinstance(system, FileSystem):
        return FolderContents(documents=[image])
    candidates = [path for path in system.list() if is_candidate(path, may_be_model)]
    likely = likely_models(candidates)
    sizes = chosen_models(likely, system)
    documents = list(model_documents(path, system, image.path, platform, sizes)) if sizes else []
    models = [document for document in documents if not is_hint(document.path) or is_model_file(document)]
    read = {document.path.removeprefix(system.shown) for document in documents}
    rest = _rest(image.path, [path for path in likely if path not in read])
    if models and set(system.list()) <= set(candidates):
        return FolderContents(models=models, rest=rest)
    return FolderContents(documents=[image], loads=models, rest=rest)


def _rest(shown: str, left: Sequence[str]) -> Reading | None:
    if not left:
        return None
    at = Place(path=shown)
    why = f"model files in it are not read, since they are too large, too many, or links: {shown_names(left)}"
    return Reading(path=shown, format="unknown", complete=False, unread=(Unread(at=at, why=why),))


def zip_contents(document: Document) -> FolderContents | None:
    """The models in a zip archive that is no model itself; None where it is no such archive."""
    if not document.path.lower().endswith(".zip") or is_model_file(document):
        return None
    likely = likely_models(member_names(document))
    if not likely:
        return None
    with document.stream() as stream:
        archive = Archive(whole(stream))
        read: list[Document] = []
        left: list[str] = []
        size = 0
        for name in likely:
            member = archive.members[name]
            size += member.size
            if len(read) < MAX_MEMBERS and size <= WHOLE_LIMIT:
                read.append(Document(f"{document.path}!/{name}", archive.read(member, WHOLE_LIMIT)))
            else:
                size -= member.size
                left.append(name)
    models = [document for document in read if not is_hint(document.path) or is_model_file(document)]
    return FolderContents(models=models, rest=_rest(document.path, left)) if models else None
