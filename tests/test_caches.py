"""What is kept of audited content is forgotten in one call."""

from __future__ import annotations

from mlaudit.document.document import Document
from mlaudit.grammars.pypi import requirement
from mlaudit.knowledge.load import dossier
from mlaudit.model.caches import clear_content_caches, content_caches
from mlaudit.model.names import package_of
from mlaudit.parsers._read import read
from mlaudit.parsers._registry import parsers


def test_everything_that_was_parsed_is_forgotten() -> None:
    read(Document("requirements.txt", b"forgotten-package==1.2.3\n"))
    assert requirement.parse.cache_info().currsize > 0
    assert clear_content_caches() > 0
    assert requirement.parse.cache_info().currsize == 0
    assert package_of.cache_info().currsize == 0
    assert all(cache.cache_info().currsize == 0 for cache in content_caches())  # type: ignore[attr-defined]


def test_the_program_itself_is_kept() -> None:
    known = parsers()
    clear_content_caches()
    assert parsers() is known


def test_what_is_read_again_is_the_same() -> None:
    before = read(Document("requirements.txt", b"numpy==1.2.3 ; python_version < '3.12'\n")), dossier("numpy")
    clear_content_caches()
    assert (read(Document("requirements.txt", b"numpy==1.2.3 ; python_version < '3.12'\n")), dossier("numpy")) == before
