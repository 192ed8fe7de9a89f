"""What a report for people begins with: the pairs that were compared, and the environments that are in none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlaudit.model.nouns import Severity
from mlaudit.model.report import Discovered, Environment, Report, WriterReader
from mlaudit.reporters._facts import plural
from mlaudit.reporters._layout import TONE, StyledLine, columns, paragraph, stacked, text, wrapped
from mlaudit.reporters._registry import Style

if TYPE_CHECKING:
    from mlaudit.model.pairs import EnvironmentPair

FEW = 5
"""Pairs that get a line and a table each; more of them are a fleet, which begins with a table of its pairs."""
ROWS = 20
"""Rows of a table before the rest is counted."""
NAMED = 3
"""Environments or sources of a sentence that are named before the rest is counted."""
_GUESS, _OF_NOBODY, _EMPTY = "looks like ", "belongs to no environment", "names no package"
"""How the reasons of files begin that were left out for what they are; other reasons are stated one by one."""
CROSSES = 2
"""Artifacts of one pair that are named before the rest is counted."""
LISTED = 12
"""Environments that are listed where no two of them are a pair."""


def is_fleet(report: Report) -> bool:
    """Whether there are too many pairs to show each."""
    return len(report.pairs) > FEW


def pair_lines(report: Report, style: Style) -> Iterator[StyledLine]:
    """A line for each pair; of a fleet, its pairs in a table by severity; then who is in no pair."""
    if is_fleet(report) and not style.verbose:
        yield from _fleet(report, style)
    else:
        named = {environment.name: environment for environment in report.environments}
        known = {(known_pair.writer, known_pair.reader): known_pair for known_pair in report.known_pairs}
        for pair in report.pairs:
            yield from _pair(named[pair.writer], named[pair.reader], style)
            if pair in known:
                yield from _crosses(known[pair], style)
    if style.verbose:
        yield from _all_environments(report, style)
    else:
        yield from _unpaired(report, style)


def _pair(writer: Environment, reader: Environment, style: Style) -> list[StyledLine]:
    left, right = _with_sources(writer), _with_sources(reader)
    if len(left[0]) + len(left[1]) + len(right[0]) + len(right[1]) + 5 <= style.width:
        return [text((left[0], "bold"), (f"{_spaced(left[1])} → ", ""), (right[0], "bold"), (_spaced(right[1]), ""))]
    return [*_narrow("", *left, style), *_narrow("  → ", *right, style)]


def _crosses(pair: EnvironmentPair, style: Style) -> Iterator[StyledLine]:
    """What crosses, in which form, and where both sides name it; that nothing but names makes it a pair."""
    if not pair.crosses and not pair.certain:
        guess = "a guess by names: its findings are warnings at most; `follows` in mlaudit.toml makes it certain"
        yield from paragraph(guess, style.width, first="    ", rest="      ", tone="dim")
    shown = pair.crosses if style.verbose else pair.crosses[:CROSSES]
    for artifact in shown:
        written, read = artifact.written.at_line, artifact.read.at_line
        where = f"({written} → {read})"
        what = f"    {artifact.artifact}, {artifact.form}{'' if artifact.certain else ', perhaps'}"
        yield from stacked([(what, "dim"), (where, "dim")], style.width, indent=6)
    if pair.crosses[len(shown) :]:
        yield text((f"    and {plural(len(pair.crosses) - len(shown), 'more artifact')}: --verbose", "dim"))


def _spaced(sources: str) -> str:
    return f" {sources}" if sources else ""


def _with_sources(environment: Environment) -> tuple[str, str]:
    shown = (
        environment.sources
        if len(environment.sources) <= NAMED
        else (*environment.sources[:2], f"{len(environment.sources) - 2} more")
    )
    return environment.name, f"({' + '.join(shown)})" if shown else ""


def _fleet(report: Report, style: Style) -> Iterator[StyledLine]:
    counted: dict[WriterReader, Counter[Severity]] = {pair: Counter() for pair in report.pairs}
    for finding in report.findings:
        if len(finding.environments) == 2 and finding.environments in counted:
            counted[WriterReader(*finding.environments)][finding.severity] += 1
    order = sorted(counted, key=lambda pair: [-counted[pair][severity] for severity in Severity])
    yield text((f"{len(order)} pairs, the worst first:", ""))
    counts = columns(
        [[("", ""), *(_count(counted[pair][severity], severity) for severity in Severity)] for pair in order[:ROWS]]
    )
    indent = max(count.width for count in counts) + 3
    yield from (
        line
        for pair, count in zip(order, counts, strict=False)
        for line in _beside(count, (pair.writer, f"→ {pair.reader}"), indent, style)
    )
    if order[ROWS:]:
        yield text((f"  {len(order) - ROWS} more pairs: --verbose", "dim"))


def _beside(count: StyledLine, names: Sequence[str], indent: int, style: Style) -> Iterator[StyledLine]:
    """Counts and the names of a pair: on one line, else the reader below the writer, else both below the counts."""
    blanks = (" " * (indent - count.width), "")
    whole = StyledLine(*count.segments, blanks, (" ".join(names), "bold"))
    if whole.width <= style.width:
        yield whole
    elif indent + max(map(len, names)) <= style.width:
        yield StyledLine(*count.segments, blanks, (names[0], "bold"))
        yield from (text((" " * indent, ""), (name, "bold")) for name in names[1:])
    else:
        yield count
        yield from (text(("    ", ""), (name, "bold")) for name in names)


def _count(number: int, severity: Severity) -> tuple[str, str]:
    if not number:
        return "", ""
    return (f"{number} info" if severity is Severity.INFO else plural(number, severity.value)), TONE[severity]


def _unpaired(report: Report, style: Style) -> Iterator[StyledLine]:
    """Environments of no pair in a line; if nothing is a pair, a line for each, since the reader must choose."""
    paired = {name for pair in report.pairs for name in pair}
    alone = [environment for environment in report.environments if environment.name not in paired]
    if not report.pairs:
        yield from _listed(alone, style)
    elif alone:
        verb = "is" if len(alone) == 1 else "are"
        yield from _sentence(f"{plural(len(alone), 'environment')} {verb} in no pair: {_names(alone)}.", style)
    variants = [
        document for discovered in report.found if discovered.role == "variant" for document in discovered.documents
    ]
    if variants:
        verb = "is a variant of another file and is" if len(variants) == 1 else "are variants of other files and are"
        more = f" and {len(variants) - NAMED} more" if variants[NAMED:] else ""
        yield from _sentence(
            f"{', '.join(variants[:NAMED])}{more} {verb} not read; name a variant to compare it.", style
        )
    left = [discovered for discovered in report.found if discovered.role == "ignored"]
    meant = [discovered for discovered in left if _is_usual(discovered.why)]
    if meant:
        files = plural(sum(len(discovered.documents) for discovered in meant), "file")
        yield from _sentence(f"{files} left out ({_reasons(meant)}); --verbose lists them.", style)
    refused = [
        discovered
        for discovered in report.found
        if discovered.role == "not looked into" or (discovered in left and discovered not in meant)
    ]
    for discovered in refused[:NAMED]:
        what = "left out" if discovered.role == "ignored" else discovered.role
        yield from _sentence(f"{discovered.folder}{', '.join(discovered.documents)} {what}: {discovered.why}.", style)
    if refused[NAMED:]:
        yield from _sentence(f"{len(refused) - NAMED} more left out: --verbose.", style)


def _listed(alone: Sequence[Environment], style: Style) -> Iterator[StyledLine]:
    """In columns where they fit, else each on lines of its own."""
    sides = [(*_with_sources(environment), plural(environment.packages, "package")) for environment in alone[:LISTED]]
    lines = columns([[(name, "bold"), (sources, ""), (count, "")] for name, sources, count in sides])
    if any(line.width > style.width for line in lines):
        lines = [line for environment in alone[:LISTED] for line in _narrow("", *_in_words(environment), style)]
    yield from lines
    if alone[LISTED:]:
        yield text((f"and {len(alone) - LISTED} more environments: --verbose", "dim"))


def _in_words(environment: Environment) -> tuple[str, str]:
    """Its name, its sources and how many packages; without the name, where that is the folder of the one source."""
    name, sources = _with_sources(environment)
    count = plural(environment.packages, "package")
    is_folder = len(environment.sources) == 1 and environment.sources[0].startswith(f"{name}/")
    return (environment.sources[0], f"({count})") if is_folder else (name, f"{sources}, {count}")


def _narrow(first: str, name: str, facts: str, style: Style) -> Iterator[StyledLine]:
    """A name and what is reported about it: on one line, else below it."""
    line = text((first, ""), (name, "bold"), (_spaced(facts), ""))
    if line.width <= style.width:
        yield line
    else:
        indent = " " * (len(first) + 2)
        yield text((first, ""), (name, "bold"))
        yield from (text((part, "")) for part in wrapped(facts, style.width, first=indent, rest=indent))


def _names(alone: Sequence[Environment]) -> str:
    more = f" and {len(alone) - NAMED} more (--verbose lists them)" if len(alone) > NAMED else ""
    return ", ".join(environment.name for environment in alone[:NAMED]) + more


def _reasons(left: Sequence[Discovered]) -> str:
    """Why files were left out, without the folder: `documentation, linters`."""
    short = dict.fromkeys(_reason(discovered.why) for discovered in left)
    shown = list(short)[:NAMED]
    return ", ".join((*shown, *(("other reasons",) if len(short) > NAMED else ())))


def _is_usual(why: str) -> bool:
    """Whether files like it lie in most repositories, so that they are counted and not listed."""
    return why == _EMPTY or why.startswith((_GUESS, _OF_NOBODY))


def _reason(why: str) -> str:
    return "in no environment" if why.startswith(_OF_NOBODY) else why.removeprefix(_GUESS).partition(" (")[0]


def _all_environments(report: Report, style: Style) -> Iterator[StyledLine]:
    rows = [
        (environment.name, _with_sources(environment)[1], facts(environment)) for environment in report.environments
    ]
    yield from (StyledLine(), *_in_columns(rows, style))
    lines = [
        (discovered.role, f"{discovered.folder}{', '.join(discovered.documents)}", f"({discovered.why})")
        for discovered in report.found
    ]
    if lines:
        yield from (StyledLine(), text(("No configuration; found by looking:", "")), *_in_columns(lines, style))


def _in_columns(rows: Sequence[tuple[str, str, str]], style: Style) -> Iterator[StyledLine]:
    """A name and two things about it: side by side where all rows fit, else each row on lines of its own."""
    lines = columns([[(f"  {name}", "bold"), (what, ""), (why, "dim")] for name, what, why in rows])
    if all(line.width <= style.width for line in lines):
        yield from lines
        return
    for name, what, why in rows:
        yield from _narrow("  ", name, f"{what}  {why}", style)


def facts(environment: Environment) -> str:
    """How many packages an environment names, and for which Python and platform it was read."""
    return f"{plural(environment.packages, 'package')}, {target(environment)}"


def target(environment: Environment) -> str:
    """Python and platform, and whether the platform is an assumption: `Python 3.11, linux x86_64 (assumed)`."""
    guessed = " (assumed)" if "platform" in environment.target.assumed else ""
    return f"{_python(environment)}, {environment.target.platform} {environment.target.machine}{guessed}"


def _python(environment: Environment) -> str:
    pythons = environment.target.pythons
    if not pythons:
        return "Python unknown"
    return f"Python {pythons[0]}" if len(pythons) == 1 else f"Python {pythons[0]} to {pythons[-1]}"


def _sentence(sentence: str, style: Style) -> Iterator[StyledLine]:
    return (text((line, "")) for line in wrapped(sentence, style.width))
