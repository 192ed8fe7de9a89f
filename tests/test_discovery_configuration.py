"""Which configuration applies to a folder, and what the options change of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlaudit.discovery.configuration import root_of, settings_for
from mlaudit.model.errors import UsageError
from mlaudit.model.scales import Severity
from mlaudit.request.asked import Overlay
from mlaudit.request.config_file import ConfigError
from mlaudit.request.settings import Settings
from tests.checkout import write

CODES = frozenset(("MLA001", "MLA002"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def asked(start: str = ".", config: str | None = None, *, isolated: bool = False, **overlay: Any) -> Settings:
    named = Path(config) if config is not None else None
    return settings_for(Path(start), Path(), named, Overlay(**overlay), codes=CODES, isolated=isolated)


@pytest.mark.parametrize(
    ("repository", "start", "root"),
    [
        ("a/.git/HEAD", "a/b/c", "a"),
        (".git/HEAD", "a/b/c", "."),
        ("../.git/HEAD", "a/b/c", ".."),
        ("x/.git/HEAD", "a/b/c", "."),
        ("../other/.git/HEAD", "../other/deep", "."),
    ],
)
def test_the_root_holds_the_repository(here: Path, repository: str, start: str, root: str) -> None:
    write(here, {repository: ""})
    (here / start).mkdir(parents=True, exist_ok=True)
    assert root_of(Path(start)) == Path(root)


@pytest.mark.parametrize(
    ("start", "level"),
    [("a/b/c", "info"), ("a/b/c/requirements.txt", "info"), ("a/b", "info"), ("a", "never"), (".", "never")],
)
def test_the_nearest_configuration_above_applies(here: Path, start: str, level: str) -> None:
    write(here.parent, {"mlaudit.toml": 'fail-on = "warning"\n'})
    write(here, {"mlaudit.toml": 'fail-on = "never"\n', "a/b/mlaudit.toml": 'fail-on = "info"\n'})
    write(here, {"a/b/c/requirements.txt": ""})
    assert asked(start).fail_on == {"info": Severity.INFO, "never": None}[level]


def test_nothing_above_the_root_is_read(here: Path) -> None:
    write(here.parent, {"mlaudit.toml": 'fail-on = "never"\n'})
    assert asked() == Settings()


def test_options_come_before_and_beside_what_is_configured(here: Path) -> None:
    lists = 'select = ["MLA001"]\nignore-codes = ["MLA002"]\npackages = ["a"]\n'
    text = f'fail-on = "never"\n{lists}[define]\nA = "1"\nB = "2"\n'
    write(here, {"mlaudit.toml": text})
    configured = asked()
    assert (configured.fail_on, configured.select, configured.named_by_user) == (None, ("MLA001",), False)
    both = asked(fail_on="warning", select=["MLA002"], ignore=["MLA001"], packages=["b"], defines={"B": "3", "C": "4"})
    assert both == replace(
        configured,
        fail_on=Severity.WARNING,
        select=("MLA002",),
        ignore_codes=("MLA002", "MLA001"),
        packages=("a", "b"),
        defines={"A": "1", "B": "3", "C": "4"},
    )
    assert asked(isolated=True) == Settings()
    assert asked(isolated=True, packages=["b"]).packages == ("b",)


def test_a_level_that_there_is_not(here: Path) -> None:
    with pytest.raises(UsageError, match=r"^--fail-on odd: expected one of error, warning, info, never$"):
        asked(fail_on="odd")


@pytest.mark.parametrize("isolated", [False, True])
def test_the_configuration_that_the_user_names(here: Path, isolated: bool) -> None:
    write(here, {"mlaudit.toml": 'fail-on = "never"\n', "other.toml": 'fail-on = "info"\n'})
    settings = asked(config="other.toml", isolated=isolated)
    assert (settings.fail_on, settings.named_by_user) == (Severity.INFO, True)
    with pytest.raises(UsageError, match=r"^--config gone\.toml: "):
        asked(config="gone.toml")
    (here / "folder.toml").mkdir()
    with pytest.raises(UsageError, match=r"^--config folder\.toml: "):
        asked(config="folder.toml")


def test_a_configuration_that_is_not_read_is_said(here: Path) -> None:
    own = here / "mlaudit.toml"
    own.mkdir()
    with pytest.raises(ConfigError, match=": it is not a regular file; --no-config audits without it"):
        asked()
    own.rmdir()
    own.symlink_to("gone.toml")
    with pytest.raises(ConfigError, match=": it is a link to something that does not exist; --no-config"):
        asked()
    own.unlink()
    write(here.parent, {"outside.toml": 'fail-on = "never"\n'})
    own.symlink_to("../outside.toml")
    with pytest.raises(ConfigError, match=": it is a link that leads out of the audited folder; --no-config"):
        asked()
    own.unlink()
    write(here, {"inside.txt": 'fail-on = "never"\n'})
    own.symlink_to("inside.txt")
    assert asked().fail_on is None


def test_another_file_that_is_none_is_passed_over(here: Path) -> None:
    (here / "pyproject.toml").mkdir()
    assert asked() == Settings()
