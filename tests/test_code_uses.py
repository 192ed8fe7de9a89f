from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import tomli

from mlaudit.code.call_table import match_rows
from mlaudit.code.definitions import definitions
from mlaudit.code.linking import Program
from mlaudit.code.nouns import ArtifactName, ArtifactUse, NameKind, Sameness
from mlaudit.code.repository import read_module, read_program, read_source
from mlaudit.code.sameness import fits, joined, same_artifact
from mlaudit.code.scan import scan
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.model.nouns import Place
from tests.checkout import ROOT

_USES = ("writes", "reads", "uploads", "downloads")


def _cases() -> list[Any]:
    return list(_each_case())


def _each_case() -> Iterator[Any]:
    for name in ("calls.toml", "names.toml"):
        for case in tomli.loads((ROOT / "fixtures" / "code" / name).read_text(encoding="utf-8"))["case"]:
            yield pytest.param(case, id=f"{name.removesuffix('.toml')}: {case['name']}")


def _program(files: dict[str, str]) -> Program:
    contents = {path: text.encode() for path, text in files.items()}
    return read_program(contents, contents.get)


def _name(name: ArtifactName) -> str:
    kind = "" if name.kind is NameKind.PATH else f"{name.kind.value}:{name.scope}:"
    return kind + name.text + (f"~{name.variable}" if name.variable else "")


def _written(use: ArtifactUse, *, with_path: bool) -> str:
    def place(at: Place) -> str:
        return f"{at.path}:{at.line}" if with_path else f"{at.line}"

    words = [place(use.at), use.direction.value, use.form, *(f"+{kind}" for kind in use.holds)]
    words += [_name(name) for name in use.names]
    words += [f"{key}={value}" for key, value in use.settings]
    words += ["<-" + ",".join(map(place, use.callers))] if use.callers else []
    return " ".join([*words, *([] if use.certain else ["?"])])


@pytest.mark.parametrize("case", _cases())
def test_uses_of_a_source(case: dict[str, Any]) -> None:
    files = case.get("files") or {"a.py": case["source"]}
    uses = _program(files).uses
    found = sorted(_written(use, with_path="files" in case) for use in uses)
    also = set(case.get("also", ())) | set(case.get("files", {}).get("also", ()))
    assert [one for one in found if one not in also] == sorted(case["expects"])


def test_every_row_is_found_by_each_of_its_names() -> None:
    for row in artifact_calls().rows:
        for call in row.calls:
            name = call.replace("*.", "thing.", 1) if call.startswith("*.") else call
            name = name.replace("*", "x")
            matched = match_rows(name, frozenset(row.imports), (row.does,))
            assert matched is not None, call
