"""`mlaudit list`: every pin with its layer and place, and everything unread; for people and as `mlaudit.list/1`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlaudit.model.nouns import Pin
from mlaudit.model.report import Environment
from mlaudit.reporters._json_text import Json, lines, place, target
from mlaudit.reporters._layout import StyledLine, columns, painted, text


def as_json(environments: Iterable[Environment]) -> str:
    """Schema `mlaudit.list/1`."""
    made = [lines(_environment(one)).rstrip() for one in environments]
    return f'{{"schema": "mlaudit.list/1",\n"environments": [{", ".join(made)}]}}\n'


def _environment(one: Environment) -> Json:
    return {
        "name": one.name,
        "role": one.role,
        "complete": one.complete,
        "target": target(one.target),
        "notes": [*one.notes, *map(str, one.problems)],
        "pins": (_pin(pin, selected, format_name) for pin, selected, format_name in one.listed()),
        "unread": [{**place(entry.at), "what": entry.what, "why": entry.why} for entry in one.unread],
    }


def _pin(pin: Pin, selected: bool | None, format_name: str) -> Json:
    """A pin as the contract writes it; `extras` are those it belongs to, else those it asks of the package."""
    origin, words = _artifact_texts(pin)
    shown: Json = {
        "name": pin.name,
        "package": pin.package,
        "version": pin.version,
        "variant": pin.variant,
        "specifier": pin.specifier,
        "layer": pin.layer.value,
        "kind": pin.kind.value,
        "marker": pin.marker,
        "extras": list(pin.under_extras or pin.extras or words),
        "requested_extras": list(pin.extras or words),
        "groups": list(pin.groups),
        "ecosystem": pin.ecosystem,
        "source": pin.source,
        "origin": origin,
        "platforms": list(pin.platforms),
        "parts": list(pin.parts),
        "derived_from": str(pin.derived_from) if pin.derived_from else None,
        "selected": selected,
        **place(pin.at),
        "format": format_name,
    }
    if pin.artifact is not None:
        shown["artifact"] = {"kind": pin.artifact.kind, "classes": list(pin.artifact.classes)}
    if pin.recorded is not None:
        shown["strength"] = pin.recorded.strength.value
        shown["recorded"] = {"kinds": list(pin.recorded.kinds), "numbers": dict(pin.recorded.numbers)}
    if pin.detail is not None:
        shown["detail"] = pin.detail
    return shown


def _artifact_texts(pin: Pin) -> tuple[str | None, tuple[str, ...]]:
    """Origin and extras as schema 1 has them for what artifacts say; `artifact` and `recorded` hold it by parts."""
    if pin.artifact is not None:
        return pin.artifact.kind, pin.artifact.classes
    if pin.recorded is not None and pin.recorded.kinds:
        return ",".join(pin.recorded.kinds), tuple(f"{name}={number}" for name, number in pin.recorded.numbers)
    return pin.origin, ()


def as_table(environments: Sequence[Environment], *, colour: bool = False) -> str:
    """Columns for people: what, which version, from which layer, where."""
    lines: list[StyledLine] = []
    for one in environments:
        lines += [*_part(one), StyledLine()]
    return painted(lines[:-1], colour=colour)


def _part(one: Environment) -> list[StyledLine]:
    pins = [(pin, selected) for pin, selected, _ in one.listed()]
    state = "complete" if one.complete else "not complete"
    head = text((one.name, "bold"), (f"   {len(pins)} pins, {state}, {len(one.unread)} unread", ""))
    rows = [
        [
            (f"  {pin.name}", "" if selected is not False else "dim"),
            (_version(pin), ""),
            (_state(pin, selected), "dim"),
            (str(pin.at), "underline"),
        ]
        for pin, selected in pins
    ]
    unread = [text((f"  {entry.at}", "underline"), (f"   not read: {entry.why}", "yellow")) for entry in one.unread]
    notes = [text((f"  note: {note}", "")) for note in (*one.notes, *map(str, one.problems))]
    return [head, *columns(rows), *unread, *notes]


def _version(pin: Pin) -> str:
    if pin.version is not None:
        return pin.version
    return pin.specifier or "any"


def _state(pin: Pin, selected: bool | None) -> str:
    words = [pin.layer.value]
    if pin.kind.value != "package":
        words.append(pin.kind.value)
    if selected is False:
        words.append("not selected")
    elif selected is None:
        words.append("depends")
    return ", ".join(words)
