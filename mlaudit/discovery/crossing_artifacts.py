"""What a handover is to a reader of the report: the artifact that crosses, its form and its places."""

from __future__ import annotations

import posixpath

from mlaudit.code.nouns import ArtifactUse, NameKind, Sameness
from mlaudit.code.sameness import joining_names
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.handovers import PLAIN_FORMS, Handover
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.knowledge.kinds import artifact_kinds, with_unknown_objects
from mlaudit.model.pairs import CrossingArtifact

MAX_CROSSES = 12
"""Artifacts of one pair that are kept."""
_ANY_FLAVOUR = "mlflow.pyfunc"
"""The kind of MLflow that loads models of all its flavours."""


def hand_over(writer: Candidate, reader: Candidate, handover: Handover) -> None:
    """Give a reader a writer, with the artifact that passes between them."""
    crosses = reader.crosses.setdefault(writer, [])
    artifact = crossing_artifact(handover)
    same = [
        known
        for known in crosses
        if (known.artifact, known.form) == (artifact.artifact, artifact.form)
        or (known.written, known.read) == (artifact.written, artifact.read)
    ]
    if not same:
        crosses.append(artifact)
        # Models are kept and shown before tables and texts.
        crosses.sort(key=lambda known: known.is_plain)
        del crosses[MAX_CROSSES:]
    if writer not in reader.writers:
        reader.writers.append(writer)


def crossing_artifact(handover: Handover) -> CrossingArtifact:
    """What a reader of the report sees of a handover."""
    write, read = handover.write, handover.read
    names = joining_names(write, read)
    named = (names[1] if names is not None else read.names[0]).text
    if handover.is_converted and names is None:
        named = f"{write.names[0].text}, converted to {named}"
    form = write.form if write.form != "bytes" else read.form
    if form == "bytes":
        form = artifact_calls().copied.get(posixpath.splitext(named)[1].lower(), form)
    known = artifact_kinds()
    kinds = tuple(kind for kind in dict.fromkeys((*write.holds, *read.holds, form)) if kind in known)
    kinds = kinds if write.holds or read.holds else with_unknown_objects(kinds)
    if write.form == "mlflow" and not write.holds and set(kinds) <= {_ANY_FLAVOUR}:
        # What loads every flavour does not show which one was registered.
        kinds = ()
    return CrossingArtifact(
        artifact=named or "*",
        form=form_title(kinds[0] if kinds else form),
        kinds=kinds,
        written=write.at,
        read=read.at,
        certain=handover.sameness >= Sameness.LIKELY and not _is_unseen_upload(write, read),
        is_plain=form in PLAIN_FORMS,
        settings=read.settings,
        stated=write.settings,
    )


def _is_unseen_upload(write: ArtifactUse, read: ArtifactUse) -> bool:
    """Whether a descriptor names a key of a bucket that nothing in the code uploads to: only the last part is alike."""
    is_stored = read.call == "storageUri"
    return is_stored and not any(name.kind is NameKind.BUCKET for name in write.names)


def form_title(form: str) -> str:
    """A form in words."""
    kind = artifact_kinds().get(form)
    if kind is not None:
        return kind.title
    known = artifact_calls().forms.get(form)
    return known.title if known is not None else form
