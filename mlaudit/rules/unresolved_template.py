"""A template or variable in a source has no value here."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Severity
from mlaudit.model.report import Environment, Hit
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA904", Severity.WARNING, since="0.1", title="a template without a value", fact="template", where="unread"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """A template or variable in a source has no value here.

    What it does:
        Reports a statement whose version or name is filled in elsewhere: `${TORCH}`, `{{ cookiecutter.python }}`, a
        build argument without a default.

    Why:
        The value decides what is installed, and it is not in the file.

    Example:
        `RUN pip install torch==${TORCH}` without an `ARG TORCH=...`.

    Fix:
        Give the value with `--define TORCH=2.5.1`, or audit the rendered file.

    References:
        https://docs.docker.com/reference/dockerfile/#arg
    """
    for entry in environment.unread:
        if entry.template:
            yield Hit(
                package=entry.package,
                environments=(environment.name,),
                message=f"`{entry.what}` has no value here; --define NAME=VALUE gives one.",
                at=entry.at,
                actual=entry.what,
            )
