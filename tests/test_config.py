"""The configuration: the contract's example read whole, every mistake told at its place, nothing taken in silence."""

from __future__ import annotations

from datetime import date

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.model.nouns import Place, Severity
from mlaudit.request.config_file import ConfigError, find_configuration, load
from mlaudit.request.settings import GroupRule, Selection, Settings, platform_and_machine, python_version

EXAMPLE = """\
[tool.mlaudit]
fail-on = "warning"
target = { python = "3.11", platform = "linux-x86_64" }
packages = ["our-*"]
select = ["MLA0", "MLA3"]
ignore-codes = ["MLA001"]

[tool.mlaudit.define]
TORCH = "2.5.1"

[tool.mlaudit.environments.training]
sources = ["uv.lock#package=trainer", "training/Dockerfile#stage=train"]
extras = ["gpu"]
groups = ["train"]
target = { python = "3.10.4" }
writes = ["models/"]
artifact-kinds = ["sklearn.pickle"]

[tool.mlaudit.environments.serving]
role = "api"
sources = ["serving/requirements.txt"]
follows = "training"
reads = ["models/model.pkl"]

[tool.mlaudit.environments.batch]
sources = ["batch/requirements.txt"]
follows = ["training", "serving"]

[[tool.mlaudit.pairs]]
training = "services/*/train"
serving = "services/*/serve"

[[tool.mlaudit.same]]
files = ["training/features.py", "serving/features.py"]

[tool.mlaudit.severity]
MLA002 = "info"

[[tool.mlaudit.severity-for]]
package = "torch*"
environment = "serving"
level = "error"

[[tool.mlaudit.ignore]]
package = "pandas"
code = "MLA001"
environment = "serving"
reason = "serving only formats timestamps with it"
until = 2027-03-31

[[tool.mlaudit.version-groups]]
packages = ["jax", "jaxlib"]
together = true

[[tool.mlaudit.version-groups]]
packages = ["boto*"]
may-differ = true
reason = "uploads only"

[[tool.mlaudit.version-groups]]
packages = ["scikit-learn"]
follows = "training"
environments = ["serving", "batch"]

[[tool.mlaudit.banned]]
package = "torch"
versions = "==2.5.0"
environment = "serving"
reason = "wrong results of scaled_dot_product_attention on our cards"
"""


def loaded(text: str, path: str = "mlaudit.toml") -> Settings:
    return load(Document(path, text.encode("utf-8")))


def refused(text: str, path: str = "mlaudit.toml") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        loaded(text, path)
    return caught.value


def test_the_example_is_read_whole() -> None:
    found = loaded(EXAMPLE, "pyproject.toml")
    assert found.path == "pyproject.toml"
    assert found.fail_on is Severity.WARNING
    assert (found.target.python, found.target.platform, found.target.machine) == ("3.11", "linux", "x86_64")
    assert found.packages == ("our-*",)
    assert (found.select, found.ignore_codes) == (("MLA0", "MLA3"), ("MLA001",))
    assert found.defines == {"TORCH": "2.5.1"}
    assert [(pair.training, pair.serving) for pair in found.pairs] == [("services/*/train", "services/*/serve")]
    assert [same.files for same in found.same] == [("training/features.py", "serving/features.py")]


def test_environments_of_the_example() -> None:
    training, serving, batch = loaded(EXAMPLE, "pyproject.toml").environments
    assert (training.name, training.role, serving.role, batch.role) == ("training", "training", "api", "batch")
    assert training.sources == ("uv.lock#package=trainer", "training/Dockerfile#stage=train")
    assert (training.extras, training.groups, training.target.python) == (("gpu",), ("train",), "3.10.4")
    assert (training.writes, training.artifact_kinds) == (("models/",), ("sklearn.pickle",))
    assert (serving.follows, batch.follows) == (("training",), ("training", "serving"))
    assert serving.reads == ("models/model.pkl",)
    assert serving.target.python is None


def test_policy_of_the_example() -> None:
    found = loaded(EXAMPLE, "pyproject.toml")
    assert [(row.selection, row.level) for row in found.severities] == [
        (Selection(code="MLA002"), Severity.INFO),
        (Selection(package="torch*", environment="serving"), Severity.ERROR),
    ]
    (ignore,) = found.ignores
    assert ignore.selection == Selection(package="pandas", code="MLA001", environment="serving")
    assert ignore.until == date(2027, 3, 31)
    assert [(group.packages, group.rule, group.follows) for group in found.version_groups] == [
        (("jax", "jaxlib"), GroupRule.TOGETHER, None),
        (("boto*",), GroupRule.MAY_DIFFER, None),
        (("scikit-learn",), GroupRule.FOLLOWS, "training"),
    ]
    assert [(row.package, row.versions, row.environment) for row in found.banned] == [("torch", "==2.5.0", "serving")]


