"""The maintainers' matrix of needed and missing names, over made releases."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from mlaudit.lab.module_facts import ATTRIBUTE, MODULE, NAME, ImportStep, facts_of
from mlaudit.lab.module_outline import outline
from mlaudit.lab.name_matrix import main
from mlaudit.lab.name_rows import main as write_rows
from mlaudit.lab.release_surface import ImportWalk, LackedName, ReleaseSurface

if TYPE_CHECKING:
    from pathlib import Path

OWNER = {
    "own/__init__.py": (
        "from .plain import *\nfrom . import sub\nfrom .sub import kept as renamed\n"
        "try:\n    import fast\nexcept ImportError:\n    fast = None\n"
        "if True:\n    perhaps = 1\nfor looped in ():\n    pass\n"
    ),
    "own/plain.py": (
        "import os\nCONSTANT = 1\nclass Kind:\n    inner = 1\n\n    def method(self):\n        hidden = 1\n"
    ),
    "own/sub/__init__.py": (
        "from ..plain import CONSTANT\nkept = 1\n\n\ndef setter():\n    global later\n    later = 1\n"
    ),
    "own/sub/deep.py": "from own import sub\nsub.patched = 1\n",
    "own/lazy.py": (
        "_OLD = {'mentioned': 'plain'}\n\n\ndef __getattr__(name):\n    if name in _OLD:\n        return _OLD[name]\n"
        "    raise AttributeError(name)\n"
    ),
    "own/any.py": "from own import plain\n\n\ndef __getattr__(name):\n    return getattr(plain, name)\n",
    "own/made.py": "for word in ('a', 'b'):\n    globals()[word + 'c'] = 1\n",
    "own/everything.py": "from ._fast import *\n",
    "own/dynamic.py": "from .made import *\n",
    "own/_fast.cpython-311-x86_64-linux-gnu.so": "",
}


def surface(files: dict[str, str]) -> ReleaseSurface:
    texts = {name: text.encode() for name, text in files.items()}
    return ReleaseSurface(lambda: texts, tuple(files))


def imported(name: str) -> ImportStep:
    return ImportStep(NAME, name, name.rpartition(".")[0], 1)


@pytest.mark.parametrize(
    "name",
    [
        "own.CONSTANT",  # by a star
        "own.os",  # what a star brings by accident counts too
        "own.renamed",
        "own.fast",
        "own.perhaps",
        "own.looped",
        "own.lazy",  # a module below
        "own.sub.deep",
        "own.sub.later",  # a function's `global`
        "own.lazy.mentioned",
        "own.everything.anything",  # of a compiled module nothing is known
        "own._fast.anything",
    ],
)
def test_what_a_release_has_or_may_have_is_not_missing(name: str) -> None:
    assert surface(OWNER).missing(imported(name)) is None


@pytest.mark.parametrize(
    ("name", "sure"),
    [
        ("own.gone", True),
        ("own.plain.hidden", True),  # a function's own
        ("own.sub.gone", True),
        ("own.lazy.gone", False),  # no text of the module names it
        ("own.any.gone", False),  # no text of the release does
        ("own.made.gone", False),
        ("own.dynamic.gone", False),
    ],
)
def test_a_name_that_no_text_has_is_missing(name: str, sure: bool) -> None:
    assert surface(OWNER).missing(imported(name)) == LackedName(NAME, name, sure)


def test_what_one_module_sets_on_another_is_found() -> None:
    assert surface(OWNER).sets("patched")
    assert not surface(OWNER).sets("inner")


def test_a_name_that_stands_anywhere_may_be_in_a_module_that_has_any() -> None:
    assert surface(OWNER).missing(imported("own.any.mentioned")) is None
    assert surface(OWNER).missing(imported("own.made.CONSTANT")) is None


def test_the_first_missing_part_of_a_chain_is_told() -> None:
    release = surface(OWNER)
    gone = ImportStep(MODULE, "own.removed.deep", "", 1)
    assert release.missing(gone) == LackedName(MODULE, "own.removed", True)
    chain = ImportStep(ATTRIBUTE, "own.sub.gone.more", "", 1)
    assert release.missing(chain) == LackedName(ATTRIBUTE, "own.sub.gone", True)
    assert release.missing(ImportStep(ATTRIBUTE, "own.Kind.gone", "", 1)) is None
    from_gone = ImportStep(NAME, "own.removed.name", "own.removed", 1)
    assert release.missing(from_gone) == LackedName(MODULE, "own.removed", True)


def test_a_star_brings_what_the_module_lists() -> None:
    listed = {"own/__init__.py": "from .listed import *\n", "own/listed.py": "from ._fast import *\n__all__ = ['a']\n"}
    release = surface({**listed, "own/_fast.so": ""})
    assert release.missing(imported("own.gone")) == LackedName(NAME, "own.gone", True)
    assert release.missing(imported("own.a")) is None
    assert release.missing(imported("own.listed.gone")) is None


def test_a_module_that_a_package_no_longer_brings_is_missing() -> None:
    assert surface(OWNER).missing(ImportStep(MODULE, "former", "", 1)) == LackedName(MODULE, "former", True)
    assert surface({}).missing(ImportStep(MODULE, "former", "", 1)) is None


def test_a_name_with_a_message_and_nothing_behind_it_is_gone() -> None:
    table = "_OLD = {'gone': ('was removed', None), 'kept': ('is deprecated', int)}\n__getattr__ = made(_OLD)\n"
    release = surface({"own.py": table})
    assert release.missing(imported("own.gone")) == LackedName(NAME, "own.gone", False)
    assert release.missing(imported("own.kept")) is None


def test_the_modules_of_a_lazy_part_are_parts_too() -> None:
    lazy = "import sys\nsys.modules[__name__] = made()\n"
    files = {"own/__init__.py": "", "own/lazy/__init__.py": lazy, "own/lazy/a.py": "", "own/lazy/deep/c.py": ""}
    parts = surface({**files, "own/plain/__init__.py": "", "own/plain/b.py": ""}).public_parts("own")
    assert parts == ("own.lazy", "own.lazy.a", "own.plain")


def test_where_modules_are_searched_elsewhere_none_is_missing() -> None:
    files = {**OWNER, "own/__init__.py": "import sys\nsys.meta_path.insert(0, object())\n"}
    assert surface(files).missing(ImportStep(MODULE, "own.removed", "", 1)) is None


def test_a_part_that_is_aliased_under_its_former_name_is_not_missing() -> None:
    alias = "import sys\nMOVED = {'own.models': 'own.parts'}\nsys.meta_path.insert(0, finder(sys.modules, MOVED))\n"
    files = {"own/__init__.py": "from own.alias import MOVED\n", "own/alias.py": alias, "own/parts.py": ""}
    assert surface(files).missing(imported("own.models")) is None
    assert surface(files).missing(imported("own.gone")) == LackedName(NAME, "own.gone", True)


USER = {
    "user/__init__.py": (
        "import own\nfrom .first import run\n"
        "try:\n    from own import tried\nexcept ImportError:\n    pass\n"
        "if own.version > 1:\n    from own import conditional\n"
        "with suppressed():\n    from own import suppressed_name\n"
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from own import typed\n"
    ),
    "user/first.py": (
        "from __future__ import annotations\nfrom own.plain import Kind\nimport own.sub as s\n\n\n"
        "class Mine(s.Base):\n    kind = s.kind\n\n    def run(self, x: s.annotation = s.default) -> None:\n"
        "        return s.inside\n\n\n"
        "def run():\n    from own import late\n\n\nmade = [s.each for one in s.several]\npick = s.a or s.b\n"
    ),
    "user/aside.py": "from own import aside\n",
    "user/part.py": "from user import first\nfrom own import part\n",
}


def needed(start: str, loaded: frozenset[str] = frozenset()) -> list[str]:
    return [need.step.name for need in ImportWalk(surface(USER), loaded).walk(start) if "own" in need.step.name]


def test_an_import_needs_what_it_asks_for_in_any_case_and_in_order() -> None:
    names = ["own", "own.plain", "own.plain.Kind", "own.sub", "own.sub.Base", "own.sub.kind", "own.sub.default"]
    assert needed("user") == [*names, "own.sub.several", "own.sub.a", "own.version"]


def test_a_part_needs_what_its_own_import_adds() -> None:
    assert needed("user.part", frozenset({"user", "user.first"})) == ["own", "own.part"]


def test_an_annotation_is_needed_where_python_evaluates_it() -> None:
    facts = facts_of(b"import own\n\n\ndef run(x: own.Kind) -> own.Back: ...\n", "user", is_package=False)
    assert facts is not None
    assert [step.name for step in facts.steps] == ["own", "own.Kind", "own.Back"]


GUARDED = """
if is_own_available():
    from own import guarded
    from . import behind
    if other.is_other_available():
        from own import both
