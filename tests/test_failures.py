"""One bad document never ends an audit: whatever reading it raises becomes an Unread, and the others are read."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlaudit.api import check, compare, listing
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Include, Place, Reading, Statement
from mlaudit.parsers import _registry as registry
from mlaudit.parsers._failures import reason, reraise_defects
from mlaudit.parsers._read import read
from mlaudit.request.options import Options
from mlaudit.request.settings import EnvironmentSettings, SameSettings, Settings
from tests.checkout import write

DEFECT = "mlaudit failed on this file: KeyError; this is a defect of mlaudit, please report it"
SENTENCES: dict[str, tuple[Callable[[], Exception], str]] = {
    "a defect": (lambda: KeyError("x"), DEFECT),
    "memory": (lambda: MemoryError(), "reading it needs more memory than there is"),
    "nesting": (lambda: RecursionError(), "it is nested too deeply"),
    "a disk": (lambda: OSError(errno.EIO, "Input/output error"), "it cannot be read: Input/output error"),
    "a permission": (lambda: PermissionError(errno.EACCES, "no"), "permission to read it is denied"),
    "a reason": (lambda: Unreadable("it is cut"), "it is cut"),
    "a wrong type": (lambda: Malformed("expected a list", ("a", 0)), "a[0]: expected a list"),
    "letters": (
        lambda: UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"),
        DEFECT.replace("KeyError", "UnicodeEncodeError"),
    ),
}


@pytest.fixture
def _as_users_see_it() -> Iterator[None]:
    with reraise_defects(wanted=False):
        yield


pytestmark = pytest.mark.usefixtures("_as_users_see_it")


def _broken(
    monkeypatch: pytest.MonkeyPatch, format_name: str, make: Callable[[], Exception], *, part: str = "read"
) -> None:
    """Make a parser of the registry raise."""
    parser = registry.parsers()[format_name]

    def fail(_doc: Document) -> Iterator[Statement]:
        raise make()
        yield

    def fail_at_once(_doc: Document) -> bool:
        raise make()

    # The registry finds a parser by the module that its function is of.
    fail.__module__ = parser.read.__module__
    broken = replace(parser, read=fail) if part == "read" else replace(parser, content=fail_at_once)
    monkeypatch.setitem(registry._PARSERS, format_name, broken)
    registry.parsers.cache_clear()


@pytest.fixture(autouse=True)
def _registry_is_restored() -> Iterator[None]:
    yield
    registry.parsers.cache_clear()


def whys(reading: Reading) -> list[str]:
    return [entry.why for entry in reading.unread]


@pytest.mark.parametrize("kind", SENTENCES)
def test_what_a_parser_raises_becomes_an_unread(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, sentence = SENTENCES[kind]
    _broken(monkeypatch, "requirements", make)
    found = read(Document("requirements.txt", b"numpy==1.26.4\n"), "requirements")
    assert whys(found) == [sentence]
    assert all(entry.whole for entry in found.unread)
    assert not found.complete


def test_tests_see_the_defect_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    _broken(monkeypatch, "requirements", lambda: KeyError("x"))
    with reraise_defects(), pytest.raises(KeyError):
        read(Document("requirements.txt", b"numpy==1.26.4\n"), "requirements")
    with reraise_defects():
        assert reason(RecursionError()) == "it is nested too deeply"
        assert reason(OSError(errno.ENOENT, "no")) == "there is no such file"


def test_what_recognition_raises_becomes_an_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    _broken(monkeypatch, "cyclonedx", lambda: KeyError("x"), part="content")
    assert whys(read(Document("unknown.blob", b'{"bomFormat": "CycloneDX"}'))) == [DEFECT]


def test_a_document_that_cannot_be_opened_says_why_whatever_its_name() -> None:
    def refused() -> None:
        raise Unreadable("permission to read it is denied")

    for name in ("requirements.txt", "unknown.blob", "model.pkl"):
        document = Document(name, opener=refused, size=10)  # type: ignore[arg-type]
        assert whys(read(document)) == ["permission to read it is denied"], name


def _asked(make: Callable[[], Exception]) -> Callable[[str], Document | None]:
    def ask(_path: str) -> Document | None:
        raise make()

    return ask


def test_an_include_that_raises_costs_nothing_else() -> None:
    document = Document("requirements.txt", b"-r other.txt\nnumpy==1.26.4\n", ask=_asked(lambda: KeyError("x")))
    found = read(document)
    assert [pin.name for pin in found.pins] == ["numpy"]
    assert whys(found) == [DEFECT]


def test_an_included_document_that_raises_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    _broken(monkeypatch, "setup-cfg", lambda: KeyError("x"))
    monkeypatch.setattr("mlaudit.parsers._read._not_there", lambda _include: "absent")
    inner = Document("setup.cfg", b"[options]\n")
    outer = registry.parsers()["requirements"]

    def including(doc: Document) -> Iterator[Statement]:
        yield Include(target="setup.cfg", at=Place(path="requirements.txt", line=1), format="setup-cfg")
        yield from outer.read(doc)

    monkeypatch.setitem(registry._PARSERS, "requirements", replace(outer, read=including))
    registry.parsers.cache_clear()
    found = read(Document("requirements.txt", b"numpy==1.26.4\n", ask=lambda _path: inner), "requirements")
    assert [pin.name for pin in found.pins] == ["numpy"]
    assert whys(found) == [DEFECT]
    assert not any(entry.whole for entry in found.unread)


def test_a_place_that_cannot_be_looked_up_is_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Document, *_route: str | int) -> Place:
        raise KeyError("x")

    _broken(monkeypatch, "requirements", lambda: Malformed("expected a list", ("a",)))
    monkeypatch.setattr(Document, "at", fail)
    found = read(Document("requirements.txt", b"x"), "requirements")
    assert [(str(entry.at), entry.why) for entry in found.unread] == [("requirements.txt", "a: expected a list")]


def _pair(folder: Path) -> None:
    write(folder, {"training/setup.cfg": "[options]\n", "serving/requirements.txt": "numpy==1.26.4\n"})


def test_the_other_documents_of_a_command_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pair(tmp_path)
    monkeypatch.chdir(tmp_path)
    _broken(monkeypatch, "setup-cfg", lambda: KeyError("x"))
    broken, sound = listing(["training/setup.cfg", "serving/requirements.txt"], Options())
    assert [entry.why for entry in broken.unread] == [DEFECT]
    assert sound.cells["numpy"].versions == ("1.26.4",)
    report = compare(["training/setup.cfg", "serving/requirements.txt"], Options())
    assert report.exit_code == 2
    assert any(DEFECT in finding.message for finding in report.findings)


@pytest.mark.parametrize("broken", ["uv-lock", "conda-env"])
def test_discovery_goes_on_behind_a_broken_document(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock of a workspace is read while roles are told, the other one afterwards."""
    files = {"a/uv.lock": "version = 1\n", "a/api/pyproject.toml": "[project]\nname = 'x'\n"}
    write(tmp_path, {**files, "training/environment.yml": "dependencies: [numpy=1.26]\n"})
    write(tmp_path, {"serving/requirements.txt": "numpy==1.26.4\n"})
    monkeypatch.chdir(tmp_path)
    _broken(monkeypatch, broken, lambda: KeyError("x"))
    report = check(["."], Options())
    assert any(DEFECT in finding.message for finding in report.findings)
    assert {one.name for one in report.environments} >= {"training", "serving"}


