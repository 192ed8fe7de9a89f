"""sktime estimators, as `save` writes them: two pickles in a zip, no version of sktime."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import check_archive, inside, member_names, remarks
from mlaudit.grammars.model_file.pickle_opcodes import walk
from mlaudit.grammars.model_file.pickled import contents, statements
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

OBJECT, CLASS = "_obj", "_metadata"
"""The members that sktime/base/_base.py writes: the estimator, and its class."""


def _is_sktime(doc: Document) -> bool:
    return {OBJECT, CLASS} <= set(member_names(doc))


# No name patterns: only what a path or code names is looked at; a zip in a project is most often something else.
@parser(kind="artifact", files=[], access="binary", content=_is_sktime, starts=[b"PK"])
def read(doc: Document) -> Iterator[Statement]:
    """The walk of the pickle of the estimator; that of the class names nothing more."""
    check_archive(doc)
    with doc.stream() as stream:
        archive = Archive(whole(stream))
        member = archive.members.get(OBJECT)
        if member is None or CLASS not in archive.members:
            raise Unreadable(f"the archive has no `{OBJECT}` and `{CLASS}`, which sktime writes")
        yield from statements(doc, contents(walk(archive.checked(member))), inside(doc, member), kind="sktime.zip")
        yield from remarks(doc, archive)
