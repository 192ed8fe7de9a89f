"""`check --against`: the audit of two states of a repository, and what the later one brings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from mlaudit import api
from mlaudit.model.errors import MlauditError, Unreadable
from mlaudit.model.history import BranchChange
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Environment, Finding, Report
from mlaudit.request.options import Options
from mlaudit.revisions.asking import Ask, options_here
from mlaudit.revisions.changes import compare_findings, environment_names
from mlaudit.revisions.orphans import with_orphans
from mlaudit.revisions.renamed import renamed_files
from mlaudit.revisions.spans import RevisionSpan, span_of
from mlaudit.sources.commit_tree import CommitTree
from mlaudit.sources.ignored_files import IgnoredFiles
from mlaudit.sources.mounting import mounted
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.paths import exists, is_folder

LOST, NOTHING = 2, 3
"""Exit codes: a source could not be read; there is nothing to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an audit is asked, before any configuration is read.

    Attributes:
        paths: as `check` takes them; those that a state does not have are left out of its audit.
        ask: gives the options, with the configuration that is in the tree at the moment of the call.
    """

    paths: Sequence[str]
    ask: Ask


def check_against(revision: str, question: Question, options: Options) -> Report:
    """The audit of a branch: only what it brings counts. Raises UsageError and ConfigError.

    Args:
        revision: `REV`, `REV1..REV2` or `REV1...REV2`.
        options: those of the working tree.
    """
    span = span_of(options.root, revision)
    with closing(ObjectReader(span.repository.store)) as reader:
        later = _later(span, question, options, reader)
        earlier, notes = _earlier(span, question, options, reader)
        is_selected = any(not is_folder(path) for path in question.paths)
        return _compared(span, earlier, later, reader, notes, is_selected=is_selected)


def _later(span: RevisionSpan, question: Question, options: Options, reader: ObjectReader) -> Report:
    if span.is_working_tree:
        return api.check(question.paths, options)
    with closing(CommitTree(span.repository, span.head, reader)) as tree, mounted(tree):
        asked = replace(options_here(question.ask, options), progress=options.progress, baseline=options.baseline)
        return api.check(_present(question.paths, tree), asked)


def _earlier(
    span: RevisionSpan, question: Question, options: Options, reader: ObjectReader
) -> tuple[Report | None, list[str]]:
    """The audit of the earlier state, None if there is none, and what is to be said about that."""
    ignored = _ignored(span) if span.is_working_tree else None
    with closing(CommitTree(span.repository, span.base, reader, ignored=ignored)) as tree, mounted(tree):
        try:
            asked = options_here(question.ask, options)
            is_borrowed = asked is options
            asked = replace(asked, progress=options.progress, baseline=options.baseline)
            notes = []
            if options.settings.path is not None and (is_borrowed or asked.settings.path is None):
                asked = replace(asked, settings=options.settings)
                notes = [f"{span.base[:12]} has no configuration; the one of the branch was applied to it."]
            return api.check(_earlier_paths(question.paths, tree), asked), notes
        except MlauditError as error:
            why = error.why if isinstance(error, Unreadable) else str(error)
            return None, [f"{span.base[:12]} cannot be audited, so that every finding counts as new: {why}"]


def _ignored(span: RevisionSpan) -> IgnoredFiles:
    return IgnoredFiles(span.repository.tree.resolve(), span.repository.common)


def _earlier_paths(paths: Sequence[str], tree: CommitTree) -> list[str]:
    """The folders that the earlier state has, too; its whole tree where files were named, which may have moved."""
    if any(not is_folder(path) for path in paths):
        return [tree.root]
    return _present(paths, tree)


def _present(paths: Sequence[str], tree: CommitTree) -> list[str]:
    """The paths that a state has; its whole tree where it has none of them."""
    present = [path for path in paths if exists(path)]
    return present or ([tree.root] if paths else [])


def _compared(
    span: RevisionSpan,
    earlier: Report | None,
    later: Report,
    reader: ObjectReader,
    notes: list[str],
    *,
    is_selected: bool,
) -> Report:
    before = earlier.environments if earlier is not None else ()
    files = renamed_files(span, reader, _files(before), _files(later.environments))
    names = environment_names(_sources(before), _sources(later.environments), files)
    known = earlier.findings if earlier is not None else ()
    if is_selected:
        known = tuple(_about(known, later, names))
    changes = compare_findings(known, later.findings, names=names, files=files)
    brought = with_orphans(changes.brought, before, later, names)
    counts = Counter(finding.severity for finding in brought)
    summary = replace(
        later.summary,
        error=counts[Severity.ERROR],
        warning=counts[Severity.WARNING],
        info=counts[Severity.INFO],
    )
    change = BranchChange(
        revision=span.revision,
        base=span.base,
        head=None if span.is_working_tree else span.head,
        new=len(brought) - len(changes.worse),
        worse=changes.worse,
        unchanged=changes.unchanged,
        mended=changes.mended,
        notes=tuple(notes),
    )
    return replace(
        later,
        findings=brought,
        summary=summary,
        against=change,
        exit_code=_exit_code(brought, earlier, later),
    )


def _about(findings: Sequence[Finding], later: Report, names: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about environments of the later state: named files select some of them, and others are not fixed."""
    selected = {environment.name for environment in later.environments}
    for finding in findings:
        if finding.environments and all(names.get(name, name) in selected for name in finding.environments):
            yield finding


def _exit_code(brought: Sequence[Finding], earlier: Report | None, later: Report) -> int:
    """That of the later state, as far as the earlier one does not have it for the same reason."""
    if later.exit_code == NOTHING or (later.exit_code == LOST and (earlier is None or earlier.exit_code != LOST)):
        return later.exit_code
    level = later.fail_on
    return 1 if level is not None and any(finding.severity.rank <= level.rank for finding in brought) else 0


def _sources(environments: Sequence[Environment]) -> dict[str, Sequence[str]]:
    return {environment.name: environment.sources for environment in environments}


def _files(environments: Sequence[Environment]) -> Iterator[str]:
    for environment in environments:
        yield from (source.partition("#")[0] for source in environment.sources)
