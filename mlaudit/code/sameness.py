"""Whether two names are those of one artifact, and whether what one call writes another one can read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache

from mlaudit.code.nouns import ArtifactName, ArtifactUse, NameKind, Sameness
from mlaudit.knowledge.artifact_calls import artifact_calls
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_TEXT = 400
"""Characters of a name that are compared."""

SERVED = "served"
"""The form of a model behind a hosted endpoint."""

_FIELD = lazy_pattern(r"\{[^{}]{0,60}\}|\$\{[^{}]{0,60}\}|%\(?\w{0,30}\)?[\d.]{0,5}[sdf]|<[^<>]{0,60}>")
_VERSION = lazy_pattern(r"(?:[-_. ]?v?\d{1,8}(?:[._-]\d{1,8}){0,4}|[-_](?:final|latest|new|old))$")
"""What a file's name states about its version or date: `_v1.0.0`, `-2024-05-01`, `2`."""
_PACKED = lazy_pattern(r"(?<=.)(?:\.tar)?\.(?:gz|bz2|xz|zst|tar|tgz|zip|7z)$")
_FILE_KINDS = frozenset((NameKind.PATH, NameKind.BUCKET, NameKind.HUB))


def same_artifact(name: ArtifactName, other: ArtifactName) -> Sameness:
    """How sure it is that two names are those of one artifact.

    Files are the same where their last parts agree and their known folders do not contradict; names of registries,
    tables and variables where they are equal. A name that many artifacts have (`model.pkl`) needs its folder too.
    """
    if _are_files(name, other):
        same = _same_file(name, other)
        # Both sides take it from one variable: what their defaults say counts less.
        return (
            max(same, Sameness.LIKELY)
            if name.variable and name.variable == other.variable and _open_end(name, other)
            else same
        )
    if name.kind is other.kind is NameKind.VOLUME:
        # One path of one volume is one file, however common its name is.
        is_one = name.scope == other.scope and name.text == other.text
        return Sameness.CERTAIN if is_one else Sameness.DIFFERENT
    if name.kind is not other.kind or (name.scope and other.scope and name.scope != other.scope):
        return Sameness.DIFFERENT
    first, second = _unversioned(name.text), _unversioned(other.text)
    if "*" in (first, second):
        is_known = name.kind is NameKind.REGISTRY and bool(name.scope and other.scope)
        return Sameness.POSSIBLE if is_known else Sameness.DIFFERENT
    if any(scope.startswith(("kfp:", "flow:")) for scope in (name.scope, other.scope)):
        return Sameness.CERTAIN if first == second and name.scope == other.scope else Sameness.DIFFERENT
    return _same_word(first, second)


def joined(writer: ArtifactUse, reader: ArtifactUse) -> Sameness:
    """How sure it is that what a call writes is what another one reads: the surest of their names, if the form fits.

    A name that many artifacts have counts where both modules are in one folder below the root.
    """
    if not fits(writer.form, reader.form):
        return Sameness.DIFFERENT
    same = max(
        (same_artifact(name, other) for name in writer.names for other in reader.names), default=Sameness.DIFFERENT
    )
    if same is Sameness.POSSIBLE and _lie_together(writer.at.path, reader.at.path) and equal_names(writer, reader):
        return Sameness.LIKELY
    return same


def equal_names(writer: ArtifactUse, reader: ArtifactUse) -> bool:
    """Whether some name is the same on both sides, folders left aside where one side does not say them."""
    return any(_equal(name, other) for name in writer.names for other in reader.names)


def _equal(artifact_name: ArtifactName, other: ArtifactName) -> bool:
    if not _are_files(artifact_name, other):
        return same_artifact(artifact_name, other) > Sameness.DIFFERENT and artifact_name.text == other.text
    (folder, name), (other_folder, other_name) = _parts(_normal(artifact_name.text)), _parts(_normal(other.text))
    return name == other_name and "*" not in name and _compatible(folder, other_folder)


def _are_files(name: ArtifactName, other: ArtifactName) -> bool:
    return name.kind in _FILE_KINDS and other.kind in _FILE_KINDS


def _lie_together(path: str, other: str) -> bool:
    folder, other_folder = posixpath.dirname(path), posixpath.dirname(other)
    if folder == other_folder:
        return True
    if path.endswith(".ipynb") and other.endswith(".ipynb"):
        # Each notebook of a collection has a model of its own.
        return False
    return bool(folder and other_folder) and folder.split("/")[0] == other_folder.split("/")[0]


def joining_names(writer: ArtifactUse, reader: ArtifactUse) -> tuple[ArtifactName, ArtifactName] | None:
    """The two names that say most surely that both calls treat one artifact; None if none does."""
    pairs = [(same_artifact(name, other), name, other) for name in writer.names for other in reader.names]
    best = max(pairs, key=lambda row: row[0], default=None)
    return (best[1], best[2]) if best is not None and best[0] > Sameness.DIFFERENT else None


@lru_cache(maxsize=4096)
def fits(written: str, read: str) -> bool:
    """Whether what is stored in one form can be read as the other (`joblib` by `pickle`, anything as bytes)."""
    if written == read or "bytes" in (written, read):
        return True
    families = (family for family in artifact_calls().families if written in family and read in family)
    return any(SERVED not in family or SERVED in (written, read) for family in families)


