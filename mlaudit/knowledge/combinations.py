"""Packages that must not be together, or not alone, though no metadata says so: `companions/PACKAGE.toml`.

Those where one uses a name that the other took away are in `removed_names.toml` and below `removed_names/`. A `check`
in such a file has what a package's own import asks of another one's version, though no metadata does: `runs` are the
first and last releases that accept a range, and that range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.releases import history, requirements
from mlaudit.knowledge.removed_names import NameUse, found_uses, name_uses_of, opposite, owners, users, users_of
from mlaudit.knowledge.schema import checked, choice, evidence, specifier, unknown_keys
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.nouns import Evidence, Severity
from mlaudit.model.packaged import packaged_names
from mlaudit.model.versions import admits, is_before, public, release_numbers

if TYPE_CHECKING:
    from mlaudit.knowledge.family import Holds

_FOLDER = "companions"
_KEYS = frozenset(
    {
        "id",
        "package",
        "versions",
        "other",
        "others",
        "beside",
        "besides",
        "absent",
        "newer",
        "apart",
        "named",
        "together",
        "severity",
        "says",
        "remedy",
    }
    | {"source", "checked"}
)
_CHECK_KEYS = frozenset({"others", "error", "runs", "source", "checked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What happens where one package is beside another, or without it.

    Attributes:
        package: the one that breaks, after which its file is named.
        versions: its releases that are concerned; empty means all.
        others: releases of `other` that break it; where `absent`, those that must be there.
        beside, besides: a third package that must be there too, and its releases.
        absent: it breaks where `other` is not there.
        newer: of those releases, only what is newer than the package breaks it.
        apart: of those releases, only what is of another minor release than the package breaks it.
        named: distributions of the index that are meant, where `package` comes under several; empty means any.
        together: distributions of `package` that must all be named; `other` is `package` itself then.
        says: one full sentence; `{version}`, `{other}` and `{beside}` stand for the versions.
    """

    id: str
    package: str
    versions: str
    other: str
    others: str
    beside: str | None
    besides: str
    absent: bool
    newer: bool
    apart: bool
    named: tuple[str, ...]
    together: tuple[str, ...]
    severity: Severity
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenCombination:
    """A combination that an environment has, with its versions filled in; `other_version` is None if it lacks."""

    package: str
    version: str
    other: str
    other_version: str | None
    severity: Severity
    says: str
    remedy: str
    evidence: tuple[Evidence, ...]


def combinations() -> Mapping[str, tuple[Combination, ...]]:
    """The rows by the package that breaks. Raises KnowledgeError."""
    rows = dict(written_combinations())
    for owner in sorted(owners()):
        for package in users_of(owner):
            rows[package] = (*rows.get(package, ()), *_found(owner, package))
    return rows


def written_combinations() -> Mapping[str, tuple[Combination, ...]]:
    """The rows that someone wrote, by the package that breaks. Raises KnowledgeError."""
    return {package: combinations_of(package) for package in sorted(_breakable())}


@lru_cache(maxsize=1024)
def combinations_of(package: str) -> tuple[Combination, ...]:
    """The rows of one package that breaks. Raises KnowledgeError."""
    rows = _rows(package) if package in _packages() else ()
    return (*rows, *(_of_name(use, f"{package}-without-{use.name}") for use in name_uses_of(package)))


@lru_cache(maxsize=4096)
def _found(owner: str, package: str) -> tuple[Combination, ...]:
    """The rows of one package about names that it lacks beside another one, as sources show them."""
    return tuple(_of_name(use, use.id) for use in found_uses(owner, package))


@lru_cache(maxsize=1)
def _breakable() -> frozenset[str]:
    """The packages that some other one breaks."""
    return _packages() | users()


