"""Which Pythons and platforms a release is for: what it declares, and the wheels that it has."""

from __future__ import annotations

from collections.abc import Iterable

from mlaudit.knowledge.releases import DeclaredRelease, history, newest, release
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import admits

_SYSTEMS = {"linux": "linux", "darwin": "macosx", "win32": "win"}
_ONE_PYTHON = lazy_pattern(r"(cp|py)3([0-9]{1,3})")


def undeclared_python(
    package: str, version: str, python: str, platform: str, machine: str
) -> tuple[str, str, Evidence] | None:
    """What is wrong with a release on a Python, what to do and who says so; None if it fits or is not known."""
    known = release(package, version)
    if known is None:
        return None
    fitting = newest(package, python=f"{python}.0" if python.count(".") < 2 else python)
    remedy = f"Take another Python{f', or {package} {fitting}' if fitting else ''}."
    if not admits_python(known.requires_python, python):
        says = f"{package} {version} declares Requires-Python {known.requires_python}, and Python is {python}"
        return f"{says}: pip refuses it.", remedy, known.evidence
    if known.wheels and not has_wheel(known.wheels, python, platform, machine):
        on = f"{platform} {machine}"
        says = f"{package} {version} has no wheel for Python {python} on {on}: pip builds it from source or fails."
        return says, f"Take another Python{_with_wheel(known, python, platform, machine)}.", known.evidence
    return None


def admits_python(declared: str | None, python: str) -> bool:
    """Whether some patch release of a Python (`3.12`), or the one that is named, is declared."""
    patches = ("",) if python.count(".") > 1 else (".0", ".99")
    return not declared or any(admits(declared, python + patch) for patch in patches)


def _with_wheel(known: DeclaredRelease, python: str, platform: str, machine: str) -> str:
    """The newest release that has one, as an alternative."""
    found = history(known.package)
    fitting = [
        one.version
        for one in (found.releases if found else ())
        if has_wheel(one.wheels or (), python, platform, machine)
    ]
    return f", or {known.package} {fitting[-1]}" if fitting else ""


def has_wheel(wheels: Iterable[str], python: str, platform: str, machine: str) -> bool:
    """Whether one of the wheels of a release installs on a Python, an operating system and a machine."""
    return any(_fits(wheel, python, platform, machine) for wheel in wheels)


def _fits(wheel: str, python: str, platform: str, machine: str) -> bool:
    """As https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/ says."""
    tag, abi, built_for = wheel.split("-")
    return _fits_platform(built_for, platform, machine) and _fits_python(tag, abi, int(python.split(".")[1]))


def _fits_platform(built_for: str, platform: str, machine: str) -> bool:
    if built_for == "any":
        return True
    system, _, of = built_for.partition("_")
    return system == _SYSTEMS.get(platform, platform) and of.lower() in (machine.lower(), "universal2", "")


def _fits_python(tag: str, abi: str, minor: int) -> bool:
    if tag in ("py3", "cp3"):
        return True
    one = _ONE_PYTHON.fullmatch(tag)
    if one is None:
        return False
    later = one[1] == "py" or abi == "abi3"
    return int(one[2]) <= minor if later else int(one[2]) == minor
