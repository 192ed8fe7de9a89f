"""`mlaudit prove`: builds what a pair says, loads its models under both sides, and reports what is the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from mlaudit.knowledge.refused_imports import refused_among
from mlaudit.model.errors import Unreadable, UsageError
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.report import Environment
from mlaudit.proving.battery_proofs import battery_proof
from mlaudit.proving.builds import BuildPlan, built, plan_of
from mlaudit.proving.loading import end_all, load_under
from mlaudit.proving.nearest_versions import smallest_change
from mlaudit.proving.nouns import (
    BuiltEnvironment,
    NotBuilt,
    Proof,
    ProofAnswer,
    ProofCase,
    ProofLimits,
    ProofVerdict,
    RowRequest,
)
from mlaudit.proving.verdicts import verdict_alone, verdict_on
from mlaudit.request.options import Progress
from mlaudit.sources.content_digest import content_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenPair:
    """A writer and a reader, the models that cross, and the kinds of which there is no model.

    Attributes:
        writer: None where the writer of the models is not known, and their reader alone loads them.
        notes: models that cannot be proven, and why.
    """

    writer: Environment | None
    reader: Environment
    cases: tuple[ProofCase, ...] = ()
    kinds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions:
    """How a proof is made; of `budget`, as many environments more are built where a model fails."""

    rows: RowRequest = field(default_factory=RowRequest)
    limits: ProofLimits = field(default_factory=ProofLimits)
    budget: int = 3
    trusted: bool = False
    today: date = field(default_factory=date.today)
    as_of: date | None = None
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofReport:
    """The proofs of a run, and what they were made in."""

    proofs: tuple[Proof, ...] = ()
    environments: tuple[BuiltEnvironment, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all good, 1 one is not, 3 nothing was proven."""
        if not self.proofs:
            return 3
        return 0 if all(proof.verdict.is_good for proof in self.proofs) else 1


def demand_trust(cases: Sequence[ProofCase], *, trusted: bool) -> None:
    """Raises UsageError where a file would be loaded that nobody declared, or that was not seen whole."""
    for case in cases:
        if trusted or refused_among(case.names):
            continue
        if not case.declared:
            raise UsageError(
                f"{case.shown}: loading a model runs what is in it, and no `writes` or `reads` declares this file; "
                "--trust loads it all the same"
            )
        if not case.walked:
            raise UsageError(
                f"{case.shown}: loading a model runs what is in it, and not all of this file could be seen before; "
                "--trust loads it all the same"
            )


def prove_pairs(pairs: Sequence[ProvenPair], options: ProofOptions) -> ProofReport:
    """Prove every model of some pairs. Raises UsageError, NotBuilt and NoUv."""
    pairs = [pair if pair.writer is not None or options.trusted else _without_strangers(pair) for pair in pairs]
    demand_trust([case for pair in pairs for case in pair.cases], trusted=options.trusted)
    prover = _Prover(options)
    proofs = [proof for pair in pairs for proof in prover.of_pair(pair)]
    notes = dict.fromkeys(note for environment in prover.environments for note in environment.notes)
    return ProofReport(
        proofs=tuple(proofs),
        environments=tuple(prover.environments),
        notes=(*(note for pair in pairs for note in pair.notes), *notes, *dict.fromkeys(prover.notes)),
    )


def _without_strangers(pair: ProvenPair) -> ProvenPair:
    """A reader without the models that nobody declared and whose writer is not known."""
    kept = tuple(case for case in pair.cases if (case.declared and case.walked) or refused_among(case.names))
    left = [case.shown for case in pair.cases if case not in kept]
    notes = (
        f"not proven: {shown}: which environment wrote it is not known, and no `reads` declares it; --trust has "
        f"{pair.reader.name} load it, --writer and --reader name both sides"
        for shown in left
    )
    return replace(pair, cases=kept, notes=(*pair.notes, *notes))