@lru_cache(maxsize=1)
def _packages() -> frozenset[str]:
    """The packages that have a file: a run reads those of the few that it meets."""
    names = packaged_names(f"knowledge/{_FOLDER}")
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def breakable(packages: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    """Those of some packages that some other one breaks, or that one of these others does."""
    using = [users_of(owner) for owner in others if owner in owners()]
    for package in packages:
        if package in _breakable() or any(package in names for names in using):
            yield package


def rows_of(package: str, others: Iterable[str]) -> Iterator[Combination]:
    """The rows of one package that breaks, those of names that one of some others lacks among them."""
    yield from combinations_of(package)
    for owner in others:
        if owner in owners():
            yield from _found(owner, package)


def _rows(package: str) -> tuple[Combination, ...]:
    def build(root: Node) -> tuple[Combination, ...]:
        unknown_keys(root, frozenset({"row", "check"}))
        rows = tuple(_row(node, package) for node in root.get("row").each())
        return (*rows, *(row for node in root.get("check").each() for row in _of_check(node, package)))

    return checked(f"{_FOLDER}/{package}.toml", build)


def _row(node: Node, package: str) -> Combination:
    unknown_keys(node, _KEYS)
    if node.get("package").text() != package:
        raise Malformed(f"expected the package of the file, {package}", (*node.route, "package"))
    beside = node.get("beside").maybe_text()
    if beside is None and node.get("besides").exists:
        raise Malformed("`besides` needs `beside`", node.route)
    return Combination(
        id=node.get("id").text(),
        package=package,
        versions=specifier(node.get("versions")),
        other=node.get("other").text(),
        others=specifier(node.get("others")),
        beside=beside,
        besides=specifier(node.get("besides")),
        absent=node.get("absent").flag(),
        newer=node.get("newer").flag(),
        apart=node.get("apart").flag(),
        named=node.get("named").texts(),
        together=node.get("together").texts(),
        severity=choice(node.get("severity"), Severity),
        says=node.get("says").text(),
        remedy=node.get("remedy").text(),
        evidence=evidence(node),
    )


def _of_check(node: Node, package: str) -> Iterator[Combination]:
    """A row for each side of a range that releases ask for as they are imported."""
    unknown_keys(node, _CHECK_KEYS)
    proof, error = evidence(node), node.get("error").text()
    for run in node.get("runs").each():
        first, last, accepted = run.texts()
        for other in node.get("others").texts():
            for clause in accepted.split(","):
                yield _plain_row(
                    id=f"{package}-{first}-{other}{clause}",
                    package=package,
                    versions=f"=={first}" if first == last else f">={first},<={last}",
                    other=other,
                    others=opposite(clause),
                    severity=Severity.ERROR,
                    says=f"{package} {{version}} does not import with {other} {{other}}: it asks for "
                    f"{other}{accepted} (`{error.replace('{range}', accepted)}`).",
                    remedy=f"Set {other}{accepted}, or {package} to a release that accepts {other} as it is.",
                    evidence=proof,
                )


def _of_name(use: NameUse, name: str) -> Combination:
    return _plain_row(
        id=name,
        package=use.package,
        versions=use.versions,
        other=use.other,
        others=use.others,
        severity=use.severity,
        says=use.says,
        remedy=use.remedy,
        evidence=use.evidence,
    )


def _plain_row(
    *,
    id: str,
    package: str,
    versions: str,
    other: str,
    others: str,
    severity: Severity,
    says: str,
    remedy: str,
    evidence: tuple[Evidence, ...],
) -> Combination:
    """A row about two packages that are both there, without more conditions."""
    return Combination(
        id=id,
        package=package,
        versions=versions,
        other=other,
        others=others,
        beside=None,
        besides="",
        absent=False,
        newer=False,
        apart=False,
        named=(),
        together=(),
        severity=severity,
        says=says,
        remedy=remedy,
        evidence=evidence,
    )


def always(_marker: str) -> bool:
    """If nothing is known of the machine, any marker may hold."""
    return True


def broken_combinations(
    versions: Mapping[str, str], named: Mapping[str, frozenset[str]], may_hold: Holds = always
) -> Iterator[BrokenCombination]:
    """The rows that an environment falls under.

    Args:
        versions: the exact versions of the environment by package; CUDA, cuDNN and Python count as packages.
        named: everything that the environment names, of whichever version, with the names under which it does.
        may_hold: whether a marker may hold there; what is required under it is then no missing companion.
    """
    present_owners = [
        owner for owner in sorted(versions.keys() & owners()) if not versions.keys().isdisjoint(users_of(owner))
    ]
    for package in sorted(breakable(versions, present_owners)):
        has_error: dict[str, bool] = {}
        for row in combinations_of(package):
            if _is_meant(row, versions, named) and _concerns(row, versions) and _breaks(row, versions, named, may_hold):
                has_error[row.other] = has_error.get(row.other, False) or row.severity is Severity.ERROR
                yield broken(row, versions)
        for owner in present_owners:
            for row in _found(owner, package):
                known = owner in has_error and (has_error[owner] or row.severity is not Severity.ERROR)
                if not known and _concerns(row, versions) and _breaks(row, versions, named, may_hold):
                    yield broken(row, versions)


def _is_meant(row: Combination, versions: Mapping[str, str], named: Mapping[str, frozenset[str]]) -> bool:
    """Whether the package is one of the distributions meant, or all of them, and no build of a vendor's own."""
    if not named.get(row.package, frozenset()).issuperset(row.together):
        return False
    if not row.named:
        return True
    return "+" not in versions[row.package] and not named.get(row.package, frozenset()).isdisjoint(row.named)


def _concerns(row: Combination, versions: Mapping[str, str]) -> bool:
    """Whether the package, and the third one where the row wants it, are of the releases concerned."""
    beside = versions.get(row.beside) if row.beside is not None else None
    if row.beside is not None and (beside is None or not _within(row.besides, beside)):
        return False
    return _within(row.versions, versions[row.package])


def _breaks(
    row: Combination, versions: Mapping[str, str], named: Mapping[str, frozenset[str]], may_hold: Holds
) -> bool:
    other = versions.get(row.other)
    if row.absent:
        return row.other not in named and not _is_brought(row.other, versions, may_hold)
    if other is None or not _within(row.others, other):
        return False
    return is_of(row, versions[row.package], other)


def _is_brought(package: str, versions: Mapping[str, str], may_hold: Holds) -> bool:
    """Whether a release of the environment is known to require a package, so that an install may bring it."""
    return any(
        (known := requirements(name, version)) is not None
        and not known.is_optional(package)
        and any(_may_apply(required.marker, may_hold) for required in known[package])
        for name, version in versions.items()
        if history(name) is not None
    )


def _may_apply(marker: str | None, may_hold: Holds) -> bool:
    return marker is None or ("extra" not in marker and may_hold(marker))


def is_of(row: Combination, version: str, other: str) -> bool:
    """Whether two releases stand to one another as a row wants it."""
    if row.newer and not is_newer(other, version):
        return False
    return not row.apart or _minor_release(version) != _minor_release(other)


def _minor_release(version: str) -> tuple[int, ...]:
    numbers = release_numbers(public(version))
    return (*numbers, 0, 0)[:2] if numbers is not None else ()


def others_of(versions: Mapping[str, str]) -> Iterator[str]:
    """The packages of which some release breaks one of these versions, each once."""
    others = {
        row.other: None
        for package in sorted(versions.keys() & _breakable())
        for row in combinations_of(package)
        if not row.absent and _concerns(row, versions)
    }
    yield from others


def is_newer(version: str, other: str) -> bool:
    """Whether one release is newer than another, builds left out of account; False if one cannot be read."""
    return is_before(public(other), public(version)) is True


def _within(text: str, version: str) -> bool:
    return not text or admits(text, public(version))


def broken(row: Combination, versions: Mapping[str, str]) -> BrokenCombination:
    """What a row says of the versions of an environment."""
    other = None if row.absent else versions[row.other]
    beside = versions.get(row.beside or "", "")
    filled = {"{version}": versions[row.package], "{other}": other or "", "{beside}": beside}
    return BrokenCombination(
        package=row.package,
        version=versions[row.package],
        other=row.other,
        other_version=other,
        severity=row.severity,
        says=_filled(row.says, filled),
        remedy=_filled(row.remedy, filled),
        evidence=row.evidence,
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
