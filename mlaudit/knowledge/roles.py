"""The words by which discovery reads names of files and folders (`roles.toml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from mlaudit.document.node import Node
from mlaudit.knowledge.schema import checked
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

READER = "reader"
WRITER = "writer"

_CAMEL = lazy_pattern(r"([a-z])([A-Z])")
_TOKEN = lazy_pattern(r"[a-z]*[0-9]+(?:\.[0-9]+)+|[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleWords:
    """One role: `side` is `writer` or `reader`."""

    name: str
    side: str
    words: frozenset[str]
    weak: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredWords:
    """Words of names that are left out, and the reason that is given."""

    why: str
    files: frozenset[str]
    folders: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWords:
    """What a recipe runs where its environment has a role."""

    role: str
    programs: frozenset[str]
    scripts: frozenset[str]
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The whole table; `lock_preference` maps the format of a lock to its place among locks."""

    roles: tuple[RoleWords, ...]
    runs: tuple[RunWords, ...]
    workers: tuple[str, ...]
    distributed_workers: tuple[str, ...]
    packages: Mapping[str, frozenset[str]]
    images: Mapping[str, tuple[re.Pattern[str], ...]]
    clients: tuple[re.Pattern[str], ...]
    described: tuple[str, ...]
    ignored: tuple[IgnoredWords, ...]
    examples: frozenset[str]
    tools: frozenset[str]
    tools_beside: frozenset[str]
    chapters: frozenset[str]
    parts: frozenset[str]
    parts_why: str
    neutral_folders: frozenset[str]
    neutral_files: frozenset[str]
    holders: frozenset[str]
    variants: tuple[tuple[re.Pattern[str], int], ...]
    lock_preference: Mapping[str, int]
    descriptors: Mapping[str, str]
    skipped: frozenset[str]
    with_recipes: frozenset[str]
    dotted: frozenset[str]
    inputs: frozenset[str]
    preparing: frozenset[str]
    telling: frozenset[str]
    telling_endings: tuple[str, ...]
    platforms: frozenset[str]
    silent_on_overrides: frozenset[str]

    def side(self, role: str) -> str | None:
        """`writer`, `reader`, or None for a role that the table does not know."""
        return next((row.side for row in self.roles if row.name == role), None)

    def role(self, tokens: tuple[str, ...]) -> tuple[str, str] | None:
        """The role that a name's tokens show and the word that shows it."""
        for weak in (False, True):
            hits = [(row, word) for row in self.roles for word in tokens if word in (row.weak if weak else row.words)]
            if hits:
                sides = {row.side for row, _ in hits}
                return (hits[0][0].name, hits[0][1]) if len(sides) == 1 else None
        return None

    def role_of_image(self, name: str) -> str | None:
        """The role that the repository of an image shows."""
        return next((role for role, rows in self.images.items() if any(row.fullmatch(name) for row in rows)), None)

    def is_client(self, image: str, tag: str | None) -> bool:
        """Whether an image holds clients of a server rather than the server whose repository it is in."""
        return any(row.fullmatch(f"{image}:{tag or ''}") for row in self.clients)

    def is_role_word(self, token: str) -> bool:
        """Whether a token shows any role."""
        return any(token in row.words or token in row.weak for row in self.roles)

    def may_name_lists(self, file: str) -> bool:
        """Whether a file of this name tells people or programs what to install."""
        return file in self.telling or file.endswith(self.telling_endings)

    def is_chapter(self, folder: str) -> bool:
        """Whether a folder is a numbered part of a course or a book: `02-training`, `Chapter06`, `week_3`."""
        word, *rest = tokens(folder) or ("",)
        if word.isdigit() or (word in self.chapters and bool(rest) and rest[0].isdigit()):
            return True
        name = word.rstrip("0123456789")
        return name != word and name in self.chapters

    def variant_rank(self, token: str) -> int | None:
        """The rank of a token that names a variant, None for any other."""
        return next((rank for pattern, rank in self.variants if pattern.fullmatch(token)), None)

    def skips(self, folder: str) -> bool:
        """Whether a folder of this name is never looked into."""
        return folder in self.skipped or (folder.startswith(".") and folder not in self.dotted)


