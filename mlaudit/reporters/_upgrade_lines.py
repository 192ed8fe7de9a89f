"""A planned upgrade for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.secrets import masked
from mlaudit.repair.upgrade.nouns import AffectedArtifact, EnvironmentMove, Fate, PackageMove, UpgradePlan
from mlaudit.reporters._layout import StyledLine, painted, paragraph, stacked, text
from mlaudit.reporters._registry import Style
from mlaudit.reporters._upgrade_facts import (
    artifact_words,
    change_words,
    closing,
    command,
    headline,
    order_words,
    places,
    retraining,
    shown_findings,
    unsolved_words,
)

MAX_WIDTH = 80
"""Columns, however wide the terminal is."""
SHOWN_ARTIFACTS = 8
"""Artifacts that are listed before the rest is counted."""
SHOWN_UNKNOWN = 8
"""Sentences on what is not known, shown before the rest is counted."""
SHOWN_FINDINGS = 6
"""Findings that are left, listed before the rest is counted."""


def as_table(plan: UpgradePlan, style: Style) -> str:
    """What moves, what has no solution, what breaks, the order, what is left, the command."""
    style = replace(style, width=min(style.width, MAX_WIDTH))
    lines = paragraph(headline(plan), style.width, tone="bold")
    for section in (_moves, _unsolved, _artifacts, _order, _left, _unknown, _next):
        section_lines = list(section(plan, style))
        lines += [StyledLine(), *section_lines] if section_lines else []
    return painted(lines, colour=style.colour)


def _moves(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    for move in plan.moves:
        yield from _move(move, style)


def _move(move: PackageMove, style: Style) -> Iterator[StyledLine]:
    if not move.environments:
        return
    yield text((f"{move.package} {move.to}", "bold"))
    if move.because:
        yield from _sentence(masked(move.because), style, "  because ", "          ")
    for environment in move.environments:
        yield from stacked(
            [(f"  {environment.environment}", ""), (change_words(environment, move), "")], style.width, gap=2
        )
        yield from _places(environment, style)


def _places(move: EnvironmentMove, style: Style) -> Iterator[StyledLine]:
    for place in places(move):
        yield text((f"    {place}", "cyan"))
    for each in move.commands:
        yield from stacked([("    then run", "dim"), (str(each), "")], style.width, gap=2, indent=6)
    if move.refusal:
        yield from _sentence(masked(move.refusal), style, "    by hand   ", "              ", "yellow")


def _unsolved(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    if plan.unsolved:
        yield text(("No solution", "bold red"))
    for unsolved in plan.unsolved:
        yield from _sentence(masked(unsolved_words(unsolved)), style, "  ", "  ")


def _artifacts(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    sentence = retraining(plan)
    if sentence:
        yield from _sentence(sentence, style, "Models: ", "  ", "bold")
    for artifact in plan.artifacts[:SHOWN_ARTIFACTS]:
        yield from _artifact(artifact, style)
    if len(plan.artifacts) > SHOWN_ARTIFACTS:
        yield text((f"  and {len(plan.artifacts) - SHOWN_ARTIFACTS:,} more: --format json lists them", "dim"))


def _artifact(artifact: AffectedArtifact, style: Style) -> Iterator[StyledLine]:
    yield text((f"  {artifact.name}", "yellow" if artifact.fate is Fate.UNPROMISED else "red"))
    yield from _sentence(masked(artifact_words(artifact)), style, "    ", "    ")
    if artifact.remedy:
        yield from _sentence(masked(artifact.remedy), style, "    or   ", "         ")


def _order(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    if len({name for step in plan.steps for name in step.environments}) > 1:
        yield text(("Order", "bold"))
    for number, step in enumerate(plan.steps, 1) if len(plan.steps) > 1 or plan.orders else ():
        yield from _sentence(
            f"{', '.join(step.environments)} ({', '.join(step.packages)})", style, f"  {number}. ", "     "
        )
    for order in plan.orders:
        yield from _sentence(f"{order_words(order)}:", style, "  ", "    ")
        for reason in order.because:
            yield from _sentence(masked(reason), style, "    - ", "      ")


def _left(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    """What an audit of the new versions finds and is new, and errors."""
    shown = shown_findings(plan)
    if shown:
        yield text(("Findings that remain", "bold"))
    for finding in shown[:SHOWN_FINDINGS]:
        new = " (new)" if finding.fingerprint in plan.fresh else ""
        yield from _sentence(
            masked(f"{finding.severity.value} {finding.code}{new}: {finding.message}"), style, "  ", "    "
        )
    if len(shown) > SHOWN_FINDINGS:
        yield text((f"  and {len(shown) - SHOWN_FINDINGS:,} more: --format json lists them", "dim"))


def _unknown(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    if plan.unknown:
        yield text(("Not known", "bold"))
    for asked in plan.unknown[:SHOWN_UNKNOWN]:
        yield from _sentence(masked(asked), style, "  ", "    ")
    if len(plan.unknown) > SHOWN_UNKNOWN:
        yield text((f"  and {len(plan.unknown) - SHOWN_UNKNOWN:,} more: --format json lists them", "dim"))


def _next(plan: UpgradePlan, style: Style) -> Iterator[StyledLine]:
    for sentence in closing(plan):
        yield from _sentence(sentence, style, "", "")
    typed = list(_broken(command(plan), style.width - len("  \\")))
    if typed:
        yield text(("To apply", "bold"))
    yield from (text((f"  {line}", "")) for line in typed)


def _broken(words: Sequence[str], width: int) -> Iterator[str]:
    """A command in lines that a shell reads as one."""
    line = ""
    for word in words:
        if line and len(line) + len(word) + 3 > width:
            yield f"{line} \\"
            line = f"  {word}"
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def _sentence(sentence: str, style: Style, first: str, rest: str, tone: str = "") -> Sequence[StyledLine]:
    return paragraph(sentence, style.width, first=first, rest=rest, tone=tone)
