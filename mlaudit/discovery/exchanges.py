"""Artifacts that an environment writes to or reads from registries, hubs and buckets, under complete names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from mlaudit.code.nouns import ArtifactName, ArtifactUse, NameKind
from mlaudit.code.sameness import is_generic
from mlaudit.discovery.handovers import PLAIN_FORMS
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.model.exchanges import Exchange

_KINDS = (NameKind.REGISTRY, NameKind.HUB, NameKind.BUCKET)
MAX_EXCHANGES = 200
"""Of one environment."""


def exchanges_of(uses: Iterable[ArtifactUse]) -> list[Exchange]:
    """The exchanges of some uses, in the order of their places; without tables and texts, which any version reads."""
    known = artifact_kinds()
    exchanges: dict[Exchange, None] = {}
    for use in sorted(
        uses,
        key=lambda artifact_use: (
            artifact_use.at.path,
            artifact_use.at.line or 0,
            artifact_use.at.column or 0,
            artifact_use.call,
        ),
    ):
        if use.form in PLAIN_FORMS or not use.certain:
            continue
        kinds = tuple(kind for kind in dict.fromkeys((*use.holds, use.form)) if kind in known)
        for name in use.names:
            if _is_address(name):
                exchange = Exchange(
                    side=use.direction.value,
                    kind=name.kind.value,
                    scope=name.scope,
                    name=name.text.strip("/"),
                    form=use.form,
                    kinds=kinds,
                    at=use.at,
                )
                exchanges.setdefault(exchange)
    return list(exchanges)[:MAX_EXCHANGES]


def _is_address(name: ArtifactName) -> bool:
    """Whether a name means the same artifact in every repository.

    A key needs its bucket, a name inside a run its run; a name that many artifacts have says nothing if it is all
    that is known.
    """
    if name.kind not in _KINDS or name.in_run or not name.complete or not name.certain or not name.text.strip("/"):
        return False
    if name.kind is NameKind.BUCKET:
        return bool(name.scope)
    return not is_generic(posixpath.basename(name.text))
