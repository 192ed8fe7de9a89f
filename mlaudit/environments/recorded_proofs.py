"""Proofs that were recorded, compared with the environments as they are: what is stale says so and counts no more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.knowledge.kinds import artifact_kinds, carried
from mlaudit.model.errors import Unreadable
from mlaudit.model.evidence import RecordedProof
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Kind, Reading
from mlaudit.model.report import Environment
from mlaudit.model.versions import same_public
from mlaudit.request.options import EVIDENCE_FILE
from mlaudit.sources.content_digest import content_digest
from mlaudit.sources.paths import exists, is_folder, lies_inside, resolved
from mlaudit.sources.working_tree import WorkingTree

_AGAIN = "`mlaudit prove --record` proves it again"
_AWAY = "the model file is not there, or cannot be read"
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedProofs:
    """What recorded proofs mean for some environments.

    Attributes:
        proven: pairs all of whose models were proven to give the same, with the sentence on it.
        notes: what is stale, and why.
    """

    environments: tuple[Environment, ...]
    proven: Mapping[tuple[str, str], str]
    notes: tuple[str, ...] = ()


def with_proofs(environments: Sequence[Environment], root: Path) -> AppliedProofs:
    """The environments with the recorded proofs that still hold."""
    path = root / EVIDENCE_FILE
    if not exists(str(path)):
        return AppliedProofs(environments=tuple(environments), proven={})
    tree = WorkingTree(root)
    try:
        recorded = tuple(_recorded(tree.document(path)))
    except (Unreadable, Malformed) as error:
        return AppliedProofs(
            environments=tuple(environments), proven={}, notes=(f"{EVIDENCE_FILE}: not read: {error}",)
        )
    named = {environment.name: environment for environment in environments}
    holding: list[RecordedProof] = []
    away: list[RecordedProof] = []
    notes: list[str] = []
    for proof in recorded:
        if proof.writer not in named or proof.reader not in named:
            continue
        whys = list(_changes(proof, named[proof.writer], named[proof.reader], tree))
        if not whys:
            holding.append(proof)
            continue
        away += [proof] if whys == [_AWAY] else []
        notes.append(f"{proof.at}: the proof of {proof.model} does not count: {whys[0]}; {_AGAIN}")
    proven_environments = (
        replace(environment, proofs=_read_by(environment, holding), away=_read_by(environment, away))
        for environment in environments
    )
    proven = dict(_proven_pairs(holding, named))
    sentences = (
        f"{sentence} ({EVIDENCE_FILE}), which takes precedence over what is known about versions"
        for sentence in proven.values()
    )
    return AppliedProofs(environments=tuple(proven_environments), proven=proven, notes=(*sentences, *notes))


def _read_by(environment: Environment, proofs: Iterable[RecordedProof]) -> tuple[RecordedProof, ...]:
    return tuple(proof for proof in proofs if proof.reader == environment.name)


def _recorded(document: Document) -> Iterator[RecordedProof]:
    for number, row in enumerate(document.toml.get("proof").each()):
        if number >= _MOST:
            raise Malformed(f"more than {_MOST} proofs")
        words = {
            name: row.get(name).text() for name in ("model", "sha256", "kind", "writer", "reader", "verdict", "says")
        }
        versions = {side: _versions(row.dig("versions", side)) for side in ("writer", "reader")}
        yield RecordedProof(
            **words,
            date=row.get("date").text(),
            platform=row.get("platform").text(),
            at=document.at(*row.route, "model"),
            versions=versions,
        )


def _versions(table: Node) -> Mapping[str, str]:
    return {name: version.text() for name, version in table.items()}


def _changes(proof: RecordedProof, writer: Environment, reader: Environment, tree: WorkingTree) -> Iterator[str]:
    """What is no longer as it was when the proof was made, or is not known to be."""
    yield from _side(proof, "writer", writer)
    yield from _side(proof, "reader", reader)
    digest = _digest(tree, proof.model) if proof.sha256 else ""
    if proof.sha256 and not digest:
        yield _AWAY
    elif digest != proof.sha256:
        yield "the model file is another one"


def _side(proof: RecordedProof, side: str, environment: Environment) -> Iterator[str]:
    recorded = proof.versions[side]
    python = recorded.get("python", "")
    pythons = environment.target.pythons
    if len(pythons) != 1:
        yield f"{environment.name} leaves its Python open, and it was proven under {python}"
    elif not f"{python}.".startswith(f"{pythons[0]}."):
        yield f"{environment.name} has Python {pythons[0]}, and it was proven under {python}"
    system, _, machine = proof.platform.partition(" ")
    target = environment.target
    if ("platform" not in target.assumed and target.platform != system) or (
        "machine" not in target.assumed and machine.lower() != target.machine.lower()
    ):
        yield f"{environment.name} is for {target.platform} {target.machine}, and it was proven on {proof.platform}"
    needed = _needed(proof.kind)
    for name, version in recorded.items():
        cell = environment.cell(package_of(name))
        if name == "python":
            continue
        if cell.version is not None and not same_public(cell.version, version):
            yield f"{environment.name} has {name} {cell.version}, and it was proven with {version}"
        elif cell.version is None and (cell.stated or package_of(name) in needed):
            yield f"{environment.name} leaves {name} open, and it was proven with {version} (--resolve lock pins it)"


def _needed(kind: str) -> frozenset[str]:
    table = artifact_kinds()
    return frozenset(table[format_name].package for format_name in carried(frozenset((kind,))) if format_name in table)


def _digest(tree: WorkingTree, model: str) -> str:
    """The SHA-256 of a model file or folder inside of the root; empty if it cannot be read."""
    path = tree.folder / model
    try:
        if is_folder(path):
            return content_digest(path) if lies_inside(path, resolved(tree.folder)) else ""
        with tree.document(path).stream() as stream:
            return _sha(stream)
    except (Unreadable, OSError):
        return ""


def _sha(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while part := stream.read(1024 * 1024):
        digest.update(part)
    return digest.hexdigest()


def _proven_pairs(
    holding: Sequence[RecordedProof], named: Mapping[str, Environment]
) -> Iterator[tuple[tuple[str, str], str]]:
    """The pairs of which every model file is proven, by a proof that holds."""
    for pair in dict.fromkeys((proof.writer, proof.reader) for proof in holding):
        proofs = {proof.model: proof for proof in holding if (proof.writer, proof.reader) == pair and proof.is_good}
        writer, reader = named[pair[0]], named[pair[1]]
        # A model that a folder describes may be an environment of its own, named after the side that it is of.
        apart = [
            environment
            for environment in named.values()
            if environment.is_model and environment.name.startswith((f"{pair[0]}/", f"{pair[1]}/"))
        ]
        for name, readings in (
            (pair[0], (*writer.writes, *reader.reads)),
            *((environment.name, environment.writes) for environment in apart if environment.name in reader.follows),
        ):
            covering = _covering(readings, proofs)
            if covering:
                shown = ", ".join(f"{model} on {proofs[model].date}" for model in sorted(covering)[:3])
                yield (name, pair[1]), f"{pair[1]} was proven to give the same results as {name}: {shown}"


def _covering(readings: Iterable[Reading], proofs: Mapping[str, RecordedProof]) -> set[str]:
    """The models whose proofs cover every model file of some readings; none where one is not covered."""
    files = {pin.at.path for reading in readings for pin in reading.pins if pin.kind is Kind.ARTIFACT}
    nearest_proofs = {file: next((path for path in _with_parents(file) if path in proofs), None) for file in files}
    return set() if None in nearest_proofs.values() else {path for path in nearest_proofs.values() if path is not None}


def _with_parents(path: str) -> Iterator[str]:
    """A path, then the folders that it is in."""
    while path:
        yield path
        path = path.rpartition("/")[0]
