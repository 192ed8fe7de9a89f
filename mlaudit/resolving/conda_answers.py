"""What micromamba, mamba or conda would install of what an environment states for conda, by a dry run of the tool.

The JSON of `create --dry-run --json` has what would be there under `actions.LINK`, and what does not fit under
`solver_problems` (mamba) or `error` (conda): https://mamba.readthedocs.io/en/latest/user_guide/micromamba.html,
https://docs.conda.io/projects/conda/en/stable/commands/create.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, State
from mlaudit.model.report import Cell, Environment
from mlaudit.model.secrets import masked
from mlaudit.resolving.answers import ResolvedPackage, ResolverAnswer, known_answer, shown_answer
from mlaudit.sources.cache_folder import keep, kept
from mlaudit.sources.conda_tool import DryRun, dry_run

_KIND = "resolved-conda-1"
_SUBDIRS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("darwin", "x86_64"): "osx-64",
    ("darwin", "arm64"): "osx-arm64",
    ("win32", "amd64"): "win-64",
    ("win32", "x86_64"): "win-64",
}
_CHANNEL = lazy_pattern(r"(?:https?://[\w.:-]{1,200}/)?[\w.-]{1,100}(?:/[\w.-]{1,100}){0,8}")
_SPEC = lazy_pattern(r"[A-Za-z0-9_][\w.-]{0,200}[\w.*+!|,<>=~]{0,300}")
_LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaQuestion:
    """What a tool of conda is asked: match specs, channels in their order, and the platform in conda's words."""

    specs: tuple[str, ...]
    channels: tuple[str, ...]
    subdir: str
    left_out: tuple[str, ...] = ()


def conda_question(environment: Environment) -> CondaQuestion:
    """What a tool of conda is asked of an environment."""
    specs: list[str] = []
    left_out: list[str] = []
    pip = 0
    for cell in environment.cells.values():
        if cell.kind is Kind.PYTHON:
            specs += _python(cell)
        elif cell.kind is Kind.PACKAGE and any(pin.ecosystem == "conda" for pin in cell.pins):
            spec = _spec(cell)
            specs += [spec] if spec else []
            left_out += [] if spec else [f"{cell.package} (its statement was not understood)"]
        elif cell.kind is Kind.PACKAGE and cell.stated:
            pip += 1
    if pip:
        left_out.append(f"what pip installs on top ({pip} package{'' if pip == 1 else 's'})")
    target = environment.target
    return CondaQuestion(
        specs=tuple(sorted(dict.fromkeys(specs))),
        channels=tuple(dict.fromkeys(_channels(environment))),
        subdir=_SUBDIRS.get((target.platform, target.machine.lower()), "linux-64"),
        left_out=tuple(left_out),
    )


def _python(cell: Cell) -> Iterator[str]:
    if len(cell.versions) == 1:
        yield f"python={cell.versions[0]}"
    elif cell.specifier and _SPEC.fullmatch(f"python{cell.specifier}"):
        yield f"python{cell.specifier}"


def _spec(cell: Cell) -> str | None:
    """The match spec of a cell; None if it cannot be written again."""
    pin = next(pin for pin in cell.pins if pin.ecosystem == "conda")
    if cell.state is State.UNREAD or len(cell.versions) > 1:
        return None
    stated = f"=={cell.versions[0]}" if cell.versions else (cell.specifier or "").replace(" ", "")
    spec = f"{pin.name.lower()}{stated}"
    return spec if _SPEC.fullmatch(spec) else None


def _channels(environment: Environment) -> Iterator[str]:
    """Channels that the sources name; those with credentials are the tool's own affair, and left out."""
    for reading in environment.readings:
        for fact in reading.facts:
            if fact.key == "index" and fact.value != "nodefaults" and _CHANNEL.fullmatch(fact.value):
                yield fact.value


def conda_answer(tool: str, asked: CondaQuestion, *, today: date) -> ResolverAnswer:
    """What would be installed, from the cache where the same was asked that day."""
    if not asked.specs:
        return ResolverAnswer()
    content = [Path(tool).name, asked.specs, asked.channels, asked.subdir, today.isoformat()]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    known = known_answer(kept(_KIND, key))
    if known is not None:
        return known
    channels = [word for channel in asked.channels for word in ("-c", channel)]
    words = [*(["--override-channels"] if channels else []), *channels, *asked.specs]
    answer = _read(dry_run(tool, words, asked.subdir))
    if not answer.failure:
        keep(_KIND, key, shown_answer(answer))
    return answer


def _read(outcome: DryRun) -> ResolverAnswer:
    try:
        data = json.loads(outcome.out)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return ResolverAnswer(failure=_plain(outcome.says) or f"exit code {outcome.code}, and no JSON")
    actions = data.get("actions")
    links = actions.get("LINK") if isinstance(actions, dict) else None
    if data.get("success") and isinstance(links, list):
        return ResolverAnswer(packages=tuple(_packages(links)))
    problems = data.get("solver_problems")
    if isinstance(problems, list) and problems:
        return ResolverAnswer(conflict=_plain(". ".join(map(str, problems))))
    says = str(data.get("message") or data.get("error") or outcome.says)
    unfit = "Unsatisfiable" in str(data.get("exception_name")) or "NotFound" in str(data.get("exception_name"))
    return ResolverAnswer(conflict=_plain(says)) if unfit else ResolverAnswer(failure=_plain(says))


def _packages(links: Sequence[object]) -> Iterator[ResolvedPackage]:
    for link in links:
        row: Mapping[str, object] = link if isinstance(link, dict) else {}
        name, version = row.get("name"), row.get("version")
        if isinstance(name, str) and isinstance(version, str) and name != "python":
            yield ResolvedPackage(name=name, version=version)


def _plain(says: str) -> str:
    text = masked(" ".join(says.split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
