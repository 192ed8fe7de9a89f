"""What commands and programs ask of this stage: a plan, the plan carried out, the edits of each finding."""

from __future__ import annotations

from mlaudit.model.report import Report
from mlaudit.repair.finding_edits import with_edits_of
from mlaudit.repair.moves import wanted_moves
from mlaudit.repair.nouns import RepairChoice, RepairPlan
from mlaudit.repair.plan import RepairFiles, planned
from mlaudit.request.options import Options
from mlaudit.sources.working_tree import WorkingTree


def plan_fix(report: Report, options: Options, choice: RepairChoice) -> RepairPlan:
    """What would fix the findings of a report that were chosen; nothing is written. Raises UsageError."""

    def make_files() -> RepairFiles:
        return RepairFiles(_tree(options), drop_hashes=choice.drop_hashes)

    return planned(report, wanted_moves(report, choice), choice, make_files)


def with_edits_of_fixes(report: Report, options: Options) -> Report:
    """The report with the edits that would carry out each fix."""
    return with_edits_of(report, lambda: RepairFiles(_tree(options)))


def _tree(options: Options) -> WorkingTree:
    return WorkingTree(options.root, options.settings.defines, tree=options.tree)
