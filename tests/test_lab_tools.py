"""The maintainers' small tools: what is generated, printed and published."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlaudit.lab import code_index, generate, picture, prepared_knowledge, sentences
from mlaudit.lab.module_facts import attributes_set, exports, facts_of
from mlaudit.lab.name_rows import short
from mlaudit.lab.publish import publish
from mlaudit.model.packaged import HOME


def test_every_generated_file_is_written_and_the_hook_in_a_checkout_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    committed = {name: getattr(generate, name) for name in ("INDEX", "RULES", "DATE", "HOOKS")}
    for number, name in enumerate(committed):
        monkeypatch.setattr(generate, name, tmp_path / f"{number}")
    monkeypatch.setattr(generate, "write_prepared", lambda: None)
    assert generate.main() == 0
    assert capsys.readouterr().out.split() == ["wrote", "0", "wrote", "1", "wrote", "2", "wrote", "_prepared"]
    assert not (tmp_path / "3").exists()
    (tmp_path / "3").write_text(committed["HOOKS"].read_text(encoding="utf-8"), encoding="utf-8")
    assert generate.main() == 0
    for number, path in enumerate(committed.values()):
        assert (tmp_path / f"{number}").read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_prepared_knowledge_is_what_the_files_say_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_knowledge, "HOME", tmp_path)
    monkeypatch.setattr(prepared_knowledge, "PREPARED", tmp_path / "knowledge" / "_prepared")
    (tmp_path / "knowledge" / "_prepared").mkdir(parents=True)
    (tmp_path / "knowledge" / "_prepared" / "gone.json").write_text("{}")
    prepared_knowledge.write_prepared()
    written = {path: path.read_text(encoding="utf-8") for path in prepared_knowledge.PREPARED.iterdir()}
    assert written == prepared_knowledge.prepared_files()
    assert len(list((HOME / "knowledge").rglob("*.toml"))) >= len(written) > 20


def test_sentences_of_packages_are_printed_with_their_remedies(capsys: pytest.CaptureFixture[str]) -> None:
    sentences.main(["lightgbm", "outlines"])
    shown = capsys.readouterr().out
    assert shown.startswith("\n# lightgbm\n")
    assert "\n    fix: " in shown
    assert "outlines-numpy-2 [outlines " in shown.partition("\n# outlines\n")[2]
    assert "[explain]" not in shown.partition("\n# outlines\n")[2]


def test_an_address_that_is_none_is_published_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the address of a repository"):
        publish("acme/mlaudit", tmp_path)


def test_a_picture_loads_no_font_from_elsewhere() -> None:
    drawn = picture.drawn("\x1b[31merror\x1b[0m and words\n")
    assert "and" in drawn
    assert "@font-face" not in drawn
    assert "http://www.w3.org/2000/svg" in drawn


def test_the_index_of_code_says_what_it_cannot_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_index.main([str(tmp_path)]) == 2
    assert "usage: python -m mlaudit.lab.code_index FOLDER WHEEL ..." in capsys.readouterr().err
    (tmp_path / "wheel").mkdir()
    assert code_index.main([str(tmp_path / "index"), str(tmp_path / "wheel")]) == 2
    assert "expected a wheel, or a folder that holds one unpacked; it has 0 *" in capsys.readouterr().err
    texts = {
        "pinbox-1.0.dist-info/METADATA": "Name: pinbox\n",
        "pinbox/__init__.py": '"""What it is."""\nNAME = "'
        + "long " * 20
        + '"  # why\n\n\ndef __getattr__(name):\n    return 1\n',
        "pinbox/idle.py": "def idle():\n    one = 1\n    return 1\n\n\n@wraps\nasync def used(of):\n    return of.a\n",
        "pinbox/broken.py": "def (\n",
        "pinbox/shown.pyi": "def a() -> int: ...\n",
        "pinbox/fast.so": "",
        "pinbox/tests/test_a.py": "A = 1\n",
    }
    for name, text in texts.items():
        path = tmp_path / "wheel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    release = code_index.release_of(tmp_path / "wheel")
    assert release.files == {
        "pinbox/__init__.py": "0\nNAME = ''\n\n\ndef __getattr__(name):\n    return 1\n",
        "pinbox/broken.py": "def (\n",
        "pinbox/fast.so": None,
        "pinbox/idle.py": "def idle():\n    0\n\n\n\n@wraps\nasync def used(of):\n    return of.a\n",
        "pinbox/shown.pyi": "def a() -> int: ...\n",
    }
    assert code_index.main([str(tmp_path / "index"), str(tmp_path / "wheel")]) == 0
    monkeypatch.setattr(code_index, "MAX_PACKED", 10)
    assert code_index.main([str(tmp_path / "index"), str(tmp_path / "wheel")]) == 2
    assert "a file of the index may have 10" in capsys.readouterr().err


def test_releases_that_lose_and_gain_files_are_told_apart() -> None:
    old = code_index.IndexedRelease(
        package="p", version="1.0", files={"a.py": "1", "gone.py": "1", "b.so": None, "c.py": "1"}
    )
    new = code_index.IndexedRelease(
        package="p", version="1.1", files={"a.py": "1\n2", "b.so": None, "c.py": None, "d.so": None}
    )
    changes = dict(code_index._changes(old.files, new.files))
    assert changes == {"gone.py": False, "a.py": [[0, 1], "2"], "c.py": True, "d.so": True}


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("import own\nown.first.second = 1\n", {"second"}),
        ("import own as other\nsetattr(other, 'later', 1)\nsetattr(other, 'a' + 'b', 1)\nsetattr(other)\n", {"later"}),
        ("import sys\nsys.modules['own.moved'] = 1\nsys.modules[__name__] = 2\n", {"moved"}),
        ("import own\nown.made().value = 1\nown.rows[0].cell = 2\nlocal.name = 3\n", {"value", "cell"}),
        ("def (", set()),
    ],
)
def test_what_a_module_sets_on_others(text: str, attributes: set[str]) -> None:
    assert attributes_set(text.encode()) == attributes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("__all__ = ['a', 'b']\n", {"a", "b"}),
        ("__all__ = ('a',)\n", {"a"}),
        ("x = 1\n__all__ = made()\n", None),
        ("__all__ = ['a', b]\n", None),
        ("__all__ = []\n__all__ += ['a']\n", None),
        ("if x:\n    __all__ = ['a']\n", None),
        ("", None),
        ("def (", None),
    ],
)
def test_what_a_star_brings_where_a_module_lists_it(text: str, names: set[str] | None) -> None:
    assert exports(text.encode()) == names


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("x = 1\n", "closed"),
        ("__getattr__ = made\n", "bounded"),
        ("import sys\nsys.modules[__name__] = Lazy()\n", "bounded"),
        ("def __getattr__(name):\n    own = 1\n    return getattr(own, name)\n", "bounded"),
        ("def __getattr__(name):\n    return getattr()\n", "bounded"),
        ("def __getattr__(name):\n    return getattr(other, name)\n", "open"),
        ("globals().update(other)\n", "open"),
        ("import sys\nsetattr(sys.modules[__name__], name, 1)\n", "open"),
    ],
)
def test_how_far_the_names_of_a_module_are_known(text: str, form: str) -> None:
    facts = facts_of(text.encode(), "own", is_package=False)
    assert facts is not None
    assert facts.form == form


@pytest.mark.parametrize(
    ("version", "shown"),
    [("1.0.0", "1"), ("1.2.0", "1.2"), ("1.0rc1", "1.0rc1"), ("0.1", "0.1"), ("2.0.post1", "2.0.post1")],
)
def test_zeros_at_the_end_of_a_version_are_left_out(version: str, shown: str) -> None:
    assert short(version) == shown
