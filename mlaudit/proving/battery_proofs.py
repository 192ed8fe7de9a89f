"""If there is no model: the battery of the kind, written under the writer and used under the reader."""

from __future__ import annotations

from pathlib import Path

from mlaudit.lab.battery import Battery, BatteryError
from mlaudit.lab.measure import Measurement, handed_over, written
from mlaudit.proving.nouns import BuiltEnvironment, Proof, ProofCase, ProofVerdict

_SHOWN = 5


def battery_proof(battery: Battery, kind: str, sides: tuple[BuiltEnvironment, BuiltEnvironment], folder: Path) -> Proof:
    """The verdict on all artifacts of a kind that a battery writes."""
    writer, reader = sides
    case = ProofCase(shown=f"the battery of {battery.package}", kind=kind, loader="battery", package=battery.package)
    try:
        here = {
            name: answer
            for name, answer in written(battery, writer.interpreter, folder).items()
            if battery.kind(name) == kind
        }
        measurements = list(handed_over(battery, here, reader.interpreter, folder))
    except BatteryError as error:
        says = f"the battery does not run: {str(error)[:500]}"
        return Proof(case=case, writer=writer.name, reader=reader.name, verdict=ProofVerdict.NOT_PROVEN, says=says)
    usable = [measurement for measurement in measurements if measurement.word != "baseline-error"]
    bad = [measurement for measurement in usable if measurement.word != "ok"]
    return Proof(
        case=case,
        writer=writer.name,
        reader=reader.name,
        verdict=_verdict(usable, bad),
        says=_says(reader.name, usable, bad),
        evidence=(
            *(
                f"{measurement.artifact}: {measurement.word} {measurement.detail}".strip()[:300]
                for measurement in bad[:_SHOWN]
            ),
        ),
        versions={side.name: {"python": side.python, **side.packages} for side in sides},
    )


def _verdict(usable: list[Measurement], bad: list[Measurement]) -> ProofVerdict:
    if not usable:
        return ProofVerdict.NOT_PROVEN
    if any(measurement.word != "different" for measurement in bad):
        return ProofVerdict.FAILS
    return ProofVerdict.DIFFERS if bad else ProofVerdict.SAME


def _says(reader: str, usable: list[Measurement], bad: list[Measurement]) -> str:
    if not usable:
        return "the writer itself writes none of its artifacts"
    if not bad:
        return f"{reader} loads all {len(usable)} artifacts and gives the same results"
    return f"{reader} does not load, or gives different results of, {len(bad)} of {len(usable)} artifacts"
