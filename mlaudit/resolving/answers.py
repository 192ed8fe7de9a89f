"""What uv answers to a question, kept by content, day and index: a warm cache asks nobody."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.secrets import masked
from mlaudit.resolving.questions import ResolverQuestion
from mlaudit.sources.cache_folder import keep, kept
from mlaudit.sources.uv_tool import run_uv

_KIND = "resolved-1"
_NO_SOLUTION = 1
"""uv's exit code where it searched and found that nothing fits; 2 is everything else."""
_NOT_LOOKED_AT = ("network was disabled", "building from source is disabled", "could not be queried")
"""Words of uv where it finds nothing because it could not look: it must not build, or an index is closed."""
_LONGEST = 2000
_LINE = lazy_pattern(
    r"([A-Za-z0-9][\w.-]{0,200})(?:\[[^\]]{0,500}\])?==([^\s;\\]{1,200})(?:\s{0,4};[^#\\]{0,500})?(.{0,2000})"
)
_HASH = lazy_pattern(r"--hash=([a-z0-9]{2,10}:[0-9a-f]{16,128})")
_INDEX_VARIABLES = (
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_PRERELEASE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedPackage:
    """One package that would be installed, and what asks for it; nothing in `via` where the sources do."""

    name: str
    version: str
    via: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverAnswer:
    """The outcome of a question.

    Attributes:
        packages: what would be installed; empty if nothing fits, or nobody could be asked.
        conflict: why nothing fits, in uv's own sentences.
        failure: why uv could not answer.
    """

    packages: tuple[ResolvedPackage, ...] = ()
    conflict: str = ""
    failure: str = ""


def answer(asked: ResolverQuestion, *, as_of: date | None, today: date, with_hashes: bool) -> ResolverAnswer:
    """What would be installed, from the cache where it was asked before. Raises NoUv."""
    if not asked.requirements:
        return ResolverAnswer()
    key = _key(asked, as_of or today, with_hashes=with_hashes)
    known = known_answer(kept(_KIND, key))
    if known is not None:
        return known
    outcome = run_uv(_words(asked, as_of, with_hashes=with_hashes), _files(asked))
    if outcome.code == 0:
        resolver_answer = ResolverAnswer(packages=tuple(_packages(outcome.out)))
    elif outcome.code == _NO_SOLUTION and not any(words in outcome.says for words in _NOT_LOOKED_AT):
        resolver_answer = ResolverAnswer(conflict=_plain(outcome.says))
    else:
        return ResolverAnswer(failure=_plain(outcome.says))
    keep(_KIND, key, shown_answer(resolver_answer))
    return resolver_answer


def _key(asked: ResolverQuestion, day: date, *, with_hashes: bool) -> str:
    """What an answer depends on, its credentials masked before it is hashed."""
    indexes = {name: masked(os.environ[name]) for name in _INDEX_VARIABLES if name in os.environ}
    content = {**asdict(asked), "day": day.isoformat(), "hashes": with_hashes, "indexes": indexes}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _words(asked: ResolverQuestion, as_of: date | None, *, with_hashes: bool) -> Sequence[str]:
    words = ["pip", "compile", "--no-header", "--no-build", "--no-python-downloads", "--python", sys.executable]
    words += ["--python-version", asked.python, "--index-strategy", "unsafe-best-match"]
    words += ["--python-platform", asked.platform] if asked.platform else []
    words += ["--exclude-newer", as_of.isoformat()] if as_of is not None else []
    words += ["--default-index", asked.default_index] if asked.default_index else []
    words += [word for url in asked.indexes for word in ("--index", url)]
    words += ["--constraint", "constraints.txt"] if asked.constraints else []
    words += ["--override", "overrides.txt"] if asked.overrides else []
    words += ["--generate-hashes"] if with_hashes else []
    return [*words, "--annotation-style", "line", "requirements.in"]


def _files(asked: ResolverQuestion) -> Mapping[str, str]:
    lists = {
        "requirements.in": asked.requirements,
        "constraints.txt": asked.constraints,
        "overrides.txt": asked.overrides,
    }
    return {name: "".join(f"{line}\n" for line in lines) for name, lines in lists.items()}


def _packages(text: str) -> Iterator[ResolvedPackage]:
    """The packages of what uv prints, one a line; continued lines hold hashes and, behind them, the reason."""
    for line in re.sub(r"\\\n", " ", re.sub(r"\n(?=\s+#)", " ", text)).splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        rest = match[3]
        via = rest.rpartition("# via ")[2] if "# via " in rest else ""
        reasons = (word.strip() for word in via.split(","))
        yield ResolvedPackage(
            name=match[1],
            version=match[2],
            via=tuple(word for word in reasons if word and not word.startswith("-")),
            hashes=tuple(_HASH.findall(rest)),
        )


def _plain(says: str) -> str:
    """The explanation of uv as sentences, without the signs that draw its tree."""
    lines = [re.sub(r"^[\s×╰├│─▶>+-]+", "", line) for line in says.splitlines()]
    kept_lines = [re.sub(r"^(?:error|cause|hint):\s*", "", line).strip() for line in lines]
    useful = [line for line in kept_lines if line and not line.startswith(("No solution found when", "warning:"))]
    text = " ".join(useful)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def shown_answer(resolver_answer: ResolverAnswer) -> Mapping[str, object]:
    """An answer as it is kept."""
    rows = [
        [package.name, package.version, list(package.via), list(package.hashes)] for package in resolver_answer.packages
    ]
    return {"packages": rows, "conflict": resolver_answer.conflict}


def known_answer(stored: Mapping[str, object] | None) -> ResolverAnswer | None:
    """An answer that was kept; None if there is none, or it is not in the form that it is kept in."""
    if stored is None:
        return None
    rows, conflict = stored.get("packages"), stored.get("conflict")
    if not isinstance(rows, list) or not isinstance(conflict, str):
        return None
    try:
        packages = tuple(
            ResolvedPackage(
                name=str(name), version=str(version), via=tuple(map(str, via)), hashes=tuple(map(str, hashes))
            )
            for name, version, via, hashes in rows
        )
    except (TypeError, ValueError):
        return None
    return ResolverAnswer(packages=packages, conflict=conflict)
