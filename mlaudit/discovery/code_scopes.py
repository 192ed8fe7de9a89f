"""Which code an environment runs: what its entry point imports, what its recipe copies, else what is in its folder."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from mlaudit.code.linking import Program
from mlaudit.code.nouns import ArtifactUse
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.groups import DocumentGroup
from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand
from mlaudit.discovery.role_signs import is_platform, script_paths
from mlaudit.discovery.task_commands import commands_behind
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.grammars.pypi.local_projects import MANIFESTS
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.knowledge.roles import tokens, words
from mlaudit.model.lazy_dataclass import dataclass, field

MAX_ENTRIES = 200
"""Files of one environment from which imports are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScope:
    """The code of one environment.

    Attributes:
        files: modules that run in it.
        functions: where the environment is that of single functions, their names; else empty.
        uses: what it uses beyond its code: models that are copied into it or that its server is configured to load.
        settled: uses of its code of which settings name the bucket; those under `uses` stand for them.
        apart: functions of its files that have environments of their own.
        is_exact: an entry point or a copied file shows it, not the folder alone.
    """

    files: frozenset[str] = field(default_factory=frozenset)
    functions: frozenset[str] = field(default_factory=frozenset)
    is_exact: bool = False
    uses: frozenset[ArtifactUse] = field(default_factory=frozenset)
    settled: frozenset[ArtifactUse] = field(default_factory=frozenset)
    apart: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def holds(self, use: ArtifactUse) -> bool:
        """Whether a use happens in it."""
        if use in self.uses:
            return True
        if use.is_placed or use in self.settled:
            return False
        around = functions_around(use.function)
        if any((use.at.path, name) in self.apart for name in around):
            return False
        if self.functions and self.functions.isdisjoint(around):
            return False
        return use.files <= self.files


def functions_around(name: str) -> tuple[str, ...]:
    """A qualified name and those around it: `Flow.train.inner`, `Flow.train`, `Flow`."""
    words = name.split(".")
    return tuple(".".join(words[:count]) for count in range(len(words), 0, -1))


def folder_of(group: DocumentGroup) -> str:
    """The project folder of a group: its documents' folder without those that only hold such files."""
    parts = list(group.folder)
    table = words()
    while parts and parts[-1].lower() in table.holders:
        if len(parts) > 1 and table.examples.intersection(tokens(parts[-2])):
            break
        parts.pop()
    return "/".join(parts)


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is a folder or is below it; everything is in the root."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def code_scopes(
    candidates: Sequence[Candidate],
    spent: Sequence[DocumentGroup],
    code: Collection[str],
    program: Program,
    tree: AuditedTree,
) -> dict[Candidate, CodeScope]:
    """The scope of every candidate.

    Args:
        candidates: all environments.
        spent: the groups whose files recipes install.
        code: the modules and notebooks of the tree.
        program: those of them that were read.
        tree: every file.
    """
    by_candidate: dict[Candidate, CodeScope] = {}
    owned: set[str] = set()
    tree_of_code = _CodeTree(code)
    for candidate in candidates:
        part = candidate.group.part
        if part is not None:
            by_candidate[candidate] = _of_part(part, candidate.group, tree_of_code, program, tree)
            if by_candidate[candidate].is_exact and not part.is_job and not by_candidate[candidate].functions:
                owned.update(by_candidate[candidate].files)
    plain = [candidate for candidate in candidates if candidate.group.part is None]
    by_folder = _by_folder(plain, {folder_of(group) for group in spent}, (path for path in code if path not in owned))
    for candidate in plain:
        started = [path for part in candidate.group.shown_by for path in _entries(part, part.commands, tree)]
        files = list(dict.fromkeys([*started, *by_folder.get(candidate, ())]))
        if files:
            by_candidate[candidate] = CodeScope(files=program.closure(files[:MAX_ENTRIES]))
    return by_candidate


class _CodeTree:
    """Modules and notebooks by the folders that they are in, so that a recipe looks at none that it does not hold.

    Args:
        code: their paths; what is given out keeps their order.
    """

    def __init__(self, code: Collection[str]) -> None:
        self._order = {path: at for at, path in enumerate(code)}
        self._below: dict[str, list[str]] = {".": list(code)}
        for path in code:
            folder = posixpath.dirname(path)
            while folder:
                self._below.setdefault(folder, []).append(path)
                folder = posixpath.dirname(folder)

    def below(self, folder: str) -> list[str]:
        """What is below a folder, or is the file of that path."""
        return self._below.get(folder) or ([folder] if folder in self._order else [])

    def copied(self, copies: Iterable[str]) -> list[str]:
        """What some COPYs of an image take."""
        paths = {path for copy in copies for path in self._of_copy(copy)}
        return sorted(paths, key=self._order.__getitem__)

    def _of_copy(self, copied: str) -> Iterable[str]:
        if "*" not in copied:
            return self.below(copied)
        folder, pattern = posixpath.split(copied)
        ending = pattern.lstrip("*")
        return (
            path for path in self.below(folder or ".") if posixpath.dirname(path) == folder and path.endswith(ending)
        )


