"""`mlaudit.toml` or `[tool.mlaudit]` of pyproject.toml → Settings; what is not understood is an error at its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node, Route
from mlaudit.model.errors import MlauditError, Unreadable
from mlaudit.model.nouns import Place, Severity
from mlaudit.request.config_values import (
    OtherEnvironments,
    UnknownKey,
    artifact_kind,
    converted_text,
    crossing_kinds,
    day_of,
    is_given,
    known_table,
    leaders_of,
    level_of,
    meant,
    required_text,
    required_texts,
    specifier_of,
)
from mlaudit.request.settings import (
    BannedRow,
    EnvironmentSettings,
    GroupRule,
    IgnoreRow,
    PairSettings,
    SameSettings,
    Selection,
    Settings,
    SeverityRow,
    TargetSettings,
    VersionGroup,
    platform_and_machine,
    python_version,
)

if TYPE_CHECKING:
    from mlaudit.document.positions import Locator

OWN_FILE = "mlaudit.toml"
SHARED_FILE = "pyproject.toml"
_PREFIX = ("tool", "mlaudit")
_FORBIDDEN_IN_NAMES = "=,#"

T = TypeVar("T")


class ConfigError(MlauditError):
    """The configuration cannot be used: `at` is where, `why` says what was expected."""

    def __init__(self, at: Place, why: str) -> None:
        super().__init__(f"{at}: {why}")
        self.at = at
        self.why = why


def find_configuration(folders: Iterable[str], ask: Callable[[str], Document | None]) -> Document | None:
    """The configuration that applies: the nearest folder's, `mlaudit.toml` before `[tool.mlaudit]` of a pyproject.toml.

    Args:
        folders: from the audited folder up to the repository's root, each as a prefix (`""`, `"../"`, `"../../"`).
        ask: gives the document at a path, None if there is none.
    """
    for folder in folders:
        own = ask(folder + OWN_FILE)
        if own is not None:
            return own
        shared = ask(folder + SHARED_FILE)
        if shared is not None and _configures(shared):
            return shared
    return None


def _configures(document: Document) -> bool:
    try:
        return "mlaudit" in document.text and document.toml.dig(*_PREFIX).exists
    except Malformed:
        return False
    except Unreadable:
        # A broken file that speaks of mlaudit is taken, so that loading it reports what is broken.
        return b"tool.mlaudit" in _bytes(document)


def _bytes(document: Document) -> bytes:
    """What the document holds, nothing if it cannot be read."""
    try:
        return document.data
    except Unreadable:
        return b""


def load(document: Document, *, path: str | None = None, codes: Collection[str] = ()) -> Settings:
    """The settings of a configuration file. Raises ConfigError.

    Args:
        document: the file; in one named `pyproject.toml` the table `[tool.mlaudit]` counts, in any other the whole.
        path: under which it is reported, `document.path` where None.
        codes: codes and names of all rules; where given, every code in the file must be one of them.
    """
    return _Loader(document, path or document.path, frozenset(codes)).settings()


_LEVELS: Mapping[str, Severity | None] = {level.value: level for level in Severity}
_FAIL_ON: Mapping[str, Severity | None] = {**_LEVELS, "never": None}


class _Loader:
    """One configuration file on its way to Settings."""

    def __init__(self, document: Document, path: str, codes: frozenset[str]) -> None:
        self._document = document
        self._path = path
        self._codes = codes
        self._prefix = _PREFIX if path.rpartition("/")[2] == SHARED_FILE else ()

    def settings(self) -> Settings:
        try:
            return self._settings(self._table())
        except Unreadable as error:
            place = Place(path=self._path, line=error.line, column=error.column)
            raise ConfigError(place, error.why) from None
        except Malformed as error:
            raise ConfigError(self._at(error.route, key=isinstance(error, UnknownKey)), str(error)) from None

    def _table(self) -> Node:
        node = self._document.toml.dig(*self._prefix)
        if not node.exists:
            return Node({}, self._prefix)
        if not self._prefix and Node(node.table().get("tool")).is_table and node.dig(*_PREFIX).exists:
            raise UnknownKey("only a pyproject.toml has [tool.mlaudit]; here the keys are at the top level", _PREFIX)
        return node

    @cached_property
    def _locator(self) -> Locator:
        from mlaudit.document.positions import toml_locator

        return toml_locator(self._document.text)

    def _at(self, route: Route, *, key: bool = False) -> Place:
        """The place of the value (or key) at a route, or of the nearest table around it."""
        locator = self._locator
        for length in range(len(route), 0, -1):
            part = route[:length]
            span = (locator.key(*part) if key else None) or locator.at(*part)
            if span is not None:
                return Place(path=self._path, line=span.line, column=span.column, start=span.start, end=span.end)
        return Place(path=self._path)

    def _settings(self, node: Node) -> Settings:
        known_table(node, _KEYS)
        fail_on = node.get("fail-on")
        return Settings(
            path=self._path,
            fail_on=level_of(fail_on, _FAIL_ON) if fail_on.exists else Severity.ERROR,
            target=self._target(node.get("target")),
            environments=tuple(self._environments(node.get("environments"))),
            pairs=tuple(map(self._pair, node.get("pairs").each())),
            same=tuple(map(self._same, node.get("same").each())),
            severities=(
                *(self._severity(*item) for item in node.get("severity").items()),
                *map(self._severity_for, node.get("severity-for").each()),
            ),
            ignores=tuple(map(self._ignore, node.get("ignore").each())),
            version_groups=tuple(map(self._version_group, node.get("version-groups").each())),
            banned=tuple(map(self._banned, node.get("banned").each())),
            packages=required_texts(node.get("packages")),
            select=tuple(self._code(code, beginning=True) for code in node.get("select").each()),
            ignore_codes=tuple(self._code(code, beginning=True) for code in node.get("ignore-codes").each()),
            defines={name: value.text() for name, value in node.get("define").items()},
        )

    def _target(self, node: Node) -> TargetSettings:
        if not node.exists:
            return TargetSettings()
        known_table(node, ("python", "platform"))
        platform, machine = converted_text(node.get("platform"), platform_and_machine) or (None, None)
        python = converted_text(node.get("python"), python_version)
        return TargetSettings(python=python, platform=platform, machine=machine, at=self._at(node.route))

    def _environments(self, node: Node) -> Iterator[EnvironmentSettings]:
        declared = frozenset(node.table()) if node.exists else frozenset()
        for name, table in node.items():
            if not name.strip() or any(sign in _FORBIDDEN_IN_NAMES or not sign.isprintable() for sign in name):
                raise UnknownKey("an environment's name is printable text without =, comma and #", table.route)
            yield self._environment(name, known_table(table, _ENVIRONMENT_KEYS), OtherEnvironments(declared, name))

    def _environment(self, name: str, node: Node, others: OtherEnvironments) -> EnvironmentSettings:
        sources = list(node.get("sources").each())
        if not sources:
            raise Malformed(f'environment "{name}" has no sources; name its lock or requirements file', node.route)
        return EnvironmentSettings(
            name=name,
            at=self._at(node.route),
            role=node.get("role").maybe_text() or name,
            sources=tuple(map(required_text, sources)),
            source_places=tuple(self._at(source.route) for source in sources),
            follows=tuple(leaders_of(node.get("follows"), others)),
            extras=required_texts(node.get("extras")),
            groups=required_texts(node.get("groups")),
            target=self._target(node.get("target")),
            writes=required_texts(node.get("writes")),
            reads=required_texts(node.get("reads")),
            artifact_kinds=tuple(map(artifact_kind, node.get("artifact-kinds").each())),
            crosses=crossing_kinds(node.get("crosses"), others),
            guessed=node.get("guessed").flag() if node.get("guessed").exists else False,
        )

    def _pair(self, node: Node) -> PairSettings:
        known_table(node, ("training", "serving"))
        return PairSettings(
            training=required_text(node.get("training")),
            serving=required_text(node.get("serving")),
            at=self._at(node.route),
        )

    def _same(self, node: Node) -> SameSettings:
        files = required_texts(known_table(node, ("files",)).get("files"))
        if len(files) < 2:
            raise Malformed("expected at least two files that must be the same", (*node.route, "files"))
        return SameSettings(files=files, at=self._at(node.route))

    def _code(self, node: Node, *, beginning: bool = False) -> str:
        """A rule's code or name; with `beginning` the first letters of codes will do (`MLA1`)."""
        text = required_text(node)
        if not self._codes or text in self._codes:
            return text
        if beginning and text.startswith("MLA") and any(code.startswith(text) for code in self._codes):
            return text
        raise Malformed(f'"{text[:40]}" is no rule{meant(text, self._codes)}', node.route)

    def _severity(self, code: str, node: Node) -> SeverityRow:
        try:
            self._code(Node(code, node.route))
        except Malformed as error:
            raise UnknownKey(error.why, node.route) from None
        return self._severity_row(Selection(code=code), node)

    def _severity_for(self, node: Node) -> SeverityRow:
        known_table(node, (*_SELECTION_KEYS, "level"))
        if not node.get("level").exists:
            required_text(node.get("level"))
        return self._severity_row(self._selection(node), node.get("level"))

    def _severity_row(self, selection: Selection, level: Node) -> SeverityRow:
        severity = level_of(level, _LEVELS) or Severity.INFO
        return SeverityRow(selection=selection, level=severity, at=self._at(level.route))

    def _selection(self, node: Node) -> Selection:
        """What a row selects. Raises Malformed where it would select everything."""
        if not any(node.get(key).exists for key in _SELECTION_KEYS):
            raise Malformed(f"expected at least one of {', '.join(_SELECTION_KEYS)}", node.route)
        return Selection(
            package=node.get("package").maybe_text(),
            code=self._code(node.get("code")) if node.get("code").exists else None,
            environment=node.get("environment").maybe_text(),
        )

    def _ignore(self, node: Node) -> IgnoreRow:
        known_table(node, (*_SELECTION_KEYS, "reason", "until"))
        return IgnoreRow(
            selection=self._selection(node),
            reason=required_text(node.get("reason")),
            until=day_of(node.get("until")),
            at=self._at(node.route),
        )

    def _version_group(self, node: Node) -> VersionGroup:
        known_table(node, ("packages", *_GROUP_RULES, "environments", "reason"))
        packages = required_texts(node.get("packages"))
        if not packages:
            raise Malformed("expected at least one package", (*node.route, "packages"))
        rules = [rule for key, rule in _GROUP_RULES.items() if is_given(node.get(key))]
        if len(rules) != 1:
            raise Malformed('expected exactly one of together = true, may-differ = true, follows = "NAME"', node.route)
        return VersionGroup(
            packages=packages,
            rule=rules[0],
            follows=node.get("follows").maybe_text(),
            environments=required_texts(node.get("environments")),
            reason=node.get("reason").maybe_text() or "",
            at=self._at(node.route),
        )

    def _banned(self, node: Node) -> BannedRow:
        known_table(node, ("package", "versions", "environment", "reason"))
        return BannedRow(
            package=required_text(node.get("package")),
            versions=converted_text(node.get("versions"), specifier_of),
            environment=node.get("environment").maybe_text(),
            reason=required_text(node.get("reason")),
            at=self._at(node.route),
        )


_KEYS = (
    "banned",
    "define",
    "environments",
    "fail-on",
    "ignore",
    "ignore-codes",
    "packages",
    "pairs",
    "same",
    "select",
    "severity",
    "severity-for",
    "target",
    "version-groups",
)
_ENVIRONMENT_KEYS = (
    "artifact-kinds",
    "crosses",
    "extras",
    "follows",
    "groups",
    "guessed",
    "reads",
    "role",
    "sources",
    "target",
    "writes",
)
_SELECTION_KEYS = ("package", "code", "environment")
_GROUP_RULES: Mapping[str, GroupRule] = {rule.value: rule for rule in GroupRule}