def test_every_row_knows_its_place() -> None:
    found = loaded(EXAMPLE, "pyproject.toml")
    lines = EXAMPLE.splitlines()

    def at(place: Place | None) -> str:
        assert place is not None
        assert place.path == "pyproject.toml"
        assert place.line is not None
        assert place.column is not None
        return lines[place.line - 1][place.column - 1 :]

    training = found.environments[0]
    assert at(training.at) == "[tool.mlaudit.environments.training]"
    assert [at(place) for place in training.source_places] == [
        '"uv.lock#package=trainer", "training/Dockerfile#stage=train"]',
        '"training/Dockerfile#stage=train"]',
    ]
    assert at(training.target.at) == '{ python = "3.10.4" }'
    assert at(found.ignores[0].at) == "[[tool.mlaudit.ignore]]"
    assert [at(row.at) for row in found.severities] == ['"info"', '"error"']
    assert [at(row.at) for row in found.version_groups] == ["[[tool.mlaudit.version-groups]]"] * 3
    assert at(found.pairs[0].at) == "[[tool.mlaudit.pairs]]"
    assert at(found.banned[0].at) == "[[tool.mlaudit.banned]]"


def test_the_same_keys_stand_without_prefix_in_mlaudit_toml() -> None:
    short = EXAMPLE.replace("[tool.mlaudit]\n", "").replace("tool.mlaudit.", "")
    found, shared = loaded(short), loaded(EXAMPLE, "pyproject.toml")
    assert [one.sources for one in found.environments] == [one.sources for one in shared.environments]
    assert [row.selection for row in found.severities] == [row.selection for row in shared.severities]
    assert found.fail_on is shared.fail_on


def test_nothing_declared() -> None:
    assert loaded("") == Settings(path="mlaudit.toml")
    assert loaded("[project]\nname = 'x'\n", "pyproject.toml") == Settings(path="pyproject.toml")
    assert loaded('fail-on = "never"').fail_on is None


MISTAKES = [
    ("fail-no = 1", "1:1", 'did you mean "fail-on"?'),
    ("zzz = 1", "1:1", "known here: banned, define, environments"),
    ('\nfail-on = "eror"', "2:11", '"eror" is no level; expected error or warning or info or never'),
    ("fail-on = 3", "1:11", "fail-on: expected a string, found a number"),
    ('target = { python = "py3" }', "1:21", 'such as "3.11" or "3.11.7"'),
    ('target = { platform = "amiga" }', "1:23", 'such as "linux-x86_64"'),
    ("target = { pyhton = '3.11' }", "1:12", 'did you mean "python"?'),
    ("environments = []", "1:16", "expected a table, found a list"),
    ("[environments.a]\nsource = ['x']", "2:1", 'did you mean "sources"?'),
    ("[environments.a]\nsources = 'x'", "2:11", "environments.a.sources: expected a list, found a string"),
    ("[environments.a]\nsources = ['x', 1]", "2:17", "environments.a.sources[1]: expected a string, found a number"),
    ("[environments.a]\nsources = ['x', ' ']", "2:17", "a text that is not empty"),
    ("\n[environments.a]\nsources = []", "2:1", 'environment "a" has no sources'),
    ("[environments.a]\nrole = 'x'", "1:1", 'environment "a" has no sources'),
    ("[environments.'a=b']\nsources = ['x']", "1:15", "printable text without ="),
    (
        "[environments.training]\nsources = ['x']\n[environments.b]\nsources = ['y']\nfollows = 'trainin'",
        "5:11",
        'there is no other environment "trainin"; did you mean "training"?',
    ),
    ("[environments.a]\nsources = ['x']\nfollows = 'a'", "3:11", 'there is no other environment "a"'),
    ("[environments.a]\nsources = ['x']\nfollows = [3]", "3:12", "expected a string, found a number"),
    ("[[pairs]]\ntraining = 'a/*'", "1:1", '"serving" is missing'),
    ("[[same]]\nfiles = ['a.py']", "2:9", "at least two files"),
    ("[severity]\nMLA001 = 'off'", "2:10", '"off" is no level; expected error or warning or info'),
    ("[[severity-for]]\npackage = 'torch'", "1:1", '"level" is missing'),
    ("[[severity-for]]\nlevel = 'info'", "1:1", "at least one of package, code, environment"),
    ("[[ignore]]\npackage = 'torch'", "1:1", '"reason" is missing'),
    ("[[ignore]]\nreason = 'all is well'", "1:1", "at least one of package, code, environment"),
    ("[[ignore]]\npackage = 'a'\nreason = 'b'\nuntil = '2027-01-01'", "4:9", "a date without quotes"),
    ("[[ignore]]\npackage = 'a'\nreason = 'b'\nuntil = 2027-01-01T00:00:00", "4:9", "a date without quotes"),
    ("[[ignore]]\npackage = 'a'\nresaon = 'b'", "3:1", 'did you mean "reason"?'),
    ("ignore = ['MLA001']", "1:11", "expected a table, found a string"),
    ("[[version-groups]]\npackages = ['a']", "1:1", "expected exactly one of together = true"),
    ("[[version-groups]]\npackages = ['a']\ntogether = true\nfollows = 'b'", "1:1", "expected exactly one of"),
    ("[[version-groups]]\npackages = ['a']\ntogether = 'yes'", "3:12", "expected true or false, found a string"),
    ("[[version-groups]]\ntogether = true", "1:1", "at least one package"),
    ("[[banned]]\npackage = 'a'\nversions = '2.5'\nreason = 'b'", "3:12", 'such as "==2.5.0"'),
    ("[define]\nTORCH = 2", "2:9", "define.TORCH: expected a string, found a number"),
    ("[tool.mlaudit]\nfail-on = 'error'", "1:7", "only a pyproject.toml has [tool.mlaudit]"),
    ("a = [", "1:6", "it is not valid TOML"),
    ("a = 1\na = 2", "2:6", "it is not valid TOML"),
]


