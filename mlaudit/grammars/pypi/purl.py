"""Package URLs, `pkg:pypi/torch@2.3.1%2Bcu121`.

Grammar: https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from mlaudit.model.lazy_dataclass import dataclass, field

MAX_LENGTH = 4096
"""Characters; a longer text is no package URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageUrl:
    """The parts of a package URL, percent-decoded."""

    type: str
    name: str
    namespace: str = ""
    version: str | None = None
    qualifiers: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Namespace and name as one."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def parse(text: str) -> PackageUrl | None:
    """The package URL in a text, None if it is not one."""
    if len(text) > MAX_LENGTH or text[:4].lower() != "pkg:":
        return None
    rest, _, asked = text[4:].partition("#")[0].partition("?")
    kind, _, path = rest.lstrip("/").partition("/")
    path, version = _version(path.strip("/"))
    namespace, _, name = path.rpartition("/")
    if not kind or not name:
        return None
    return PackageUrl(
        type=kind.lower(),
        name=unquote(name),
        namespace=unquote(namespace),
        version=unquote(version) if version else None,
        qualifiers=_qualifiers(asked),
    )


def _version(path: str) -> tuple[str, str]:
    """The path and what follows its last `@`; an unescaped `@` that begins a scope (`@types/node`) is not one."""
    head, sign, version = path.rpartition("@")
    return (head, version) if sign and head and "/" not in version else (path, "")


def _qualifiers(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split("&") if "=" in pair)
    return {key.lower(): unquote(value) for key, _, value in pairs}
