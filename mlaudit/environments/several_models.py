"""Several described models in one source: each is an environment of its own, with what it asks to be installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mlaudit.environments.sources import assemble
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.report import Environment
from mlaudit.model.secrets import masked
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.options import Options
from mlaudit.request.source_spec import SourcePart
from mlaudit.sources.paths import is_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentWithModels:
    """A named environment, and the models in its folders that are environments of their own.

    Attributes:
        name: as declared; others follow it by this name.
        own: the environment without those models; None if it is nothing else.
        written, loaded: the models that it writes, and those that it loads.
        alone: the models that it is made of, each of which follows what it follows.
    """

    name: str
    own: Environment | None
    written: tuple[Environment, ...] = ()
    loaded: tuple[Environment, ...] = ()
    alone: tuple[Environment, ...] = ()


def with_models_apart(
    request: EnvironmentRequest,
    options: Options,
    *,
    sources: Sequence[SourcePart],
    writes: Sequence[SourcePart] = (),
    reads: Sequence[SourcePart] = (),
) -> EnvironmentWithModels:
    """An environment, each described model of a folder of several apart from it.

    What an environment that follows another has in its folders, it loads; nothing but models takes its place.
    """
    name, role = request.name, request.role
    folders = [part for part in (*sources, *writes, *reads) if is_folder(part.path)]
    if not folders:
        return EnvironmentWithModels(name=name, own=assemble(sources, request, options, writes=writes, reads=reads))
    from mlaudit.environments.models_in_folders import models_split_off

    here = models_split_off(sources, options, role)
    written, loaded = (models_split_off(parts, options) for parts in (writes, reads))
    is_nothing_else = here.bare and not written.kept and not loaded.kept
    follows = request.follows
    own = None
    if not is_nothing_else:
        own = assemble(here.kept, request, options, writes=written.kept, reads=loaded.kept)
    # What is not understood beside the models is reported with the first of them.
    beside = here.kept if is_nothing_else else ()
    if follows and is_nothing_else:
        alone = tuple(_followers(request, options, here.models, beside))
        return EnvironmentWithModels(name=name, own=None, alone=alone)
    of_sources = here.models
    return EnvironmentWithModels(
        name=name,
        own=own,
        written=tuple(_models(name, role, {**({} if follows else of_sources), **written.models}, options, beside)),
        loaded=tuple(_models(name, role, {**(of_sources if follows else {}), **loaded.models}, options)),
    )


def _followers(
    request: EnvironmentRequest, options: Options, models: Mapping[str, SourcePart], beside: Sequence[SourcePart]
) -> Iterable[Environment]:
    for number, (short, part) in enumerate(models.items()):
        parts = (part, *beside) if number == 0 else (part,)
        yield assemble(parts, replace(request, name=masked(f"{request.name}/{short}")), options)


def joined(rows: Sequence[EnvironmentWithModels]) -> list[Environment]:
    """All environments; who follows one of them follows the models that it writes, and those that it loads itself."""
    names = {
        row.name: tuple(
            environment.name for environment in (row.own, *row.written, *row.alone) if environment is not None
        )
        for row in rows
    }
    return [environment for row in rows for environment in (*row.written, *row.loaded, *_following(row, names))]


def _following(row: EnvironmentWithModels, names: Mapping[str, Sequence[str]]) -> Iterable[Environment]:
    for own in row.alone if row.own is None else (row.own,):
        followed = [name for writer in own.follows for name in names.get(writer, (writer,))]
        kinds = {name: crosses for writer, crosses in own.kinds_from.items() for name in names.get(writer, (writer,))}
        follows = tuple(dict.fromkeys((*followed, *(environment.name for environment in row.loaded))))
        yield replace(own, follows=follows, kinds_from=kinds)


def _models(
    name: str, role: str, models: Mapping[str, SourcePart], options: Options, beside: Sequence[SourcePart] = ()
) -> Iterable[Environment]:
    for number, (short, part) in enumerate(models.items()):
        parts = (part, *beside) if number == 0 else (part,)
        yield assemble(parts, EnvironmentRequest(name=masked(f"{name}/{short}"), role=role), options)
