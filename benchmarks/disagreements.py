"""Where measured facts and code disagree: what to measure again, or to mend in the reading of code.

Run it from the project's folder: `python -m benchmarks.disagreements WORK [PACKAGE ...] [--share 0.05]`, with the work
folder of `benchmarks.code_evidence`. Each load is audited as a whole, with its artifact and both environments. Listed
are, each with how many loads say so and one of them:

- `code alone`: code says that using the artifact fails, and a measurement says that it does not, which counts for more;
- `knowledge alone`: a measured fact says that it fails, and nothing is found in the code that was read.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from benchmarks.code_evidence import FAMILIES, Judge, is_served, loads_at_hand
from benchmarks.combined_evidence import OF_ARTIFACTS, OF_OTHER_CODE, OF_VERSIONS, audited_findings
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Finding

OF_CODE = frozenset(("MLA410", "MLA411", "MLA412", "MLA413"))
"""Rules that judge an artifact by the code of its reader."""
OVERRULED = "measured differently"
"""How the detail begins that a measurement adds to a finding of code."""


FOLDED = "code: "
"""How the detail begins with which a finding of a row takes in that of code on the same fact."""


def disagreements(findings: Iterable[Finding], packages: Collection[str]) -> Iterator[tuple[str, str]]:
    """Who speaks alone, and what it says, of the findings of one load."""
    found = tuple(findings)
    of_code = [one for one in found if one.code in OF_CODE or any(text.startswith(FOLDED) for text in one.details)]
    for one in of_code:
        measured = next((detail for detail in one.details if detail.startswith(OVERRULED)), None)
        if measured is not None:
            yield "code alone", f"{one.code} {one.message} | {measured}"
    if not any(one.severity is not Severity.INFO for one in of_code):
        for one in found:
            is_of_load = one.code.startswith((OF_ARTIFACTS, OF_VERSIONS)) and one.code not in OF_CODE | OF_OTHER_CODE
            if is_of_load and one.severity is Severity.ERROR and one.package in packages:
                yield "knowledge alone", f"{one.code} {one.message}"


def main() -> int:
    """List the disagreements of some packages, the most frequent first."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("work", type=Path)
    arguments.add_argument("packages", nargs="*")
    arguments.add_argument("--share", type=float, default=0.05, help="the part of all loads that is audited")
    arguments.add_argument("--seed", default="", help="any text, for another part of the loads")
    given = arguments.parse_args()
    knowledge, judge = Path(os.environ["MLAUDIT_KNOWLEDGE"]), Judge(given.work)
    for package in given.packages or FAMILIES:
        counts: Counter[tuple[str, str]] = Counter()
        examples: dict[tuple[str, str], str] = {}
        for load in loads_at_hand(package, knowledge, judge, given):
            if is_served(load.row["artifact"]):
                findings = audited_findings(given.work, load.family, load.versions, load.path)
                path = load.path.relative_to(given.work).as_posix()
                said = {(who, says.replace(path, "...")) for who, says in disagreements(findings, package.split("+"))}
                for key in said:
                    counts[key] += 1
                    examples.setdefault(key, f"{load.row['artifact']} {' -> '.join(load.versions)}")
        print(f"{package}: {len(counts)} disagreements")
        for (who, says), count in counts.most_common():
            print(f"  {who} {count:4} {says[:240]}  [{examples[who, says]}]", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
