"""`mlaudit explain`: a rule's documentation, or all that is known about a package, with sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from inspect import cleandoc
from itertools import groupby

from mlaudit.knowledge.about import About, about
from mlaudit.knowledge.dates import stale_rows
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.knowledge.load import Known, Skew
from mlaudit.knowledge.releases import DeclaredRelease, ReleaseHistory
from mlaudit.knowledge.table import watched_packages
from mlaudit.model.errors import UsageError
from mlaudit.model.names import normalized, package_meant, package_of
from mlaudit.model.nearest import nearest
from mlaudit.model.nouns import Evidence
from mlaudit.reporters._layout import wrapped
from mlaudit.rules._registry import Rule, rules

WIDTH = 80
"""Columns into which what is known is folded, unless a terminal has fewer."""


def explained(subject: str, width: int = WIDTH) -> str:
    """What is known of a code, a rule's name or a package. Raises UsageError if there is nothing."""
    rule = _rule(subject)
    if rule is not None:
        return "\n".join(_documentation(rule, width))
    known = about(package_of(subject))
    kind = artifact_kinds().get(subject)
    if kind is not None and not _is_known(known):
        return "\n".join((f"{kind.name}: {kind.title}, of {kind.package}", *_sourced(kind.evidence)))
    if not _is_known(known):
        known = about(package_meant(subject))
    if not _is_known(known):
        raise UsageError(f"`{subject}` is neither a rule nor a package that mlaudit knows{_near(subject)}")
    lines = list(_lines(known, width))
    return "\n".join(lines if len(lines) > 1 else [*lines, "", "No break across its versions is known."])


def stale_facts(today: date) -> list[str]:
    """The facts that were checked more than a year before a day, one a line, the oldest first."""
    return [f"{row.checked} {row.file}:{row.line} {row.row}" for row in stale_rows(today)]


def _rule(subject: str) -> Rule | None:
    return next((rule for rule in rules().values() if subject.upper() == rule.code or subject == rule.name), None)


def _is_known(known: About) -> bool:
    return bool(known.dossier or known.role or known.demands or known.built or known.releases)


def _near(subject: str) -> str:
    """The rule or package that a word is near to; separators say nothing in names of packages (`scikitlearn`)."""
    words = [word for rule in rules().values() for word in (rule.code, rule.name)]
    packages = {name.replace("-", ""): name for name in watched_packages()}
    begun = next((word for word in words if word.startswith(subject.upper())), None) if subject else None
    near = begun or nearest(subject, words) or packages.get(nearest(subject.lower().replace("-", ""), packages) or "")
    return f"; did you mean {near}?" if near else ""


def _documentation(rule: Rule, width: int) -> Iterator[str]:
    yield f"{rule.code} {rule.name} (default: {rule.severity.value}; since {rule.since})"
    yield ""
    for lead, lines in groupby(cleandoc(rule.documentation).splitlines(), _lead):
        if lead is None:
            yield from lines
        else:
            yield from wrapped(" ".join(line.strip() for line in lines), width, first=lead, rest=" " * len(lead))


def _lead(line: str) -> str | None:
    """The blanks before a line of running text, None if a line stays as it is."""
    text = line.lstrip()
    return line[: len(line) - len(text)] if text and not text.startswith(("http", "- ")) else None


def _lines(known: About, width: int) -> Iterator[str]:
    section = partial(_section, width=width)
    yield f"{known.package}: {_ROLES.get(known.role or '', 'not watched')}"
    if known.dossier is not None:
        yield ""
        for line in (f"Promise: {known.dossier.promise}", *_sourced(known.dossier.evidence)):
            yield from wrapped(line, width)
        yield from section("Across versions", [known_lines(row, known.dossier.package) for row in known.dossier.rows])
        newest_first = sorted(known.dossier.skews, key=_since, reverse=True)
        yield from section("Same code, other numbers", [skew_lines(row) for row in newest_first])
    yield from section("Artifact kinds", [[f"{kind.name}: {kind.title}"] for kind in known.kinds])
    yield from section("Its artifacts carry", [[str(companion.package)] for companion in known.companions])
    yield from section(
        "Must fit together with",
        [[f"{demand.subject} with {demand.other} ({demand.family})"] for demand in known.demands],
    )
    if known.built is not None:
        yield from section("Compiled code", [[f"built against numpy 1 up to {known.built.last_numpy1}"]])
    if known.releases is not None:
        yield from section("Releases", [_releases(known.releases)])


def _releases(known: ReleaseHistory) -> list[str]:
    """How many releases are known, of which days, from which source, and what the newest requires."""
    first, last = known.releases[0], known.releases[-1]
    kept = f"all until {known.listed}" if known.listed else "not all"
    lines = [f"{len(known.releases)} known ({kept}), {_dated(first)} to {_dated(last)}; index of {known.checked}"]
    if releases_line := _known_counts(known):
        lines.append(releases_line)
    required = [text for text in last.requires or () if "extra ==" not in text]
    if required:
        lines.append(f"{last.version} requires {', '.join(sorted(required))}")
    return lines


