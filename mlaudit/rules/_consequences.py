"""What the knowledge states about a crossing, and how a rule words it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from mlaudit.comparison.judgement import Judgement
from mlaudit.comparison.scene import View
from mlaudit.knowledge.crossing import Consequence
from mlaudit.knowledge.kinds import packages_needed
from mlaudit.knowledge.load import Effect
from mlaudit.model.nouns import Fix, Kind, Severity, Verdict
from mlaudit.model.report import MAX_LISTED, Crossing, Hit
from mlaudit.rules._phrases import align, on_pythons, places, verb_of_writer, worded

if TYPE_CHECKING:
    from mlaudit.model.missing_names import MissingName
    from mlaudit.model.missing_states import MissingState, RefusedByCode
    from mlaudit.model.refused_configurations import RefusedConfiguration

NOT_ASKED_FOR = "; the artifacts that pass between them do not need it"
"""What is reported about a package that nothing needs to load what crosses."""
DETAILS = 4
"""Facts of the code that a finding names."""
OTHERS = 12
"""Further consequences that a finding names where they break models: which one a user has is not known."""
MILDER = 4
"""Further consequences that it names whatever they are."""
_OF_MODELS = (Effect.UNREADABLE, Effect.SILENT)
_TITLE_OF_WHAT_MAY_BE = {
    Effect.UNREADABLE: "artifacts may not load",
    Effect.SILENT: "results may change silently",
    Effect.PREPROCESSING: "preprocessing may change",
}
"""Words for what only ranges that overlap allow, or only some artifacts do where nothing shows which ones cross."""


def consequence_hits(crossing: Crossing, view: View, effect: Effect) -> Iterator[Hit]:
    """The finding of a crossing whose worst consequence is `effect`."""
    judgement = view.judgements.of(crossing)
    if judgement is None or judgement.worst.effect is not effect or crossing.writer.kind is not Kind.PACKAGE:
        return
    writer, reader = crossing.cells
    at, related = places(crossing, view)
    yield Hit(
        package=crossing.package,
        environments=crossing.environments,
        severity=_severity(crossing, view, judgement),
        message=f"{_opening(crossing, judgement)} {judgement.worst.says}",
        effect=judgement.worst.says,
        title=_TITLE_OF_WHAT_MAY_BE.get(effect, "") if judgement.may or judgement.worst.depends else "",
        at=at,
        related=related,
        details=(
            *_details(judgement),
            *_advice(crossing, judgement),
            *code_details(view, *crossing.environments, crossing.package),
            *agreement(judgement.worst, view, crossing.environments, crossing.package),
        ),
        evidence=judgement.worst.evidence,
        expected=writer.shown,
        actual=reader.shown,
        fix=_fix(crossing, judgement),
    )


def agreement(consequence: Consequence, view: View, environments: tuple[str, str], package: str) -> Iterator[str]:
    """What lowers the severity of a promise that is not given."""
    if promised(consequence, view, environments, package) is not consequence.severity:
        yield f"code: what the artifacts need of {package} to be served is in the code of {environments[1]}"


def code_details(view: View, writer: str, reader: str, package: str) -> Iterator[str]:
    """What the reader's code itself shows of the artifacts of a writer: the same fact by another way."""
    environment = view.environments[reader]
    names = (
        f"code: {missing_name.full_name} is not in {missing_name.searched}"
        for missing_name in environment.missing_names
        if _is_of(missing_name, writer, package)
    )
    calls = (
        f"code: {refused_call.called} {refused_call.reason} ({refused_call.taken})"
        for refused_call in environment.refused_calls
        if _is_of(refused_call, writer, package)
    )
    states = (
        f"code: {state.owner} has no `{state.attribute}`, which `{state.method}` reads ({state.read})"
        for state in environment.missing_states
        if _is_of(state, writer, package) and state.is_always_read
    )
    configured = (
        f"code: {refused.artifact.path}: {refused_words(refused)} ({refused.searched})"
        for refused in environment.refused_configurations
        if _is_of(refused, writer, package)
    )
    yield from dict.fromkeys(islice(chain(names, calls, configured, states), DETAILS))


def refused_words(configuration: RefusedConfiguration, reader: str = "the reader") -> str:
    """What of a configuration the code of a reader refuses, in one clause."""
    from mlaudit.model.refused_configurations import Refusal

    if configuration.refusal is Refusal.KEYS:
        more = len(configuration.values) - MAX_LISTED
        keys = ", ".join(f"`{key[:100]}`" for key in configuration.values[:MAX_LISTED])
        return f"`{configuration.what}` of {reader} does not accept {keys}{f' and {more} more' if more > 0 else ''}"
    if configuration.refusal is Refusal.VALUE:
        stated = f"its `{configuration.what}` is `{configuration.values[0]}`"
        return f"{stated}, which {configuration.package} of {reader} does not know"
    return f"it names `{configuration.what}`, which {configuration.package} of {reader} does not have"


