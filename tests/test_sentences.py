"""Every sentence of the knowledge as users read it: whole at both ends of its range, and in `mlaudit explain`."""

from __future__ import annotations

import re

import pytest

from mlaudit.knowledge.combinations import combinations
from mlaudit.knowledge.load import Moment, dossier, packages
from mlaudit.lab.sentences import RenderedSentence, every_sentence, explained_sentences, named_packages

_ENDING = re.compile(r"[.`\")]$")
_BROKEN = {
    "a slot that nothing fills": re.compile(r"\{(?:writer|reader|version|other|beside)"),
    "two words for one version": re.compile(r"version (?:a|an|one|another|any) (?:\w+ )?version"),
    "any version in any version": re.compile(r"any version\W+\w+\W+any version"),
    "a range where a version is meant": re.compile(r"[<>=]\S+ or newer"),
    "one range on both sides": re.compile(r"(?:from|between) ([<>=]\S+) (?:to|and) \1(?![\w.])"),
    "two spaces": re.compile(r"\S  "),
}


def sentences() -> list[RenderedSentence]:
    """Of findings and of `explain`, for every package."""
    found = [one for package in named_packages() for one in every_sentence(package)]
    for package in packages():
        known = dossier(package)
        assert known is not None
        found += explained_sentences(known)
    return found


@pytest.fixture(scope="module")
def rendered() -> list[RenderedSentence]:
    return sentences()


def test_every_row_is_rendered(rendered: list[RenderedSentence]) -> None:
    """A row that no versions reach says nothing to anybody."""
    said = {one.row for one in rendered if one.versions != "explain"}
    known = [dossier(package) for package in packages()]
    rows = {row.id for one in known if one is not None for row in one.rows}
    skews = {row.id for one in known if one is not None for row in one.skews if row.when is Moment.FEATURES}
    assert rows | skews | {row.id for rows in combinations().values() for row in rows} == said


def test_sentences_are_whole(rendered: list[RenderedSentence]) -> None:
    faults = []
    for one in rendered:
        for text in filter(None, (one.says, one.remedy)):
            outside = re.sub(r"`[^`]*`", "``", text)
            faults += [(fault, one.row, text) for fault, pattern in _BROKEN.items() if pattern.search(outside)]
            if text.count("`") % 2:
                faults.append(("a quotation without an end", one.row, text))
            if one.versions != "explain" and not _ENDING.search(text):
                faults.append(("no full stop", one.row, text))
    assert faults == []


def test_explain_names_both_sides_of_a_row_without_bounds() -> None:
    """A version is left out behind the name of a program only."""
    known = dossier("numpy")
    assert known is not None
    says = {one.row: one.says for one in explained_sentences(known)}
    assert says["numpy-newer"].startswith("numpy reads what an older version pickled:")
    assert says["numpy-npy"].endswith("0 of 188 files written by numpy 1.19 to 2.4 failed.")
