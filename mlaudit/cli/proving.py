"""What `mlaudit prove` was asked, carried out."""

from __future__ import annotations

from pathlib import Path

from mlaudit.cli.asked import asked_options, with_progress
from mlaudit.cli.declarations import CommandEnd
from mlaudit.cli.delivery import wants_colour, width_of
from mlaudit.cli.output import OutputText, write_all
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.proving.golden import replay, save_golden
from mlaudit.proving.nouns import NotBuilt, ProofLimits, RowRequest
from mlaudit.proving.pairs import found_pairs, named_pair
from mlaudit.proving.prove import ProofOptions, ProofReport, prove_pairs
from mlaudit.proving.recording import record
from mlaudit.proving.rendering import as_json, as_text
from mlaudit.reporters._registry import Style
from mlaudit.request.options import Options, wanted_of
from mlaudit.request.resolution import AUDIT, Resolution, resolution_of
from mlaudit.sources.uv_tool import NoUv


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedProof:
    """The words of the command line."""

    models: tuple[str, ...]
    writer: str | None
    reader: str | None
    rows: str | None
    golden: Path | None
    save: Path | None
    record: bool
    trusted: bool
    rtol: float
    atol: float
    budget: int
    seconds: int
    megabytes: int
    as_of: str | None
    format: str
    output: Path | None
    config: Path | None
    isolated: bool
    python: str | None
    platform: str | None
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    defines: tuple[str, ...]
    quiet: bool


def run_prove(asked: AskedProof) -> None:
    """Prove, print, end. Raises UsageError."""
    if asked.format not in ("table", "json"):
        raise UsageError(f"--format {asked.format}: prove prints table or json")
    if (asked.writer is None) != (asked.reader is None):
        raise UsageError("--writer and --reader go together: one environment writes, the other reads")
    if asked.save is not None and asked.golden is None:
        raise UsageError("--save keeps the answers to the rows of --golden; give --golden ROWS too")
    options = asked_options(
        wanted=wanted_of(asked.python, asked.platform, asked.extras, asked.groups),
        config=asked.config,
        isolated=asked.isolated,
        define=asked.defines,
    )
    resolution = resolution_of(AUDIT, asked.as_of) or Resolution()
    with with_progress(options, asked.quiet) as watched:
        try:
            report = _report(asked, watched, _proof_options(asked, watched, resolution))
        except (NotBuilt, NoUv) as error:
            raise UsageError(str(error)) from None
    text = as_json(report) if asked.format == "json" else as_text(report, proof_style(asked.output))
    write_all([OutputText(text=text, target=asked.output)])
    raise CommandEnd(report.exit_code)


def proof_style(output: Path | None) -> Style:
    """How verdicts look where they go."""
    return Style(colour=output is None and wants_colour(False), width=width_of(output))


def _proof_options(asked: AskedProof, options: Options, resolution: Resolution) -> ProofOptions:
    return ProofOptions(
        rows=rows_of(asked.rows),
        limits=ProofLimits(
            seconds=asked.seconds, memory=asked.megabytes * 1024 * 1024, rtol=asked.rtol, atol=asked.atol
        ),
        budget=asked.budget,
        trusted=asked.trusted,
        today=options.today,
        as_of=resolution.as_of,
        progress=options.progress,
    )


def rows_of(text: str | None) -> RowRequest:
    """Where rows come from, by `--rows`. Raises UsageError."""
    if text is None:
        return RowRequest()
    if Path(text).is_file():
        return RowRequest(file=Path(text).absolute())
    module, colon, name = text.partition(":")
    if colon and name.isidentifier() and all(part.isidentifier() for part in module.split(".")):
        return RowRequest(function=text, folder=Path.cwd())
    raise UsageError(f"--rows {text}: expected a file that is there, or module:function")


def _report(asked: AskedProof, options: Options, proof: ProofOptions) -> ProofReport:
    if asked.golden is not None:
        if asked.save is not None:
            return save_golden(asked.models, asked.golden, asked.save, options, proof)
        return replay(asked.models, asked.golden, options, proof)
    if asked.writer is not None and asked.reader is not None:
        pairs = named_pair(asked.models, asked.writer, asked.reader, options)
    else:
        pairs = found_pairs(asked.models, options)
    report = prove_pairs(pairs, proof)
    return record(report, options) if asked.record else report
