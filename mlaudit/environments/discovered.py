"""The environments that looking finds, read; what was taken for what, and how to go on from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.model.pairs import CrossingArtifact, EnvironmentPair
from mlaudit.model.report import Discovered, Environment
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from mlaudit.sources.working_tree import WorkingTree

if TYPE_CHECKING:
    from mlaudit.discovery.environments import Discovery, Pair
    from mlaudit.environments.found_models import FoundModels
    from mlaudit.sources.listing import Walked


def discovered(discovery: Discovery, models: FoundModels, folder: Path, options: Options) -> Iterator[Environment]:
    """The environments that were found, read."""
    from mlaudit.environments.sources import assemble, parse_source

    options.progress.expect(sum(len(environment.sources) for environment in discovery.environments))
    root = WorkingTree(options.root, tree=options.tree)
    for environment in discovery.environments:
        parts = [part for source in environment.documents for part in parse_source(source, folder)]
        request = EnvironmentRequest(
            name=environment.name,
            role=environment.role or environment.name,
            follows=environment.follows,
            kinds_from={
                pair.writer: pair.kinds for pair in discovery.pairs if pair.reader == environment.name and pair.kinds
            },
            guessed=environment.guessed,
            evidence=environment.evidence,
            exchanges=[
                replace(use, at=replace(use.at, path=root.shown(folder / use.at.path))) for use in environment.exchanges
            ],
        )
        yield assemble(
            parts,
            request,
            options,
            writes=[_file(path, folder) for path in models.writes.get(environment.name, ())],
            reads=[_file(path, folder) for path in models.reads.get(environment.name, ())],
        )


def _file(path: str, folder: Path) -> SourcePart:
    """A file that looking found, whatever signs its name has."""
    return SourcePart(text=path, path=str(folder / path))


def shown_pair(pair: Pair, root: WorkingTree, base: Path) -> EnvironmentPair:
    """A pair with the places of its code as they are reported."""

    def shown(place: Place) -> Place:
        return replace(place, path=root.shown(base / place.path))

    def crossing(artifact: CrossingArtifact) -> CrossingArtifact:
        named = tuple(map(shown, artifact.named))
        return replace(artifact, written=shown(artifact.written), read=shown(artifact.read), named=named)

    return EnvironmentPair(
        writer=pair.writer,
        reader=pair.reader,
        certain=pair.certain,
        crosses=tuple(map(crossing, pair.crosses)),
        reason=pair.reason,
        parted=tuple(
            replace(definition, written=shown(definition.written), read=shown(definition.read))
            for definition in pair.parted
        ),
    )


def looked_at(discovery: Discovery, walked: Walked, folder: Path) -> Iterator[Discovered]:
    """What was taken for what, and why."""
    for environment in discovery.environments:
        documents = tuple(source.removeprefix(f"{environment.folder}/") for source in environment.sources)
        yield Discovered(
            role=environment.name,
            folder=_shown(folder, environment.folder),
            documents=documents,
            why=environment.reason or "no role",
        )
    for ignored in discovery.ignored:
        head, _, name = ignored.path.rpartition("/")
        yield Discovered(role="ignored", folder=_shown(folder, head), documents=(name,), why=ignored.why)
    for entry in walked.unread:
        yield Discovered(role="not looked into", folder=entry.at.path, documents=(), why=entry.why)


def _shown(folder: Path, inner: str) -> str:
    return f"{(folder / inner).as_posix()}/"


def advice_on(discovered: Sequence[Discovered], pairs: int, where: str, *, loads_models: bool) -> Iterator[str]:
    """How to go on from what was found."""
    compared = "only model files are compared" if loads_models else "nothing is compared"
    if not discovered:
        yield f"No configuration, and no file below {where} states versions in a known format."
    elif not pairs:
        yield (
            f"No configuration, and no pair of training and serving was found, so {compared}. Declare one: mlaudit init"
        )
    else:
        yield (
            "No configuration: the pairs were found by looking (--verbose says why). "
            "Write them down and edit them: mlaudit init"
        )
