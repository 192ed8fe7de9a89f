"""Which Pythons and platforms a release is for: what it declares, and the wheels that it has."""

from __future__ import annotations

from collections.abc import Iterable

from mlaudit.knowledge.releases import history, release
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Evidence
from mlaudit.model.versions import admits, parsed

_SYSTEMS = {"linux": "linux", "darwin": "macosx", "win32": "win"}
_ONE_PYTHON = lazy_pattern(r"(cp|py)3([0-9]{1,3})")


def undeclared_python(
    package: str, version: str, python: str, platform: str, machine: str
) -> tuple[str, str, Evidence] | None:
    """What is wrong with a release on a Python, what to do and who says so; None if it fits or is not known."""
    known = release(package, version)
    if known is None:
        return None
    if not admits_python(known.requires_python, python):
        says = f"{package} {version} declares Requires-Python {known.requires_python}, and Python is {python}"
        other = _alternative(package, python, platform, machine)
        return f"{says}: pip refuses it.", f"Use another Python{other}.", known.python_evidence
    if known.wheels and not has_wheel(known.wheels, python, platform, machine):
        on = f"{platform} {machine}"
        says = f"{package} {version} has no wheel for Python {python} on {on}: pip builds it from source or fails."
        return says, f"Use another Python{_alternative(package, python, platform, machine)}.", known.files
    return None


def admits_python(declared: str | None, python: str) -> bool:
    """Whether some patch release of a Python (`3.12`), or the one that is named, is declared."""
    patches = ("",) if python.count(".") > 1 else (".0", ".99")
    return not declared or any(admits(declared, python + patch) for patch in patches)


def _alternative(package: str, python: str, platform: str, machine: str) -> str:
    """The newest final release that declares a Python and has a wheel for it, in words; empty where none is known."""
    release_history = history(package)
    for declared_release in reversed(release_history.releases if release_history else ()):
        version = parsed(declared_release.version)
        if version is None or version.is_prerelease or not admits_python(declared_release.requires_python, python):
            continue
        if has_wheel(declared_release.wheels or (), python, platform, machine):
            return f", or {package} {declared_release.version}"
    return ""


def has_wheel(wheels: Iterable[str], python: str, platform: str, machine: str) -> bool:
    """Whether one of the wheels of a release installs on a Python, an operating system and a machine."""
    return any(_fits(wheel, python, platform, machine) for wheel in wheels)


def has_wheel_anywhere(wheels: Iterable[str], python: str) -> bool:
    """Whether one of the wheels of a release installs on a Python, on some machine."""
    parts = (wheel.split("-") for wheel in wheels)
    return any(not abi.endswith("t") and _fits_python(tag, abi, int(python.split(".")[1])) for tag, abi, _ in parts)


def _fits(wheel: str, python: str, platform: str, machine: str) -> bool:
    """As https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/ says.

    What is built for an interpreter without a global lock (`cp313t`) fits no other.
    """
    tag, abi, built_for = wheel.split("-")
    return (
        not abi.endswith("t")
        and _fits_platform(built_for, platform, machine)
        and _fits_python(tag, abi, int(python.split(".")[1]))
    )


def _fits_platform(built_for: str, platform: str, machine: str) -> bool:
    if built_for == "any":
        return True
    system, _, of = built_for.partition("_")
    return system == _SYSTEMS.get(platform, platform) and of.lower() in (machine.lower(), "universal2", "")


def _fits_python(tag: str, abi: str, minor: int) -> bool:
    if tag in ("py3", "cp3"):
        return True
    match = _ONE_PYTHON.fullmatch(tag)
    if match is None:
        return False
    later = match[1] == "py" or abi == "abi3"
    return int(match[2]) <= minor if later else int(match[2]) == minor
