"""Compiled code was built for another release of numpy or torch than the one beside it."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA202",
    Severity.ERROR,
    since="0.1",
    title="binary packages do not fit each other",
    fact="fit",
    supersedes=["MLA201", "MLA203"],
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """Compiled code was built for another release of numpy or torch than the one beside it.

    What it does:
        Reports packages whose wheels are compiled for numpy 1 only, in an environment with numpy 2. The table comes
        from the strings in the wheels' shared objects, since most such wheels declare no `numpy<2`. Where the local
        part of a version names the torch or the CUDA that a wheel is built for (`2.1.1+pt20cu118`), that is compared
        with torch.

    Why:
        The import fails, or the process dies. A resolver cannot see it if the metadata does not say so.

    Example:
        `scipy==1.12.0` beside `numpy==2.1.3`, `torchvision==0.16.0+cu121` beside `torch==2.1.0+cu118`.

    Fix:
        Set `numpy<2`, or use the first release that was built for numpy 2.

    References:
        https://numpy.org/doc/stable/dev/depending_on_numpy.html#numpy-2-0-specific-advice
    """
    from mlaudit.knowledge.binaries import abi_breaks

    for abi_break in abi_breaks(environment.exact_versions):
        place = view.place(environment.cell(abi_break.other))
        other = Location(place, Role.PACKAGE, f"{abi_break.other} {abi_break.other_version}")
        yield Hit(
            package=abi_break.package,
            other=abi_break.other,
            environments=(environment.name,),
            message=f"In {environment.name}: {abi_break.says}",
            at=view.place(environment.cell(abi_break.package)),
            says=f"{abi_break.package} {abi_break.version}",
            related=(other,),
            evidence=abi_break.evidence,
            actual=abi_break.version,
            expected=abi_break.other_version,
            values=(abi_break.version, abi_break.other, abi_break.other_version),
            fix=Fix(says=abi_break.remedy),
        )
