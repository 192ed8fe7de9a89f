"""What every repository of a fleet is asked, as data of JSON: it goes to other processes and machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from mlaudit import __version__
from mlaudit.knowledge.dates import knowledge_date
from mlaudit.model.errors import UsageError
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.names import package_meant
from mlaudit.model.versions import parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetQuestion:
    """What every repository is asked; the words are those of `check`."""

    today: str
    fail_on: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    package: tuple[str, ...] = ()
    isolated: bool = False
    what_if: tuple[tuple[str, str], ...] = ()

    def data(self) -> dict[str, object]:
        """As data of JSON."""
        return {
            "today": self.today,
            "fail_on": self.fail_on,
            "select": self.select,
            "ignore": self.ignore,
            "package": self.package,
            "isolated": self.isolated,
            "what_if": self.what_if,
        }

    def identity(self) -> str:
        """What rows depend on beside their repositories."""
        return json.dumps([__version__, knowledge_date(), self.data()], sort_keys=True)


def question_of(
    today: date,
    *,
    what_if: Sequence[str] = (),
    fail_on: str | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    package: Sequence[str] = (),
    isolated: bool = False,
) -> FleetQuestion:
    """The question, its words checked before thousands of repositories are asked. Raises UsageError."""
    from mlaudit import api
    from mlaudit.request.options import LEVELS, codes_of, packages_of

    known = api.rule_words()
    codes_of("--select", select, known)
    codes_of("--ignore", ignore, known)
    packages_of(package)
    if fail_on is not None and fail_on not in LEVELS:
        raise UsageError(f"--fail-on {fail_on}: expected one of {', '.join(LEVELS)}")
    return FleetQuestion(
        today=today.isoformat(),
        fail_on=fail_on,
        select=tuple(select),
        ignore=tuple(ignore),
        package=tuple(package),
        isolated=isolated,
        what_if=tuple(sorted(map(_changed, what_if))),
    )


def _changed(text: str) -> tuple[str, str]:
    name, equals, version = (part.strip() for part in text.partition("=="))
    if not equals or not name or parsed(version) is None:
        raise UsageError(f"--what-if {text}: expected PACKAGE==VERSION, such as numpy==2.1.3")
    return package_meant(name), version
