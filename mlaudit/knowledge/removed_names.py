"""Names that a release lacks while releases of other packages use them.

`removed_names.toml` has those that someone wrote; `removed_names/PACKAGE.toml`, read where that package is at hand,
those that `python -m mlaudit.lab.name_matrix` found in the sources of PACKAGE and of who imports it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache, partial

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.schema import built_from, checked, choice, evidence, specifier, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence, Severity
from mlaudit.model.packaged import packaged_names

FILE = "removed_names.toml"
FOLDER = "removed_names"
_REMOVAL_KEYS = frozenset({"package", "others", "kind", "names", "users", "source", "checked"})
_USER_KEYS = frozenset({"package", "versions", "name", "moment", "error", "set", "fixed", "severity", "source"})
_ERRORS: Mapping[str, str] = {
    "name": "ImportError: cannot import name '{last}' from '{first}'",
    "module": "ModuleNotFoundError: No module named '{name}'",
    "attribute": "AttributeError: module '{first}' has no attribute '{last}'",
    "method": "AttributeError: '{first}' object has no attribute '{last}'",
    "argument": "TypeError: {first}() got an unexpected keyword argument '{last}'",
}
"""What Python says of each kind of name that is gone: `first` is what stands before the last dot."""
_IMPORT = "import"
_ENDING = ".toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameUse:
    """Releases of a package that use a name which another package no longer has.

    Attributes:
        versions: the releases that use it; empty means all.
        other, others: who took it away, and its releases without it.
        name: the name, in full.
        says, remedy: with `{version}` and `{other}` for the versions.
    """

    package: str
    versions: str
    other: str
    others: str
    name: str
    severity: Severity
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]

    @property
    def id(self) -> str:
        """What no other use is called."""
        return f"{self.package}{self.versions}-without-{self.name}{self.others}"


def users() -> AbstractSet[str]:
    """The packages of which some release uses a name that is gone. Raises KnowledgeError."""
    return _nodes().keys()


@lru_cache(maxsize=1024)
def name_uses_of(package: str) -> tuple[NameUse, ...]:
    """The uses of one package that breaks: a run asks for those of a few. Raises KnowledgeError."""
    return tuple(built_from(FILE, node, partial(_use, removal)) for removal, node in _nodes().get(package, ()))


def name_uses() -> Mapping[str, tuple[NameUse, ...]]:
    """The uses by the package that breaks. Raises KnowledgeError."""
    return {package: name_uses_of(package) for package in users()}


@lru_cache(maxsize=1)
def owners() -> AbstractSet[str]:
    """The packages with a file of their own, which tells what their releases lack."""
    names = packaged_names(f"knowledge/{FOLDER}")
    return frozenset(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


@lru_cache(maxsize=256)
def users_of(owner: str) -> Mapping[str, Sequence[tuple[Node, Node]]]:
    """What releases of a package lack and who uses it, as written, by who does. Raises KnowledgeError."""
    return checked(_file(owner), _by_package) if owner in owners() else {}


@lru_cache(maxsize=4096)
def found_uses(owner: str, package: str) -> tuple[NameUse, ...]:
    """The uses of one package in the file of another one. Raises KnowledgeError."""
    nodes = users_of(owner).get(package, ())
    return tuple(built_from(_file(owner), node, partial(_use, removal)) for removal, node in nodes)


def _file(owner: str) -> str:
    return f"{FOLDER}/{owner}{_ENDING}"


@lru_cache(maxsize=1)
def _nodes() -> Mapping[str, Sequence[tuple[Node, Node]]]:
    """What was removed and who uses it, as written, by the package that breaks."""
    return checked(FILE, _by_package)


def _by_package(root: Node) -> Mapping[str, Sequence[tuple[Node, Node]]]:
    unknown_keys(root, frozenset({"removed"}))
    by_package: dict[str, list[tuple[Node, Node]]] = {}
    for removal in root.get("removed").each():
        unknown_keys(removal, _REMOVAL_KEYS)
        for node in removal.get("users").each():
            # Of hundreds of users a run asks for a few: only their names are looked at here.
            package = node.table().get("package")
            if not isinstance(package, str):
                raise Malformed("expected a string", (*node.route, "package"))
            by_package.setdefault(package, []).append((removal, node))
    return by_package


def _use(removal: Node, node: Node) -> NameUse:
    unknown_keys(node, _USER_KEYS)
    names, sources = removal.get("names").texts(), evidence(removal)
    name = node.get("name").maybe_text() or names[0]
    if name not in names:
        raise Malformed(f"expected one of {', '.join(names)}, found {name!r}", (*node.route, "name"))
    package, other = node.get("package").text(), removal.get("package").text()
    others, severity = specifier(removal.get("others")), node.get("severity")
    error = node.get("error").maybe_text() or _error(removal.get("kind"), name)
    return NameUse(
        package=package,
        versions=specifier(node.get("versions")),
        other=other,
        others=others,
        name=name,
        severity=choice(severity, Severity) if severity.exists else Severity.ERROR,
        says=_sentence(package, other, node.get("moment").maybe_text() or _IMPORT, error),
        remedy=_remedy(
            package, other, node.get("set").maybe_text() or opposite(others), node.get("fixed").maybe_text()
        ),
        evidence=(*_own_sources(node.get("source"), sources[0].checked), *sources),
    )


def _error(kind: Node, name: str) -> str:
    text = _ERRORS.get(kind.text())
    if text is None:
        raise Malformed(f"expected one of {', '.join(_ERRORS)}, found {kind.text()!r}", kind.route)
    first, _, last = name.rpartition(".")
    return text.replace("{name}", name).replace("{first}", first).replace("{last}", last)


def _sentence(package: str, other: str, moment: str, error: str) -> str:
    if moment == _IMPORT:
        return f"{package} {{version}} does not import with {other} {{other}}: `{error}`."
    return f"{moment} of {package} {{version}} fails with {other} {{other}}: `{error}`."


def _remedy(package: str, other: str, works: str, fixed: str | None) -> str:
    return f"Set {other}{works}, or {package}>={fixed}." if fixed else f"Set {other}{works}."


def opposite(others: str) -> str:
    """The releases below those of a specifier; above them, where there are none below; all but a single one."""
    border = others.partition(",")[0]
    for sign, has in ((">=", "<"), ("<=", ">"), ("<", ">="), ("==", "!=")):
        if border.startswith(sign):
            return f"{has}{border.removeprefix(sign)}"
    return border


def _own_sources(node: Node, day: str) -> tuple[Evidence, ...]:
    if not node.exists:
        return ()
    texts = (node.text(),) if node.is_text else node.texts()
    return tuple(Evidence(source=text, checked=day, measured=text.startswith("measured:")) for text in texts)