if is_own_available() and is_other_available():
    from own import joined
if is_own_available("2") or not is_own_available():
    from own import never
if _OWN_AVAILABLE:
    from own import constant
"""


def test_what_is_needed_where_a_package_is_installed_has_it_as_a_guard() -> None:
    walk = ImportWalk(surface({"user/__init__.py": GUARDED, "user/behind.py": "from own import deep\n"})).walk("user")
    guards = {need.step.name: need.guards for need in walk if need.step.kind == NAME}
    assert guards == {
        "own.guarded": ("own",),
        "own.deep": ("own",),
        "own.both": ("other", "own"),
        "own.joined": ("other", "own"),
        "own.constant": ("own",),
    }


def test_a_guarded_name_is_a_row_where_the_pair_was_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = tmp_path / "cache"
    _keep(cache, "own==1", OLD)
    _keep(cache, "own==2", NEW)
    _keep(cache, "user==1", {"user/__init__.py": "if is_own_available():\n    from own import old\n"})
    _keep(cache, "user==2", {"user/__init__.py": ""})
    (row,) = _proposals(cache, tmp_path, capsys, "user")
    assert row["guarded"]
    proposals, results = tmp_path / "proposals", tmp_path / "results"
    proposals.write_text(json.dumps(row))
    words = [str(proposals), "--cache", str(cache), "--output", str(tmp_path / "rows"), "--results", str(results)]
    assert write_rows(words) == 0
    assert not list((tmp_path / "rows").iterdir())
    said = {"import user": "ImportError: cannot import name 'old' from 'own' (own.py)"}
    results.write_text(json.dumps({"key": "3.11 user==1 own==2", "said": said}) + "\n")
    assert write_rows(words) == 0
    assert 'names = ["own.old"]' in (tmp_path / "rows" / "own.toml").read_text()


def test_an_outline_has_no_bodies_of_functions() -> None:
    text = (
        b'x = """\ndef no():\n    pass\n"""\n\n@own.made\ndef run(\n    x=own.default,\n):\n'
        b'    """Says.\n\nimport no\n"""\n'
        b"    import late\n\n    return 1\n\n\nclass A:\n    async def f(self): return 1\n    y = own.kept\n"
    )
    facts = facts_of(text, "user", is_package=False)
    assert facts is not None
    assert facts.names == {"x", "run", "A"}
    assert b"import" not in outline(text)
    assert b"own.default" in outline(text)
    assert b"own.kept" in outline(text)


def test_a_text_that_python_3_does_not_read_says_nothing() -> None:
    assert facts_of(b"print 'x'\n", "user", is_package=False) is None
    assert surface({"own.py": "print 'x'\n"}).missing(imported("own.gone")) is None


def _keep(cache: Path, name: str, files: dict[str, str], requires: str = "") -> None:
    package, _, version = name.partition("==")
    cache.mkdir(exist_ok=True)
    with zipfile.ZipFile(cache / f"{name}.zip", "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(
            f"{package}-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n{requires}",
        )
    listed = cache / f"{package}.txt"
    listed.write_text((listed.read_text() if listed.exists() else "") + f"{version}\n")


OLD, NEW = {"own/__init__.py": "old = 1\n"}, {"own/__init__.py": "new = 1\n"}


def _proposals(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["--cache", str(cache), "--facts", str(tmp_path / "facts.db"), *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_row_has_the_borders_of_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = tmp_path / "cache"
    for version, files in (("1.0", OLD), ("1.1", OLD), ("2.0", NEW), ("2.1", NEW)):
        _keep(cache, f"own=={version}", files)
    for version, text in (("1", "import own\n"), ("2", "from own import old\n"), ("3", "from own import old\n")):
        _keep(cache, f"user=={version}", {"user/__init__.py": text})
    _keep(cache, "user==4", {"user/__init__.py": "from own import new\n"}, "Requires-Dist: own\n")
    found = {(row["first"], row["last"], row["name"]): row for row in _proposals(cache, tmp_path, capsys, "user")}
    taken, added = found["2", "3", "own.old"], found["4", "4", "own.new"]
    assert (taken["before"], taken["lacks_first"], taken["after"], taken["fixed"]) == ("1.1", "2.0", None, "4")
    assert (added["before"], added["lacks_last"], added["after"]) == (None, "1.1", "2.0")
    (tmp_path / "rows").mkdir()
    proposals = tmp_path / "proposals"
    proposals.write_text("".join(f"{json.dumps(row)}\n" for row in found.values()))
    assert write_rows([str(proposals), "--cache", str(cache), "--output", str(tmp_path / "rows")]) == 0
    text = (tmp_path / "rows" / "own.toml").read_text()
    assert 'others = ">=2"\nkind = "name"\nnames = ["own.old"]' in text
    assert '{ package = "user", versions = ">=2,<=3", fixed = "4" }' in text
    assert 'others = "<2"\nkind = "name"\nnames = ["own.new"]' in text
    results = tmp_path / "results"
    results.write_text(json.dumps({"key": "3.11 own==2.0", "said": {"from own import old": ""}}) + "\n")
    assert (
        write_rows([str(proposals), "--cache", str(cache), "--output", str(tmp_path), "--results", str(results)]) == 0
    )
    assert "own.old" not in (tmp_path / "own.toml").read_text()


def test_metadata_that_admit_no_such_pair_leave_no_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = tmp_path / "cache"
    _keep(cache, "own==1.0", OLD)
    _keep(cache, "own==2.0", NEW)
    _keep(cache, "user==1", {"user/__init__.py": "from own import old\n"}, "Requires-Dist: own<2\n")
    assert _proposals(cache, tmp_path, capsys, "user") == []


def test_a_name_that_a_package_sets_itself_is_no_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = tmp_path / "cache"
    _keep(cache, "own==1.0", OLD)
    _keep(cache, "own==2.0", NEW)
    _keep(cache, "user==1", {"user/__init__.py": "import own\nown.old = 1\nmade = own.old\n"})
    _keep(cache, "other==1", {"other/__init__.py": "import own\nmade = own.old\n"})
    assert [row["package"] for row in _proposals(cache, tmp_path, capsys)] == ["other"]


def test_what_is_too_old_is_told_where_a_requirement_admits_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    _keep(cache, "own==1.0", OLD)
    _keep(cache, "own==2.0", NEW)
    _keep(cache, "user==1", {"user/__init__.py": "from own import new\n"})
    _keep(cache, "other==1", {"other/__init__.py": "from own import new\n"}, "Requires-Dist: own>=1\n")
    assert [row["package"] for row in _proposals(cache, tmp_path, capsys)] == ["other"]


def test_the_release_that_repairs_it_is_the_first_of_all_that_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    _keep(cache, "own==1.0", OLD)
    _keep(cache, "own==2.0", NEW)
    for version, text in (("1", "from own import old"), ("2", ""), ("3", "from own import old"), ("4", "")):
        _keep(cache, f"user=={version}", {"user/__init__.py": f"{text}\n"})
    rows = _proposals(cache, tmp_path, capsys, "user")
    assert [(row["first"], row["fixed"]) for row in rows] == [("1", "4"), ("3", "4")]


def test_a_part_is_told_where_the_package_itself_imports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = tmp_path / "cache"
    _keep(cache, "own==1.0", OLD)
    _keep(cache, "own==2.0", NEW)
    _keep(cache, "user==1", {"user/__init__.py": "", "user/part.py": "from own import old\n"})
    _keep(cache, "user==2", {"user/__init__.py": "from own import old\n", "user/part.py": "from own import old\n"})
    rows = _proposals(cache, tmp_path, capsys, "user", "--parts")
    assert [(row["first"], row["moment"]) for row in rows] == [("2", "import"), ("1", "user.part")]
    assert [row["moment"] for row in _proposals(cache, tmp_path, capsys, "user")] == ["import"]


def test_the_modules_of_a_shared_folder_are_those_that_have_a_file() -> None:
    storage = {"google/cloud/storage/__init__.py": "", "google/cloud/storage/blob.py": ""}
    assert surface(storage).tops == ("google.cloud.storage",)
    sharing = '__import__("pkg_resources").declare_namespace(__name__)\n'
    declared = {"google/__init__.py": sharing, "google/cloud/__init__.py": sharing, **storage}
    assert surface(declared).tops == ("google.cloud.storage",)
    assert surface({"graph/run/__init__.py": "", "graph/types.py": ""}).tops == ("graph.run", "graph.types")


def test_each_module_of_a_shared_folder_is_an_import_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    for version, text in (("1", "old = 1\n"), ("2", "new = 1\n")):
        _keep(cache, f"graph-store=={version}", {"graph/store/base/__init__.py": text})
    parts = {"graph/run/__init__.py": "from graph.store.base import old\n", "graph/types.py": "kind = 1\n"}
    _keep(cache, "graph==1", parts, "Requires-Dist: graph-store\n")
    (found,) = _proposals(cache, tmp_path, capsys, "graph")
    assert (found["other"], found["name"], found["moment"]) == ("graph-store", "graph.store.base.old", "graph.run")
    assert found["lacks_first"] == "2"
