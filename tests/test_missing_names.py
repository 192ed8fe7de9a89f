"""Names that pickles import, against code as files: `fixtures/names/`; some answers are confirmed by a real load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli

from mlaudit.api import check, compare
from mlaudit.code.package.defined_names import NameAnswer
from mlaudit.code.package.installed_names import MAX_SEARCHES, InstalledNames
from mlaudit.code.package.symbols import PackageSymbols
from mlaudit.document.document import Document
from mlaudit.model.report import Finding
from mlaudit.request.config_file import load
from mlaudit.request.options import Options
from mlaudit.sources.package_sources import PackageSources
from tests.parser_cases import FIXTURES

OWN = tomli.loads((FIXTURES / "names" / "own.toml").read_text(encoding="utf-8"))
INSTALLED = tomli.loads((FIXTURES / "names" / "installed.toml").read_text(encoding="utf-8"))["case"]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def naming(asked: str) -> bytes:
    """A pickle that is a class."""
    words = [word.encode() for word in asked.split(":")]
    return b"\x80\x04" + b"".join(b"\x8c" + bytes([len(word)]) + word for word in words) + b"\x93."


def loaded(folder: Path, asked: str, start: str = "") -> str:
    """What `pickle` says to a pickle that names a class, in a process of its own."""
    data = naming(asked)
    code = (
        f"import pickle, sys; sys.path.insert(0, {str(folder)!r})\n{start}\n"
        f"try:\n    pickle.loads({data!r})\n    print('ok')\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


@pytest.mark.parametrize("case", INSTALLED, ids=lambda case: case["name"])
def test_tells_whether_installed_code_has_a_name(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, case["files"])
    module, name = case["asked"].split(":")
    assert InstalledNames(PackageSymbols(PackageSources(tmp_path))).answer(module, name).value == case["answer"]


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in INSTALLED if "load" in case], ids=lambda case: case["name"])
def test_a_real_load_agrees(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, case["files"])
    assert loaded(tmp_path, case["asked"]) == case["load"]
    assert case["load"] != "ok" or case["answer"] in ("defined", "unknown")


@pytest.mark.parametrize("case", OWN["case"], ids=lambda case: case["name"])
def test_tells_whether_an_image_has_the_users_own_classes(case: dict[str, Any], tmp_path: Path) -> None:
    assert [one.message for one in own_findings(case, tmp_path)] == [
        Contains(said) for said in [case.get("says")] if said
    ]


def own_findings(case: dict[str, Any], folder: Path) -> list[Finding]:
    write(folder, {**OWN["base"], **case.get("files", {})})
    (folder / "models").mkdir()
    (folder / "models" / "ratio.pkl").write_bytes(naming(case["asked"]))
    report = check([str(folder)], Options(root=folder))
    assert [(pair.writer, pair.reader) for pair in report.pairs] == [("training", "serving")]
    return [one for one in report.findings if one.code == "MLA410"]


def test_a_declared_environment_is_asked_too(tmp_path: Path) -> None:
    case = next(case for case in OWN["case"] if case["asked"] == "__main__:Ratio" and "files" in case)
    write(tmp_path, {**OWN["base"], **case["files"], "models/note.txt": "models", "mlaudit.toml": DECLARED})
    (tmp_path / "models" / "ratio.pkl").write_bytes(naming(case["asked"]))
    settings = load(Document("mlaudit.toml", DECLARED.encode()))
    report = check([str(tmp_path)], Options(root=tmp_path, settings=settings))
    assert [one.message for one in report.findings if one.code == "MLA410"] == [Contains(case["says"])]


DECLARED = """
[environments.training]
sources = ["train/requirements.txt"]
writes = ["models/ratio.pkl"]

[environments.serving]
sources = ["serve/Dockerfile"]
follows = ["training"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in OWN["case"] if "load" in case], ids=lambda case: case["name"])
def test_a_real_load_of_own_classes_agrees(case: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, {**OWN["base"], **case.get("files", {})})
    assert loaded(tmp_path / "serve", case["asked"], case.get("start", "")) == case["load"]
    assert (case["load"] != "ok") == ("says" in case)


