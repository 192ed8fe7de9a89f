"""Joins code to environments: notebooks that train, environments beside an image, roles and pairs from code."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlaudit.code.linking import Program, is_test
from mlaudit.code.nouns import ArtifactUse, Direction, NameKind
from mlaudit.code.repository import read_program
from mlaudit.code.sameness import SERVED
from mlaudit.discovery.able_holders import NamedLibraries
from mlaudit.discovery.azureml_jobs import registered_uses
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_scopes import CodeScope, code_scopes, folder_of, lies_in
from mlaudit.discovery.converting_commands import converting_uses
from mlaudit.discovery.copied_code import find_parted_code
from mlaudit.discovery.crossings import cross, deploy
from mlaudit.discovery.descriptor_uses import copied_uses, moved_uses, server_uses
from mlaudit.discovery.exchanges import exchanges_of
from mlaudit.discovery.gathering import order, part_group, signed_candidate
from mlaudit.discovery.groups import DocumentGroup, lies_in_left_out, why_ignored
from mlaudit.discovery.handovers import PLAIN_FORMS
from mlaudit.discovery.image_settings import with_image_settings
from mlaudit.discovery.model_server_uses import mounted_models, stored_uses, triton_models, triton_served
from mlaudit.discovery.mounted_uses import mounted_uses
from mlaudit.discovery.recipes import AuditedTree, ImageRun, RecipePart, stated, whole_part
from mlaudit.discovery.registered_names import join_registered
from mlaudit.discovery.role_signs import CODE, NAMES, RoleSign, role_of_program, role_of_script
from mlaudit.discovery.unnamed_uses import find_unnamed
from mlaudit.discovery.variable_files import dotenv_run
from mlaudit.grammars.pypi.local_projects import MANIFESTS
from mlaudit.knowledge.roles import READER, WRITER, tokens, words
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.observation import Observation

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of one module or notebook."""