def _is_of(lack: MissingName | MissingState | RefusedByCode | RefusedConfiguration, writer: str, package: str) -> bool:
    return lack.writer == writer and lack.package == package


def _details(judgement: Judgement) -> Iterator[str]:
    return (
        _detail(consequence, judgement)
        for number, consequence in enumerate(judgement.consequences[: OTHERS + 1])
        if _worth(consequence, judgement) and (number <= MILDER or consequence.effect in _OF_MODELS)
    )


_MILDER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.INFO}


def promised(consequence: Consequence, view: View, environments: tuple[str, str], package: str) -> Severity:
    """As known; that nobody promises anything is a level milder where the code of both sides was followed.

    Of 547 measured loads of such pickles, 4 failed, all by what numpy or xgboost had written inside; where code showed
    something, 97 of 109 did (two fifths of `benchmarks.code_evidence`, 2026-11-26).
    """
    is_unpromised = consequence.effect is Effect.NO_PROMISE and consequence.severity in _MILDER
    return (
        _MILDER[consequence.severity]
        if is_unpromised and code_agrees(view, environments, package)
        else consequence.severity
    )


def code_agrees(view: View, environments: tuple[str, str], package: str) -> bool:
    """Whether all pickles that cross were followed through the code of both sides, and nothing is missing."""
    writer, reader = environments
    is_followed = (writer, package) in view.environments[reader].agreeing_code
    return is_followed and bool(view.judgements.names_that_cross(writer, reader))


def _severity(crossing: Crossing, view: View, judgement: Judgement) -> Severity:
    """As known; where ranges only allow it, at most a warning, and equal ranges are only said."""
    if not judgement.may or crossing.verdict is Verdict.DISJOINT:
        return promised(judgement.worst, view, crossing.environments, crossing.package)
    if crossing.writer.shown == crossing.reader.shown:
        return Severity.INFO
    return max(judgement.worst.severity, Severity.WARNING, key=lambda level: level.rank)


def _opening(crossing: Crossing, judgement: Judgement) -> str:
    writer, reader = crossing.cells
    package = crossing.package
    if judgement.may:
        asked = (
            f"{writer.environment} asks for {package} {worded(writer)} and {reader.environment} for {worded(reader)}"
        )
        link = "; no version satisfies both, and they" if crossing.verdict is Verdict.DISJOINT else ", which"
        return f"{asked}{link} may resolve to {judgement.writer} and {judgement.reader}."
    left, right = on_pythons(writer, judgement.writer), on_pythons(reader, judgement.reader)
    return f"{writer.environment} {verb_of_writer(crossing)} {package} {left}, {reader.environment} reads with {right}."


def _worth(consequence: Consequence, judgement: Judgement) -> bool:
    """The worst for its rate, others for what they say; what is harmless needs no line beside what is not."""
    if consequence is judgement.worst:
        return consequence.tried is not None
    return consequence.effect is not Effect.HARMLESS


def _detail(consequence: Consequence, judgement: Judgement) -> str:
    """How sure it is, and what else happens; the message says the worst already."""
    rate = (
        f"{consequence.failed} of {consequence.tried} artifacts failed or changed"
        if consequence.tried is not None
        else ""
    )
    if consequence is judgement.worst:
        return f"{consequence.certainty}: {rate}"
    return f"{consequence.certainty}: {consequence.says}" + (f" ({rate})" if rate else "")


def _fix(crossing: Crossing, judgement: Judgement) -> Fix | None:
    aligned = align(crossing)
    if aligned is None:
        return Fix(says=judgement.worst.remedy) if judgement.worst.remedy else None
    return aligned


def _advice(crossing: Crossing, judgement: Judgement) -> Iterator[str]:
    """What the knowledge advises beside the fix, which goes one way: another way out, or a condition of this one."""
    remedy = judgement.worst.remedy
    if not remedy or align(crossing) is None:
        return
    # Where the writer is to take the reader's version, advice that names another one would contradict that.
    if crossing.writer.version is not None or judgement.writer not in remedy:
        yield f"advice: {remedy}"


def measured_harmless(view: View, writer: str, reader: str, package: str | None) -> Consequence | None:
    """What was measured to do no harm between two environments, if that is known of a package."""
    for crossing in view.crossings():
        if crossing.package == package and crossing.environments == (writer, reader):
            consequence = harmless(crossing, view)
            if consequence is not None and consequence.tried is not None:
                return consequence
    return None


def harmless(crossing: Crossing, view: View) -> Consequence | None:
    """The consequence that states that a difference was measured or is promised to do no harm."""
    judgement = view.judgements.of(crossing)
    return judgement.worst if judgement is not None and judgement.worst.effect is Effect.HARMLESS else None


def is_needless(crossing: Crossing, view: View) -> bool:
    """Whether nothing that crosses can ask for a package: what is known to cross are formats of other packages."""
    kinds, _ = view.judgements.what_crosses(*crossing.environments)
    needed = packages_needed(kinds)
    return needed is not None and crossing.package not in needed
