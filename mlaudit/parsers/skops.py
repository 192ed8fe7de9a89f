"""skops files: `schema.json` records skops' own version and scikit-learn's."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.model_file.archives import inside, member_json, member_names, remarks
from mlaudit.grammars.model_file.recorded import artifact, exact
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

NODES = 2_000_000
LAST_DUMP = "the version of the last dump, not of the training"


def _is_skops(doc: Document) -> bool:
    return "schema.json" in member_names(doc)


@parser(kind="artifact", files=["*.skops"], access="binary", content=_is_skops, starts=[b"PK"])
def read(doc: Document) -> Iterator[Statement]:
    """The versions of the schema and of every estimator in it."""
    with doc.stream() as stream:
        archive = Archive(whole(stream))
        member = archive.members.get("schema.json")
        if member is None:
            raise Unreadable("the archive has no schema.json")
        schema = member_json(archive, member)
        classes, versions = _walked(schema)
        at = inside(doc, member)
        yield artifact(doc, "skops", classes=classes, says=(f"skops protocol {schema.get('protocol').value}",))
        yield exact(doc, "skops", schema.get("_skops_version").value, "skops", at=at)
        for version in versions:
            yield exact(doc, "scikit-learn", version, "sklearn.skops", at=at, detail=LAST_DUMP)
        yield from remarks(doc, archive)


def _walked(schema: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Classes of scikit-learn's objects, the outermost first, and the versions in their states."""
    classes: dict[str, None] = {}
    versions: dict[str, None] = {}
    pending: list[object] = [schema.value]
    for _ in range(NODES):
        if not pending:
            return tuple(classes), tuple(versions)
        value = pending.pop()
        if isinstance(value, dict):
            if str(value.get("__module__")).partition(".")[0] == "sklearn" and isinstance(value.get("content"), dict):
                classes[str(value.get("__class__"))[:200]] = None
            if "_sklearn_version" in value:
                versions[_content(value["_sklearn_version"])] = None
            pending.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            pending.extend(reversed(value))
    raise Unreadable(f"its schema has more than {NODES} values")


def _content(value: object) -> str:
    """A text as skops writes it: a JSON text inside a node."""
    content = value.get("content") if isinstance(value, dict) else value
    return str(content).strip('"')
