"""Which proposals of the maintainers' matrix hold, by what installations said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlaudit.lab.name_matrix import ProposedName
from mlaudit.lab.name_rows import CheckedNames, file_text, held_names, usual_error, verdict
from mlaudit.lab.release_sources import SourceCache
from tests.test_lab_installs import proposal

LACKS = "ImportError: cannot import name 'LATER' from 'needed' (needed.py)"
OWN = {f"needed=={version}": {"from needed import LATER": said} for version, said in (("1.0", ""), ("1.5", LACKS))}
PAIR = "pinbox==1.1 needed==1.5"


def proposed(**values: Any) -> ProposedName:
    row = proposal(**values)
    return ProposedName(**{**row, "pair": tuple(row["pair"])})


def checked(folder: Path, said: dict[str, dict[str, str] | None]) -> CheckedNames:
    lines = (json.dumps({"key": f"3.11 {key}", "said": answers}) for key, answers in said.items())
    (folder / "results").write_text("".join(f"{line}\n" for line in lines))
    return CheckedNames(folder / "results")


@pytest.mark.parametrize(
    ("values", "said", "expected"),
    [
        ({}, {}, (True, None)),
        ({"sure": False}, {}, (False, None)),
        ({"guarded": True}, {}, (False, None)),
        ({"sure": False}, OWN, (True, None)),
        ({}, {**OWN, "needed==1.5": {"from needed import LATER": ""}}, (False, None)),
        ({}, {**OWN, "needed==1.5": {"from needed import LATER": "OSError: no LATER"}}, (False, None)),
        ({}, {**OWN, "needed==1.0": {"from needed import LATER": LACKS}}, (False, None)),
        ({}, {**OWN, "needed==1.5": None}, (True, None)),
        ({}, {**OWN, PAIR: {"import pinbox": "ImportError: LATER is gone"}}, (True, None)),
        ({}, {**OWN, PAIR: {"import pinbox": "ImportError: something else"}}, (False, None)),
        (
            {},
            {**OWN, "needed==1.5": {"from needed import LATER": "needed.ImportError: no LATER (any more)"}},
            (True, "needed.ImportError: no LATER"),
        ),
    ],
    ids=[
        *("sure by its text", "not sure", "guarded", "tried", "has it", "another error", "had none before", "not made"),
        *("the pair fails", "the pair fails otherwise", "an unusual error"),
    ],
)
def test_a_proposal_holds_where_installations_bear_it_out(
    values: dict[str, Any], said: dict[str, dict[str, str] | None], expected: tuple[bool, str | None], tmp_path: Path
) -> None:
    assert verdict(proposed(**values), checked(tmp_path, said)) == expected


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("module", "ModuleNotFoundError: No module named 'needed.LATER'"),
        ("attribute", "AttributeError: module 'needed' has no attribute 'LATER'"),
        ("name", "ImportError: cannot import name 'LATER' from 'needed'"),
    ],
)
def test_what_python_says_of_a_missing_name(kind: str, says: str) -> None:
    assert usual_error(proposed(kind=kind)) == says


def test_rows_have_their_borders_errors_and_remedies(tmp_path: Path) -> None:
    said: dict[str, dict[str, str] | None] = {**OWN}
    said["needed==1.5"] = {"from needed import LATER": "needed.ImportError: no LATER"}
    (tmp_path / "needed.txt").write_text("1.0\n1.5\n1.6\n")
    proposals = [
        proposed(fixed="2.1.0"),
        proposed(moment="pinbox.part", first="1.0", last="1.0", below=None, above="1.6", pair=("1.0", "1.5")),
        proposed(package="other", name="needed.EARLIER", after="1.6", before=None, lacks_first="1.5", sure=True),
    ]
    held = list(held_names(proposals, checked(tmp_path, said), SourceCache(tmp_path)))
    assert [(row.versions, row.others, row.error) for row in held] == [
        (">=1,<=2.0", ">=1.5", "needed.ImportError: no LATER"),
        ("==1.0", ">=1.5", "needed.ImportError: no LATER"),
        (">=1,<=2.0", "<1.6", None),
    ]
    text = file_text("needed", held, "2026-01-01")
    assert 'source = "measured: imported from needed 1.0 and 1.5; an import of each user asks for it"' in text
    assert 'source = "the modules of needed 1.6 and 1.5, and those that an import of each user runs"' in text
    assert (
        '{ package = "pinbox", versions = ">=1,<=2.0", error = "needed.ImportError: no LATER", fixed = "2.1" }' in text
    )
    assert 'moment = "`import pinbox.part`", severity = "warning", error = ' in text
    assert 'set = ">=1.6"' in text
