"""The quick lock parser loses file lists and nothing else; the guarded one refuses what only an attack has."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli

from mlaudit.document.toml import loads_lock, toml_loads

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("MLAUDIT_CORPUS", ROOT.parent / "shared" / "corpus"))
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus: set MLAUDIT_CORPUS to its folder")

URL = '{ url = "https://e.example/a.whl", hash = "sha256:00", size = 1, upload-time = "2025-04-01T11:53:03.037Z" }'
FILE = '{file = "a-1.0.tar.gz", hash = "sha256:00"}'
PYLOCK = '{ url = "https://e.example/a.whl", upload-time = 2024-12-31T23:59:59Z, size = 1, hashes = { sha256 = "00" } }'


def emptied(value: object) -> object:
    """The document as it is where no caller asks for files."""
    if isinstance(value, list):
        return [emptied(item) for item in value]
    if not isinstance(value, dict):
        return value
    empty: dict[str, object] = {"wheels": [], "files": [], "sdist": {}}
    return {
        key: empty[key] if key in empty and type(member) is type(empty[key]) else emptied(member)
        for key, member in value.items()
    }


CUT = {
    "uv wheels": f"[[package]]\nname = 'a'\nwheels = [\n    {URL},\n    {URL},\n]\n\n[next]\n",
    "uv sdist": f"[[package]]\nsdist = {URL}\nwheels = [\n    {URL},\n]\nb = 1\n",
    "uv 0.1": '[[package]]\nwheels = [\n    { url = "u", hash = "h" },\n    { url = "u", hash = "h", size = 10 },\n]\n',
    "poetry and pdm": f"[[package]]\nfiles = [\n    {FILE},\n    {FILE},\n]\n",
    "pylock lines": f"[[packages]]\nsdist = {PYLOCK}\nwheels = [\n    {PYLOCK},\n]\n",
    "pylock in one line": f"[[packages]]\nwheels = [{PYLOCK}]\n",
    "windows": f"[[package]]\r\nwheels = [\r\n    {URL},\r\n]\r\nlast = 1\r\n",
    "in an inline table": f"[[package]]\nx = 'wheels = ['\nwheels = [\n    {URL},\n]\n",
}

KEPT = {
    "in a basic string": f'[[package]]\ndescription = """\nwheels = [\n    {URL},\n]\n"""\nversion = "1"\n',
    "in a literal string": f"[[package]]\ndescription = '''\nsdist = {URL}\nwheels = [\n    {URL},\n]\n'''\n",
    "beside a long string": f'[[package]]\nd = """x"""\nwheels = [\n    {URL},\n]\n',
    "another indent": f"[[package]]\nwheels = [\n  {URL},\n]\n",
    "no last comma": f"[[package]]\nwheels = [\n    {URL}\n]\n",
    "a comment within": f"[[package]]\nwheels = [\n    {URL}, # [\n]\n",
    "a comment behind": f"[[package]]\nwheels = [\n    {URL},\n] # x\n",
    "an unknown key": '[[package]]\nwheels = [\n    { url = "u", hash = "h", yanked = true },\n]\n',
    "an escape": '[[package]]\nwheels = [\n    { url = "\\u0075", hash = "h" },\n]\n',
    "no hash": '[[package]]\nwheels = [\n    { url = "u" },\n]\n',
    "other keys": f"[[package]]\nwheel = [\n    {URL},\n]\nsource = {URL}\n'sdist' = {URL}\n",
    "at the very end": f"[[package]]\nwheels = [\n    {URL},\n]",
    "strings": '[[package]]\nfiles = ["a", "b"]\nsdist = ["c"]\n',
    "a name that ends so": f"[[package]]\nmy.wheels = [\n    {URL},\n]\n",
}

BROKEN = {
    "a merge conflict": f"[[package]]\nwheels = [\n<<<<<<< HEAD\n    {URL},\n=======\n    {URL},\n>>>>>>> b\n]\n",
    "a key twice": '[[package]]\nwheels = [\n    { url = "u", url = "u", hash = "h" },\n]\n',
    "wheels twice": f"[[package]]\nwheels = [\n    {URL},\n]\nwheels = [\n    {URL},\n]\n",
    "no such day": f"[[package]]\nwheels = [{PYLOCK.replace('2024-12-31', '2023-02-29')}]\n",
    "no such hour": f"[[package]]\nwheels = [{PYLOCK.replace('T23', 'T24')}]\n",
    "leading zero": f"[[package]]\nwheels = [\n    {URL.replace('size = 1', 'size = 01')},\n]\n",
    "a control character": f"[[package]]\nwheels = [\n    {URL.replace('a.whl', chr(7))},\n]\n",
    "in an array": f"a = [\nwheels = [\n    {URL},\n]\n]\n",
    "cut off": f"[[package]]\nwheels = [\n    {URL},\n",
    "behind a cut": f"[[package]]\nwheels = [\n    {URL},\n]\nname = \n",
}


@pytest.mark.parametrize("text", CUT.values(), ids=CUT)
def test_file_lists_in_the_tools_own_layout_are_emptied(text: str) -> None:
    full = tomli.loads(text)
    assert loads_lock(text) == emptied(full)
    assert loads_lock(text) != full


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_looks_unusual_is_read_complete(text: str) -> None:
    assert loads_lock(text) == tomli.loads(text)


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_stays_broken_at_the_same_place(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as expected:
        tomli.loads(text)
    with pytest.raises(ValueError, match=r".") as raised:
        loads_lock(text)
    assert str(raised.value) == str(expected.value)


@pytest.mark.parametrize("month", range(1, 14))
def test_dates_are_cut_only_where_they_exist(month: int) -> None:
    for day in range(32):
        text = f"[[packages]]\nwheels = [{PYLOCK.replace('2024-12-31', f'2023-{month:02}-{day:02}')}]\n"
        try:
            expected = emptied(tomli.loads(text))
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                loads_lock(text)
        else:
            assert loads_lock(text) == expected


HOSTILE = {
    "a key of 20,000 parts": ("a." * 20_000 + "a = 1\n", "line 1"),
    "a quoted key of many parts": ('x = 1\n"a\\"".\'b\' . c' + ".d" * 100 + " = 1\n", "line 2"),
    "a header of many parts": ("\n\n [[ a" + ".b" * 200 + " ]]\n", "line 3"),
    "deep arrays": ("a = " + "[" * 100_000, "nested too deep"),
    "deep inline tables": ("a = " + "{a=" * 100_000, "nested too deep"),
    "a number of many digits": ("a = " + "9" * 5_000, "digits"),
    "a number of many hexadecimal digits": (
        "b = '0x'\na = [{c = -1}, {c = 0x" + "f" * 5_000 + "}]\n",
        "64 bits .at line 2",
    ),
    "no TOML": ("a = 1\nb\n", "line 2"),
    "binary": ("\x00\x01", "line 1"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("parse", [toml_loads, loads_lock], ids=["toml_loads", "loads_lock"])
def test_hostile_text_is_a_value_error(parse: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c = 1\n",
        'a = """\n' + "1." * 100 + '\n"""\n',
        "u = '" + "a." * 100 + "'\n",
        "[a . 'b']\n",
        "u = '0x" + "f" * 5_000 + "'\n",
    ],
)
def test_ordinary_toml_is_read_as_tomli_reads_it(text: str) -> None:
    assert toml_loads(text) == loads_lock(text) == tomli.loads(text)


def corpus_locks() -> list[Path]:
    names = ("uv.lock", "*.py.lock", "poetry.lock", "pdm*.lock", "pylock*.toml")
    return sorted(path for name in names for path in CORPUS.rglob(name) if path.is_file())


@needs_corpus
@pytest.mark.parametrize("path", corpus_locks(), ids=lambda path: str(path.relative_to(CORPUS)))
def test_every_lock_of_the_corpus_loses_its_file_lists_only(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    full, quick = tomli.loads(text), loads_lock(text)
    assert emptied(quick) == emptied(full)
    for table in ("package", "packages"):
        packages = quick.get(table, [])
        assert isinstance(packages, list)
        assert not any(package.get("wheels") for package in packages), "a layout that is not recognized"


@needs_corpus
def test_every_toml_file_of_the_corpus_is_read_as_tomli_reads_it() -> None:
    for path in sorted(CORPUS.rglob("*.toml")):
        text = path.read_bytes().decode("utf-8")
        try:
            expected = tomli.loads(text)
        except ValueError:
            continue
        assert toml_loads(text) == expected, path
