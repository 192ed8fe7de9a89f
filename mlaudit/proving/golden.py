"""Golden files: rows and the answers of the environment that trained, replayed in the one that serves."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import replace
from mlaudit.proving.cases import case_of
from mlaudit.proving.loading import load_under
from mlaudit.proving.nouns import BuiltEnvironment, ProofAnswer, ProofCase, RowRequest
from mlaudit.proving.prove import ProofOptions, ProofReport, demand_trust, digest
from mlaudit.proving.verdicts import verdict_on
from mlaudit.request.options import Options
from mlaudit.sources.cache_folder import write_whole

SCHEMA = "mlaudit.golden/1"
_MAX_GOLDEN = 64 * 1024 * 1024


def save_golden(models: Sequence[str], rows: Path, target: Path, options: Options, proof: ProofOptions) -> ProofReport:
    """Predict in the Python that runs mlaudit, and keep rows and answers. Raises UsageError."""
    case = _one_case(models, options, proof)
    if not rows.is_file():
        raise UsageError(f"--golden {rows}: there is no such file of rows")
    given = load_under(_here(), case, RowRequest(file=rows.absolute()), proof.limits, keep_rows=True)
    if given.word != "ok":
        raise UsageError(f"{case.shown}: nothing was kept, since it fails here: {given.error}")
    if not given.answers:
        raise UsageError(f"{case.shown}: nothing was kept, since it predicts nothing on these rows")
    kept = {
        "schema": SCHEMA,
        "model": case.shown,
        "sha256": digest(case.path),
        "kind": case.kind,
        "python": given.python,
        "versions": dict(given.versions),
        "rows": given.kept,
        "answers": [dict(answer) for answer in given.answers],
        "warnings": list(given.warned),
    }
    try:
        write_whole(target, json.dumps(kept) + "\n")
    except OSError as error:
        raise UsageError(f"--save {target}: {error.strerror}") from None
    verdict = verdict_on(case, ("here", "here"), given, given, proof.limits)
    return ProofReport(
        proofs=(replace(verdict, says=f"kept its answers in {target}", sha256=str(kept["sha256"])),),
        environments=(_here(),),
    )


def replay(models: Sequence[str], golden: Path, options: Options, proof: ProofOptions) -> ProofReport:
    """Predict on kept rows in the Python that runs mlaudit, and compare. Raises UsageError."""
    kept = _kept(golden)
    path = models or (str(options.root / str(kept["model"])),)
    case = _one_case(path, options, proof)
    there = load_under(_here(), case, RowRequest(values=kept["rows"]), proof.limits)
    versions = kept.get("versions")
    answers = kept.get("answers")
    here = ProofAnswer(
        word="ok",
        rows="the rows of the golden file",
        answers=tuple(answer for answer in answers if isinstance(answer, dict)) if isinstance(answers, list) else (),
        python=str(kept.get("python", "")),
        versions={str(name): str(text) for name, text in versions.items()} if isinstance(versions, dict) else {},
        warned=tuple(map(str, warned)) if isinstance(warned := kept.get("warnings"), list) else (),
    )
    verdict = verdict_on(case, ("golden", "here"), here, there, proof.limits)
    same = digest(case.path)
    other = () if same == kept.get("sha256") else ("the model file is another one than the answers were kept of",)
    return ProofReport(
        proofs=(replace(verdict, sha256=same, evidence=(*other, *verdict.evidence)),), environments=(_here(),)
    )


def _one_case(models: Sequence[str], options: Options, proof: ProofOptions) -> ProofCase:
    if len(models) != 1:
        raise UsageError("--golden is about one model; name it: mlaudit prove MODEL --golden FILE")
    case = case_of(Path(models[0]), options.root, declared=_is_declared(models[0], options))
    demand_trust([case], trusted=proof.trusted)
    from mlaudit.knowledge.refused_imports import refused_among

    refused = refused_among(case.names)
    if refused:
        raise UsageError(
            f"{case.shown}: it imports {refused[0]}, which starts programs or runs code; it was not loaded"
        )
    return case


def _is_declared(model: str, options: Options) -> bool:
    """Whether a `writes` or `reads` of the configuration holds a path."""
    base = options.root / Path(options.settings.path or "").parent
    path = Path(model).resolve()
    rows = (text for environment in options.settings.environments for text in (*environment.writes, *environment.reads))
    return any(path == (base / text).resolve() or (base / text).resolve() in path.parents for text in rows)


def _here() -> BuiltEnvironment:
    from importlib.metadata import distributions

    packages = {
        distribution.metadata["Name"].lower().replace("_", "-"): distribution.version
        for distribution in distributions()
    }
    return BuiltEnvironment(
        name="here", interpreter=Path(sys.executable), python=platform.python_version(), packages=packages
    )


def _kept(golden: Path) -> Mapping[str, object]:
    try:
        if golden.stat().st_size > _MAX_GOLDEN:
            raise UsageError(f"--golden {golden}: it is larger than {_MAX_GOLDEN:,} bytes")
        golden_data = json.loads(golden.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--golden {golden}: {error.strerror or error}; expected a file that --save wrote") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--golden {golden}: expected a file that --save wrote ({error})") from None
    if (
        not isinstance(golden_data, dict)
        or golden_data.get("schema") != SCHEMA
        or not isinstance(golden_data.get("rows"), list)
    ):
        raise UsageError(f"--golden {golden}: expected a file that --save wrote (schema {SCHEMA})")
    return golden_data
