"""One repository → its row: what `check` reports about it, and what other repositories may share with it."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from mlaudit import api
from mlaudit.audit import audit
from mlaudit.door import options_of
from mlaudit.environments.inventory import inventory_environments
from mlaudit.fleet.rows import row_of
from mlaudit.model.errors import MlauditError, Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.masking import mask_report
from mlaudit.model.report import Report
from mlaudit.request.asked import Asked
from mlaudit.request.audit_request import AuditRequest
from mlaudit.request.options import Options
from mlaudit.request.wanted import Wanted
from mlaudit.sources.commit_tree import CommitTree
from mlaudit.sources.git_revision import resolve_commit
from mlaudit.sources.mounting import mounted
from mlaudit.sources.object_reader import ObjectReader
from mlaudit.sources.repository import find_repository
from mlaudit.sources.sample_folder import sample_folder
from mlaudit.sources.working_tree import WorkingTree

Row = dict[str, Any]


def prepare() -> None:
    """Load what audits need, once for all of them, by an audit."""
    from mlaudit.knowledge.table import watched_packages
    from mlaudit.parsers._registry import parser_of, parsers
    from mlaudit.rules._registry import rules

    rules()
    watched_packages()
    for name in parsers():
        parser_of(name)
    with sample_folder() as folder:
        row_of(api.check([str(folder)], Options(root=folder)), {"what_if": []})


def audit_repository(request: dict[str, Any]) -> Row:
    """The row of one repository: `entry` states which, `question` what is asked."""
    entry, question = request["entry"], request["question"]
    path, kind = Path(entry["path"]), entry["kind"]
    revision = None
    try:
        if kind == "missing":
            raise Unreadable("there is no such file or folder")
        if kind == "bare":
            report, revision = _bare(path, question)
        elif kind == "inventory":
            report = _inventory(path, question)
        else:
            report = api.check([str(path)], _options(path, question))
    except MlauditError as error:
        return {"why": error.why if isinstance(error, Unreadable) else str(error)}
    return {**row_of(report, question), "revision": revision}


def audit_spanning_pair(request: dict[str, Any]) -> Row:
    """The row of a writer and a reader of two repositories, each as the inventory that its row has."""
    from mlaudit.fleet.spanning import paired

    question = request["question"]
    options = replace(_options(Path(), {**question, "isolated": True}), root=Path())
    environments = paired(request)
    report = audit(environments, AuditRequest(command="check", options=options, partial=True))
    return row_of(mask_report(report), {**question, "what_if": []})


def _bare(path: Path, question: dict[str, Any]) -> tuple[Report, str]:
    """The audit of what HEAD of a bare repository has; nothing is checked out."""
    repository, _ = find_repository(path, bare=True)
    commit = resolve_commit(repository, "HEAD")
    with (
        closing(ObjectReader(repository.store)) as reader,
        closing(CommitTree(repository, commit, reader)) as tree,
        mounted(tree),
    ):
        root = Path(tree.root)
        return api.check([tree.root], _options(root, question, tree=root)), commit


def _inventory(path: Path, question: dict[str, Any]) -> Report:
    document = WorkingTree(path.parent).document(path)
    environments = inventory_environments(document)
    options = replace(_options(path.parent, {**question, "isolated": True}), root=path.parent)
    lost = any(environment.lost for environment in environments)
    report = audit(environments, AuditRequest(command="check", options=options, lost=lost))
    return mask_report(report)


def _options(root: Path, question: dict[str, Any], tree: Path | None = None) -> Options:
    asked = Asked(
        wanted=Wanted(),
        isolated=question["isolated"],
        fail_on=question["fail_on"],
        select=question["select"],
        ignore=question["ignore"],
        package=question["package"],
    )
    return options_of(asked, root=root, start=root, tree=tree, today=date.fromisoformat(question["today"]))
