"""`--record`: proofs written into `mlaudit.evidence.toml`, where the offline audit finds them."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

import tomli

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.secrets import masked
from mlaudit.proving.nouns import Proof
from mlaudit.proving.prove import ProofReport
from mlaudit.request.options import EVIDENCE_FILE, Options
from mlaudit.sources.cache_folder import write_whole

_HEAD = """\
# What `mlaudit prove --record` saw. `mlaudit check` uses it above what is known of versions, as long as the model, the
# versions, the Pythons and the platform are the same. Commit it.
"""
_KEY = ("model", "writer", "reader", "kind")
_LONGEST = 500


def record(report: ProofReport, options: Options) -> ProofReport:
    """Write the proofs into the file, each over the one before of the same model and pair. Raises UsageError."""
    path = options.root / EVIDENCE_FILE
    rows = {tuple(str(row.get(name)) for name in _KEY): row for row in _written(path)}
    kept = [proof for proof in report.proofs if proof.sha256 and proof.versions]
    for proof in kept:
        row = _row(proof, options)
        rows[tuple(str(row[name]) for name in _KEY)] = row
    if kept:
        try:
            write_whole(path, _HEAD + "".join(_text(rows[key]) for key in sorted(rows)))
        except OSError as error:
            raise UsageError(f"--record: {path}: {error.strerror}") from None
    left = len(report.proofs) - len(kept)
    unkept = f"; {left} without a model file or an answer of both sides were not" if left else ""
    return replace(
        report,
        notes=(*report.notes, f"recorded {len(kept)} proof{'' if len(kept) == 1 else 's'} in {EVIDENCE_FILE}{unkept}"),
    )


def _written(path: Path) -> list[Mapping[str, object]]:
    try:
        rows = tomli.loads(path.read_text(encoding="utf-8")).get("proof", [])
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"--record: {path} is there and cannot be read ({error}); move it away") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"--record: {path} exists and was not written by --record; move it away")
    return rows


def _row(proof: Proof, options: Options) -> Mapping[str, object]:
    return {
        "model": proof.case.shown,
        "sha256": proof.sha256,
        "kind": proof.case.kind,
        "writer": proof.writer,
        "reader": proof.reader,
        "verdict": proof.verdict.value,
        "says": masked(" ".join(proof.says.split()))[:_LONGEST],
        "date": options.today.isoformat(),
        "platform": f"{sys.platform} {platform.machine()}",
        "versions": {"writer": proof.versions.get(proof.writer, {}), "reader": proof.versions.get(proof.reader, {})},
    }


def _text(row: Mapping[str, object]) -> str:
    words = "".join(f"{name} = {_quoted(value)}\n" for name, value in row.items() if isinstance(value, str))
    versions = row.get("versions")
    tables = [f"\n[[proof]]\n{words}"]
    for side in ("writer", "reader"):
        packages = versions.get(side, {}) if isinstance(versions, dict) else {}
        lines = "".join(f"{_quoted(name)} = {_quoted(version)}\n" for name, version in sorted(packages.items()))
        tables.append(f"[proof.versions.{side}]\n{lines}")
    return "".join(tables)


def _quoted(value: object) -> str:
    """A basic string of TOML, which JSON's are but for the delete character."""
    return json.dumps(str(value)).replace("\x7f", "\\u007F")
