"""Configurations as calls: which file names which class by which field (`configurations.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked, choice, words_of
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_dataclass import field as dataclass_field


class ConfigurationCheck(str, Enum):
    """How a configuration is compared with code; the words of the table."""

    ARGUMENTS = "arguments"
    LAYERS = "layers"
    LISTED = "listed"
    NAMED = "named"
    PARTS = "parts"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationForm:
    """One kind of configuration; the head of the table shows what each field means."""

    kinds: tuple[str, ...]
    files: tuple[str, ...]
    package: str
    check: ConfigurationCheck
    field: str
    classes: Mapping[str, str] = dataclass_field(default_factory=dict)
    loader: str = ""
    drops: tuple[str, ...] = ()
    plain_bases: tuple[str, ...] = ()
    listed_in: tuple[str, ...] = ()
    pairs_of: str = ""
    unless: tuple[str, ...] = ()
    leaves_off: str = ""
    modules: bool = False
    module: str = ""
    folder: str = ""
    method: str = ""
    moved: Mapping[str, str] = dataclass_field(default_factory=dict)
    sections: tuple[str, ...] = ()
    prefix: str = ""
    within: tuple[str, ...] = ()


def forms_beside(kind: str | None) -> tuple[ConfigurationForm, ...]:
    """The configurations that are in, or are, an artifact of a kind."""
    return tuple(form for form in _forms() if kind in form.kinds)


@lru_cache(maxsize=1)
def _forms() -> tuple[ConfigurationForm, ...]:
    return checked("configurations.toml", lambda root: tuple(_form(row) for _, row in root.items()))


def _form(row: Node) -> ConfigurationForm:
    return ConfigurationForm(
        kinds=row.get("kinds").texts(),
        files=_texts(row, "files"),
        package=row.get("package").text(),
        check=choice(row.get("check"), ConfigurationCheck),
        field=row.get("field").maybe_text() or "",
        classes=words_of(row.get("classes")) if row.get("classes").exists else {},
        loader=row.get("loader").maybe_text() or "",
        drops=_texts(row, "drops"),
        plain_bases=_texts(row, "plain_bases"),
        listed_in=_texts(row, "listed_in"),
        pairs_of=row.get("pairs_of").maybe_text() or "",
        unless=_texts(row, "unless"),
        leaves_off=row.get("leaves_off").maybe_text() or "",
        modules=row.get("modules").flag(),
        module=row.get("module").maybe_text() or "",
        folder=row.get("folder").maybe_text() or "",
        method=row.get("method").maybe_text() or "",
        moved=words_of(row.get("moved")) if row.get("moved").exists else {},
        sections=_texts(row, "sections"),
        prefix=row.get("prefix").maybe_text() or "",
        within=_texts(row, "within"),
    )


def _texts(row: Node, key: str) -> tuple[str, ...]:
    return row.get(key).texts() if row.get(key).exists else ()
