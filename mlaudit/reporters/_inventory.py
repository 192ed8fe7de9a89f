"""`mlaudit list`: every pin with its layer and place, and everything unread; for people and as `mlaudit.list/1`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.model.exchanges import Exchange
from mlaudit.model.nouns import Pin
from mlaudit.model.report import Environment
from mlaudit.reporters._facts import plural
from mlaudit.reporters._json_text import Json, lines, place, target
from mlaudit.reporters._layout import NO_LIMIT, Segment, StyledLine, columns, painted, paragraph, stacked


def as_json(environments: Iterable[Environment]) -> str:
    """Schema `mlaudit.list/1`."""
    listed = [lines(_environment(environment)).rstrip() for environment in environments]
    return f'{{"schema": "mlaudit.list/1",\n"environments": [{", ".join(listed)}]}}\n'


def _environment(environment: Environment) -> Json:
    return {
        "name": environment.name,
        "role": environment.role,
        "complete": environment.complete,
        "target": target(environment.target),
        "follows": list(environment.follows),
        "guessed": environment.guessed,
        "artifact_kinds": list(environment.artifact_kinds),
        "kinds_from": {writer: list(kinds) for writer, kinds in environment.kinds_from.items()},
        "exchanges": [_exchange(exchange) for exchange in environment.exchanges],
        "sources": list(environment.sources),
        "notes": [*environment.notes, *map(str, environment.problems)],
        "pins": (
            {**_pin(pin, selected, format_name), **({"side": side} if side else {})}
            for (pin, selected, format_name), side in zip(environment.listed(), _sides(environment), strict=True)
        ),
        "unread": [{**place(entry.at), "what": entry.what, "why": entry.why} for entry in environment.unread],
    }


def _exchange(exchange: Exchange) -> Json:
    return {
        "side": exchange.side,
        "kind": exchange.kind,
        "scope": exchange.scope,
        "name": exchange.name,
        "form": exchange.form,
        "kinds": list(exchange.kinds),
        **place(exchange.at),
    }


def _sides(environment: Environment) -> Iterator[str]:
    """Parallel to what is listed: `writes` and `reads` for what models record, empty for what is installed."""
    for side, readings in (("", environment.readings), ("writes", environment.writes), ("reads", environment.reads)):
        for reading in readings:
            yield from (side for _ in reading.pins)


def _pin(pin: Pin, selected: bool | None, format_name: str) -> Json:
    """A pin as the contract writes it; `extras` are those it belongs to, else those it requires of the package."""
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


def as_table(environments: Sequence[Environment], *, colour: bool = False, width: int | None = None) -> str:
    """Columns for people: what, which version, from which layer, where; within a width, or else a row a line."""
    tables: list[StyledLine] = []
    for environment in environments:
        tables += [*_part(environment, width), StyledLine()]
    return painted(tables[:-1], colour=colour)


def _part(environment: Environment, width: int | None) -> list[StyledLine]:
    """One environment; a pin that several sources include is one row."""
    rows = list(dict.fromkeys(_row(pin, selected) for pin, selected, _ in environment.listed()))
    counted = f"   {plural(len(rows), 'pin')}, {'' if environment.complete else 'not '}a complete list"
    unread = f", {plural(len(environment.unread), 'entry')} not read" if environment.unread else ""
    limit = width or NO_LIMIT
    head = stacked([(environment.name, "bold"), (counted.strip() + unread, "")], limit, gap=3)
    entries = [
        line
        for entry in environment.unread
        for line in stacked([(f"  {entry.at}", "underline"), (f"not read: {entry.why}", "yellow")], limit, gap=3)
    ]
    notes = [
        line
        for note in (*environment.notes, *map(str, environment.problems))
        for line in paragraph(f"note: {note}", limit, first="  ", rest="    ")
    ]
    return [*head, *columns(rows, width=width), *entries, *notes]


def _row(pin: Pin, selected: bool | None) -> tuple[Segment, ...]:
    return (
        (f"  {pin.name}", "" if selected is not False else "dim"),
        (_version(pin), ""),
        (_state(pin, selected), "dim"),
        (str(pin.at), "underline"),
    )


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