def _of_part(part: RecipePart, group: DocumentGroup, code: _CodeTree, program: Program, tree: AuditedTree) -> CodeScope:
    if part.path.endswith(".ipynb") and part.format != "python-image":
        return CodeScope(files=program.closure([part.path]), is_exact=True)
    if part.format == "python-image" and not part.commands:
        return _of_source(part, code, program)
    entries = list(dict.fromkeys((*_entries(part, part.commands, tree), *_executed(part, code, tree))))
    if entries:
        entries += _entries(part, part.built_by, tree)
        entries += _beside_starters(entries, part, code, program)
        projects = {posixpath.dirname(path) for path in part.installs if posixpath.basename(path) in MANIFESTS}
        return CodeScope(files=program.closure(entries, projects), is_exact=True)
    if part.copies is None:
        own = folder_of(group)
        files = code.below(own) if part.format == "serverless" else []
        return CodeScope(files=program.closure(files[:MAX_ENTRIES]), is_exact=bool(files))
    own = folder_of(group)
    copied = code.copied(part.copies) or _mounted(part, code)
    if _is_elsewhere(part, copied):
        return CodeScope()
    inside = [path for path in copied if lies_in(path, own)]
    return CodeScope(files=program.closure((inside or copied)[:MAX_ENTRIES]), is_exact=bool(own and inside))


def _is_elsewhere(part: RecipePart, copied: Sequence[str]) -> bool:
    """Whether an image starts a module of its own code that the tree does not have: what else it holds does not run."""
    named = {path for command in part.commands for path in script_paths(command.words) if path.endswith(".py")}
    inner = {path for path in named if any(lies_in(path, copy) for copy in part.copies or () if copy not in ("", "."))}
    names = {posixpath.basename(path) for path in copied}
    return bool(inner) and names.isdisjoint(posixpath.basename(path) for path in named)


def _beside_starters(entries: Sequence[str], part: RecipePart, code: _CodeTree, program: Program) -> list[str]:
    """What an image copies beside a script that treats no artifact and starts other programs: `subprocess.run(...)`."""
    starting = [path for path in entries if _starts_others(path, program)]
    if not starting:
        return []
    busy = {use.at.path for use in program.uses}
    if not busy.isdisjoint(program.closure(entries)):
        return []
    copied = set(code.copied(copy for copy in part.copies or () if copy != "."))
    folders = {posixpath.dirname(path) for path in starting}
    return [path for path in sorted(copied) if posixpath.dirname(path) in folders]


def _starts_others(path: str, program: Program) -> bool:
    reading = program.module(path)
    bindings = reading.source.imports if reading is not None and reading.source is not None else ()
    return any(binding.module.partition(".")[0] == "subprocess" for binding in bindings)


def _mounted(part: RecipePart, code: _CodeTree) -> list[str]:
    """The code that services mount into an image which holds none itself: `./dags` of Airflow."""
    if is_platform(part.commands):
        return []
    mounts = (mount for run in part.runs for mount in run.mounts)
    return code.copied(dict.fromkeys(mount.source for mount in mounts if mount.scope == "tree" and mount.source != "."))


def _executed(part: RecipePart, code: _CodeTree, tree: AuditedTree) -> Iterator[str]:
    """What tasks run inside a service, with what is beside it in the folder that the service mounts for that."""
    started = list(_entries(part, [command for run in part.runs for command in run.executed], tree))
    yield from started
    for mount in (mount for run in part.runs for mount in run.mounts if mount.scope == "tree"):
        if mount.source != "." and any(lies_in(path, mount.source) for path in started):
            yield from code.below(mount.source)[:MAX_ENTRIES]


def _of_source(part: RecipePart, code: _CodeTree, program: Program) -> CodeScope:
    """A Python file that states images: one of its functions, the folder that it sends, or the file itself."""
    if not part.name:
        return CodeScope(files=program.closure([part.path]), is_exact=True)
    scopes = {name for use in program.uses if use.at.path == part.path for name in functions_around(use.function)}
    sent = {posixpath.dirname(path) for path in part.installs}
    files = code.copied(folder for folder in sent if folder)
    if files:
        return CodeScope(files=program.closure(files[:MAX_ENTRIES]), is_exact=True)
    functions = frozenset((part.name,) if part.name in scopes else ())
    return CodeScope(files=program.closure([part.path]) if functions else frozenset(), functions=functions)