def is_kept_recipe(folder: str, name: str) -> bool:
    """Whether a file is a Dockerfile that people keep directly in a folder of outputs: `build/Dockerfile`."""
    return folder.rpartition("/")[2] in words().with_recipes and "dockerfile" in name.lower()


def tokens(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `TrainJob-py3.10.txt` has `train`, `job`, `py3.10` and `txt`."""
    return tuple(_TOKEN.findall(_CAMEL.sub(r"\1-\2", name).lower()))


def outer_words(of_name: Sequence[str]) -> tuple[str, ...]:
    """The first and the last word of a name, which show what it is for: `ci-and-publishing` is a chapter of a book."""
    telling = [word for word in of_name if word not in words().neutral_folders and not word.isdigit()]
    return (*telling[:1], *telling[-1:])


@lru_cache(maxsize=1)
def words() -> Words:
    """The table. Raises KnowledgeError where the file breaks its schema."""
    return checked("roles.toml", _words)


def _words(root: Node) -> Words:
    neutral, skipped, locks = root.get("neutral"), root.get("skipped"), root.dig("locks", "preference")
    return Words(
        roles=tuple(_role(name, row) for name, row in root.get("roles").items()),
        workers=root.dig("workers", "phrases").texts(),
        distributed_workers=root.dig("workers", "distributed").texts(),
        runs=tuple(_run(name, row) for name, row in root.get("runs").items()),
        packages={role: _set(row.get("names")) for role, row in root.get("packages").items()},
        images={
            role: tuple(re.compile(pattern) for pattern in row.get("patterns").texts())
            for role, row in root.get("images").items()
        },
        clients=tuple(re.compile(pattern) for pattern in root.dig("clients", "patterns").texts()),
        described=root.dig("described", "formats").texts(),
        ignored=tuple(_ignored(row) for _, row in root.get("ignored").items()),
        examples=_set(root.dig("examples", "folders")),
        tools=_set(root.dig("tools", "folders")),
        tools_beside=_set(root.dig("tools", "beside")),
        chapters=_set(root.dig("chapters", "words")),
        parts=_set(root.dig("parts", "words")),
        parts_why=root.dig("parts", "why").text(),
        neutral_folders=_set(neutral.get("folders")),
        neutral_files=_set(neutral.get("files")),
        holders=_set(neutral.get("holders")),
        variants=tuple(_variant(row) for row in root.get("variants").each()),
        lock_preference={name: at for at, name in enumerate(locks.texts())},
        descriptors={
            name: role.text() for name, role in root.get("descriptors").items() if name not in ("source", "checked")
        },
        skipped=_set(skipped.get("folders")),
        with_recipes=_set(skipped.get("recipes")),
        dotted=_set(skipped.get("dotted")),
        inputs=_set(skipped.get("inputs")),
        preparing=_set(root.dig("preparing", "words")),
        telling=_set(root.dig("installing", "names")),
        telling_endings=root.dig("installing", "endings").texts(),
        platforms=_set(root.dig("installing", "platforms")),
        silent_on_overrides=_set(root.dig("overriding", "silent")),
    )


def _set(node: Node) -> frozenset[str]:
    return frozenset(node.texts())


def _role(name: str, row: Node) -> RoleWords:
    return RoleWords(name=name, side=row.get("side").text(), words=_set(row.get("words")), weak=_set(row.get("weak")))


def _run(role: str, row: Node) -> RunWords:
    return RunWords(
        role=role,
        programs=_set(row.get("programs")),
        scripts=_set(row.get("scripts")),
        phrases=row.get("phrases").texts(),
    )


def _ignored(row: Node) -> IgnoredWords:
    return IgnoredWords(why=row.get("why").text(), files=_set(row.get("files")), folders=_set(row.get("folders")))


def _variant(row: Node) -> tuple[re.Pattern[str], int]:
    rank = row.get("rank").value
    return re.compile(row.get("pattern").text()), rank if isinstance(rank, int) else 0
