"""The knowledge files: all load, rows have sources and dates, and a broken file says where."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli

import mlaudit.knowledge as knowledge
from mlaudit.document.node import Node
from mlaudit.knowledge import Effect, KnowledgeError, artifact_kinds, watched
from mlaudit.knowledge.kinds import carried, with_unknown_objects
from mlaudit.knowledge.load import Known, dossier, packages
from mlaudit.knowledge.load import _dossier as build_dossier
from mlaudit.knowledge.schema import built_from
from mlaudit.model.nouns import Evidence, Severity

FOLDER = Path(__file__).parents[1] / "mlaudit" / "knowledge"
ROW = """
package = "p"
promise = "Nothing."
source = "https://example.org"
checked = "2026-11-22"
kinds = []
tested = []
[[edge]]
id = "p-1"
effect = "unreadable"
severity = "error"
says = "p {writer} does not load in {reader}."
certainty = "documented"
source = "https://example.org"
checked = "2026-11-22"
"""


def rows() -> Iterator[Known]:
    for package in packages():
        known = dossier(package)
        assert known is not None
        yield from known.rows


def test_every_file_loads_and_is_of_its_name() -> None:
    assert len(packages()) > 40
    for package in packages():
        known = dossier(package)
        assert known is not None
        assert known.package == package


def test_ids_are_unique() -> None:
    ids = [row.id for row in rows()]
    ids += [skew.id for package in packages() for skew in getattr(dossier(package), "skews", ())]
    assert sorted(ids) == sorted(set(ids))


def test_a_package_whose_objects_are_pickled_is_watched() -> None:
    """Its pickles promise nothing: where no dossier says more, a difference of versions is told by its role."""
    formats = tomli.loads((FOLDER / "formats.toml").read_text(encoding="utf-8"))
    assert [package for _, package, _ in formats["family"]["rows"] if not watched(package)] == []


def test_kinds_of_rows_are_kinds_of_their_package() -> None:
    table = artifact_kinds()
    for package in packages():
        known = dossier(package)
        assert known is not None
        named = {kind for row in known.rows for kind in row.kinds} | set(known.kinds)
        assert all(table[kind].package == package for kind in named), package
        assert set(known.kinds) == {name for name, kind in table.items() if kind.package == package}


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.id)
def test_a_row_says_one_sentence_and_how_to_mend_it(row: Known) -> None:
    assert row.says.endswith((".", "`", ")")), row.says
    assert not re.findall(r"\{(?!writer\}|reader\}|writer_python\}|reader_python\})\w*\}", row.says)
    assert row.remedy or row.effect is Effect.HARMLESS
    assert row.failed is None or (row.tried is not None and 0 <= row.failed <= row.tried)
    assert all(proof(one) for one in row.evidence), row.evidence


def proof(one: Evidence) -> bool:
    """An address, a measurement, or metadata that anybody can read again."""
    return one.source.startswith(("https://", "measured: ", "wheel METADATA", "difference of the signatures"))


def test_no_row_names_a_path_of_a_machine() -> None:
    for path in FOLDER.rglob("*.toml"):
        # The folders of published images are theirs alone.
        text = path.read_text(encoding="utf-8").replace("/home/jovyan", "")
        assert not re.search(r"/(root|tmp|home|work|usr)/", text), path


def test_the_files_stay_small() -> None:
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".toml", ".py")]
    assert sum(path.stat().st_size for path in files) < 1_950_000


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('severity = "error"', 'severity = "fatal"', "edge[0].severity: expected one of error, warning, info"),
        ('severity = "error"', 'sevrity = "error"', "edge[0].sevrity: unknown key"),
        ('effect = "unreadable"', "", "edge[0].effect: expected a string, found nothing"),
        ('certainty = "documented"', 'certainty = "sure"', "edge[0].certainty: expected one of measured, documented"),
        ('id = "p-1"', 'id = "p-1"\nwriter = "new"', "edge[0].writer: expected a version specifier, found 'new'"),
        ('id = "p-1"', 'id = "p-1"\ndirection = "up"', "edge[0].direction: expected newer or older"),
        ('id = "p-1"', 'id = "p-1"\nfailed = "3"', "edge[0].failed: expected a whole number"),
        ('id = "p-1"', 'id = "p-1"\ndistance = ["far"]', "edge[0].distance[0]: expected one of major, minor"),
        ('source = "https://example.org"', 'source = ""', "source: expected an address or a repeatable measurement"),
        ('checked = "2026-11-22"', 'checked = "yesterday"', "checked: expected a date like 2026-11-22"),
    ],
)
def test_a_broken_file_names_the_route(old: str, new: str, why: str) -> None:
    with pytest.raises(KnowledgeError, match=re.escape(why)) as caught:
        built_from("p.toml", Node(tomli.loads(ROW.replace(old, new))), build_dossier)
    assert str(caught.value).startswith("p.toml: ")


def test_a_whole_row_is_read() -> None:
    known = built_from("p.toml", Node(tomli.loads(ROW)), build_dossier)
    assert known.rows[0].evidence == (Evidence(source="https://example.org", checked="2026-11-22", measured=False),)
    assert known.rows[0].unsure is known.rows[0].severity


def test_developer_tools_are_not_loaded_with_the_knowledge() -> None:
    code = "import sys; from mlaudit.knowledge import judge; judge('numpy', '2.0', '1.0'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "mlaudit.knowledge.crossing" in loaded
    assert "mlaudit.lab.measure" not in loaded
    assert "mlaudit.lab.refresh" not in loaded


def test_every_public_name_is_where_it_is_said_to_be() -> None:
    assert sorted(name for names in knowledge._HOMES.values() for name in names) == sorted(knowledge.__all__)
    assert all(getattr(knowledge, name) is not None for name in knowledge.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(knowledge, "nothing")  # noqa: B009 - a plain attribute would be refused by the type checker


SAME = """
package = "p"
promise = "same"
says = "p {writer} is refused by {reader}."
source = "https://example.org"
checked = "2026-11-22"
kinds = ["p.kind"]
tested = []
"""


def test_a_package_without_any_promise_has_one_row_for_every_difference() -> None:
    known = built_from("p.toml", Node(tomli.loads(SAME)), build_dossier)
    (row,) = known.rows
    assert (row.id, row.effect, row.kinds, row.writer, row.reader) == ("p-same", Effect.UNREADABLE, ("p.kind",), "", "")
    assert row.remedy == "Serve with p {writer}."
    for writer, reader in (("1.1.0", "1.2.0"), ("1.2.0", "1.1.0"), ("1.1.0", "1.1.1")):
        (found,) = knowledge.judge("autogluon", writer, reader)
        assert found.severity is Severity.ERROR
    assert knowledge.judge("autogluon", "1.1.0", "1.1.0") == ()


def test_words_of_the_one_row_need_that_promise() -> None:
    with pytest.raises(KnowledgeError, match='are for promise = "same"'):
        built_from(
            "p.toml",
            Node(tomli.loads(ROW.replace('promise = "Nothing."', 'promise = "No."\nsays = "x."'))),
            build_dossier,
        )


@pytest.mark.parametrize(
    ("certainty", "words", "unsure"),
    [
        ("documented", 'classes = ["A"]', "warning"),
        ("measured", 'classes = ["A"]', "error"),
        ("documented", 'classes = ["A"]\nunsure = "info"', "info"),
        ("documented", "", "error"),
    ],
)
def test_a_row_about_classes_is_an_error_only_where_they_are_known(certainty: str, words: str, unsure: str) -> None:
    text = ROW.replace('certainty = "documented"', f'certainty = "{certainty}"\n{words}')
    known = built_from("p.toml", Node(tomli.loads(text)), build_dossier)
    assert known.rows[0].unsure.value == unsure


def test_a_dossier_makes_its_package_watched() -> None:
    assert all(knowledge.watched(package) for package in packages())
    assert (knowledge.role("nemo-toolkit"), knowledge.role("torchaudio")) == ("artifact", "numeric")


def test_pickles_of_unknown_classes_may_hold_all_but_what_torch_or_a_compiler_writes() -> None:
    inside = carried(frozenset(with_unknown_objects(("joblib",))))
    assert {"sklearn.pickle", "lightgbm.pickle", "numpy.pickle"} <= inside
    assert inside.isdisjoint(("torch.pickle", "numba.dispatcher", "python.bytecode"))
    assert with_unknown_objects(("onnx",)) == ("onnx",)
