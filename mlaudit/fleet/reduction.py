"""Rows → the report on a fleet: one pass over rows in the order of their names, whose memory follows what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from mlaudit.knowledge.dates import knowledge_date
from mlaudit.model.fleet import (
    MAX_NAMED,
    EnvironmentCluster,
    FleetPair,
    FleetReport,
    FleetRepository,
    ModelRisk,
    PackageSpread,
    VersionUse,
)

TOP = 10
"""Packages that drift most."""
_SEVERITIES = ("error", "warning", "info", "")
NOTHING, LOST, FOUND = 3, 2, 1
"""Exit codes, as of `check`."""

Row = dict[str, Any]


class Named:
    """Environments that have something in common: how many, and the first of them."""

    __slots__ = ("count", "where")

    def __init__(self) -> None:
        self.count = 0
        self.where: list[str] = []

    def add(self, name: str) -> None:
        """One more."""
        self.count += 1
        if len(self.where) < MAX_NAMED:
            self.where.append(name)


class Reduction:
    """The report so far; rows come in the order of their names."""

    def __init__(self) -> None:
        self.repositories: list[FleetRepository] = []
        self.pairs: list[FleetPair] = []
        self.risks: list[ModelRisk] = []
        self.environments = 0
        self.codes: set[int] = set()
        self._versions: dict[tuple[str, str], Named] = {}
        self._clusters: dict[tuple[tuple[str, str], ...], Named] = {}
        self._compared: Counter[str] = Counter()
        self._differing: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        """The row of a repository."""
        name = row["repository"]
        counts = row.get("counts", (0, 0, 0))
        self.repositories.append(
            FleetRepository(
                name=name,
                kind=row["kind"],
                revision=row.get("revision"),
                why=row["why"],
                environments=len(row.get("environments", ())),
                pairs=len(row.get("pairs", ())),
                unread=row.get("unread", 0),
                error=counts[0],
                warning=counts[1],
                info=counts[2],
            )
        )
        if row["why"]:
            self.codes.add(LOST)
            return
        self.codes.add(row["exit_code"])
        self._add_environments(name, row["environments"])
        self._add_pairs(row, f"{name}:")
        for risk in row["risks"]:
            self.risks.append(
                ModelRisk(
                    environment=f"{name}:{risk['environment']}",
                    package=risk["package"],
                    stated=risk["stated"],
                    to=risk["to"],
                    why=risk["why"],
                    models=tuple(risk["models"]),
                )
            )

    def add_spanning(self, row: Row) -> None:
        """The row of a pair of two repositories; environments bear the names of the fleet already."""
        address = " ".join(part for part in row["address"] if part)
        if row["why"]:
            pair = FleetPair(writer=row["writer"], reader=row["reader"], address=address, why=row["why"])
            self.pairs.append(pair)
            self.codes.add(LOST)
            return
        self.codes.add(row["exit_code"])
        self._add_pairs(row, "", address=address, certain=row["certain"])

    def report(self, asked: Iterable[tuple[str, str]], notes: Iterable[str]) -> FleetReport:
        """The report on everything that was added."""
        return FleetReport(
            knowledge=knowledge_date(),
            repositories=tuple(self.repositories),
            pairs=tuple(sorted(self.pairs, key=_worst_first)),
            versions=tuple(
                VersionUse(package=package, version=version, count=named.count, where=tuple(named.where))
                for (package, version), named in sorted(self._versions.items())
            ),
            clusters=tuple(self._sorted_clusters()),
            drifts=tuple(self._most_drifting()),
            risks=tuple(sorted(self.risks, key=lambda risk: (risk.package, risk.to, risk.environment))),
            exit_code=_exit_code(self.codes),
            environments=self.environments,
            compared=sum(self._compared.values()),
            differing=sum(self._differing.values()),
            asked=tuple(f"{package}=={version}" for package, version in asked),
            notes=tuple(notes),
        )

    def _add_environments(self, repository: str, environments: Iterable[Row]) -> None:
        for environment in environments:
            if environment["is_model"]:
                continue
            self.environments += 1
            name = f"{repository}:{environment['name']}"
            versions = environment["versions"]
            for package, version in versions.items():
                self._versions.setdefault((package, version), Named()).add(name)
            if versions:
                self._clusters.setdefault(tuple(versions.items()), Named()).add(name)

    def _add_pairs(self, row: Row, begin: str, *, address: str = "", certain: bool | None = None) -> None:
        versions = {environment["name"]: environment["versions"] for environment in row["environments"]}
        differing: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for package, writer, reader, differs in row["packages"]:
            self._compared[package] += 1
            if differs:
                self._differing[package] += 1
                sides = (versions.get(name, {}).get(package, "") for name in (writer, reader))
                differing.setdefault((writer, reader), []).append((package, *sides))
        findings: dict[frozenset[str], list[Row]] = {}
        for finding in row["findings"]:
            findings.setdefault(frozenset(finding["environments"]), []).append(finding)
        for pair in row["pairs"]:
            names = pair["writer"], pair["reader"]
            own = findings.get(frozenset(names), [])
            self.pairs.append(
                FleetPair(
                    writer=begin + names[0],
                    reader=begin + names[1],
                    severity=own[0]["severity"] if own else "",
                    certain=pair["certain"] if certain is None else certain,
                    address=address,
                    models=tuple(pair["models"]),
                    differ=tuple(differing.get(names, ())),
                    findings=tuple(own),
                )
            )

    def _sorted_clusters(self) -> Iterable[EnvironmentCluster]:
        shared = [(versions, named) for versions, named in self._clusters.items() if named.count > 1]
        for versions, named in sorted(shared, key=lambda named_cluster: (-named_cluster[1].count, named_cluster[0])):
            yield EnvironmentCluster(versions=versions, count=named.count, where=tuple(named.where))

    def _most_drifting(self) -> Iterable[PackageSpread]:
        versions: Counter[str] = Counter(package for package, _ in self._versions)
        ranked = sorted(self._differing, key=lambda package: (-self._differing[package], -versions[package], package))
        for package in ranked[:TOP]:
            yield PackageSpread(
                package=package,
                differing=self._differing[package],
                compared=self._compared[package],
                versions=versions[package],
            )


def _worst_first(pair: FleetPair) -> tuple[bool, int, int, str, str]:
    severe = sum(finding["severity"] == pair.severity for finding in pair.findings)
    return not pair.why, _SEVERITIES.index(pair.severity), -severe, pair.writer, pair.reader


def _exit_code(codes: set[int]) -> int:
    """2 a repository lost, 1 findings, 3 nothing was compared anywhere, 0; the first that applies."""
    for code in (LOST, FOUND):
        if code in codes:
            return code
    return 0 if 0 in codes else NOTHING
