"""Why an environment has a package, for a terminal and as `mlaudit.why/1`."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.model.requirement_paths import InstallReason, RequirementPath, RequirementStep
from mlaudit.reporters._json_text import Json, lines, place
from mlaudit.reporters._layout import StyledLine, painted, paragraph, stacked, text
from mlaudit.reporters._registry import Style


def as_text(reason: InstallReason, style: Style) -> str:
    """Who names the package, then the paths to it, each as a ladder."""
    versions = " and ".join(reason.versions)
    shown: list[StyledLine] = [
        text((reason.package, "bold"), (f" {versions}" if versions else "", ""), (f" in {reason.environment}", ""))
    ]
    shown += [text(("  named directly in ", ""), (str(at), "underline")) for at in reason.direct]
    for number, path in enumerate(reason.paths, 1):
        shown += [StyledLine(), *_ladder(number, path, style)]
    if reason.limited:
        shown += [StyledLine(), text(("More paths exist; --all shows up to 1,000.", "dim"))]
    for note in reason.notes:
        shown += paragraph(note, style.width)
    return painted(shown, colour=style.colour)


def _ladder(number: int, path: RequirementPath, style: Style) -> Iterator[StyledLine]:
    for depth, step in enumerate(path.steps):
        branch = f"{number}. " if depth == 0 else f"{'   ' * depth}└─ "
        name = f"{step.name}{_extras(step)}{f' {step.version}' if step.version else ''}"
        asked = "; ".join(part for part in (step.specifier or "", _condition(step)) if part)
        place = str(step.at) if step.at is not None else ""
        parts = [(f"{branch}{name}", ""), (asked, ""), (place, "underline")]
        yield from stacked(parts, style.width, gap=3, indent=len(branch) + 3)


def _extras(step: RequirementStep) -> str:
    return f"[{','.join(step.extras)}]" if step.extras else ""


def _condition(step: RequirementStep) -> str:
    """What must hold for the requirement: the extra or group of the one before, and the marker."""
    parts = [f"by {step.because}" if step.because else "", f"if {step.marker}" if step.marker else ""]
    return " ".join(part for part in parts if part)


def as_json(reason: InstallReason) -> str:
    """Schema `mlaudit.why/1`."""
    return lines(
        {
            "schema": "mlaudit.why/1",
            "package": reason.package,
            "environment": reason.environment,
            "versions": list(reason.versions),
            "direct": list(map(place, reason.direct)),
            "paths": [{"steps": list(map(_step, path.steps))} for path in reason.paths],
            "limited": reason.limited,
            "notes": list(reason.notes),
        }
    )


def _step(step: RequirementStep) -> Json:
    return {
        "name": step.name,
        "version": step.version,
        "specifier": step.specifier,
        "extras": list(step.extras),
        "marker": step.marker,
        "because": step.because or None,
        **(place(step.at) if step.at is not None else {"path": None, "line": None, "column": None}),
    }
