"""What `mlaudit fix` does with its arguments: choose, plan, show or write, state how it went."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.declarations import CommandEnd
from mlaudit.cli.delivery import USAGE, error_width, is_terminal
from mlaudit.cli.output import OutputText, plain_line, write_all, write_error
from mlaudit.cli.wanted_outputs import file_of
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.report import Report
from mlaudit.model.scales import State
from mlaudit.model.secrets import masked
from mlaudit.repair.nouns import Move, RepairChoice, RepairOutcome, RepairPlan
from mlaudit.reporters._facts import plural
from mlaudit.reporters._layout import wrapped
from mlaudit.request.options import Options

FORMATS = ("diff", "json")
NAMED = 6
"""Changes that are refused for one reason and named before the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFix:
    """The arguments of `mlaudit fix`."""

    paths: tuple[str, ...]
    write: bool
    unsafe: bool
    to: str
    versions: tuple[str, ...]
    packages: tuple[str, ...]
    family: str | None
    fingerprints: tuple[str, ...]
    constraints: Path | None
    relock: bool
    drop_hashes: bool
    recover: bool
    format: str
    output: Path | None
    config: Path | None
    isolated: bool
    python: str | None
    platform: str | None
    extras: tuple[str, ...]
    defines: tuple[str, ...]
    quiet: bool


def run_fix(asked: AskedFix) -> NoReturn:
    """Carry out the command and end with its exit code. Raises UsageError."""
    from mlaudit.api import check
    from mlaudit.repair.carry_out import carried_out
    from mlaudit.repair.entry import plan_fix
    from mlaudit.request.options import wanted_of

    _demand_sense(asked)
    choice = _choice(asked)
    options = asked_options(
        start=Path(asked.paths[0]) if asked.paths else Path(),
        config=asked.config,
        isolated=asked.isolated,
        wanted=wanted_of(asked.python, asked.platform, asked.extras, ()),
        define=asked.defines,
        package=[*asked.packages, *(text.partition("==")[0] for text in asked.versions)],
    )
    # What is named is watched, and everything else is audited all the same: it must not get worse.
    options = replace(options, only=())
    if asked.recover:
        from mlaudit.sources.replacement import recover

        write_all([OutputText(text=f"{recover(options.root)}\n")])
        raise CommandEnd(0)
    with with_progress(options, asked.quiet) as watched:
        report = check(asked.paths, watched)
    _demand_finished(options)
    plan = plan_fix(report, options, choice)
    if asked.constraints is not None:
        _write_constraints(report, plan, asked.constraints)
    outcome = RepairOutcome(plan=plan)
    if asked.write:
        outcome = carried_out(plan, report, options.root, lambda: check(asked.paths, options), relock=asked.relock)
    write_all([OutputText(text=_text(outcome, asked), target=file_of(asked.output))])
    if not asked.quiet and asked.format == "diff":
        for sentence in _moves_made(outcome.plan):
            _write_wrapped(sentence)
        verb = "ran" if outcome.ran else "then run"
        for command in outcome.ran or outcome.plan.commands:
            write_error(plain_line(f"{verb}: {command}"))
        for sentence in _conclusion(report, outcome, asked):
            _write_wrapped(sentence)
    raise CommandEnd(_exit_code(report, outcome))


def _demand_sense(asked: AskedFix) -> None:
    from mlaudit.repair.moves import DIRECTIONS

    if asked.format not in FORMATS:
        raise UsageError(f"--format {asked.format}: fix prints {' or '.join(FORMATS)}")
    if asked.to not in DIRECTIONS:
        raise UsageError(f"--to {asked.to}: expected one of {', '.join(DIRECTIONS)}")
    if asked.relock and not asked.write:
        raise UsageError("--relock runs the tools that own the locks, which needs --write")
    if asked.constraints is not None and asked.write:
        raise UsageError("--constraints writes one file and changes no other; leave --write out")


def _demand_finished(options: Options) -> None:
    from mlaudit.sources.replacement import FOLDER, unfinished

    if unfinished(options.root):
        raise UsageError(
            f"an earlier run was interrupted, or another one is at work: {FOLDER} is there; "
            "`mlaudit fix --recover` puts its files back"
        )