DATA_FORMS = frozenset(("parquet", "feather", "hdf", "features", "vectors", "numpy.npy"))
"""Forms of data rather than of models: who writes them trains nothing yet."""
_MAKES_ENVIRONMENTS = lazy_pattern(rb"conda env create|conda[ -]pack|mlserver build|docker build|mamba env create")
"""What a notebook holds that makes environments for others and runs in none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateCode:
    """Candidates in their order with the code that was read for them.

    Attributes:
        program: the modules of the tree, linked.
        uses: every artifact use of code, recipes and servers' settings.
        scopes: which code each candidate runs.
    """

    candidates: list[Candidate]
    program: Program
    uses: tuple[ArtifactUse, ...]
    scopes: Mapping[Candidate, CodeScope]


def join_code(candidates: list[Candidate], spent: Sequence[DocumentGroup], tree: AuditedTree) -> CandidateCode:
    """The candidates with those that only code shows; each with the roles and pairs that code shows."""
    code = [path for path in tree.paths if path.endswith((".py", ".ipynb")) and not is_test(path)]
    program = read_program(tree.paths, lambda path: _content(path, tree))
    passed_over = {path for path in {use.at.path for use in program.uses} if is_test(path) or lies_in_left_out(path)}
    uses = [use for use in program.uses if use.at.path not in passed_over]
    candidates = [*candidates, *_notebooks(candidates, spent, uses, tree)]
    scopes = code_scopes(candidates, spent, code, program, tree)
    revived = list(_revived(candidates, spent, _with_copied_trainers(candidates, scopes, program, uses), uses))
    if revived:
        candidates = [*candidates, *revived]
        scopes = code_scopes(candidates, spent, code, program, tree)
    scopes = _with_copied_trainers(candidates, scopes, program, uses)
    uses = [*uses, *_add_described(candidates, scopes, program, tree)]
    added = _add_mounted(scopes, uses, tree)
    settled = {use for scope in scopes.values() for use in scope.settled}
    # What has its bucket's name in every environment that runs it happens nowhere without.
    kept = [use for use in uses if use not in settled or any(scope.holds(use) for scope in scopes.values())]
    uses = list(_with_logged_kinds([*kept, *added], scopes))
    _leave_functions(scopes)
    for candidate in candidates:
        scope = scopes.get(candidate, CodeScope())
        candidate.signs += _signs(scope, uses, program)
        part = candidate.group.part
        candidate.exchanges = exchanges_of(use for use in uses if scope.holds(use))
        candidate.reads_published = _reads_what_others_published(scope, uses)
        candidate.does = _does(scope, uses, is_deployment=part is not None and part.format in words().described)
        if candidate not in scopes and _runs_in_others(candidate, code, scopes, uses):
            candidate.does = frozenset()
    cross(candidates, scopes, uses, NamedLibraries(tree), tree.paths)
    join_registered(candidates, scopes, uses, tree)
    deploy(candidates, scopes, uses)
    find_unnamed(candidates, scopes, uses)
    find_parted_code(candidates, scopes, program)
    return CandidateCode(candidates=sorted(candidates, key=order), program=program, uses=tuple(uses), scopes=scopes)


def _add_described(
    candidates: Sequence[Candidate], scopes: dict[Candidate, CodeScope], program: Program, tree: AuditedTree
) -> list[ArtifactUse]:
    """Give environments the uses that recipes and settings of servers state; all such uses, those of nobody too."""
    uses: list[ArtifactUse] = list(moved_uses(tree))
    served = list(server_uses(tree))
    models = triton_models(tree)
    parts = [candidate.group.part for candidate in candidates if candidate.group.part is not None]
    for candidate in candidates:
        part = candidate.group.part
        own = [use for folder, use in served if folder == folder_of(candidate.group) and not _is_apart(part)]
        models_served = triton_served(part, parts, models) if part is not None else []
        own += [model.use for model in models_served if model.use is not None]
        own += _loaded_by_servers(part, tree) if part is not None else ()
        candidate.signs += [
            RoleSign(role="serving", weight=CODE, why=f"{use.at.path} has {_named(use)} loaded") for use in own[:1]
        ]
        own += _made_by_recipe(part, tree) if part is not None else ()
        own += converting_uses(candidate.group.shown_by)
        code = program.closure(path for model in models_served for path in model.code)
        if own or code:
            scope = scopes.get(candidate, CodeScope())
            scopes[candidate] = replace(scope, uses=frozenset(own), files=scope.files | code)
            uses += own
    return uses


def _loaded_by_servers(part: RecipePart, tree: AuditedTree) -> Iterator[ArtifactUse]:
    yield from stored_uses(part, tree)
    yield from mounted_models(part, tree)
    yield from registered_uses(part)


def _made_by_recipe(part: RecipePart, tree: AuditedTree) -> Iterator[ArtifactUse]:
    yield from copied_uses(part, tree)
    yield from converting_uses([part])


def _add_mounted(
    scopes: dict[Candidate, CodeScope], uses: Sequence[ArtifactUse], tree: AuditedTree
) -> list[ArtifactUse]:
    """Give environments of services what they use under the names that volumes and variables give it; all such uses."""
    added: list[ArtifactUse] = []
    for candidate, scope in scopes.items():
        uses_inside = [use for use in uses if scope.holds(use)]
        runs = _runs(candidate, uses_inside, tree)
        mounted = list(mounted_uses(uses_inside, runs))
        if mounted:
            own = [placed for _, placed in mounted]
            settled = frozenset(use for use, _ in mounted if all(name.bucket_variable for name in use.names))
            scopes[candidate] = replace(scope, uses=scope.uses.union(own), settled=settled)
            added += own
    return added


def _runs(candidate: Candidate, uses: Iterable[ArtifactUse], tree: AuditedTree) -> tuple[ImageRun, ...]:
    """How an environment is run; the `.env` of its project sets what services leave as it is."""
    part = candidate.group.part
    runs = part.runs if part is not None else ()
    if not any(name.variable or name.bucket_variable for use in uses for name in use.names):
        return runs
    image_run = dotenv_run(folder_of(candidate.group), tree)
    if image_run is None:
        return runs
    return tuple(with_image_settings(run, image_run) for run in runs) or (image_run,)


def _with_logged_kinds(uses: Sequence[ArtifactUse], scopes: Mapping[Candidate, CodeScope]) -> Iterator[ArtifactUse]:
    """Models that are registered by the address of a run hold what the same module, or environment, logs."""
    logged = [use for use in uses if use.holds and _is_mlflow_write(use)]
    fixed = {use for scope in scopes.values() for use in (*scope.uses, *scope.settled)}
    for use in uses:
        if not _is_mlflow_write(use) or use.holds or use in fixed or not logged:
            yield use
            continue
        around = [scope for scope in scopes.values() if scope.holds(use)]
        near = [other for other in logged if other.at.path == use.at.path]
        near = near or [other for other in logged if any(scope.holds(other) for scope in around)]
        holds = tuple(dict.fromkeys(kind for other in near for kind in other.holds))
        yield replace(use, holds=holds) if holds else use


def _is_mlflow_write(use: ArtifactUse) -> bool:
    return use.form == "mlflow" and use.direction is Direction.WRITES


def _is_apart(part: RecipePart | None) -> bool:
    """Whether what is in the folder of a part is not what runs in it: a notebook, a manifest of a cluster."""
    return part is not None and (part.path.endswith(".ipynb") or part.format in words().described)


def _leave_functions(scopes: dict[Candidate, CodeScope]) -> None:
    """What a function does that has an environment of its own, the environment around it does not do."""
    apart = {
        (path, name) for code_scope in scopes.values() for name in code_scope.functions for path in code_scope.files
    }
    for candidate, scope in scopes.items():
        # A flow does not do what a step of it does in an environment of its own.
        inner = {(path, name) for path, name in apart if any(name.startswith(f"{own}.") for own in scope.functions)}
        scopes[candidate] = replace(scope, apart=frozenset(inner if scope.functions else apart))


def _content(path: str, tree: AuditedTree) -> bytes | None:
    document = tree.document(path)
    try:
        return document.data if document is not None and document.size <= MAX_BYTES else None
    except Unreadable:
        # What cannot be opened takes part in nothing.
        return None


def _is_model(form: str) -> bool:
    """Whether a form is that of a model or of what belongs to one, rather than a table or a text."""
    return form not in PLAIN_FORMS and form != "bytes"


def _models_of(scope: CodeScope, uses: Iterable[ArtifactUse]) -> list[ArtifactUse]:
    """The uses of an environment that treat models rather than data."""
    return [use for use in uses if scope.holds(use) and _is_model(use.form) and use.form not in DATA_FORMS]


def _notebooks(
    candidates: Sequence[Candidate],
    spent: Sequence[DocumentGroup],
    uses: Sequence[ArtifactUse],
    tree: AuditedTree,
) -> Iterator[Candidate]:
    """Notebooks that write or load an artifact and run in no environment of the tree."""
    busy: dict[str, list[ArtifactUse]] = {}
    for use in uses:
        if use.at.path.endswith(".ipynb") and why_ignored(use.at.path) is None:
            busy.setdefault(use.at.path, []).append(use)
    homes = {
        folder_of(candidate.group)
        for candidate in candidates
        if candidate.group.part is None and not candidate.group.build
    }
    taken = {folder_of(group) for group in spent}
    for path, own in busy.items():
        part = _notebook_part(path, tree)
        installs = part is not None and bool(part.installs or part.packages)
        writes = any(use.direction is Direction.WRITES for use in own)
        if part is None or not (writes or installs):
            continue
        if installs or _makes_environments(path, tree) or not _has_home(path, homes, taken):
            candidate = signed_candidate(part_group(part))
            candidate.evidence += [Observation(at=use.at, says=f"calls {use.call}") for use in own[:2]]
            yield candidate


def _has_home(path: str, homes: set[str], taken: set[str]) -> bool:
    """Whether the innermost project folder around a notebook has an environment that no image has taken."""
    folder = posixpath.dirname(path)
    while True:
        if folder in homes or folder in taken:
            return folder in homes
        if not folder or words().examples.intersection(tokens(posixpath.basename(folder))):
            return False
        folder = posixpath.dirname(folder)


def _notebook_part(path: str, tree: AuditedTree) -> RecipePart | None:
    document = tree.document(path)
    stated_document = stated(document, "notebook") if document is not None else None
    return whole_part(path, stated_document, tree) if stated_document is not None else None


def _makes_environments(path: str, tree: AuditedTree) -> bool:
    return _MAKES_ENVIRONMENTS.search(_content(path, tree) or b"") is not None


def _revived(
    candidates: Sequence[Candidate],
    spent: Sequence[DocumentGroup],
    scopes: Mapping[Candidate, CodeScope],
    uses: Sequence[ArtifactUse],
) -> Iterator[Candidate]:
    """Project folders whose files an image installs, and in which code trains that the image does not run."""
    homeless = _trained_nowhere(scopes, uses)
    folders = {folder_of(group) for group in (*spent, *(candidate.group for candidate in candidates))}
    for group in spent if homeless else ():
        home = folder_of(group)
        inner = [folder for folder in folders if len(folder) > len(home)]
        around = (use for use in homeless if lies_in(use.at.path, home))
        own = [use for use in around if not any(lies_in(use.at.path, folder) for folder in inner)]
        if own:
            candidate = signed_candidate(group)
            candidate.evidence += [Observation(at=use.at, says=f"calls {use.call}, in no image") for use in own[:2]]
            yield candidate


def _trained_nowhere(scopes: Mapping[Candidate, CodeScope], uses: Sequence[ArtifactUse]) -> list[ArtifactUse]:
    """Writes of models that happen in no environment, those of modules that only convert models left out."""
    converting = {use.at.path for use in uses if use.direction is Direction.READS and _is_model(use.form)}
    return [
        use
        for use in uses
        if use.direction is Direction.WRITES
        and use.at.path not in converting
        and _is_model(use.form)
        and use.at.path.endswith(".py")
        and not any(scope.holds(use) or _is_of_step(use, scope) for scope in scopes.values())
    ]


def _with_copied_trainers(
    candidates: Sequence[Candidate],
    scopes: dict[Candidate, CodeScope],
    program: Program,
    uses: Sequence[ArtifactUse],
) -> dict[Candidate, CodeScope]:
    """Let images that start no server and load no model run the trainers that they copy: by a schedule, or as jobs."""
    homeless = _trained_nowhere(scopes, uses)
    extended = dict(scopes)
    for candidate in candidates if homeless else ():
        part = candidate.group.part
        if part is None or not part.copies or part.is_job or not part.installs:
            continue
        scope = scopes[candidate]
        if any(role_of_program(command.words) for command in part.commands):
            continue
        if any(scope.holds(use) and use.direction is Direction.READS and _is_model(use.form) for use in uses):
            continue
        named = [copied for copied in part.copies if copied != "."]
        libraries = _libraries_of(part, folder_of(candidate.group))
        trained = [
            path
            for path in dict.fromkeys(use.at.path for use in homeless)
            if any(lies_in(path, copied) for copied in named) and not any(lies_in(path, folder) for folder in libraries)
        ]
        if trained:
            extended[candidate] = replace(scope, files=scope.files | program.closure(trained))
    return extended


def _libraries_of(part: RecipePart, home: str) -> list[str]:
    """The folders of projects that an image installs beside its own: their modules run where something imports them."""
    folders = (posixpath.dirname(path) for path in part.installs if posixpath.basename(path) in MANIFESTS)
    return [folder for folder in folders if folder and home and not lies_in(home, folder)]


def _is_of_step(use: ArtifactUse, scope: CodeScope) -> bool:
    """Whether a module takes part in a use of which one function is a step with an environment of its own."""
    return bool(scope.functions) and not use.files.isdisjoint(scope.files)


def _does(scope: CodeScope, uses: Sequence[ArtifactUse], *, is_deployment: bool) -> frozenset[str] | None:
    """The sides of artifacts that the code of an environment is on; None if none of its code is known."""
    if not scope.files:
        return frozenset() if is_deployment else None
    sides = {Direction.WRITES: WRITER, Direction.READS: READER}
    # Who asks a server for predictions loads nothing.
    own = _models_of(scope, uses)
    return frozenset(sides[use.direction] for use in own if use.direction is Direction.WRITES or use.form != SERVED)


def _runs_in_others(
    candidate: Candidate, code: Iterable[str], scopes: Mapping[Candidate, CodeScope], uses: Sequence[ArtifactUse]
) -> bool:
    """Whether a project has code, and no other environment leaves any of it that trains to the project's own lists."""
    folder = folder_of(candidate.group)
    own = [path for path in code if lies_in(path, folder)]
    of_others = {path for scope in scopes.values() for path in scope.files}
    left = {path for path in own if path not in of_others}
    writing = {use.at.path for use in uses if use.direction is Direction.WRITES and _is_model(use.form)}
    return bool(own) and left.isdisjoint(writing) and not any(role_of_script((path,)) == "training" for path in left)


