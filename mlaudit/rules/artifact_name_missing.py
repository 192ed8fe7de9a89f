"""An artifact names a class or function that the code of its reader does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mlaudit.comparison.scene import View
from mlaudit.model.missing_names import Lack, MissingName
from mlaudit.model.nouns import Role, Severity
from mlaudit.model.report import MAX_LISTED, Environment, Hit, Location
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA410",
    Severity.ERROR,
    since="0.2",
    title="a class of the artifact is missing",
    fact="artifact-name",
    where="missing_names",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """An artifact names a class or function that the code of its reader does not have.

    What it does:
        Looks up every module, class and function that a pickle imports in the code of the environment that loads it:
        the Python sources of its installed packages, and for classes of your own what its recipe copies. Reports a
        module that does not exist, or in which nothing can bind the name; compiled modules, `__getattr__`, `import *`
        from code that is not read, and code that redirects modules count as no evidence.

    Why:
        A pickle contains the names of classes, not the classes. Loading imports every one of them, and ends with
        ModuleNotFoundError or AttributeError at the first that is missing.

    Example:
        `model.pkl` names `train.features.Ratio`; the image of serving copies only `serve/`.

    Fix:
        Give the reader the code that the artifact names, or write the artifact from a module that both sides import.

    References:
        https://docs.python.org/3/library/pickle.html#what-can-be-pickled-and-unpickled
    """
    for alike in _alike(environment.missing_names):
        yield _hit(alike, environment)


def _alike(missing: Iterable[MissingName]) -> Iterable[Sequence[MissingName]]:
    """The names that are missing for one reason, of one artifact."""
    grouped: dict[tuple[object, ...], list[MissingName]] = {}
    for name in missing:
        where = name.searched if name.lack is Lack.NAME else None
        key = (name.writer, name.artifact.path, name.package, name.lack, where, name.elsewhere)
        grouped.setdefault(key, []).append(name)
    return grouped.values()


def _hit(alike: Sequence[MissingName], environment: Environment) -> Hit:
    first = alike[0]
    return Hit(
        package=first.package,
        environments=tuple(dict.fromkeys((first.writer, environment.name))),
        message=f"{first.artifact.path} names {_names(alike)}; {_reason(alike, environment.name)}",
        at=first.artifact,
        says="",
        related=(Location(first.searched, Role.FILE),),
        values=tuple(name.full_name for name in alike),
    )


def _names(alike: Sequence[MissingName]) -> str:
    shown = ", ".join(f"`{name.full_name}`" for name in alike[:MAX_LISTED])
    more = len(alike) - MAX_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _reason(alike: Sequence[MissingName], reader: str) -> str:
    first = alike[0]
    if first.lack is Lack.MAIN:
        other = f"{reader} has it as `{first.elsewhere}.{first.name}`"
        lacking = f"the module that {reader} starts does not define it"
        return f"{other if first.elsewhere else lacking}: pickle it from an importable module."
    if first.lack is Lack.MODULE:
        modules = tuple(dict.fromkeys(name.module for name in alike))
        lacking = f"no module `{modules[0]}`" if len(modules) == 1 else "none of these modules"
        return f"{reader} has {lacking}, so loading it fails."
    what = "them" if len(alike) > 1 else "it"
    return f"in {reader} {first.searched.path} does not define {what}, so loading fails."