@pytest.mark.parametrize(
    "where", ["mlaudit.environments.sources.image_document", "mlaudit.sources.working_tree.WorkingTree.document"]
)
def test_what_opening_raises_becomes_an_unread(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise KeyError("x")

    _pair(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(where, fail)
    same = SameSettings(files=("training/setup.cfg", "serving/requirements.txt"), at=Place(path="mlaudit.toml"))
    environment = EnvironmentSettings(
        name="serving", at=Place(path="mlaudit.toml"), role="serving", sources=("serving/requirements.txt",)
    )
    report = check(["."], Options(settings=Settings(path="mlaudit.toml", environments=(environment,), same=(same,))))
    assert any(DEFECT in finding.message for finding in report.findings)


def test_json_numbers_of_5000_digits_are_no_defect() -> None:
    long_number = "9" * 5000
    text = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []})
    found = read(Document("bom.json", text.replace("[]", f'[{{"name": "numpy", "version": {long_number}}}]').encode()))
    assert all("integer string conversion" not in why for why in whys(found))


VERSION = "9" * 5000
LONG_VERSIONS = {
    "pyproject.toml": f'[project]\nname="x"\nrequires-python=">={VERSION}"\ndependencies=["numpy>={VERSION[:4000]}"]\n',
    "uv.lock": f'version=1\nrequires-python=">={VERSION}"\n[[package]]\nname="numpy"\nversion="{VERSION}"\n'
    'source={registry="x"}\n',
    "pylock.toml": f'lock-version="1.0"\nrequires-python=">={VERSION}"\ncreated-by="x"\n[[packages]]\nname="numpy"\n'
    f'version="{VERSION}"\n',
    "poetry.lock": f'[[package]]\nname="numpy"\nversion="1.{VERSION}"\npython-versions=">={VERSION}"\n[metadata]\n'
    f'lock-version="2.0"\npython-versions=">={VERSION}"\ncontent-hash="x"\n',
    "pdm.lock": f'[metadata]\nlock_version="4.5"\n[[package]]\nname="numpy"\nversion="{VERSION}"\n',
    "Pipfile": f'[packages]\nnumpy=">={VERSION}"\n[requires]\npython_version="{VERSION}"\n',
    "Pipfile.lock": json.dumps({"_meta": {"pipfile-spec": 6}, "default": {"numpy": {"version": f"=={VERSION}"}}}),
    "environment.yml": f"dependencies:\n- python={VERSION[:900]}\n- numpy>={VERSION[:900]}\n- pip:\n  - a>={VERSION}\n",
    "setup.cfg": f"[options]\npython_requires=>={VERSION}\ninstall_requires=\n  numpy>={VERSION[:4000]}\n",
    "setup.py": f'from setuptools import setup\nsetup(python_requires=">={VERSION}", '
    f'install_requires=["a>={VERSION}"])\n',
    "Dockerfile": f"FROM python:{VERSION}\nRUN pip install numpy=={VERSION[:200]} 'torch>={VERSION[:4000]}'\n",
    "bom.json": json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"name": "numpy", "version": VERSION}]}
    ),
    "requirements.txt": f"numpy>={VERSION[:4000]}\nx==1!{VERSION[:200]}\ny=={VERSION[:250]}!1\nz=={VERSION}\n",
    "runtime.txt": f"python-{VERSION}\n",
    ".python-version": f"{VERSION}\n",
    "conda-lock.yml": "version: 1\nmetadata: {platforms: [linux-64]}\npackage:\n"
    f"- {{name: numpy, version: '{VERSION}', manager: pip, platform: linux-64, url: x}}\n",
}


@pytest.mark.parametrize("name", LONG_VERSIONS)
def test_a_version_of_5000_digits_is_read_or_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {name: LONG_VERSIONS[name], "serving.txt": "numpy==1.26.4\n"})
    with reraise_defects():
        report = compare([name, "serving.txt"], Options())
    named = report.environments[0]
    assert named.unread or any(reading.pins for reading in named.readings)
    assert all(len(pin.version or "") <= 256 for reading in named.readings for pin in reading.pins)