@pytest.mark.parametrize(("text", "at", "why"), MISTAKES)
def test_mistakes_are_told_at_their_place(text: str, at: str, why: str) -> None:
    error = refused(text)
    assert why in error.why
    assert str(error.at) == f"mlaudit.toml:{at}"
    assert str(error).startswith(f"mlaudit.toml:{at}: ")


def test_places_in_a_shared_file() -> None:
    error = refused("[project]\nname = 'x'\n[tool.mlaudit]\nfail-no = 1\n", "sub/pyproject.toml")
    assert str(error.at) == "sub/pyproject.toml:4:1"
    assert "tool.mlaudit.fail-no" in error.why


def test_bytes_that_are_no_text() -> None:
    for data in (b"\xff\xfe\x00", b"\x00\x01", b"a = '\xe9'"):
        with pytest.raises(ConfigError):
            load(Document("mlaudit.toml", data))


def test_codes_are_held_against_the_rules_where_these_are_given() -> None:
    codes = ("MLA001", "version-differs", "MLA002", "ranges-disjoint")

    def with_codes(text: str) -> Settings:
        return load(Document("mlaudit.toml", text.encode()), codes=codes)

    assert with_codes("select = ['MLA0', 'version-differs']").select == ("MLA0", "version-differs")
    for text, at, near in (
        ("[severity]\nversion-difers = 'info'", "2:1", 'did you mean "version-differs"?'),
        ("[[ignore]]\ncode = 'MLA0'\nreason = 'x'", "2:8", '"MLA0" is no rule'),
        ("select = ['MLA9']", "1:11", '"MLA9" is no rule'),
    ):
        with pytest.raises(ConfigError) as caught:
            with_codes(text)
        assert str(caught.value.at) == f"mlaudit.toml:{at}"
        assert near in caught.value.why


KEYS = st.sampled_from(("fail-on", "target", "environments", "ignore", "severity", "select", "pairs", "define", "x"))
VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.sampled_from(("'error'", "2027-01-01", "''", "nan", "12:00:00"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: f"[{', '.join(map(toml, members))}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {toml(value)}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=6,
)


def toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@settings(max_examples=400, deadline=None)
def test_any_valid_toml_is_settings_or_an_error_with_a_place(table: dict[str, object]) -> None:
    text = "\n".join(f"{key} = {toml(value)}" for key, value in table.items())
    tomli.loads(text)
    found = outcome(text)
    if isinstance(found, ConfigError):
        assert found.at.line is not None
        assert found.why


def outcome(text: str) -> Settings | ConfigError:
    try:
        return loaded(text)
    except ConfigError as error:
        return error


def test_the_nearest_configuration_applies() -> None:
    files = {
        "a/mlaudit.toml": "",
        "a/pyproject.toml": "[tool.mlaudit]\n",
        "a/b/pyproject.toml": "[project]\nname = 'mlaudit-plugin'\n",
        "c/pyproject.toml": "[tool.mlaudit]\n",
        "d/pyproject.toml": "[tool.mlaudit\n",
        "e/pyproject.toml": "[tool\n",
    }

    def ask(path: str) -> Document | None:
        return Document(path, files[path].encode()) if path in files else None

    def found(*folders: str) -> str | None:
        document = find_configuration(folders, ask)
        return document.path if document else None

    assert found("a/b/", "a/", "") == "a/mlaudit.toml"
    assert found("c/", "") == "c/pyproject.toml"
    assert found("d/", "") == "d/pyproject.toml", "a broken file that speaks of mlaudit must not be passed over"
    assert found("e/", "") is None
    assert found("") is None


@pytest.mark.parametrize("text", ["3", "3.x", "python3.11", "3.11.7.1", "", "3.11 "])
def test_no_python_version(text: str) -> None:
    with pytest.raises(ValueError, match="expected a Python version"):
        python_version(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux", ("linux", None)),
        ("linux-aarch64", ("linux", "aarch64")),
        ("macos-arm64", ("darwin", "arm64")),
        ("Windows-AMD64", ("win32", "AMD64")),
    ],
)
def test_platforms(text: str, expected: tuple[str, str | None]) -> None:
    assert platform_and_machine(text) == expected
