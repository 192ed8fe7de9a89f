"""The maintainers' look at what the releases at the ends of a row use, over releases made here."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from mlaudit.knowledge.combinations import Combination
from mlaudit.lab.release_sources import ReleaseSources
from mlaudit.lab.row_borders import (
    CALLED,
    NOWHERE,
    PART,
    PERHAPS,
    QuotedRow,
    doubts,
    moment_of,
    quoted_names,
    quoted_rows,
)
from mlaudit.model.nouns import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IMPORT = "import"
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "2.0")


def _doubts(
    moments: Mapping[str, str | None], versions: str, says: str = "pack {version} does not import"
) -> list[str]:
    row = Combination(
        id="pack",
        package="pack",
        versions=versions,
        other="numpy",
        others=">=2",
        beside=None,
        besides="",
        absent=False,
        newer=False,
        apart=False,
        named=(),
        together=(),
        severity=Severity.ERROR,
        says=f"{says}: `AttributeError: module 'numpy' has no attribute 'float'`.",
        remedy="",
        evidence=(),
    )
    return list(doubts(QuotedRow(row=row, names=("numpy.float",)), VERSIONS, moments.get))


def test_names_are_read_out_of_sentences() -> None:
    sentence = (
        "pack {version} does not import with other {other}: `ImportError: cannot import name 'AdamW' from"
        " 'transformers'`, `AttributeError: module 'numpy' has no attribute 'float'` or `No module named 'a.b'`, 'c'"
    )
    assert quoted_names(sentence) == ("transformers.AdamW", "numpy.float", "a.b")
    assert quoted_names("pack {version} fails with `TypeError: run() takes 2 arguments`.") == ()


def test_rows_of_packages_are_those_that_quote_a_name() -> None:
    rows = {quoted.row.id: quoted.names for quoted in quoted_rows(["outlines", "peft"])}
    assert rows["outlines-numpy-2"] == ("numpy.lib.function_base",)
    assert "peft-torchao-0.16" not in rows


@pytest.mark.parametrize(
    ("texts", "moment"),
    [
        ({"pack/__init__.py": "from .core import run\n", "pack/core.py": "import numpy\nkind = numpy.float\n"}, IMPORT),
        ({"pack/__init__.py": "", "pack/aside.py": "from numpy import float\n"}, PART),
        ({"pack/__init__.py": "import numpy as np\n\n\ndef run(x):\n    return np.float(x)\n"}, CALLED),
        ({"pack/__init__.py": "import numpy as np\nif np.old:\n    kind = np.float\n"}, PERHAPS),
        ({"pack/__init__.py": "kind = 1.0\n"}, NOWHERE),
    ],
)
def test_the_surest_use_counts(tmp_path: Path, texts: dict[str, str], moment: str) -> None:
    path = tmp_path / "pack==1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    assert moment_of(ReleaseSources(package="pack", version="1.0", path=path), ["numpy.float"]) == moment


def test_a_range_that_its_releases_bear_out_gives_no_doubt() -> None:
    assert _doubts({"1.1": IMPORT, "1.4": IMPORT, "2.0": NOWHERE}, ">=1.1,<2") == []
    assert _doubts({"1.1": CALLED, "1.4": CALLED}, ">=1.1,<2", "run of pack {version} fails") == []


def test_an_end_that_does_not_use_the_name_is_a_doubt() -> None:
    moments = {"1.0": NOWHERE, "1.1": PERHAPS, "1.2": IMPORT, "1.3": IMPORT, "1.4": IMPORT, "2.0": NOWHERE}
    begins = "1.2 is the first that does, 1.1 the last that does not"
    assert _doubts(moments, "<2") == [f"1.0 uses it {NOWHERE}", begins]
    assert _doubts({"1.2": IMPORT, "1.4": PERHAPS}, ">=1.2,<2") == [f"1.4 uses it {PERHAPS}"]
    assert _doubts({"1.2": CALLED, "1.4": IMPORT}, ">=1.2,<2") == [
        f"1.2 uses it {CALLED}",
        "1.4 is the first that does, 1.3 the last that does not",
    ]


def test_what_a_part_alone_uses_is_a_doubt_where_the_package_is_said_not_to_import() -> None:
    moments = {"1.2": PART, "1.4": PART}
    assert _doubts(moments, ">=1.2,<2") == [f"1.2 uses it {PART}", f"1.4 uses it {PART}"]
    assert _doubts(moments, ">=1.2,<2", "`import pack.aside` of pack {version} fails") == []


def test_a_release_behind_the_range_that_uses_the_name_is_a_doubt() -> None:
    moments = dict.fromkeys(VERSIONS, IMPORT)
    assert _doubts(moments, "<=1.2") == ["1.3, behind the range, uses it like 1.2, and so does 2.0"]
    assert _doubts({**moments, "2.0": NOWHERE}, "<=1.2") == [
        "1.3, behind the range, uses it like 1.2, and so does 1.4; 2.0 is the first that does not"
    ]
    assert _doubts(dict.fromkeys(VERSIONS, NOWHERE), "==1.3") == [f"1.3 uses it {NOWHERE}"]


def test_what_is_not_to_be_had_is_no_doubt() -> None:
    assert _doubts({}, "<2") == []
    assert _doubts({"1.0": IMPORT, "1.4": IMPORT}, ">=3") == []
