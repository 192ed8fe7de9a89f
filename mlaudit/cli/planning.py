"""What `mlaudit plan` does with its arguments: audit, plan, show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlaudit.cli.delivery import USAGE
from mlaudit.model.errors import UsageError

if TYPE_CHECKING:
    from mlaudit.repair.upgrade.nouns import UpgradePlan
    from mlaudit.reporters._registry import Style
    from mlaudit.request.options import Options


def demand_targets(targets: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The packages and versions of `PACKAGE==VERSION`. Raises UsageError."""
    from mlaudit.repair.moves import set_versions

    try:
        return set_versions(targets)
    except UsageError as error:
        raise UsageError(str(error).removeprefix("--set ")) from None


def plan_of(targets: Sequence[str], options: Options) -> tuple[UpgradePlan, int]:
    """The plan and the exit code: 2 where a source is lost, 1 where something has no solution, else 0."""
    from mlaudit.api import check
    from mlaudit.audit import audit_again
    from mlaudit.repair.plan import RepairFiles
    from mlaudit.repair.upgrade.entry import plan_upgrade
    from mlaudit.sources.working_tree import WorkingTree

    wanted = demand_targets(targets)
    report = check((), options)
    files = RepairFiles(WorkingTree(options.root, options.settings.defines, tree=options.tree))
    plan = plan_upgrade(report, wanted, files, lambda environments: audit_again(report, environments, options))
    if report.exit_code == USAGE:
        return plan, USAGE
    return plan, 1 if plan.unsolved or (plan.proposed and plan.errors_left) else 0


def plan_text(plan: UpgradePlan, name: str, style: Style) -> str:
    """The plan in one of its formats."""
    if name == "json":
        from mlaudit.reporters._upgrade_json import as_json

        return as_json(plan)
    if name == "markdown":
        from mlaudit.reporters._upgrade_markdown import as_markdown

        return as_markdown(plan)
    from mlaudit.reporters._upgrade_lines import as_table

    return as_table(plan, style)
