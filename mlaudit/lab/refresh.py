"""Derive again what package metadata shows (developers only): `python -m mlaudit.lab.refresh TABLE`.

`releases` writes knowledge/releases/ (`mlaudit.lab.refresh_releases` shows its options), and `coverage` prints what is
known there as a table. The others print the rows of their file to stdout, to be reviewed and put in place by hand; they
need pip and the network, and read metadata of the packages in the tables and of no others. Nothing of the tool imports
this.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from mlaudit.knowledge.releases import DeclaredRelease, agreed, history
from mlaudit.knowledge.releases import requirements as requirements_of
from mlaudit.knowledge.schema import parse

PYTHON = "3.11"
"""The interpreter whose wheels are looked at where one must be chosen."""
LINUX = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.9",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "extra": "",
}
BUILT_FOR_1 = b"numpy.core._multiarray_umath"
BUILT_FOR_2 = b"numpy._core._multiarray_umath"


def pip(*arguments: str) -> str:
    """What pip prints. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - own arguments


def releases(package: str, python: str = PYTHON) -> list[str]:
    """Final releases that have a wheel for a Python, oldest first. Raises CalledProcessError where there are none."""
    answer = pip("index", "versions", package, "--json", "--python-version", python, "--only-binary=:all:")
    versions = [str(version) for version in json.loads(answer)["versions"]]
    return sorted((text for text in versions if not Version(text).is_prerelease), key=Version)


def requirements(package: str, version: str) -> list[Requirement]:
    """What one release demands on Linux without extras, from its metadata."""
    target = ("--python-version", PYTHON, "--only-binary=:all:", "--target", tempfile.gettempdir())
    report = pip("install", "--dry-run", "--no-deps", "--quiet", "--report", "-", *target, f"{package}=={version}")
    metadata = json.loads(report)["install"][0]["metadata"]
    parsed = [Requirement(text) for text in metadata.get("requires_dist", ())]
    return [entry for entry in parsed if entry.marker is None or entry.marker.evaluate(LINUX)]


def runs(wanted: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Ranges by release, oldest first, as runs of equal ranges: first release, last release, range."""
    spans: list[tuple[str, str, str]] = []
    for version, specifier in wanted.items():
        if spans and spans[-1][2] == specifier:
            spans[-1] = (spans[-1][0], version, specifier)
        else:
            spans.append((version, version, specifier))
    return spans


def demands() -> Iterator[str]:
    """The rows of demands.toml, with the releases that came since its last runs, without what the index repeats."""
    for subject, others in parse("demands.toml").get("demand").items():
        rows = [row.get("runs") for _, row in others.items()]
        newest = max((run.texts()[1] for row in rows for run in row.each()), key=Version, default=None)
        newer = [version for version in releases(subject) if Version(version) > Version(newest)] if newest else []
        metadata = {version: requirements(subject, version) for version in newer}
        for other, row in others.items():
            known = [tuple(run.texts()) for run in row.get("runs").each()]
            since = runs({version: text for version in newer if (text := _specifier(metadata[version], other))})
            kept = [run for run in (*known, *since) if not is_repeated(subject, other, run)]
            yield _demand(subject, other, row.get("family").text(), kept)


def is_repeated(subject: str, other: str, run: Sequence[str]) -> bool:
    """Whether the index of releases says the same of every release of a run.

    What belongs to wheels of some machines only is kept: other builds of a release are judged by the run.
    """
    first, last, wanted = run
    known = history(subject)
    inside = [release for release in known.releases if _is_within(release.version, first, last)] if known else []
    return bool(inside) and all(_requires(release, other) == SpecifierSet(wanted) for release in inside)


def _is_within(version: str, first: str, last: str) -> bool:
    return Version(first) <= Version(version) <= Version(last)


def _requires(release: DeclaredRelease, other: str) -> SpecifierSet | None:
    """What METADATA of a release, or of those around it, requires on Linux; None if it does not say for sure."""
    lazy_requirements = requirements_of(release.package, release.version) if release.from_metadata else None
    alike = agreed(release.package, release.version) if lazy_requirements is None else None
    lazy_requirements = alike.requirements if alike is not None else lazy_requirements
    declared = lazy_requirements[other] if lazy_requirements is not None and other in lazy_requirements else ()
    rows = [
        requirement
        for requirement in declared
        if requirement.marker is None or Marker(requirement.marker).evaluate(LINUX)
    ]
    if not rows or any(row.marker is not None and "platform" in row.marker for row in rows):
        return None
    return SpecifierSet(",".join(row.specifier for row in rows))


def _specifier(parsed: Sequence[Requirement], other: str) -> str:
    texts = [str(entry.specifier) for entry in parsed if entry.name.lower().replace("_", "-") == other]
    clauses = {clause for text in texts for clause in text.split(",") if clause}
    return ",".join(sorted(clauses, key=lambda clause: (clause[0] != ">", clause)))


def _demand(subject: str, other: str, family: str, rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"[demand.{subject}.{other}]", f'family = "{family}"', "runs = ["]
    lines += [f"  {json.dumps(list(row))}," for row in rows]
    return "\n".join([*lines, "]", ""])


def pythons() -> Iterator[str]:
    """The rows of pythons.toml: the first and the last release with a wheel, for each package and Python."""
    for package, row in parse("pythons.toml").get("wheels").items():
        lines = [f"[wheels.{package}]"]
        for python in row.table():
            known = releases(package, str(python))
            lines.append(f'"{python}" = {json.dumps([known[0], known[-1]])}')
        yield "\n".join([*lines, ""])


def abi() -> Iterator[str]:
    """For which numpy the last release known for numpy 1, and the newest one, of each package are built."""
    for row in parse("abi.toml").get("built").each():
        package = row.get("package").text()
        for version in (row.get("last_numpy1").text(), releases(package)[-1]):
            yield f"{package} {version}: {built_for(package, version)}"


def built_for(package: str, version: str) -> str:
    """Which numpy the compiled modules of a wheel name."""
    with tempfile.TemporaryDirectory() as folder:
        target = ("--python-version", PYTHON, "--only-binary=:all:", "--no-deps", "--dest", folder)
        pip("download", "--quiet", *target, f"{package}=={version}")
        wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            modules = [archive.read(name) for name in archive.namelist() if name.endswith(".so")]
    if any(BUILT_FOR_2 in module for module in modules):
        return "numpy 2, runs on 1 and 2"
    return "numpy 1 only" if any(BUILT_FOR_1 in module for module in modules) else "no compiled code for numpy"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows of one file, or write those of all releases."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["releases"]:
        from mlaudit.lab.refresh_releases import main as refresh_releases

        return refresh_releases(words[1:])
    if words[:1] == ["coverage"]:
        from mlaudit.lab.release_coverage import coverage

        sys.stdout.writelines(f"{line}\n" for line in coverage())
        return 0
    tables = {"demands": demands, "pythons": pythons, "abi": abi}
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.refresh", description=__doc__)
    parser.add_argument("table", choices=sorted((*tables, "coverage", "releases")))
    asked = parser.parse_args(words)
    sys.stdout.write(f'checked = "{date.today().isoformat()}"\n\n')
    for text in tables[asked.table]():
        sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
