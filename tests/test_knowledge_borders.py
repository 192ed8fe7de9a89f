"""Every row at its borders: it is found there, its sentence is filled, and it gives no example that is out of place."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from mlaudit.knowledge import judge
from mlaudit.knowledge.combinations import Combination, broken_combinations, combinations, is_of
from mlaudit.knowledge.crossing import PYTHON
from mlaudit.knowledge.load import Known, dossier, packages
from mlaudit.knowledge.minimum_readers import MinimumReader, minimum_readers, too_old_for
from mlaudit.lab.borders import border_pairs, borders
from mlaudit.model.versions import admits

_LACKING = re.compile(
    r"`[^`]*(?:has no attribute|unexpected keyword argument|cannot import name|Can't get attribute|No module named) "
    r"[^`]*'\w[^`]*`"
)
_BETWEEN = re.compile(r"\(\d[\d.]* read by \d[\d.]*\)")
_QUOTED = re.compile(r"`[^`]*'[a-z]+(?:_[a-z]+)+'[^`]*`")


ROWS = [(package, row) for package in packages() for row in getattr(dossier(package), "rows", ())]
READERS = [row for rows in minimum_readers().values() for row in rows]
COMBINATIONS = [row for rows in combinations().values() for row in rows]


@pytest.mark.parametrize(("package", "row"), ROWS, ids=lambda value: getattr(value, "id", None))
def test_a_row_is_found_at_its_borders(package: str, row: Known) -> None:
    every = list(border_pairs(row))
    assert every, "no pair of versions at its bounds is of the row"
    pythons = {side: next(iter(borders(text)), None) for side, text in sides(row)}
    for writer, reader in every:
        found = judge(
            package,
            writer,
            reader,
            **pythons,
            kinds=frozenset(row.kinds),
            classes=classes(row),
            names=frozenset(),
            beside=beside(row),
        )
        said = [one for one in found if one.id == row.id]
        # An earlier row may speak for the pair; where this one does, its sentence must be whole.
        for one in said:
            assert not re.search(r"\{(writer|reader)", one.says + one.remedy)


def sides(row: Known) -> Iterator[tuple[str, str]]:
    if row.writer_python:
        yield "writer_python", row.writer_python
    if row.reader_python:
        yield "reader_python", row.reader_python


def beside(row: Known) -> frozenset[tuple[str, str]]:
    return frozenset(((row.beside, borders(row.besides)[0]),)) if row.beside else frozenset()


def classes(row: Known) -> frozenset[str]:
    return frozenset(name.replace("*", "X") for name in row.classes[:1])


@pytest.mark.parametrize(("package", "row"), ROWS, ids=lambda value: getattr(value, "id", None))
def test_a_row_without_bounds_quotes_no_setting(package: str, row: Known) -> None:
    """What is said of any two versions must be true of both: a setting that one release brought is not."""
    if not row.writer and not row.reader and package != PYTHON:
        assert not _QUOTED.search(row.says), row.says


@pytest.mark.parametrize(("package", "row"), ROWS, ids=lambda value: getattr(value, "id", None))
def test_a_name_that_one_side_lacks_is_not_given_where_both_may_know_it(package: str, row: Known) -> None:
    """A missing module, attribute or setting is an example of a border: a row of no border tells between which two."""
    if not _LACKING.search(row.says) or row.writer_python or row.reader_python or "was reported" in row.says:
        return
    either = {*borders(row.writer), *borders(row.reader)}
    both = [version for version in either if admits(row.writer, version) and admits(row.reader, version)]
    assert not both or _BETWEEN.search(row.says), (sorted(both), row.says)


@pytest.mark.parametrize("row", COMBINATIONS, ids=lambda row: row.id)
def test_a_combination_is_found_at_its_borders(row: Combination) -> None:
    beside = {row.beside: borders(row.besides)[0]} if row.beside else {}
    for version in borders(row.versions):
        for other in [""] if row.absent else borders(row.others):
            if not is_of(row, version, other):
                continue
            held = {row.package: version, **beside, **({} if row.absent or row.together else {row.other: other})}
            named = {name: frozenset((*row.named, *row.together, name)) for name in held}
            said = [one for one in broken_combinations(held, named) if one.other == row.other]
            assert said, held
            assert all(version in one.says and not re.search(r"\{(version|other|beside)", one.says) for one in said)


def test_combinations_have_ids_of_their_own() -> None:
    ids = [row.id for row in COMBINATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.id)
def test_a_reader_is_too_old_up_to_its_border_and_for_what_the_row_is_about(row: MinimumReader) -> None:
    classes = tuple(name.replace("*", "X") for name in row.classes[:1])
    numbers = {row.number: "2.16.1"} if row.number else {}
    older = borders(row.versions) if row.versions else ["2.16.0", "1.5.0"]
    for version in older:
        said = too_old_for(row.kind, row.reader, version, file="model", classes=classes, numbers=numbers)
        assert said is not None
        assert version in said.says
        assert not re.search(r"\{(file|reader|number|word)", said.says + said.remedy)
    beyond = (version for version in ("99.0", "4.57.6", "2.9.0") if row.number or not admits(row.versions, version))
    newest = "2.16.1" if row.number else next(beyond)
    assert too_old_for(row.kind, row.reader, newest, file="model", classes=classes, numbers=numbers) is None
    assert not row.refuses(older[0], ("other",), {}) or not (row.classes or row.number)