def _same_word(word: str, other: str) -> Sameness:
    if word == other and "*" not in word and is_generic(word):
        # One registry has one `best_model`, and a `model` in every run.
        return Sameness.LIKELY if re.search(r"[_-]", word) else Sameness.POSSIBLE
    if word == other:
        return Sameness.CERTAIN if "*" not in word else Sameness.POSSIBLE
    return Sameness.POSSIBLE if _wild_match(word, other) else Sameness.DIFFERENT


def _unversioned(name: str) -> str:
    """`iris:latest` and `workspace/iris:1.0.5` without workspace and version."""
    return name.partition(":")[0].rpartition("/")[2]


def _same_file(artifact_name: ArtifactName, other: ArtifactName) -> Sameness:
    first, second = _normal(artifact_name.text), _normal(other.text)
    if not first.strip("*/.") or not second.strip("*/."):
        return Sameness.DIFFERENT
    (folder, name), (other_folder, other_name) = _parts(first), _parts(second)
    if name == other_name and "*" not in name:
        return _by_folders(name, folder, other_folder, _stores_differ(artifact_name, other))
    if "*" in (name + other_name) and _wild_match(name, other_name):
        literal = min(_literals(name), _literals(other_name))
        likely = literal >= 6 and _compatible(folder, other_folder)
        return Sameness.LIKELY if likely else Sameness.POSSIBLE
    return Sameness.DIFFERENT


def _open_end(name: ArtifactName, other: ArtifactName) -> bool:
    """Whether the last part of both is not known."""
    return "*" in _parts(_normal(name.text))[1] and "*" in _parts(_normal(other.text))[1]


def _by_folders(name: str, folders: tuple[str, ...], other: tuple[str, ...], stores_differ: bool) -> Sameness:
    """The same last part: what the folders add."""
    if stores_differ:
        return Sameness.DIFFERENT
    shared = _shared_end(folders, other)
    if is_generic(name):
        return _of_generic(folders, other, shared)
    if shared == len(folders) == len(other):
        return Sameness.CERTAIN
    if "." not in name and not shared:
        return Sameness.LIKELY if _compatible(folders, other) else Sameness.POSSIBLE
    both_open = any("*" in word for word in folders) and any("*" in word for word in other)
    return Sameness.CERTAIN if _compatible(folders, other) and not both_open else Sameness.LIKELY


def _of_generic(folders: tuple[str, ...], other: tuple[str, ...], shared: int) -> Sameness:
    if any(not is_generic(word) for word in folders[len(folders) - shared :]):
        return Sameness.CERTAIN if shared == len(folders) == len(other) else Sameness.LIKELY
    return Sameness.POSSIBLE if _compatible(folders, other) else Sameness.DIFFERENT


def _stores_differ(name: ArtifactName, other: ArtifactName) -> bool:
    return (
        name.kind is other.kind is NameKind.BUCKET
        and bool(name.scope)
        and bool(other.scope)
        and name.scope != other.scope
    )


def _compatible(words: Iterable[str], other: Iterable[str]) -> bool:
    """Whether one row of folders can be the end of the other; an unknown folder stands for any number of them."""
    first, second = list(words), list(other)
    while first and second:
        last, other_last = first.pop(), second.pop()
        if last == "*" or other_last == "*":
            return True
        if last != other_last and not _wild_match(last, other_last):
            return False
    return True


def _shared_end(words: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for first, second in zip(reversed(words), reversed(other), strict=False):
        if first != second or "*" in first:
            break
        count += 1
    return count


def _normal(text: str) -> str:
    text = _FIELD.sub("*", text[:MAX_TEXT].replace("\\", "/"))
    text = re.sub(r"\*+", "*", text)
    text = re.sub(r"^[a-z][a-z0-9+]{0,20}://", "", text)
    normal = posixpath.normpath(text)
    return re.sub(r"^(?:\.\./)+|^/+|^\./", "", normal)


def _parts(path: str) -> tuple[tuple[str, ...], str]:
    *folders, name = path.split("/")
    return tuple(word for word in folders if word not in ("..", ".")), name


def _literals(name: str) -> int:
    stem = posixpath.splitext(name)[0]
    return len(re.sub(r"[*\W\d_]", "", stem))


@lru_cache(maxsize=4096)
def _wild_match(pattern: str, other: str) -> bool:
    """Whether two names with `*` can be one; a `*` that stands for everything says nothing."""
    if pattern.strip("*") == "" or other.strip("*") == "":
        return False
    return _covers(pattern, other) or _covers(other, pattern)


def _covers(pattern: str, name: str) -> bool:
    if "*" not in pattern:
        return False
    first, *middle, last = pattern.split("*")
    rest = name[len(first) : len(name) - len(last)] if last else name[len(first) :]
    if not name.startswith(first) or not name.endswith(last) or len(first) + len(last) > len(name):
        return False
    for literal in middle:
        at = rest.find(literal)
        if at < 0:
            return False
        rest = rest[at + len(literal) :]
    return True


@lru_cache(maxsize=4096)
def is_generic(name: str) -> bool:
    """Whether a name is one that many artifacts have (`model.pkl`, `data.csv`)."""
    table = artifact_calls()
    bare = _PACKED.sub("", name.lower()) or name.lower()
    stem, ending = posixpath.splitext(bare)
    plain = _VERSION.sub("", stem) or stem
    names = {name.lower(), bare, plain + ending}
    return not table.generic_names.isdisjoint(names) or not table.generic_stems.isdisjoint((stem, plain))