class _Prover:
    """Builds each environment once."""

    def __init__(self, options: ProofOptions) -> None:
        self._options = options
        self._built: dict[str, BuiltEnvironment] = {}
        self.notes: list[str] = []

    @property
    def environments(self) -> Sequence[BuiltEnvironment]:
        """Those that were built, or were already built."""
        return list(self._built.values())

    def of_pair(self, pair: ProvenPair) -> Iterator[Proof]:
        """The proofs of one pair."""
        refused = [case for case in pair.cases if refused_among(case.names)]
        yield from (_refusal(case, pair) for case in refused)
        cases = [case for case in pair.cases if case not in refused]
        if cases:
            writer = self._environment(pair.writer) if pair.writer is not None else None
            reader = self._environment(pair.reader)
            for case in cases:
                self._options.progress.reading(case.shown)
                yield self._proof(case, pair, writer, reader) if writer is not None else self._alone(case, reader)
        for kind in pair.kinds:
            yield from self._of_kind(kind, pair)

    def _alone(self, case: ProofCase, reader: BuiltEnvironment) -> Proof:
        """What a reader makes of a model whose writer is not known."""
        there = load_under(reader, case, self._options.rows, self._options.limits)
        return replace(verdict_alone(case, reader.name, there), sha256=digest(case.path))

    def _environment(self, environment: Environment) -> BuiltEnvironment:
        return self._of_plan(self._plan(environment, None))

    def _plan(self, environment: Environment, changed: dict[str, str] | None, beside: Sequence[str] = ()) -> BuildPlan:
        options = self._options
        return plan_of(environment, today=options.today, as_of=options.as_of, changed=changed, beside=beside)

    def _of_plan(self, plan: BuildPlan) -> BuiltEnvironment:
        if plan.key not in self._built:
            self._options.progress.reading(f"{plan.name} (uv)")
            self._built[plan.key] = built(plan)
        return replace(self._built[plan.key], name=plan.name)

    def _proof(self, case: ProofCase, pair: ProvenPair, writer: BuiltEnvironment, reader: BuiltEnvironment) -> Proof:
        options = self._options
        with ThreadPoolExecutor(2) as pool:
            waiting = [
                pool.submit(load_under, environment, case, options.rows, options.limits)
                for environment in (writer, reader)
            ]
            try:
                here, there = (future.result() for future in waiting)
            except BaseException:
                # The pool waits for its threads, and those for their processes.
                end_all()
                raise
        names = (writer.name, reader.name)
        proof = replace(verdict_on(case, names, here, there, options.limits), sha256=digest(case.path))
        if proof.verdict in (ProofVerdict.DIFFERS, ProofVerdict.FAILS, ProofVerdict.CRASHES) and options.budget > 0:
            return self._with_advice(proof, pair, here, writer, reader)
        return proof

    def _with_advice(
        self, proof: Proof, pair: ProvenPair, here: ProofAnswer, writer: BuiltEnvironment, reader: BuiltEnvironment
    ) -> Proof:
        options = self._options
        names = (writer.name, reader.name)
        reached: dict[tuple[str, str], ProofVerdict] = {}

        def works(package: str, version: str) -> tuple[bool, str]:
            try:
                plan = self._plan(pair.reader, {package: version})
                other = self._of_plan(replace(plan, name=f"{plan.name} with {package}=={version}"))
            except NotBuilt as error:
                return False, str(error)
            there = load_under(other, proof.case, options.rows, options.limits)
            verdict = verdict_on(proof.case, names, here, there, options.limits)
            reached[package, version] = verdict.verdict
            return verdict.verdict.is_good, verdict.says

        change = smallest_change(proof.case.kind, proof.says, writer.packages, reader.packages, options.budget, works)
        is_same = reached.get((change.package, change.version)) is ProofVerdict.SAME
        does = "loads it and gives the same results" if is_same else "loads it"
        advice = f"{pair.reader.name}: {change.package} {change.version} {does}" if change.package else ""
        tried = tuple((what, words) for what, _, words in change.tried)
        return replace(proof, tried=tried, untried=change.untried, advice=advice)

    def _of_kind(self, kind: str, pair: ProvenPair) -> Iterator[Proof]:
        """The battery of a kind, written and read; a kind without one is reported."""
        from mlaudit.lab.battery import batteries_of_kind

        batteries = batteries_of_kind(kind)
        if not batteries:
            self.notes.append(f"{kind}: there is no model of this kind and no battery, so nothing was proven")
            return
        if pair.writer is None:
            return
        battery = batteries[0]
        self._options.progress.reading(f"{battery.package} battery")
        writer, reader = self._environment(pair.writer), self._environment(pair.reader)
        try:
            with tempfile.TemporaryDirectory(prefix="mlaudit-battery-", ignore_cleanup_errors=True) as folder:
                proof = battery_proof(battery, kind, (writer, reader), Path(folder))
        except OSError as error:
            raise UsageError(f"the battery of {battery.package} cannot be run: {error.strerror or error}") from None
        yield proof


def _refusal(case: ProofCase, pair: ProvenPair) -> Proof:
    names = ", ".join(refused_among(case.names)[:5])
    return Proof(
        case=case,
        writer=pair.writer.name if pair.writer is not None else "",
        reader=pair.reader.name,
        verdict=ProofVerdict.REFUSED,
        says=f"it imports {names}, which starts programs or runs code; it was not loaded",
    )


def digest(path: Path | None) -> str:
    """The SHA-256 of a file, or of a folder with all of its files; empty if there is none to read."""
    try:
        return "" if path is None else content_digest(path)
    except (Unreadable, OSError):
        return ""