class Contains(str):
    """Equal to every text that it is a part of."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(self) in other


HOSTILE = {
    "deep nesting": "(" * 5_000 + ")" * 5_000,
    "a long sum": "+".join(["1"] * 200_000),
    "many classes": "\n".join(f"class C{number}: pass" for number in range(20_000)),
    "a long chain of attributes": "x" + ".y" * 100_000,
    "no text": "\0\0\0",
    "a name in another alphabet": "class \u212datio: pass\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_source_gives_an_answer(text: str, tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": "", "acme/scaling.py": text})
    answer = InstalledNames(PackageSymbols(PackageSources(tmp_path))).answer("acme.scaling", "Ratio").value
    assert answer in ("unknown", "no name")


def test_follows_many_stars_no_further_than_its_limit(tmp_path: Path) -> None:
    files = {f"acme/m{number}.py": f"from .m{number + 1} import *\n" for number in range(500)}
    write(tmp_path, {"acme/__init__.py": "", **files})
    assert InstalledNames(PackageSymbols(PackageSources(tmp_path))).answer("acme.m0", "Ratio").value == "unknown"


def test_reads_no_link_out_of_the_environment(tmp_path: Path) -> None:
    write(tmp_path, {"outside/__init__.py": "", "outside/scaling.py": "", "env/acme/__init__.py": ""})
    (tmp_path / "env" / "acme" / "steps").symlink_to(tmp_path / "outside")
    (tmp_path / "env" / "acme" / "scaling.py").symlink_to(tmp_path / "outside" / "scaling.py")
    names = InstalledNames(PackageSymbols(PackageSources(tmp_path / "env")))
    assert names.answer("acme.scaling", "Ratio").value == "unknown"
    assert names.answer("acme.steps.scaling", "Ratio").value == "unknown"


def test_says_nothing_of_names_beyond_its_limit(tmp_path: Path) -> None:
    write(tmp_path, {"acme/__init__.py": ""})
    names = InstalledNames(PackageSymbols(PackageSources(tmp_path)))
    answers = [names.answer("acme", f"Ratio{number}").value for number in range(MAX_SEARCHES + 50)]
    assert answers[0] == "no name"
    assert answers[-1] == "unknown"


def test_compare_of_a_model_with_an_environment(tmp_path: Path) -> None:
    packages = "env/lib/python3.11/site-packages"
    metadata = "Metadata-Version: 2.1\nName: acme\nVersion: 2.0\n"
    write(
        tmp_path,
        {
            f"{packages}/acme/__init__.py": "",
            f"{packages}/acme/scaling.py": "class Share: pass\n",
            f"{packages}/acme-2.0.dist-info/METADATA": metadata,
        },
    )
    (tmp_path / "model.pkl").write_bytes(naming("acme.scaling:Ratio"))
    report = compare(["model.pkl", "env"], Options(root=tmp_path), folder=tmp_path)
    found = [one for one in report.findings if one.code == "MLA410"]
    assert [one.message for one in found] == [
        Contains("env/lib/python3.11/site-packages/acme/scaling.py does not define")
    ]
    (tmp_path / packages / "acme" / "scaling.py").write_text("class Ratio: pass\n")
    report = compare(["model.pkl", "env"], Options(root=tmp_path), folder=tmp_path)
    assert not [one for one in report.findings if one.code == "MLA410"]


@pytest.mark.parametrize(
    ("strings", "beside", "answer"),
    [
        (b"_loss.CyHalf\0", (), NameAnswer.NO_NAME),
        (b"_loss.CyHalf\0__pyx_unpickle_CyHalf\0", (), NameAnswer.UNKNOWN),
        # From 3.2 on only the functions that restore states are written out.
        (b"_cython_3_2_0\0", (), NameAnswer.NO_NAME),
        (b"_loss.CyHalf\0", ("other/_loss.so",), NameAnswer.UNKNOWN),
        (b"_loss.CyHalf\0", ("_loss.py",), NameAnswer.DEFINED),
    ],
)
def test_a_compiled_module_of_a_bare_name_is_asked(
    strings: bytes, beside: tuple[str, ...], answer: NameAnswer, tmp_path: Path
) -> None:
    write(tmp_path, {"acme/__init__.py": "", **dict.fromkeys(beside, "def __pyx_unpickle_CyHalf(): pass\n")})
    (tmp_path / "acme" / "_loss.so").write_bytes(b"\x7fELF\0__pyx_\0" + strings)
    found = InstalledNames(PackageSymbols(PackageSources(tmp_path, "site-packages")), has_own_loader=False)
    assert found.answer("_loss", "__pyx_unpickle_CyHalf") is answer