def _entries(part: RecipePart, started: Iterable[RunCommand], tree: AuditedTree) -> Iterator[str]:
    """Modules of the tree that commands of a recipe start, through the shell scripts that they run."""
    home = posixpath.dirname(part.path)
    copies = part.copies or ()
    bases = [copy if not posixpath.splitext(copy)[1] else posixpath.dirname(copy) for copy in copies]
    bases = list(dict.fromkeys([*bases, *map(posixpath.dirname, copies), home]))
    # The code of a project comes with it.
    projects = [folder for folder in map(posixpath.dirname, part.installs) if _is_project(folder, tree)]
    bases += [base for project in projects for base in (project, posixpath.join(project, "src"))]
    if part.is_job:
        bases = ["", *bases]
    elif part.format in words().described or part.format == "python-image":
        # What a cluster or a platform runs need not be beside the file that says so.
        bases.append("")
    bases = [*part.folders, *bases]
    waiting = [(command.words, command.folder) for command in started]
    for words_of_command, folder in waiting:
        if len(waiting) < MAX_ENTRIES:
            waiting.extend((task, folder) for task in _tasks(words_of_command, [folder, *bases], tree))
        for named in script_paths(words_of_command):
            tail = named.lstrip("/").removeprefix("./")
            own = [folder] if folder else []
            script = next((path for path in _joined([*own, *bases], tail) if path in tree.paths), None)
            if script is not None and script.endswith(".py"):
                yield script
                yield from _pages(words_of_command, script, tree)
            elif script is not None and len(waiting) < MAX_ENTRIES:
                waiting.extend((command, folder) for command in _commands_of(script, tree))


def _pages(words_of_command: Sequence[str], script: str, tree: AuditedTree) -> Iterator[str]:
    """The pages of an application of Streamlit, in the folder beside its script that they have by convention.

    https://docs.streamlit.io/develop/concepts/multipage-apps/pages-directory
    """
    if "streamlit" in words_of_command:
        pages = posixpath.join(posixpath.dirname(script), "pages")
        yield from (path for path in tree.list(pages) if path.endswith(".py") and posixpath.dirname(path) == pages)


def _is_project(folder: str, tree: AuditedTree) -> bool:
    """Whether a folder has a manifest, beside which a lock may be installed with the code."""
    return any(posixpath.join(folder, name) in tree.paths for name in MANIFESTS)


def _tasks(words_of_command: Sequence[str], folders: Iterable[str], tree: AuditedTree) -> list[tuple[str, ...]]:
    """The commands behind one that runs tasks, in the first of some folders that has them."""
    command_lists = (commands_behind(words_of_command, folder, tree) for folder in dict.fromkeys(folders))
    return next((commands for commands in command_lists if commands), [])


def _commands_of(path: str, tree: AuditedTree) -> Iterator[tuple[str, ...]]:
    """The commands of a shell script of the tree."""
    text = tree.text(path)
    # What is too long to be read starts nothing that is known.
    with document_budget(), suppress(BudgetExceeded):
        for command in commands(text, {}) if text is not None else ():
            yield tuple(word.text for word in command.words)


def _joined(bases: Iterable[str], tail: str) -> Iterator[str]:
    """A path below each base; an absolute path of the image may begin with folders that the tree does not have."""
    pieces = tail.split("/")
    for start in range(len(pieces)):
        rest = "/".join(pieces[start:])
        for base in bases:
            yield posixpath.normpath(posixpath.join(base, rest))


def _by_folder(
    candidates: Sequence[Candidate], taken: Collection[str], code: Iterable[str]
) -> Mapping[Candidate, list[str]]:
    """Each module for the innermost project folder around it; of several environments there, for that it fits best.

    What is in a project folder whose files recipes install belongs to no environment around that folder.
    """
    homes: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        homes.setdefault(folder_of(candidate.group), []).append(candidate)
    by_candidate: dict[Candidate, list[str]] = {}
    for path in code:
        folder = posixpath.dirname(path)
        while folder and folder not in homes and folder not in taken:
            folder = posixpath.dirname(folder)
        there = homes.get(folder, [])
        chosen = there[0] if len(there) == 1 else _fitting(path, folder, there)
        if chosen is not None:
            by_candidate.setdefault(chosen, []).append(path)
    return by_candidate


def _fitting(path: str, folder: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """The one environment whose name has words of a module's path; None if there is none or more than one."""
    inner = posixpath.splitext(path)[0][len(folder) :]
    folder_words = [word for piece in inner.split("/") for word in tokens(piece)]
    role = words().role(tuple(folder_words))
    scores: dict[Candidate, int] = {}
    for candidate in candidates:
        own = {word for word in candidate.group.qualifier if not words().is_role_word(word)}
        same_role = role is not None and candidate.role == role[0]
        scores[candidate] = 2 * same_role + len(own.intersection(folder_words))
    fitting = [candidate for candidate, score in scores.items() if score and score == max(scores.values())]
    if len(fitting) == 1:
        return fitting[0]
    plain = [candidate for candidate in candidates if not candidate.group.qualifier and not candidate.group.build]
    return (plain[0] if len(plain) == 1 else _innermost(path, plain)) if not fitting else None


def _innermost(path: str, candidates: Sequence[Candidate]) -> Candidate | None:
    """The one environment whose documents are in the innermost folder around a module."""
    depths = {
        candidate: len(candidate.group.folder)
        for candidate in candidates
        if lies_in(path, "/".join(candidate.group.folder))
    }
    inner = [candidate for candidate, depth in depths.items() if depth == max(depths.values())]
    return inner[0] if len(inner) == 1 else None