def _choice(asked: AskedFix) -> RepairChoice:
    from mlaudit.repair.moves import family_of, set_versions
    from mlaudit.request.options import packages_of

    return RepairChoice(
        to=asked.to,
        versions=set_versions(asked.versions),
        packages=packages_of(asked.packages),
        family=family_of(asked.family) if asked.family else frozenset(),
        fingerprints=asked.fingerprints,
        unsafe=asked.unsafe,
        drop_hashes=asked.drop_hashes,
    )


def _write_constraints(report: Report, plan: RepairPlan, target: Path) -> NoReturn:
    from mlaudit.repair.shared_constraints import constraints_text

    text = constraints_text(report, plan, target.name)
    write_all([OutputText(text=text, target=file_of(target))])
    write_error(plain_line(f"wrote {target}; install every environment with it: pip install -c {target}"))
    raise CommandEnd(0)


def _text(outcome: RepairOutcome, asked: AskedFix) -> str:
    from mlaudit.reporters._fix_text import as_diff, as_json

    if asked.format == "json":
        return as_json(outcome)
    exact = asked.output is not None
    return as_diff(outcome.plan, exact=exact, terminal=not exact and is_terminal(sys.stdout))


def _write_wrapped(sentence: str) -> None:
    for line in wrapped(masked(sentence), error_width(), rest="  "):
        write_error(line)


def _moves_made(plan: RepairPlan) -> Iterator[str]:
    """What the diff does not state about moves: whether they are safe, which are refused and why."""
    for move in plan.made:
        hazard = f" (unsafe: {move.hazard})" if move.hazard else ""
        yield f"{_step(move)}{hazard}"
    yield from _refused(plan.refused)


def _refused(moves: Iterable[Move]) -> Iterator[str]:
    """What is not changed and why; packages of one environment with one reason are told together."""
    alike: dict[tuple[str, str], list[Move]] = {}
    for move in moves:
        reason = f"unsafe, {move.hazard}" if move.is_only_unsafe else move.refusal
        alike.setdefault((move.change.environment, reason), []).append(move)
    for (_, reason), (first, *others) in alike.items():
        more = f" and {len(others) + 1 - NAMED} more" if len(others) >= NAMED else ""
        steps = ", ".join((_step(first), *map(_change, others[: NAMED - 1])))
        yield f"not changed: {steps}{more}: {reason}"


def _conclusion(report: Report, outcome: RepairOutcome, asked: AskedFix) -> Iterator[str]:
    yield from outcome.remarks
    yield from _left_out(outcome.plan)
    yield _summary(report, outcome, asked)


def _step(move: Move) -> str:
    return f"{move.change.environment}: {_change(move)}"


def _change(move: Move) -> str:
    was = "" if move.was == State.UNSTATED.value else f"{move.was} "
    return f"{move.change.package} {was}→ {move.change.to}"


def _summary(report: Report, outcome: RepairOutcome, asked: AskedFix) -> str:
    plan = outcome.plan
    if outcome.why:
        return f"the files were put back: {'; '.join(outcome.why)}"
    changes = f"{plural(len(plan.made), 'version')} in {plural(len(plan.files), 'file')}"
    if outcome.written:
        return f"changed {changes}; a second audit no longer reports these findings"
    if not plan.moves:
        wanted = "nothing to fix" if not report.findings else "no finding has a version that would fix it"
        return f"{wanted}; no file was changed"
    if not plan.made:
        return "no file was changed"
    if asked.write:
        return "the files already state these versions; no file was changed"
    return f"would change {changes}; add --write to apply"


def _left_out(plan: RepairPlan) -> Iterator[str]:
    """How many moves are not made, and which option makes those that are only unsafe."""
    unsafe = sum(move.is_only_unsafe for move in plan.refused)
    other = len(plan.refused) - unsafe
    if unsafe == 1:
        yield "1 change is unsafe; --unsafe-fixes makes it too"
    elif unsafe:
        yield f"{plural(unsafe, 'change')} are unsafe; --unsafe-fixes makes them too"
    if other:
        yield f"{plural(other, 'change')} cannot be made"


def _exit_code(report: Report, outcome: RepairOutcome) -> int:
    """2 put back, or nothing could be read; 1 where something is left to be fixed; else 0."""
    if outcome.why:
        return USAGE
    left: tuple[Move, ...] = outcome.plan.refused if outcome.written else outcome.plan.moves
    if left:
        return 1
    return USAGE if report.exit_code == USAGE else 0
