"""Install commands in shell text: what they say, and where."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.grammars.shell.install_command import statements
from mlaudit.grammars.shell.recipe import Recipe
from mlaudit.grammars.shell.script_text import whole_text
from mlaudit.grammars.shell.shell_words import MAX_SCRIPT
from mlaudit.grammars.variables import expanded
from mlaudit.model.nouns import Fact, Include, Kind, Pin, Statement, Unread


def read(text: str, values: Mapping[str, str] | None = None) -> list[Statement]:
    doc = Document("recipe.sh", text.encode())
    return list(statements(whole_text(doc), Recipe(doc, values=values)))


def pins(text: str, values: Mapping[str, str] | None = None) -> list[tuple[str, str | None]]:
    found = (statement for statement in read(text, values) if isinstance(statement, Pin))
    return [(pin.name, pin.version or pin.specifier) for pin in found if pin.derived_from is None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pip install numpy==1.26.4", [("numpy", "1.26.4")]),
        ("pip3.11 install -U --no-cache-dir 'numpy<2'", [("numpy", "<2")]),
        ("python3 -I -m pip install numpy==1.26.4", [("numpy", "1.26.4")]),
        ("sudo -H -u root env A=b pip install numpy==1.26.4", [("numpy", "1.26.4")]),
        ("/opt/conda/bin/pip install numpy==1.26.4", [("numpy", "1.26.4")]),
        ('"$VENV/bin/pip" install numpy==1.26.4', [("numpy", "1.26.4")]),
        ("$PYTHON -m pip install numpy==1.26.4", [("numpy", "1.26.4")]),
        ("pip --disable-pip-version-check install numpy==1.26.4", [("numpy", "1.26.4")]),
        ("pip install -t /out --platform manylinux2014_x86_64 numpy==1.26.4", [("numpy", "1.26.4")]),
        ("uv pip install --system --python 3.11 numpy==1.26.4", [("numpy", "1.26.4"), ("python", "3.11")]),
        ("uv add numpy==1.26.4 --group train", [("numpy", "1.26.4")]),
        ("bash -lc 'pip install numpy==1.26.4 && echo done'", [("numpy", "1.26.4")]),
        ("bash <<EOF\npip install numpy==1.26.4\nEOF\n", [("numpy", "1.26.4")]),
        ("conda run -n base --no-capture-output pip install numpy==1.26.4", [("numpy", "1.26.4")]),
        ("conda install -y -c conda-forge 'python>=3.9' numpy=1.26", [("python", ">=3.9"), ("numpy", "==1.26.*")]),
        ("micromamba create -n x python=3.10", [("python", "3.10")]),
        ("pip install \\\n  numpy==1.26.4 \\\n  pandas==2.2.0 # both\n", [("numpy", "1.26.4"), ("pandas", "2.2.0")]),
        (
            "pip install a==1; pip install b==2 || pip install c==3 & pip install d==4",
            list(zip("abcd", "1234", strict=True)),
        ),
        ("for p in a==1 b==2; do pip install $p; done", [("a", "1"), ("b", "2")]),
        ("X='a==1 b==2'; pip install $X", [("a", "1"), ("b", "2")]),
        ("pip install a==${V:-1.0}", [("a", "1.0")]),
        ("export V=3; pip install a==$V", [("a", "3")]),
        ("export PATH V=3 W; pip install a==$V", [("a", "3")]),
        ("X=' a==1 '; pip install b==2$X$'c==3'", [("b", "2"), ("a", "1"), ("c", "3")]),
        ("X=; pip install a==1 $X ''", [("a", "1")]),
        ('bash -c "pip install \\"a==1\\" b==2\\\n.0 \\\\c==3"', [("a", "1"), ("b", "2.0"), ("c", "3")]),
        ("pip install a=\\\n=1 b=\\\r\n=2", [("a", "1"), ("b", "2")]),
        ("tee -a r.txt <<EOF\na==1\nEOF\npip install -r r.txt", [("a", "1")]),
        ("p=a==1; for p in $(ls); do pip install $p; done; pip install b==2", [("b", "2")]),
        ("pip install git+https://github.com/example/trainer.git@v2#egg=trainer", [("trainer", None)]),
        ("uv venv --python 3.12 /venv", [("python", "3.12")]),
        ("pyenv install 3.10.4", [("python", "3.10.4")]),
        ("cat > r.txt <<EOF\na==1\nEOF\npip install -r r.txt", [("a", "1")]),
        ("pip install -r /dev/stdin <<EOF\na==1\nEOF\n", [("a", "1")]),
        ("echo pip install a==1", []),
        ("pip download a==1", []),
        ("# pip install a==1", []),
        ("apt-get install -y curl=7.1 git", []),
        ("pip install --help", []),
    ],
)
def test_reads_the_packages_of_a_command(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert pins(text) == expected


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("[ $D = gpu ] && pip install a==1 || pip install b==2", {"D": "cpu"}, [("b", "2")]),
        ("if [ $D = gpu ]; then pip install a==1; else pip install b==2; fi", {"D": "gpu"}, [("a", "1")]),
        ("if ! [ -z $D ]; then pip install a==1; fi", {"D": "x"}, [("a", "1")]),
        ("if [ $D = gpu ]; then pip install a==1; else pip install b==2; fi", {}, [("a", "1"), ("b", "2")]),
        ("if command -v x; then pip install a==1; fi", {}, [("a", "1")]),
        ("[ ${#V} -gt 0 ] && W=a==$V || W=b==2; pip install $W", {"V": "1"}, [("a", "1")]),
        ("[ ${#V} -gt 0 ] && W=a==$V || W=b==2; pip install $W", {"V": ""}, [("b", "2")]),
        ('if [[ "$V" == 12.8* ]]; then pip install a==1; else pip install b==2; fi', {"V": "12.8.1"}, [("a", "1")]),
        ('if [ "$V" ]; then pip install a==1; else pip install b==2; fi', {"V": ""}, [("b", "2")]),
        ("case $D in gpu) pip install a==1;; *) pip install b==2;; esac", {"D": "gpu"}, [("a", "1"), ("b", "2")]),
        ("if [ $V -gt x ]; then pip install a==1; fi", {"V": "3"}, [("a", "1")]),
        ("if [[ $V == " + "*a" * 999 + " ]]; then pip install a==1; fi", {"V": "3"}, [("a", "1")]),
        ("if [[ $V == *b ]]; then pip install a==1; fi", {"V": "a" * 4097}, [("a", "1")]),
    ],
)
def test_decides_the_branches_whose_condition_is_known(
    text: str, values: Mapping[str, str], expected: list[tuple[str, str | None]]
) -> None:
    assert pins(text, values) == expected


def test_alternatives_are_one_step_and_later_installs_a_later_one() -> None:
    found = read("pip install a==1 || pip install a==2; pip install a==3")
    assert [(pin.version, pin.step) for pin in found if isinstance(pin, Pin)] == [("1", 1), ("2", 1), ("3", 2)]


@pytest.mark.parametrize(
    ("text", "variant", "cuda"),
    [
        ("pip install torch==2.1.0 --index-url https://download.pytorch.org/whl/cu121", "cu121", "12.1"),
        ("pip install torch==2.1.0 -i https://download.pytorch.org/whl/cpu", "cpu", None),
        ("pip install torch==2.1.0 --extra-index-url=https://download.pytorch.org/whl/cu118", "cu118", "11.8"),
        ("PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cu124 pip install torch==2.4.0", "cu124", "12.4"),
        ("pip install torch==2.1.0+cu118", "cu118", "11.8"),
        ("uv pip install torch==2.7.0 --torch-backend=cu126", "cu126", "12.6"),
        ("pip install torch==2.1.0", None, None),
    ],
)
def test_the_index_decides_the_build(text: str, variant: str | None, cuda: str | None) -> None:
    found = [statement for statement in read(text) if isinstance(statement, Pin)]
    assert found[0].name == "torch"
    assert found[0].variant == variant
    assert next((pin.version for pin in found if pin.kind is Kind.CUDA), None) == cuda


def test_an_index_decides_nothing_of_packages_that_have_one_build() -> None:
    found = read("pip install numpy==1.26.4 --index-url https://download.pytorch.org/whl/cu121")
    assert [pin.variant for pin in found if isinstance(pin, Pin)] == [None]


@pytest.mark.parametrize(
    ("text", "target", "constraint"),
    [
        ("pip install -r requirements.txt", "requirements.txt", False),
        ("pip install -qrrequirements.txt", "requirements.txt", False),
        ("pip install --requirement=requirements.txt", "requirements.txt", False),
        ("pip install a -c constraints.txt", "constraints.txt", True),
        ("PIP_CONSTRAINT=c.txt pip install a", "c.txt", True),
        ("cd src && pip install -r requirements.txt", "src/requirements.txt", False),
        ("uv pip sync requirements.txt", "requirements.txt", False),
        ("pip install $(cat requirements.txt)", "requirements.txt", False),
        ("conda env create -f environment.yml", "environment.yml", False),
        ("pip install -r https://example.com/r.txt", "https://example.com/r.txt", False),
    ],
)
def test_files_become_includes(text: str, target: str, constraint: bool) -> None:
    found = [statement for statement in read(text) if isinstance(statement, Include)]
    assert [(include.target, include.constraint) for include in found] == [(target, constraint)]


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("pip install torch==$V", "torch"),
        ("pip install $PACKAGES", None),
        ("pip install torch=={{ version }}", "torch"),
        ("pip install torch==${{ matrix.torch }}", "torch"),
        ("pip install -r $FILE", None),
        ("pip install `deps`", None),
    ],
)
def test_what_has_no_value_is_a_template(text: str, package: str | None) -> None:
    found = [statement for statement in read(text) if isinstance(statement, Unread)]
    assert [(unread.package, unread.template) for unread in found] == [(package, True)]


def test_an_unquoted_range_is_a_redirection_and_is_said() -> None:
    found = read("pip install numpy>=1.26")
    assert pins("pip install numpy>=1.26") == [("numpy", None)]
    assert any(isinstance(fact, Fact) and "redirection" in fact.value for fact in found)


@pytest.mark.parametrize("text", ["uv sync --frozen", "poetry install", "pdm sync", "pipenv sync", "pixi install"])
def test_installs_of_a_lock_are_said(text: str) -> None:
    assert [fact.key for fact in read(text) if isinstance(fact, Fact)] == ["note"]


def test_a_script_is_read_up_to_a_limit() -> None:
    found = read("pip install a==1\n" + "#" * MAX_SCRIPT + "\npip install b==1\n")
    assert [statement.name for statement in found if isinstance(statement, Pin)] == ["a"]
    assert [statement.why for statement in found if isinstance(statement, Unread)] == [
        f"a script of {MAX_SCRIPT + 35} characters is read up to {MAX_SCRIPT}"
    ]


def test_credentials_of_an_index_are_masked() -> None:
    found = read("pip install a --index-url https://user:secret@example.com/simple")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('pip install "numpy<2"', "numpy<2"),
        ("pip install \\\n  numpy==1.26.4", "numpy==1.26.4"),
        ("bash -c 'pip install numpy==1.26.4'", "numpy==1.26.4"),
        ("cat > r.txt <<E\nnumpy==1.26.4\nE\npip install -r r.txt", "numpy==1.26.4"),
    ],
)
def test_places_are_those_of_the_requirement(text: str, value: str) -> None:
    (pin,) = (statement for statement in read(text) if isinstance(statement, Pin))
    assert text[pin.at.start : pin.at.end] == value
    assert pin.at.line == text[: pin.at.start].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$V", "12.1.1"),
        ("cu${V//./}", "cu1211"),
        ("${V%.*}", "12.1"),
        ("${V%%.*}", "12"),
        ("${V#*.}", "1.1"),
        ("${V##*.}", "1"),
        ("${V:0:2}", "12"),
        ("${X:-a${V}}", "a12.1.1"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${V:+yes}", "yes"),
        ("${X:+yes}", ""),
        ("$X", None),
        ("$(x)", None),
        ("${X:-${Y}}", None),
        ("100$", "100$"),
        ("${#V}", "6"),
        ("${V%x}", "12.1.1"),
        ("${V:-1}", "12.1.1"),
        ("${V: -1}", None),
        ("${LONG%x}", None),
    ],
)
def test_parameters_are_expanded_as_a_shell_does(text: str, expected: str | None) -> None:
    assert expanded(text, {"V": "12.1.1", "EMPTY": "", "LONG": "a" * 4097}) == expected


def test_a_value_that_holds_itself_ends() -> None:
    assert expanded("${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-x}}}}}}}}}}", {}) is None


@given(st.text(alphabet="pip install=<>&|;()'\"\\$`{}#\n\r\t-.aA1*[]!", max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    for statement in read("pip install " + text):
        assert statement.at is not None
        assert statement.at.path == "recipe.sh"


@pytest.mark.parametrize(
    "text",
    [
        "pip install " + "a " * 50_000,
        "pip install " + "$(" * 20_000,
        "pip install " + "${A:-" * 20_000,
        "pip install " + "'" * 50_001,
        "<<A " * 5_000 + "\n" + "x\n" * 5_000,
        "if " * 20_000 + "pip install a==1",
        "bash -c '" * 50 + "pip install a==1",
        "pip install " + "\\\n" * 50_000,
    ],
    ids=["words", "substitutions", "defaults", "quotes", "here-documents", "ifs", "shells", "continuations"],
)
def test_long_scripts_end(text: str) -> None:
    assert isinstance(read(text), list)


@pytest.mark.parametrize(
    "text",
    [
        "apt-get install -y --no-install-recommends git",
        "apk add --no-cache gcc musl-dev",
        "dnf install --setopt=install_weak_deps=False --nodocs make",
        "apt-get install --option-of-tomorrow git",
    ],
)
def test_an_option_of_a_system_package_manager_is_no_news_where_nothing_is_lost(text: str) -> None:
    assert read(text) == []


def test_an_unknown_option_in_front_of_a_package_that_counts_is_told() -> None:
    notes = [one.value for one in read("apt-get install --of-tomorrow cuda-toolkit-12-4") if isinstance(one, Fact)]
    assert any("--of-tomorrow" in text for text in notes)


def test_a_known_flag_hides_no_package() -> None:
    assert pins("apt-get install --no-install-recommends cuda-toolkit-12-4=12.4.1-1")
