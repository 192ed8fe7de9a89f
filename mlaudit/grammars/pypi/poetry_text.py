"""Poetry's own language of dependencies (https://python-poetry.org/docs/dependency-specification/), as PEP 508 text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mlaudit.document.node import Malformed, Node
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_LENGTH = 1024
"""Characters of one constraint."""

_CLAUSE = lazy_pattern(r"(\^|~=|~|===?|!=|>=|<=|>|<|=)?\s{0,8}(v?[0-9*xX][0-9A-Za-z.*+!_-]{0,64})")
_BETWEEN = lazy_pattern(r"[\s,]{0,64}")
_NUMBERS = lazy_pattern(r"v?(?P<epoch>\d{1,9}!)?(?P<release>\d{1,9}(?:\.\d{1,9}){0,8})")
_WILDCARD = lazy_pattern(r"\.?[*xX](?:\.[*xX]){0,4}$")


@lru_cache(maxsize=4096)
def pep440(constraint: str) -> tuple[str, ...] | None:
    """The alternatives (`||`) of a constraint as PEP 440 specifiers, `""` for any version; None for no constraint."""
    if len(constraint) > MAX_LENGTH:
        return None
    alternatives = [_conjunction(part.strip()) for part in constraint.split("|") if part.strip()]
    parts = tuple(part for part in alternatives if part is not None)
    return parts if parts and len(parts) == len(alternatives) else None


def _conjunction(text: str) -> str | None:
    clauses: list[str] = []
    position = 0
    while position < len(text):
        clause = _CLAUSE.match(text, position)
        if clause is None:
            return None
        clauses.append(_clause(clause.group(1) or "", clause.group(2)))
        between = _BETWEEN.match(text, clause.end())
        position = between.end() if between else clause.end()
    return ",".join(clause for clause in clauses if clause)


def _clause(operator: str, version: str) -> str:
    if operator == "^":
        return f">={version},<{_above_caret(version)}"
    if operator == "~":
        return f">={version},<{_above_tilde(version)}"
    stem = _WILDCARD.sub("", version)
    if stem != version:
        return f"{'!=' if operator == '!=' else '=='}{stem}.*" if stem else ""
    return f"{'==' if operator in ('', '=') else operator}{version}"


def _release(version: str) -> list[int]:
    numbers = _NUMBERS.match(version)
    return [int(part) for part in numbers["release"].split(".")] if numbers else [0]


def _above_caret(version: str) -> str:
    """The first version that `^` refuses: the leftmost number that is not zero grows."""
    release = _release(version)
    at = next((index for index, number in enumerate(release) if number), len(release) - 1)
    return _bumped(version, at)


def _above_tilde(version: str) -> str:
    return _bumped(version, min(1, len(_release(version)) - 1))


def _bumped(version: str, at: int) -> str:
    numbers, release = _NUMBERS.match(version), _release(version)
    bumped = [*release[:at], release[at] + 1, *([0] * (len(release) - at - 1))]
    epoch = (numbers["epoch"] if numbers else None) or ""
    return epoch + ".".join(str(number) for number in bumped)


def hull(alternatives: tuple[str, ...]) -> str:
    """One specifier that admits whatever an alternative admits: exact for one, the outer bounds of several."""
    if len(alternatives) == 1:
        return alternatives[0]
    lowest, highest = _outer(alternatives, (">=", ">", "==")), _outer(alternatives, ("<=", "<", "=="))
    return ",".join(clause for clause in (lowest, highest) if clause)


def _outer(alternatives: tuple[str, ...], operators: tuple[str, ...]) -> str:
    """The loosest bound among the alternatives, empty if one of them is open on that side."""
    lower = ">=" in operators
    bounds: list[tuple[list[int], bool, str]] = []
    for alternative in alternatives:
        own = [clause for clause in alternative.split(",") if clause.startswith(operators) and "*" not in clause]
        if not own:
            return ""
        inclusive = "=" in own[0]
        padded = [*_release(own[0].lstrip("<>=")), *([0] * 9)][:9]
        bounds.append((padded, inclusive is not lower, own[0].replace("==", ">=" if lower else "<=")))
    return (min(bounds) if lower else max(bounds))[2]


def dependency(name: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The PEP 508 texts of one entry of a dependencies table, each with the node it comes from. Raises Malformed."""
    if node.is_list:
        for member in node.each():
            yield from dependency(name, member)
    elif node.is_text:
        yield f"{name}{specifier(node)}", node
    else:
        yield _from_table(name, node), node


def specifier(node: Node) -> str:
    """A constraint as one PEP 440 specifier, `""` for any version. Raises Malformed."""
    text = node.text().strip()
    intervals = pep440(text)
    if intervals is None:
        raise Malformed(f"`{text[:80]}` is no version constraint of Poetry", node.route)
    return hull(intervals)


def _from_table(name: str, node: Node) -> str:
    extras = ",".join(node.get("extras").texts())
    called = f"{name}[{extras}]" if extras else name
    marker = " and ".join(f"({part})" if " or " in part else part for part in _markers(node))
    address = _address(node)
    if address:
        return f"{called} @ {address}{f' ; {marker}' if marker else ''}"
    version = specifier(node.get("version")) if node.get("version").exists else ""
    return f"{called}{version}{f' ; {marker}' if marker else ''}"


def _address(node: Node) -> str | None:
    git = node.get("git").maybe_text()
    if git:
        revision = next(
            (maybe_text for key in ("rev", "tag", "branch") if (maybe_text := node.get(key).maybe_text())), None
        )
        return f"git+{git}{f'@{revision}' if revision else ''}"
    path = node.get("path").maybe_text() or node.get("file").maybe_text()
    if path:
        return path if path.startswith((".", "/")) else f"./{path}"
    return node.get("url").maybe_text()


def _markers(node: Node) -> Iterator[str]:
    own = node.get("markers").maybe_text()
    if own:
        yield own
    python = node.get("python").maybe_text()
    if python:
        yield _python_marker(python, node.get("python"))
    platform = node.get("platform").maybe_text()
    if platform:
        yield " or ".join(_platform_marker(part.strip()) for part in platform.split("|") if part.strip())


def _python_marker(constraint: str, node: Node) -> str:
    alternatives = pep440(constraint)
    if alternatives is None:
        raise Malformed(f"`{constraint[:80]}` is no version constraint of Poetry", node.route)
    return (
        " or ".join(
            " and ".join(_python_atom(clause) for clause in part.split(",") if clause) for part in alternatives if part
        )
        or 'python_version >= "0"'
    )


def _python_atom(clause: str) -> str:
    version = clause.lstrip("<>=!~")
    operator = clause[: len(clause) - len(version)]
    variable = "python_version" if version.count(".") < 2 or version.endswith(".*") else "python_full_version"
    return f'{variable} {operator} "{version}"'


def _platform_marker(text: str) -> str:
    operator = "!=" if text.startswith("!") else "=="
    return f'sys_platform {operator} "{text.lstrip("!= ")}"'
