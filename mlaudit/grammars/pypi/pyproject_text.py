"""What a pyproject.toml declares (PEP 621, PEP 735, Poetry's and uv's tables), for its parser and those of locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node, Route
from mlaudit.grammars.pypi import poetry_text, requirement
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Edge, Kind, Root, Unread

UV_DEFAULT_GROUPS = ("dev",)
"""What uv installs beside the project where `[tool.uv] default-groups` says nothing (https://docs.astral.sh/uv/concepts/projects/dependencies/)."""
INCLUDES = Limit(name="groups that dependency groups include, counted for each group that leads to them", most=100_000)
EDGES = Limit(name="requirements of groups and extras, counted for each of them", most=500_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One requirement of a project.

    Attributes:
        text: a PEP 508 requirement; what Poetry's tables say is translated.
        route: where it is.
        kind: `bound` for what only limits others.
        groups: dependency groups that hold it, by inclusion too; empty for the project's own.
        extras: extras of the project that it belongs to.
        optional: declared, and installed only when something asks for it.
        index: the name of the index that it is to come from (Poetry's `source`).
        detail: words for the report.
        overrides: it replaces what else is declared of its package.
        excluded: its package is left out wherever something asks for it.
    """

    text: str
    route: Route
    kind: Kind = Kind.PACKAGE
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    optional: bool = False
    index: str | None = None
    detail: str | None = None
    overrides: bool = False
    excluded: bool = False


def name(doc: Document) -> str | None:
    """The project's name, normalized; None if it has none. Raises Malformed."""
    stated = doc.toml.dig("project", "name").maybe_text() or doc.toml.dig("tool", "poetry", "name").maybe_text()
    return normalized(stated) if stated else None


def requires_python(doc: Document) -> tuple[str, Route] | None:
    """The range of Python versions as a PEP 440 specifier, and where it is. Raises Malformed."""
    own = doc.toml.dig("project", "requires-python")
    if own.exists:
        return own.text().strip(), own.route
    poetry = doc.toml.dig("tool", "poetry", "dependencies", "python")
    if not poetry.exists:
        return None
    return poetry_text.specifier(poetry), poetry.route


def declarations(doc: Document) -> Iterator[Declared | Unread]:
    """Everything that the project requires, by table; a malformed entry is an Unread, and the rest is read."""
    sections: tuple[Callable[[Document], Iterator[Declared | Unread]], ...] = (
        _project,
        _groups,
        _poetry,
        _uv,
        _build_system,
    )
    for section in sections:
        yield from _guarded(doc, section)


def _guarded(doc: Document, section: Callable[[Document], Iterator[Declared | Unread]]) -> Iterator[Declared | Unread]:
    try:
        yield from section(doc)
    except Malformed as error:
        yield doc.unread(str(error), doc.at(*error.route))


def _each(
    doc: Document,
    listed: Node,
    kind: Kind = Kind.PACKAGE,
    groups: tuple[str, ...] = (),
    extras: tuple[str, ...] = (),
    detail: str | None = None,
    *,
    may_hold_tables: bool = False,
) -> Iterator[Declared | Unread]:
    """The requirements in a list; tables in it are not theirs, and a list that is not one is an Unread."""
    skips_tables = may_hold_tables or bool(groups)

    def read(node: Node) -> Iterator[Declared]:
        yield Declared(text=node.text(), route=node.route, kind=kind, groups=groups, extras=extras, detail=detail)

    def members(_: Document) -> Iterator[Declared | Unread]:
        yield from doc.guarded((member for member in listed.each() if not (skips_tables and member.is_table)), read)

    yield from _guarded(doc, members)


def _project(doc: Document) -> Iterator[Declared | Unread]:
    project = doc.toml.get("project")
    if not project.exists:
        return
    yield from _each(doc, project.get("dependencies"))
    for extra, node in project.get("optional-dependencies").items():
        yield from _each(doc, node, extras=(normalized(extra),))


def _groups(doc: Document) -> Iterator[Declared | Unread]:
    includes, problems = _includes(doc)
    yield from problems
    reached = {group: _reached(group, includes) for group in includes}
    yield from _wrong_includes(doc, includes, reached)
    holders: dict[str, list[str]] = {}
    for group in includes:
        for target in sorted(reached[group] - {group}):
            holders.setdefault(target, []).append(group)
    for group, node in doc.toml.get("dependency-groups").items():
        called = normalized(group)
        yield from _each(doc, node, groups=(called, *holders.get(called, ())))


Includes = Mapping[str, Mapping[str, Node]]
"""For every group the groups that it includes, each with the node that says so."""


def _includes(doc: Document) -> tuple[Includes, list[Unread]]:
    includes: dict[str, dict[str, Node]] = {}
    problems: list[Unread] = []
    for group, node in doc.toml.get("dependency-groups").items():
        own = includes.setdefault(normalized(group), {})
        for member in node.each() if node.is_list else ():
            try:
                if member.is_table:
                    own[normalized(member.get("include-group").text())] = member.get("include-group")
            except Malformed as error:
                problems.append(doc.unread(str(error), doc.at(*error.route)))
    return includes, problems


def _wrong_includes(doc: Document, includes: Includes, reached: Mapping[str, set[str]]) -> Iterator[Unread]:
    """Includes of groups that are not there, and of groups that lead back (PEP 735 forbids both)."""
    for group, include in includes.items():
        for target, node in include.items():
            if target not in includes:
                yield doc.unread(f"there is no dependency group `{target}`", doc.at(*node.route), what=target)
            elif target == group or group in reached[target]:
                yield doc.unread(f"the dependency group `{group}` includes itself", doc.at(*node.route), what=target)


def _reached(start: str, includes: Includes) -> set[str]:
    """The groups that a group includes, at any remove. Raises BudgetExceeded."""
    reached: set[str] = set()
    waiting = list(includes.get(start, ()))
    while waiting:
        spend(INCLUDES)
        group = waiting.pop()
        if group not in reached:
            reached.add(group)
            waiting.extend(includes.get(group, ()))
    return reached


def _poetry(doc: Document) -> Iterator[Declared | Unread]:
    poetry = doc.toml.dig("tool", "poetry")
    if not poetry.exists:
        return
    # Poetry 2: where [project] has the dependencies, the table of the tool only states where they come from.
    if not declares_dependencies(doc):
        yield from _poetry_table(doc, poetry.get("dependencies"), (), _extras_of(poetry_extras(doc)))
    yield from _poetry_table(doc, poetry.get("dev-dependencies"), ("dev",), {})
    held_by = _poetry_inclusions(poetry)
    for group, node in poetry.get("group").items():
        called = normalized(group)
        yield from _poetry_table(doc, node.get("dependencies"), (called, *held_by.get(called, ())), {})


def _extras_of(offered: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """For each package the extras that hold it."""
    extras_by_package: dict[str, dict[str, None]] = {}
    for extra, packages in offered.items():
        for package in packages:
            extras_by_package.setdefault(package, {})[extra] = None
    return {package: tuple(names) for package, names in extras_by_package.items()}


def declares_dependencies(doc: Document) -> bool:
    """Whether `[project]` lists dependencies or extras of its own, and leaves none to a tool. Raises Malformed."""
    project = doc.toml.get("project")
    left_to_tool = project.exists and "dependencies" in project.get("dynamic").texts()
    return (
        project.exists
        and not left_to_tool
        and (bool(project.get("dependencies").value) or bool(project.get("optional-dependencies").value))
    )


def _poetry_inclusions(poetry: Node) -> dict[str, tuple[str, ...]]:
    inclusions: dict[str, list[str]] = {}
    for group, node in poetry.get("group").items():
        for target in node.get("include-groups").texts():
            inclusions.setdefault(normalized(target), []).append(normalized(group))
    return {group: tuple(holders) for group, holders in inclusions.items()}


def _poetry_table(
    doc: Document, table: Node, groups: tuple[str, ...], offered: Mapping[str, tuple[str, ...]]
) -> Iterator[Declared | Unread]:
    """A table of Poetry's dependencies; `offered` are the extras that hold each package."""

    def read(node: Node) -> Iterator[Declared]:
        called = str(node.route[-1])
        for text, entry in poetry_text.dependency(called, node):
            within = () if groups else offered.get(normalized(called), ())
            optional = entry.is_table and entry.get("optional").flag()
            index = entry.get("source").maybe_text() if entry.is_table else None
            yield Declared(text=text, route=entry.route, groups=groups, extras=within, optional=optional, index=index)

    yield from doc.guarded((node for key, node in table.items() if normalized(key) != "python"), read)


def poetry_extras(doc: Document) -> Mapping[str, tuple[str, ...]]:
    """`[tool.poetry.extras]`: the optional packages that each extra asks for. Raises Malformed."""
    return {
        normalized(extra): tuple(normalized(requirement.leading_name(text)) for text in node.texts())
        for extra, node in doc.toml.dig("tool", "poetry", "extras").items()
    }


_UV_BOUNDS = (
    ("constraint-dependencies", "a constraint", ()),
    ("build-constraint-dependencies", "a constraint on builds", ("build-system",)),
)


def _uv(doc: Document) -> Iterator[Declared | Unread]:
    uv = doc.toml.dig("tool", "uv")
    if not uv.exists:
        return
    yield from _each(doc, uv.get("dev-dependencies"), groups=("dev",))
    for key, words, groups in _UV_BOUNDS:
        yield from _each(doc, uv.get(key), Kind.BOUND, groups, detail=words)
    for entry in _each(doc, uv.get("override-dependencies"), Kind.BOUND, detail="an override", may_hold_tables=True):
        yield replace(entry, overrides=True) if isinstance(entry, Declared) else entry
    for entry in _each(doc, uv.get("exclude-dependencies"), Kind.BOUND, detail="excluded", may_hold_tables=True):
        yield replace(entry, overrides=True, excluded=True) if isinstance(entry, Declared) else entry


def _build_system(doc: Document) -> Iterator[Declared | Unread]:
    yield from _each(doc, doc.toml.dig("build-system", "requires"), groups=("build-system",))


def dependency_groups(doc: Document) -> tuple[str, ...]:
    """The names of all dependency groups, PEP 735's, Poetry's and uv's `dev`, each once. Raises Malformed."""
    tool = doc.toml.get("tool")
    groups = [group for group, _ in doc.toml.get("dependency-groups").items()]
    groups += [group for group, _ in tool.dig("poetry", "group").items()]
    groups += (
        ["dev"] if tool.dig("poetry", "dev-dependencies").exists or tool.dig("uv", "dev-dependencies").exists else []
    )
    return tuple(dict.fromkeys(normalized(group) for group in groups))


def default_groups(doc: Document) -> tuple[str, ...]:
    """The groups that the project's own tool installs when none is named. Raises Malformed.

    Poetry: every group not `optional`; uv: `default-groups` (a list or `"all"`), else `dev` if there is one.
    """
    groups = dependency_groups(doc)
    poetry = doc.toml.dig("tool", "poetry", "group")
    if doc.toml.dig("tool", "poetry").exists:
        optional = {normalized(group) for group, node in poetry.items() if node.get("optional").flag()}
        return tuple(group for group in groups if group not in optional)
    chosen = doc.toml.dig("tool", "uv", "default-groups")
    if chosen.is_text and chosen.value == "all":
        return groups
    named = tuple(normalized(group) for group in chosen.texts()) if chosen.exists else UV_DEFAULT_GROUPS
    return tuple(group for group in named if group in groups)


def extras(doc: Document) -> tuple[str, ...]:
    """The names of the extras that the project offers. Raises Malformed."""
    own = [extra for extra, _ in doc.toml.dig("project", "optional-dependencies").items()]
    return tuple(dict.fromkeys(normalized(extra) for extra in (*own, *poetry_extras(doc))))


def poetry_groups(doc: Document) -> Mapping[str, tuple[Edge, ...]]:
    """What each group of a Poetry project requires; its own dependencies are the group `main`. Raises Malformed."""
    edges_by_group: dict[str, list[Edge]] = {}
    for edge in edges(doc):
        if edge.when_group != "build-system":
            edges_by_group.setdefault(edge.when_group or "main", []).append(edge)
    return {group: tuple(members) for group, members in edges_by_group.items()}


def edges(doc: Document) -> tuple[Edge, ...]:
    """What the project requires, an edge for every extra and group that asks; bounds are left out."""
    return tuple(edge for entry in declarations(doc) if isinstance(entry, Declared) for edge in _edges(entry))


def _edges(entry: Declared) -> Iterator[Edge]:
    if entry.kind is Kind.BOUND or (entry.optional and not entry.extras):
        return
    spend(EDGES, max(len(entry.groups), 1) * max(len(entry.extras), 1))
    for group in entry.groups or (None,):
        for extra in entry.extras or (None,):
            edge = requirement.edge(entry.text, when_extra=extra, when_group=group)
            if edge is not None:
                yield edge


def root(doc: Document, *, with_edges: bool = True) -> Root:
    """The project as the root of a graph; `with_edges` where no lock states what it requires. Raises Malformed."""
    python = requires_python(doc)
    return Root(
        name=name(doc) or "project",
        edges=tuple(edge for edge in edges(doc) if edge.when_group != "build-system") if with_edges else (),
        extras=extras(doc),
        groups=dependency_groups(doc),
        default_groups=default_groups(doc),
        requires_python=python[0] if python else None,
        at=doc.at(*_identity(doc)),
    )


def _identity(doc: Document) -> Route:
    for route in (("project", "name"), ("tool", "poetry", "name")):
        if doc.toml.dig(*route).exists:
            return route
    return ()
