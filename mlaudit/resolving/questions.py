"""From an environment to the question that a resolver is asked: what its cells say, for its Python and platform."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from packaging.requirements import InvalidRequirement, Requirement

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Layer, Pin, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.versions import public

_SYSTEMS = {"linux": "unknown-linux-gnu", "darwin": "apple-darwin", "win32": "pc-windows-msvc"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "x86_64": "x86_64", "aarch64": "aarch64"}
_INSTALLABLE = (Kind.PACKAGE, Kind.LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverQuestion:
    """What a resolver is asked of one environment.

    Attributes:
        requirements, constraints, overrides: lines of requirements, sorted.
        default_index: stands for the usual index; None if the sources name none.
        indexes: others, without credentials.
        pythons_assumed: why this Python, where the sources leave it open; empty if they state it.
        left_out: the packages that uv is not asked about, each with the reason.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    default_index: str | None = None
    indexes: tuple[str, ...] = ()
    python: str
    platform: str | None
    pythons_assumed: str = ""
    left_out: tuple[str, ...] = ()


def is_locked(environment: Environment) -> bool:
    """Whether a lock, or an installed environment, states what is installed."""
    if environment.is_model:
        return True
    pins = (pin for pin, selected in environment.pins() if selected is not False)
    return any(pin.layer.rank >= Layer.LOCKED.rank and pin.kind is Kind.PACKAGE for pin in pins)


def is_of_conda(environment: Environment) -> bool:
    """Whether conda installs some of it, of which uv knows nothing."""
    pins = (pin for pin, selected in environment.pins() if selected is not False)
    return any(pin.ecosystem == "conda" and pin.kind is Kind.PACKAGE for pin in pins)


def question(environment: Environment) -> ResolverQuestion:
    """What uv is asked of an environment."""
    python, assumed = _python(environment)
    requirements: list[str] = []
    constraints: list[str] = []
    left_out: list[str] = []
    for cell in environment.cells.values():
        if cell.kind not in _INSTALLABLE:
            continue
        refused = _refused(cell)
        if refused:
            left_out.append(f"{cell.package} ({refused})")
        elif any(pin.derived_from is not None for pin in cell.pins):
            constraints += [line for line in _lines(cell, python, as_public=True) if any(map(str.isdigit, line))]
        else:
            requirements += _lines(cell, python)
    bounds = [pin for pin, selected in environment.pins() if pin.kind is Kind.BOUND and selected is not False]
    constraints += [line for pin in bounds if not pin.overrides for line in _bound(pin)]
    default, indexes = _indexes(environment)
    return ResolverQuestion(
        requirements=tuple(sorted(dict.fromkeys(requirements))),
        constraints=tuple(sorted(dict.fromkeys(constraints))),
        overrides=tuple(sorted(dict.fromkeys(line for pin in bounds if pin.overrides for line in _bound(pin)))),
        default_index=default,
        indexes=indexes,
        python=python,
        platform=_platform(environment),
        pythons_assumed=assumed,
        left_out=tuple(left_out),
    )


def _python(environment: Environment) -> tuple[str, str]:
    """The Python to resolve for, and a sentence part where the sources leave it open."""
    known = environment.target.pythons
    if len(known) == 1:
        return known[0], ""
    if known:
        lowest = min(known, key=lambda text: tuple(int(part) for part in text.split(".") if part.isdigit()))
        return lowest, f"Python {lowest}, the lowest that its sources admit"
    running = ".".join(platform.python_version_tuple()[:2])
    return running, f"Python {running}, which runs mlaudit, since its sources name none (--python)"


def _platform(environment: Environment) -> str | None:
    target = environment.target
    system, machine = _SYSTEMS.get(target.platform), _MACHINES.get(target.machine.lower())
    return f"{machine}-{system}" if system and machine else None


def _refused(cell: Cell) -> str:
    """Why a resolver is not asked about a package; empty if it is."""
    if cell.state is State.UNREAD:
        return "its statement was not understood"
    if cell.kind is Kind.LOCAL:
        return "it is a folder of the user, whose build would run its code"
    for pin in cell.pins:
        if pin.source != "index":
            return f"it comes from a {pin.source} and not from an index, and reading it would run its build"
        if pin.ecosystem != "pypi":
            return f"it is a package of {pin.ecosystem}"
    return ""


def _lines(cell: Cell, python: str, *, as_public: bool = False) -> Iterator[str]:
    """The requirement, or those that contradict one another, that a cell states."""
    pin = cell.pins[0]
    extras = sorted({normalized(extra) for stated_pin in cell.pins for extra in stated_pin.extras})
    name = f"{normalized(pin.name)}[{','.join(extras)}]" if extras and not as_public else normalized(pin.name)
    stated = cell.by_python.get(python) if cell.by_python else None
    if stated is not None:
        yield from _checked(f"{name}{stated}")
        return
    versions = [public(version) for version in cell.versions] if as_public else cell.versions
    for version in versions:
        yield from _checked(f"{name}=={version}")
    if cell.specifier or not cell.versions:
        yield from _checked(f"{name}{cell.specifier or ''}")


def _bound(pin: Pin) -> Iterator[str]:
    stated = pin.specifier or (f"=={pin.version}" if pin.version else "")
    if stated and pin.ecosystem == "pypi":
        yield from _checked(f"{normalized(pin.name)}{stated}")


def _checked(line: str) -> Iterator[str]:
    """The line as it is written again from what it means; nothing if it is no requirement of an index."""
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return
    if requirement.url is None and requirement.marker is None:
        yield str(requirement)


def _indexes(environment: Environment) -> tuple[str | None, tuple[str, ...]]:
    """The index that stands for the usual one, and the others; credentials are uv's own affair, and left out."""
    facts = [fact for reading in environment.readings for fact in reading.facts]
    defaults = [url for fact in facts if fact.key == "default-index" for url in _bare(fact.value)]
    every = [url for fact in facts if fact.key == "index" for url in _bare(fact.value)]
    default = defaults[0] if defaults else None
    return default, tuple(dict.fromkeys(url for url in every if url != default))


def _bare(address: str) -> Iterator[str]:
    """An address without its user and password; nothing if it is none of the web."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if parts.scheme not in ("http", "https") or not host or any(sign in host for sign in "${}<>%*"):
        return
    place = f"[{host}]" if ":" in host else host
    yield urlunsplit((parts.scheme, f"{place}:{port}" if port else place, parts.path, "", ""))
