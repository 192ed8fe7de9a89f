"""Write what holds of the proposals into `knowledge/removed_names/`: `python -m mlaudit.lab.name_rows`.

For developers only.
Reads what `mlaudit.lab.name_matrix` proposed and what `mlaudit.lab.name_check` found. A proposal is left out where an
installation refutes it, where neither the texts settle it nor an installation shows it, where a condition stands before
it and no pair was tried, and where a row that someone wrote says it already. The error that an installation showed
stands in the row where it is another one than usual.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.version import Version

from mlaudit.knowledge.combinations import combinations_of
from mlaudit.knowledge.removed_names import FOLDER, opposite
from mlaudit.lab.module_facts import ATTRIBUTE, MODULE
from mlaudit.lab.name_check import import_of, proposals_in, statement_of
from mlaudit.lab.name_matrix import IMPORT, ProposedName
from mlaudit.lab.release_sources import SourceCache
from mlaudit.model.nouns import Severity
from mlaudit.model.packaged import HOME
from mlaudit.model.versions import admits


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldName:
    """A proposal that holds.

    Attributes:
        others: the releases without the name, as a specifier.
        error: what an installation said, where it is not the usual text.
    """

    proposal: ProposedName
    versions: str
    others: str
    error: str | None


class CheckedNames:
    """What installations said, by release and statement."""

    def __init__(self, path: Path | None) -> None:
        self._said: dict[tuple[str, str], str] = {}
        for line in path.read_text().splitlines() if path is not None and path.is_file() else ():
            row = json.loads(line)
            _, *requirements = row["key"].split(" ")
            for statement, answer in (row["said"] or {}).items():
                self._said[" ".join(requirements[:2]), statement] = answer

    def of(self, proposal: ProposedName, version: str | None) -> str | None:
        """What a release said when it was asked for the name: nothing if it has it; None where it was not asked."""
        return self._said.get((f"{proposal.other}=={version}", statement_of(proposal)))

    def of_pair(self, proposal: ProposedName) -> str | None:
        """What the import of the pair of a proposal said; None where it was not tried."""
        user, owner = proposal.pair
        return self._said.get((f"{proposal.package}=={user} {proposal.other}=={owner}", import_of(proposal)))


def usual_error(proposal: ProposedName) -> str:
    """What Python says of the name, but for a path that may follow."""
    base, _, last = proposal.name.rpartition(".")
    if proposal.kind == MODULE:
        return f"ModuleNotFoundError: No module named '{proposal.name}'"
    if proposal.kind == ATTRIBUTE:
        return f"AttributeError: module '{base}' has no attribute '{last}'"
    return f"ImportError: cannot import name '{last}' from '{base}'"


def verdict(proposal: ProposedName, checked: CheckedNames) -> tuple[bool, str | None]:
    """Whether a proposal holds, and its error where that is an unusual one."""
    without = [checked.of(proposal, version) for version in (proposal.lacks_first, proposal.lacks_last)]
    having = [checked.of(proposal, version) for version in (proposal.before, proposal.after) if version is not None]
    answers = [text for text in without if text is not None]
    pair = checked.of_pair(proposal)
    if (pair is not None and not _is_about(pair, proposal)) or (pair is None and proposal.guarded):
        return False, None
    if "" in answers or not all(_is_about(text, proposal) for text in answers):
        return False, None
    if having and all(text for text in having) and all(text is not None for text in having):
        return False, None
    if not answers:
        return proposal.sure, None
    last = answers[-1].partition(" (")[0]
    return True, None if last == usual_error(proposal) else last


def _is_about(text: str, proposal: ProposedName) -> bool:
    last = proposal.name.rpartition(".")[2]
    return text.partition(":")[0].rpartition(".")[2].endswith(("ImportError", "NotFoundError", "AttributeError")) and (
        last in text
    )


def held_names(proposals: Iterable[ProposedName], checked: CheckedNames, cache: SourceCache) -> Iterator[HeldName]:
    """The proposals that hold and that no row says yet."""
    for proposal in proposals:
        holds, error = verdict(proposal, checked)
        if holds and not _is_told(proposal):
            yield HeldName(
                proposal=proposal,
                versions=_user_range(proposal),
                others=_owner_range(proposal, cache.versions(proposal.other)),
                error=error,
            )


def _is_told(proposal: ProposedName) -> bool:
    """Whether a row says so of the pair at a corner, or of the one that the metadata admit."""
    corners = [proposal.pair, (proposal.first, proposal.lacks_first), (proposal.last, proposal.lacks_last)]
    rows = [row for row in combinations_of(proposal.package) if row.other == proposal.other and row.beside is None]
    return any(
        admits(row.versions, version) and admits(row.others, other)
        for row in rows
        if row.severity is Severity.ERROR and not row.absent
        for version, other in corners
    )


def short(version: str) -> str:
    """A version without zeros at its end, but for a major one."""
    known = Version(version)
    if known.is_prerelease or known.is_postrelease:
        return version
    parts = list(known.release)
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return ".".join(map(str, parts))


def _user_range(proposal: ProposedName) -> str:
    if proposal.first == proposal.last:
        return f"=={proposal.first}"
    return f">={short(proposal.first)},<={proposal.last}"


def _owner_range(proposal: ProposedName, versions: Sequence[str]) -> str:
    """The releases without the name; up to the next one that has it where an index lists none between."""
    clauses = []
    if proposal.before is not None:
        clauses.append(f">={short(proposal.lacks_first)}")
    if proposal.after is not None:
        known = list(versions)
        adjacent = proposal.after in known and known.index(proposal.after) > 0
        adjacent = adjacent and known[known.index(proposal.after) - 1] == proposal.lacks_last
        clauses.append(f"<{short(proposal.after)}" if adjacent else f"<={proposal.lacks_last}")
        if proposal.lacks_first == proposal.lacks_last and proposal.before is not None and not adjacent:
            return f"=={proposal.lacks_last}"
    return ",".join(clauses)


def file_text(owner: str, rows: Iterable[HeldName], day: str) -> str:
    """The file of one package whose releases lack names."""
    by_removal: dict[tuple[str, str, str, bool], list[HeldName]] = {}
    for row in rows:
        proposal = row.proposal
        key = (row.others, proposal.kind, f"{proposal.before or proposal.after}", row.error is not None)
        by_removal.setdefault(key, []).append(row)
    lines = [
        f"# Names that releases of {owner} lack, by the texts of their modules, and who imports them all the same:"
    ]
    lines.append("# made by `python -m mlaudit.lab.name_rows`. `removed_names.toml` tells what the keys mean.\n")
    for others, kind, around, tried in sorted(by_removal):
        rows_alike = by_removal[others, kind, around, tried]
        names = sorted({row.proposal.name for row in rows_alike})
        lines += ["[[removed]]", f'package = "{owner}"', f'others = "{others}"', f'kind = "{kind}"']
        lines.append(f"names = {json.dumps(names)}")
        lines.append(f'source = "{_source(rows_alike[0])}"')
        lines += [f'checked = "{day}"', "users = ["]
        lines += [f"  {_user(row, len(names) > 1)}," for row in sorted(rows_alike, key=_order)]
        lines += ["]", ""]
    return "\n".join(lines)


def _source(row: HeldName) -> str:
    proposal = row.proposal
    releases = f"{proposal.other} {proposal.before or proposal.after} and {proposal.lacks_first}"
    if row.error is not None:
        return f"measured: imported from {releases}; an import of each user asks for it"
    return f"the modules of {releases}, and those that an import of each user runs"


def _order(row: HeldName) -> tuple[str, str, Version]:
    return row.proposal.name, row.proposal.package, Version(row.proposal.first)


def _user(row: HeldName, named: bool) -> str:
    proposal = row.proposal
    cells = [f'package = "{proposal.package}"', f'versions = "{row.versions}"']
    if named:
        cells.append(f'name = "{proposal.name}"')
    if proposal.moment != IMPORT:
        cells.append(f'moment = "`import {proposal.moment}`", severity = "warning"')
    if row.error is not None:
        cells.append(f"error = {json.dumps(row.error)}")
    works = _works(row)
    if works is not None:
        cells.append(f'set = "{works}"')
    if proposal.fixed is not None:
        cells.append(f'fixed = "{short(proposal.fixed)}"')
    return f"{{ {', '.join(cells)} }}"


def _works(row: HeldName) -> str | None:
    """The releases with which it imports, where they do not follow from those without the name."""
    proposal = row.proposal
    works = f"<{short(proposal.below)}" if proposal.below else f">={short(proposal.above or proposal.lacks_last)}"
    return None if works == opposite(row.others) else works


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files of all packages that lack names."""
    parser = argparse.ArgumentParser(prog="python -m mlaudit.lab.name_rows", description=__doc__)
    parser.add_argument("proposals", type=Path, nargs="+", metavar="FILE", help="what name_matrix printed")
    parser.add_argument("--cache", type=Path, required=True, help="what release_sources filled")
    parser.add_argument("--results", type=Path, help="what name_check kept")
    parser.add_argument("--output", type=Path, default=HOME / "knowledge" / FOLDER)
    parser.add_argument("--checked", default=date.today().isoformat(), help="the day to write into the files")
    options = parser.parse_args(arguments)
    proposals = [proposal for path in options.proposals for proposal in proposals_in(path)]
    by_owner: dict[str, list[HeldName]] = {}
    for name in held_names(proposals, CheckedNames(options.results), SourceCache(options.cache)):
        by_owner.setdefault(name.proposal.other, []).append(name)
    options.output.mkdir(exist_ok=True)
    for owner, rows in sorted(by_owner.items()):
        (options.output / f"{owner}.toml").write_text(file_text(owner, rows, options.checked), encoding="utf-8")
        sys.stdout.write(f"{owner}: {len(rows)} rows\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
