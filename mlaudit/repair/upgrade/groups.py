"""Environments that must agree: those that are joined by who reads what whom writes."""

from __future__ import annotations

from collections.abc import Sequence

from mlaudit.model.report import Environment


def joined_environments(environments: Sequence[Environment]) -> tuple[tuple[Environment, ...], ...]:
    """The environments in groups; what moves in one group says nothing about another."""
    leader = {environment.name: environment.name for environment in environments}

    def first(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for environment in environments:
        for writer in environment.follows:
            if writer in leader:
                leader[first(environment.name)] = first(writer)
    groups: dict[str, list[Environment]] = {}
    for environment in environments:
        groups.setdefault(first(environment.name), []).append(environment)
    return tuple(map(tuple, groups.values()))