def _known_counts(known: ReleaseHistory) -> str:
    """For how many releases requirements and files are known, and from which source."""
    declared = [release for release in known.releases if release.requires is not None]
    metadata = sum(release.from_metadata for release in declared)
    between = sum(known.around(release.version) is not None for release in known.releases if release.requires is None)
    files = sum(release.wheels is not None for release in known.releases)
    sources = [
        f"{metadata} from METADATA" if metadata else "",
        f"{len(declared) - metadata} from the tag's source" if len(declared) > metadata else "",
        f"{between} by what the releases around them require alike" if between else "",
    ]
    parts = [
        f"requirements: {', '.join(filter(None, sources))}" if declared else "",
        f"wheels and Pythons: {files} from the index's list of files" if files else "",
    ]
    return "; ".join(filter(None, parts))


def _dated(release: DeclaredRelease) -> str:
    return f"{release.version} ({release.day})" if release.day else release.version


_ROLES = {
    "artifact": "model artifacts depend on it",
    "numeric": "numbers or features depend on it",
    "abi": "compiled code depends on it",
    "cuda": "the accelerator depends on it",
}


def _section(title: str, entries: list[list[str]], *, width: int) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield f"{title}:"
    for first, *rest in entries:
        yield from wrapped(first, width, first="  - ", rest="    ")
        for line in rest:
            yield from wrapped(line, width, first="    ", rest="    ")


def known_lines(row: Known, package: str) -> list[str]:
    """What a row says, of which artifacts, how often it went wrong, and what to do."""
    lines = [f"{row.severity.value} {row.effect.value} ({row.certainty.value}): {_filled(row, package, row.says)}"]
    if row.kinds or row.classes:
        lines.append(f"of: {', '.join((*row.kinds, *row.classes))}")
    if row.unless:
        lines.append(f"not of: {', '.join(row.unless)}")
    if row.names:
        lines.append(f"where the pickle imports: {', '.join(row.names)}")
    if row.tried is not None:
        lines.append(f"rate: {row.failed or 0} of {row.tried} artifacts failed or changed")
    if row.remedy and not _is_open(row, row.remedy):
        lines.append(f"fix: {_filled(row, package, row.remedy)}")
    return [*lines, *_sourced(row.evidence)]


def _since(row: Skew) -> tuple[int, ...]:
    return tuple(int(part) for part in row.since.split(".") if part.isdigit())


def _filled(row: Known, package: str, sentence: str) -> str:
    """A sentence of a row with its ranges where a finding has versions."""
    noun = f"{row.distances[0].value} release" if len(row.distances) == 1 else "version"
    ranges = {"writer_python": row.writer_python, "reader_python": row.reader_python}
    if row.writer != row.reader:
        ranges |= {"writer": row.writer, "reader": row.reader}
    words = {**_words_of_sides(row, noun, sentence), "writer_python": "any version", "reader_python": "any version"}
    for slot, open_range in words.items():
        if ranges.get(slot):
            sentence = sentence.replace(f"{{{slot}}}", ranges[slot])
        else:
            sentence = _with_open_range(sentence, package, slot, open_range)
    return sentence.replace(f"one {noun} to another {noun}", f"one {noun} to another")


def _words_of_sides(row: Known, noun: str, sentence: str) -> dict[str, str]:
    """Words for a writer and a reader without a range of their own; the second to be named is `another`."""
    if row.writer != row.reader:
        return {"writer": f"another {noun}", "reader": f"another {noun}"}
    older, newer = f"an older {noun}", f"a newer {noun}"
    if row.direction == "newer":
        return {"writer": older, "reader": newer}
    if row.direction == "older":
        return {"writer": newer, "reader": older}
    first, second = sorted(("writer", "reader"), key=lambda slot: sentence.find(f"{{{slot}}}") % len(sentence))
    both = f" (both {row.writer})" if row.writer else ""
    return {first: f"one {noun}", second: f"another {noun}{both}"}


_NOUNS = frozenset(("release", "version"))
_SENTENCE_STARTS = frozenset(("as", "between", "from", "in", "of", "under", "where", "which"))


def _with_open_range(sentence: str, package: str, slot: str, words: str) -> str:
    """Words for a slot without bounds; behind a name (`AutoGluon {writer}`) the name alone is enough."""

    def filled(match: re.Match[str]) -> str:
        before = match["before"]
        return before if _is_name(before, package) else f"{before} {words}"

    sentence = re.sub(rf"(?P<before>[^\s(]+) \{{{slot}\}}", filled, sentence).replace(f"v{{{slot}}}", "v...")
    return sentence.replace(f"{{{slot}}}", words)


def _is_name(word: str, package: str) -> bool:
    """Whether a word in front of a version is the name of a program: of the package, or with a capital letter."""
    has_capital = any(sign.isupper() for sign in word) and word.lower() not in _SENTENCE_STARTS
    return normalized(word) == package or word in _NOUNS or (has_capital and word[-1].isalnum())


def _is_open(row: Known, sentence: str) -> bool:
    """Whether a sentence names versions that no bounds tell apart, so that it recommends nothing."""
    alike = row.writer == row.reader
    return ("{writer}" in sentence and (alike or not row.writer)) or (
        "{reader}" in sentence and (alike or not row.reader)
    )


def skew_lines(row: Skew) -> list[str]:
    change = f": {row.before} → {row.after}" if row.before != row.after else f" {row.after}"
    return [f"{row.since}: {row.what}{change} ({row.size})", *_sourced(row.evidence)]


def _sourced(evidence: tuple[Evidence, ...]) -> list[str]:
    return [f"source: {fact.source} (checked {fact.checked})" for fact in evidence]
