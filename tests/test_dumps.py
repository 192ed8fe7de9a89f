"""Dumps, bills of materials and references: laws that hold for every input, and hostile XML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlaudit.document.document import Document
from mlaudit.grammars import xml_text
from mlaudit.grammars.pypi import purl
from mlaudit.grammars.xml_text import elements
from mlaudit.model.errors import Unreadable
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Pin, Reading
from mlaudit.parsers._read import read, recognized
from mlaudit.sources.virtualenv import environment_document
from mlaudit.sources.working_tree import WorkingTree
from tests.parser_cases import FIXTURES

LINE_FORMATS = (
    "collect-env",
    "nvidia-smi",
    "watermark",
    "session-info",
    "wandb-requirements",
    "pipdeptree",
    "poetry-show",
    "uv-tree",
    "git-modules",
)
STRUCTURED = ("cyclonedx", "spdx", "wandb-metadata", "dvc", "model-references", "mlaudit-list", "egg-info")
# A package URL and a component's version may say a version apart from the text that stands there.
PLACED_EXACTLY = tuple(name for name in LINE_FORMATS if name != "wandb-requirements")

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}(?:[-_.][A-Za-z0-9]{1,6}){0,2}", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}(?:rc[0-9]|\.post[0-9])?(?:\+cu1[0-9]{2})?", fullmatch=True)
PACKAGES = st.lists(st.tuples(NAMES, VERSIONS), min_size=1, max_size=8, unique_by=lambda pair: normalized(pair[0]))


def reading(text: str | bytes, format_name: str | None = None, path: str = "input") -> Reading:
    data = text if isinstance(text, bytes) else text.encode()
    return read(Document(path, data), format_name)


def whole(text: str | bytes, format_name: str) -> str:
    """Why a document is not read at all."""
    found = reading(text, format_name)
    assert not found.pins
    assert [entry.whole for entry in found.unread] == [True]
    return found.unread[0].why


def packages(pins: Iterable[Pin]) -> list[tuple[str, str | None]]:
    return [(pin.name, pin.version) for pin in pins]


@pytest.mark.parametrize("format_name", [*LINE_FORMATS, *STRUCTURED])
@given(text=st.text(alphabet=st.sampled_from('name: 1.2[]{}()"=-│└──|<>\n\t #,$/'), max_size=300))
@settings(max_examples=40, deadline=None)
def test_any_text_becomes_a_reading(format_name: str, text: str) -> None:
    assert reading(text, format_name).format == format_name


@pytest.mark.parametrize("format_name", ["nvidia-smi", "cyclonedx"])
@given(data=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_behind_a_bracket_become_a_reading(format_name: str, data: bytes) -> None:
    assert reading(b"<bom" + data, format_name).format == format_name


CASES = sorted(path.parent for name in PLACED_EXACTLY for path in (FIXTURES / "parsers" / name).glob("*/expected.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_places_of_lines_are_where_the_version_stands(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    document = WorkingTree(case).document(case / expected["input"])
    for pin in read(document, expected.get("as")).pins:
        if pin.version is not None and pin.at.start is not None and pin.derived_from is None:
            told = document.text[pin.at.start : pin.at.end].strip('"').removeprefix("v")
            assert told == pin.version or told.startswith(f"{pin.version} ")


@given(PACKAGES)
@settings(deadline=None)
def test_collect_env_names_what_pip_named(listed: list[tuple[str, str]]) -> None:
    lines = "".join(f"[pip3] {name}=={version}\n" for name, version in listed)
    report = f"PyTorch version: N/A\nIs debug build: N/A\n\nVersions of relevant libraries:\n{lines}"
    assert packages(reading(report).pins) == [(normalized(name), version) for name, version in listed]
    pasted = "```\n" + "".join(f"    > {line}\n" for line in report.splitlines()) + "```\n"
    assert packages(reading(pasted).pins) == packages(reading(report).pins)


# Names that read like the words which dumps print for no value, for a heading or for a remark.
ODD_NAMES = (
    *("NA", "na", "N-A", "None", "none", "null", "nan", "NaN", "unknown", "UNKNOWN", "true", "no", "Not", "could"),
    *("Package", "Version", "Name", "Component", "Dependency", "CPU", "GPU", "OS", "Updated", "Using", "Warning"),
    *("author", "email", "compiler", "website", "Sun", "Sunpy", "Monai", "Satpy", "Wednesday", "list", "pip3", "conda"),
)
DUMPS: dict[str, Callable[[str], str]] = {
    "collect-env": lambda name: (
        "PyTorch version: N/A\nIs debug build: N/A\n\nVersions of relevant libraries:\n"
        f"[pip3] {name}==1.2.3\n[conda] Could not collect\n"
    ),
    "session-info": lambda name: f"Package\tVersion\n----\t----\n{name}\t1.2.3\n----\t----\nPython\t3.11.7\n",
    "watermark": lambda name: (
        f"Python implementation: CPython\nPython version       : 3.11.7\n\n{name:<12}: 1.2.3\nemail: a@b.example\n"
    ),
    "pip-list": lambda name: (
        f"Using Python 3.11.7 environment at: x\nPackage    Version\n---------- -------\n{name:<10} 1.2.3\n"
    ),
    "pip-freeze": lambda name: f"{name}==1.2.3\n",
    "wandb-requirements": lambda name: f"{name}==1.2.3\n",
    "conda-list": lambda name: (
        "# packages in environment at /x:\n#\n# Name     Version   Build  Channel\n"
        + f"{name}   1.2.3  pypi_0   pypi\n"
    ),
    "poetry-show": lambda name: f"{name:<12} 1.2.3 words\n",
    "pipdeptree": lambda name: f"{name}==1.2.3\n",
    "uv-tree": lambda name: f"{name} v1.2.3\n",
    "requirements": lambda name: f"{name}==1.2.3\n",
    "conda-env": lambda name: f"dependencies:\n- pip:\n  - {name}==1.2.3\n",
}


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("format_name", DUMPS)
def test_a_package_is_told_by_its_place_and_not_by_its_name(format_name: str, name: str) -> None:
    found = reading(DUMPS[format_name](name), format_name)
    assert [(pin.name.lower(), pin.version) for pin in found.pins if pin.kind is not Kind.PYTHON] == [
        (normalized(name), "1.2.3")
    ]
    assert not found.unread


@pytest.mark.parametrize("words", ["Could not collect", "No relevant packages"])
@pytest.mark.parametrize("tool", ["pip3", "pip", "conda"])
def test_collect_env_without_packages_names_none(tool: str, words: str) -> None:
    found = reading(f"PyTorch version: N/A\nIs debug build: N/A\n\n[{tool}] {words}\n")
    assert (found.pins, found.unread) == ((), ())


def test_old_watermarks_of_odd_names_and_dates() -> None:
    found = reading("Sun Aug 09 2020 \n\nCPython 3.6.1\nIPython 6.0.0\n\nSun 1.2.3\nsatpy 0.9\n", "watermark")
    assert [(pin.name, pin.version) for pin in found.pins if pin.kind is not Kind.PYTHON] == [
        ("ipython", "6.0.0"),
        ("sun", "1.2.3"),
        ("satpy", "0.9"),
    ]
    assert not found.unread


@given(PACKAGES)
@settings(deadline=None)
def test_one_environment_reads_the_same_from_every_dump(listed: list[tuple[str, str]]) -> None:
    expected = [(normalized(name), version) for name, version in listed]
    flat = [
        {"package": {"key": name, "package_name": name, "installed_version": version}, "dependencies": []}
        for name, version in listed
    ]
    assert packages(reading(json.dumps(flat), "pipdeptree").pins) == expected
    assert packages(reading("".join(f"{n} v{v}\n" for n, v in listed), "uv-tree").pins) == expected
    assert packages(reading("".join(f"{n} {v} text\n" for n, v in listed), "poetry-show").pins) == expected
    assert packages(reading("".join(f"{n}=={v}\n" for n, v in listed), "wandb-requirements").pins) == expected


def as_json(listed: list[tuple[str, str]]) -> str:
    components = [
        {
            "type": "library",
            "bom-ref": f"{name}=={version}",
            "name": name,
            "version": version,
            "purl": url(name, version),
        }
        for name, version in listed
    ]
    edges = [{"ref": "{}=={}".format(*listed[0]), "dependsOn": [f"{name}=={version}" for name, version in listed[1:]]}]
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"tools": [{"name": "cyclonedx-py"}]}}
    return json.dumps({**bom, "components": components, "dependencies": edges})


def as_xml(listed: list[tuple[str, str]]) -> str:
    components = "".join(
        f'<component type="library" bom-ref={quoteattr(f"{name}=={version}")}>\n<name>{escape(name)}</name>'
        f"<version> {escape(version)} </version>\n<purl>{escape(url(name, version))}</purl></component>\n"
        for name, version in listed
    )
    needs = "".join(f'<dependency ref="{name}=={version}"/>' for name, version in listed[1:])
    first = "{}=={}".format(*listed[0])
    return (
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">'
        "<metadata><tools><tool><name>cyclonedx-py</name></tool></tools></metadata>"
        f'<components>{components}</components><dependencies><dependency ref="{first}">{needs}</dependency>'
        "</dependencies></bom>"
    )


def url(name: str, version: str) -> str:
    return f"pkg:pypi/{quote(name.lower())}@{quote(version, safe='')}"


@given(PACKAGES)
@settings(deadline=None)
def test_json_and_xml_of_one_bill_say_the_same(listed: list[tuple[str, str]]) -> None:
    one, other = reading(as_json(listed)), reading(as_xml(listed))
    assert packages(one.pins) == packages(other.pins) == [(normalized(name), version) for name, version in listed]
    assert [pin.requires for pin in one.pins] == [pin.requires for pin in other.pins]
    assert len(one.pins[0].requires) == len(listed) - 1
    assert one.complete
    assert other.complete
    assert not one.unread + other.unread


def test_a_bill_of_another_tool_names_not_everything() -> None:
    assert not reading(as_json([("numpy", "1.26.4")]).replace("cyclonedx-py", "syft")).complete


PARTS = st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=12)


@given(
    st.lists(PARTS, max_size=3), PARTS, st.none() | PARTS, st.dictionaries(st.sampled_from(["build", "arch"]), PARTS)
)
@example(["@types"], "node", "1", {})
def test_package_urls_come_apart_as_they_were_put_together(
    namespace: list[str], name: str, version: str | None, qualifiers: dict[str, str]
) -> None:
    parts = [quote(part, safe="") for part in (*namespace, name)]
    text = "pkg:Conda/" + "/".join(parts) + (f"@{quote(version, safe='')}" if version else "")
    if qualifiers:
        text += "?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in qualifiers.items())
    found = purl.parse(text + "#sub/path")
    assert found is not None
    assert (found.type, found.full_name, found.version) == ("conda", "/".join([*namespace, name]), version)
    assert dict(found.qualifiers) == qualifiers


@pytest.mark.parametrize(
    "text", ["", "pkg:", "pkg:pypi", "pkg:pypi/", "numpy@1", "pkg:/numpy", "pkg:pypi/" + "a" * 5000]
)
def test_other_texts_are_no_package_urls(text: str) -> None:
    assert purl.parse(text) is None


BOM = '<bom xmlns="http://cyclonedx.org/schema/bom/1.4">{}</bom>'


def test_entities_are_refused_before_they_unfold() -> None:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    laughs = f'<!DOCTYPE bom [<!ENTITY a0 "ha">{levels}]>' + BOM.format("<components>&a9;</components>")
    assert "document type" in whole(laughs, "cyclonedx")
    assert "document type" in whole(laughs.replace("bom [", "nvidia_smi_log ["), "nvidia-smi")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://deb.example/x.dtd"])
def test_nothing_outside_is_asked(location: str) -> None:
    defined = f'<!DOCTYPE bom [<!ENTITY a SYSTEM "{location}">]>' + BOM.format("&a;")
    assert "document type" in whole(defined, "cyclonedx")
    assert "document type" in whole(f'<!DOCTYPE bom SYSTEM "{location}">' + BOM.format(""), "cyclonedx")
    named = f'<!DOCTYPE nvidia_smi_log SYSTEM "{location}"><nvidia_smi_log>&a;</nvidia_smi_log>'
    assert not reading(named, "nvidia-smi").pins


@pytest.mark.parametrize("markup", ['<components a="{}">', "<!-- {} -->", "<{}>", "<?php {} ?>"])
def test_long_pieces_of_xml_are_refused(markup: str) -> None:
    text = BOM.format(markup.format("a" * (xml_text.TOKEN + 200_000)))
    assert whole(text, "cyclonedx") == f"one piece of its XML has more than {xml_text.TOKEN} bytes"


def test_long_texts_are_cut_and_deep_ones_refused() -> None:
    document = Document("a.xml", f"<a><b>{'x' * 3_000_000}</b></a>".encode())
    assert max(len(element.text) for element in elements(document)) <= xml_text.MAX_TEXT + 65536
    deep = Document("a.xml", b"<a>" * (xml_text.DEPTH + 1) + b"</a>" * (xml_text.DEPTH + 1))
    with pytest.raises(Unreadable, match="nested more than"):
        list(elements(deep))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_tells_its_encoding(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?>\n<a>\n  <b>Größe</b></a>'
    found = [element for element in elements(Document("a.xml", text.encode(encoding))) if element.ended]
    assert [(element.name, element.text) for element in found] == [("b", "Größe"), ("a", "")]
    assert (found[0].at.line, found[0].at.column) == (3, 6)


@given(st.text(alphabet="ab <&\n\té", max_size=40).filter(str.strip), st.text(alphabet=" \n", max_size=10))
@settings(deadline=None)
def test_places_of_xml_texts_are_where_they_begin(value: str, before: str) -> None:
    text = f"<a>{before}<b>{escape(value)}</b></a>"
    found = next(element for element in elements(Document("a.xml", text.encode())) if element.ended)
    lines = text.split("\n")
    assert found.text == value.strip()
    assert found.at.line is not None
    assert found.at.column is not None
    assert lines[found.at.line - 1][found.at.column - 1 :].startswith(escape(value.strip()[0]))


def test_the_cuda_of_a_driver_is_no_installed_cuda() -> None:
    for case in (FIXTURES / "parsers" / "nvidia-smi").glob("*/expected.json"):
        name = json.loads(case.read_text(encoding="utf-8"))["input"]
        found = read(WorkingTree(case.parent).document(case.parent / name), "nvidia-smi")
        assert {pin.kind for pin in found.pins} <= {Kind.DRIVER}


def test_only_dumps_that_name_everything_are_complete() -> None:
    complete = {
        case.parent.parent.name
        for name in (*LINE_FORMATS, *STRUCTURED)
        for case in (FIXTURES / "parsers" / name).glob("*/expected.json")
        if json.loads(case.read_text(encoding="utf-8"))["complete"]
    }
    assert complete == {"cyclonedx", "mlaudit-list", "pipdeptree", "wandb-requirements"}


def test_the_folders_of_a_path_tell_more_than_its_name() -> None:
    text = b"numpy==1.26.4\n"
    assert recognized(Document("wandb/run-1/files/requirements.txt", text)).format == "wandb-requirements"
    assert recognized(Document("files/requirements.txt", text)).format == "requirements"


def test_a_model_is_no_package_of_its_name() -> None:
    found = reading("a: models:/xgboost/3\nb:\n  model_id: torch\n  revision: v1.0.0\n", "model-references")
    assert {(pin.package, pin.version, pin.kind) for pin in found.pins} == {
        ("models:/xgboost", "3", Kind.MODEL),
        ("hf://torch", "v1.0.0", Kind.MODEL),
    }


def test_only_a_folder_of_nothing_but_archives_is_a_wheelhouse(tmp_path: Path) -> None:
    (tmp_path / "numpy-1.26.4-py3-none-any.whl").touch()
    (tmp_path / "six-1.16.0.tar.gz").touch()
    document = environment_document(tmp_path, WorkingTree(tmp_path.parent))
    assert document is not None
    assert packages(read(document).pins) == [("numpy", "1.26.4"), ("six", "1.16.0")]
    (tmp_path / "train.py").touch()
    assert environment_document(tmp_path, WorkingTree(tmp_path.parent)) is None
