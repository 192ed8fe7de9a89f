"""What `mlaudit guard` was asked, carried out."""

from __future__ import annotations

from pathlib import Path

from mlaudit.cli.declarations import CommandEnd
from mlaudit.cli.delivery import wants_colour, width_of
from mlaudit.cli.output import OutputText, write_all
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedGuard:
    """The words of the command line."""

    snapshot: Path | None
    golden: Path | None
    model: str | None
    trusted: bool
    rtol: float
    atol: float
    seconds: int
    megabytes: int
    format: str
    output: Path | None
    quiet: bool


def run_guard(asked: AskedGuard) -> None:
    """Compare, print, end. Raises UsageError."""
    if asked.format not in ("table", "json"):
        raise UsageError(f"--format {asked.format}: guard prints table or json")
    if (asked.snapshot is None) == (asked.golden is None):
        raise UsageError("guard compares with a SNAPSHOT, or replays the answers of --golden FILE; give one of them")
    if asked.golden is None and asked.model is not None:
        raise UsageError("--model is about the model of --golden; give --golden FILE too")
    text, code = _compared(asked.snapshot, asked) if asked.snapshot is not None else _replayed(asked)
    write_all([OutputText(text=text, target=asked.output)])
    raise CommandEnd(code)


def _replayed(asked: AskedGuard) -> tuple[str, int]:
    """The verdict on the model of kept answers."""
    from mlaudit.cli.asked import asked_options
    from mlaudit.cli.proving import proof_style
    from mlaudit.proving.golden import replay
    from mlaudit.proving.nouns import ProofLimits
    from mlaudit.proving.prove import ProofOptions
    from mlaudit.proving.rendering import as_json, as_text
    from mlaudit.request.wanted import Wanted

    options = asked_options(wanted=Wanted())
    limits = ProofLimits(seconds=asked.seconds, memory=asked.megabytes * 1024 * 1024, rtol=asked.rtol, atol=asked.atol)
    models = () if asked.model is None else (asked.model,)
    proof = ProofOptions(limits=limits, trusted=asked.trusted, today=options.today)
    report = replay(models, asked.golden or Path(), options, proof)
    return (as_json(report) if asked.format == "json" else as_text(report, proof_style(asked.output))), report.exit_code


def _compared(snapshot: Path, asked: AskedGuard) -> tuple[str, int]:
    """The report on this Python against a snapshot, under the policy of the configuration."""
    from mlaudit.cli.asked import asked_options
    from mlaudit.guard import Drift, check
    from mlaudit.model.errors import Unreadable
    from mlaudit.reporters._registry import Style, render
    from mlaudit.request.wanted import Wanted

    settings = asked_options(wanted=Wanted()).settings
    try:
        report = check(snapshot, settings=settings)
    except Drift as drift:
        report = drift.report
    except Unreadable as error:
        raise UsageError(f"{snapshot}: {error.why}") from None
    if report is None:
        raise AssertionError("with settings there is a report")
    colour = asked.output is None and wants_colour(False)
    style = Style(colour=colour, quiet=asked.quiet, width=width_of(asked.output))
    return render(asked.format)(report, style), report.exit_code