def _signs(scope: CodeScope, uses: Sequence[ArtifactUse], program: Program) -> Iterator[RoleSign]:
    """What the code of an environment shows of its role: the side of models it is on, and its entry points."""
    own = _models_of(scope, uses)
    writes = [use for use in own if use.direction is Direction.WRITES]
    # Who looks at a model in a notebook serves nothing.
    reads = [use for use in own if use.direction is Direction.READS and not use.at.path.endswith(".ipynb")]
    if writes:
        yield RoleSign(role="training", weight=CODE, why=f"{writes[0].at.path} writes {_named(writes[0])}")
    elif reads:
        yield RoleSign(role="serving", weight=NAMES, why=f"{reads[0].at.path} reads {_named(reads[0])}")
    served = next((entry_point for entry_point in _entry_points(scope, program) if entry_point[1] == "serving"), None)
    if served is not None:
        yield RoleSign(role="serving", weight=CODE if reads and not writes else 2.5, why=f"{served[0]} serves")


def _reads_what_others_published(scope: CodeScope, uses: Sequence[ArtifactUse]) -> bool:
    """Whether all models that code reads are those of a hub, under complete names that no code of the tree writes."""
    written = {name.text for use in uses if use.direction is Direction.WRITES for name in use.names}
    own = _models_of(scope, uses)
    read = [name for use in own if use.direction is Direction.READS for name in use.names]
    return bool(read) and all(name.kind is NameKind.HUB and name.complete and name.text not in written for name in read)


def _entry_points(scope: CodeScope, program: Program) -> Iterator[tuple[str, str]]:
    for path in sorted(scope.files):
        reading = program.modules.get(path)
        if reading is not None and not scope.functions:
            yield from ((path, entry_point.role) for entry_point in program.entry_points(reading) if entry_point.role)


def _named(use: ArtifactUse) -> str:
    return use.names[0].text if use.names and use.names[0].text.strip("*") else "a model"
