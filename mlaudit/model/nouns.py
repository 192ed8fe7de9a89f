"""The nouns that every stage speaks of: frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from mlaudit.model.artifacts import Artifact, ProjectPart, Recorded
from mlaudit.model.fixes import Change, Edit, Fix
from mlaudit.model.lazy_dataclass import dataclass, field, states_nothing_rare
from mlaudit.model.scales import Distance, Kind, Layer, Role, Severity, State, Strength, Verdict

__all__ = [
    "Artifact",
    "Change",
    "Conflict",
    "Distance",
    "Edge",
    "Edit",
    "Evidence",
    "Fact",
    "Fix",
    "Include",
    "InstallSelection",
    "Kind",
    "Layer",
    "Pin",
    "Place",
    "Problem",
    "ProjectPart",
    "Reading",
    "Recorded",
    "Role",
    "Root",
    "Severity",
    "State",
    "Statement",
    "Strength",
    "Target",
    "Unread",
    "Verdict",
    "Waiver",
]

LAST_KERNEL = "the kernel"
"""The detail of a Python that only the kernel had which last ran a notebook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is: `line` and `column` count from 1, `start` and `end` are offsets in the decoded text.

    The text between the offsets is the value that states it, as it is written, with its quotes where the format has
    some: the version where that has a value of its own, else the requirement, else the name. `line` and `column` are
    those of `start`.
    """

    path: str
    line: int | None = None
    column: int | None = None
    start: int | None = None
    end: int | None = None

    def __str__(self) -> str:
        """The clickable form, `path:line:column`."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)

    @property
    def at_line(self) -> str:
        """The clickable form without the column: `path:line`."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One requirement of a package on another, as a lock or metadata file states it.

    `version` and `origin` are set only where the lock needs them to tell forks apart; `when_extra` and `when_group`
    name the extra or dependency group of the *requiring* package that activates the edge. `specifier` is the
    declared range, where the file shows it.
    """

    name: str
    version: str | None = None
    origin: str | None = None
    specifier: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    when_extra: str | None = None
    when_group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where the walk of a document's graph begins: a workspace member, or a named part (stage, environment, platform).

    Attributes:
        name: the member, stage or environment.
        kind: the word that chooses it behind `#`: `package`, `stage`, `environment`.
        default: taken when the user names none.
        edges: what it requires, with the extra or group that activates each edge; empty for parts whose pins name
            their part themselves (`Pin.parts`).
        extras: the extras it offers.
        groups: the dependency groups it offers.
        default_groups: groups that its own tool installs when none is named.
        has_runtime_defaults: whether the default groups hold what runs, as those of pylock.toml do, rather than what
            developers want besides; they are then selected for every target.
        requires_python: its range of Python versions, as a PEP 440 specifier.
    """

    name: str
    kind: str = "package"
    default: bool = True
    edges: tuple[Edge, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    default_groups: tuple[str, ...] = ()
    has_runtime_defaults: bool = False
    requires_python: str | None = None
    at: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One statement about one thing in one place.

    Attributes:
        name: as its ecosystem writes it, normalized (`pytorch` in a conda file).
        package: the row it belongs to (`torch`).
        version: an exact version, or None; never the end of a range.
        specifier: the range, where the statement is no exact version; None means that any version will do.
        variant: the build part that is known (`cu124`, `cpu`), or None.
        extras: extras of the package that the statement asks for (`ray[serve]`).
        under_extras: extras of the *declaring* project that bring it; empty means always.
        groups: dependency groups that it is in (`main`, `dev`); empty means always.
        ecosystem: whose name `name` is: `pypi`, `conda` or `import`.
        source: `index`, `git`, `url` or `path`.
        origin: the index, repository or path, credentials masked; part of a locked package's identity.
        platforms: conda platforms (`linux-64`) it is for; empty means every one.
        parts: names of the roots (stages, environments) it belongs to; empty means every one.
        requires: edges to what it needs.
        step: at which install of a recipe it is; the last one wins.
        optional: installed only when an edge or extra asks for it.
        artifact: for kind `artifact`: what the file states about itself.
        recorded: for layer `recorded`: how the artifact shows it.
        detail: a few words that a reader of the report needs (`RandomForestClassifier`, an editable's path).
        overrides: a bound that replaces the ranges that others declare instead of narrowing them; `optional` then says
            that the package is excluded.
        replaced: what an override of the declaring project stands for; other projects that require it get this.
        without_requirements: its install brings nothing of what it requires (`--no-deps`).
    """

    name: str
    package: str
    at: Place
    version: str | None = None
    specifier: str | None = None
    variant: str | None = None
    layer: Layer = Layer.DECLARED
    kind: Kind = Kind.PACKAGE
    marker: str | None = None
    extras: tuple[str, ...] = ()
    under_extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    ecosystem: str = "pypi"
    source: str = "index"
    origin: str | None = None
    hashes: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    requires: tuple[Edge, ...] = ()
    requires_python: str | None = None
    step: int = 0
    optional: bool = False
    derived_from: Place | None = None
    artifact: Artifact | None = None
    recorded: Recorded | None = None
    detail: str | None = None
    overrides: bool = False
    replaced: Pin | None = None
    without_requirements: bool = False

    __rare__ = (
        ("marker", "groups", "origin", "hashes", "requires"),
        ("variant", "extras", "under_extras", "ecosystem", "source", "platforms", "parts", "requires_python", "step",
         "optional", "derived_from", "artifact", "recorded", "detail", "overrides", "replaced", "without_requirements"),
    )  # fmt: skip
    is_plain = states_nothing_rare()

    @property
    def strength(self) -> Strength | None:
        """How an artifact shows it, None for what no artifact records."""
        return self.recorded.strength if self.recorded is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSelection:
    """Which part of a project a command installs (`uv sync --extra cpu --no-dev`).

    Attributes:
        extras, groups: asked for by name.
        all_extras, all_groups: every one that the project offers.
        without: extras and groups that are left out, whatever else selects them.
        default_groups: whether the groups come too that the tool installs unasked.
        own: whether the project's own dependencies are installed (not by `--only-group`).
        parts: member, stage or environment, by the word that chooses it.
        exact: whether the command takes away what earlier ones installed.
    """

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    all_extras: bool = False
    all_groups: bool = False
    without: tuple[str, ...] = ()
    default_groups: bool = False
    own: bool = True
    parts: tuple[tuple[str, str], ...] = ()
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """A document that another one pulls in at this point.

    Attributes:
        constraint: everything in it is a bound.
        overrides: those bounds replace what others declare.
        selection: which part of it; None for all that it says.
        attached: it is a lock, which keeps a graph of its own: it becomes a reading beside the including one.
        values: variables that are known where it is included.
        without_requirements: nothing of what it names brings what it requires, as of a pin.
    """

    target: str
    at: Place
    constraint: bool = False
    format: str | None = None
    step: int = 0
    groups: tuple[str, ...] = ()
    under_extras: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    selection: InstallSelection | None = None
    attached: bool = False
    overrides: bool = False
    values: tuple[tuple[str, str], ...] = ()
    without_requirements: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something a document states of itself rather than of a package.

    Keys: `platform` (`linux`), `machine` (`x86_64`), `implementation` (`cpython`), `complete` (`yes`, `no`: overrides
    the parser's own word), `index` (the package index of what follows, masked), `default-index` (the one that
    stands for the usual index, masked; an `index` too), `note` (said to the user as it is).
    """

    key: str
    value: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Members of a project of which a lock states that no two can be installed together."""

    members: tuple[ProjectPart, ...]
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An inline `# mlaudit: ignore[CODE] reason`; it covers pins and bounds on its own line."""

    codes: tuple[str, ...]
    reason: str
    at: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something seen and not understood.

    Attributes:
        what: the text, masked and cut to 200 characters.
        why: a sentence part that shows the user what is wrong and what was expected.
        package: the row it would have belonged to, if that is known.
        template: it is a template or variable that has no value here.
        whole: nothing of the document could be read.
        exhausted: a limit on its work is used up; what was read until then counts.
        step: the install of a recipe to which it belongs, as of a pin; 0 where it is of none.
        parts: names of the roots it belongs to, as of a pin.
    """

    at: Place
    why: str
    what: str = ""
    package: str | None = None
    template: bool = False
    whole: bool = False
    exhausted: bool = False
    step: int = 0
    parts: tuple[str, ...] = ()


Statement = Root | Pin | Include | Fact | Conflict | Waiver | Unread


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reading:
    """What a parser understood of one document, in the order of the document.

    `attached` are locks that its commands install from, each with the include that states which part of it.
    """

    path: str
    format: str
    complete: bool
    roots: tuple[Root, ...] = ()
    pins: tuple[Pin, ...] = ()
    includes: tuple[Include, ...] = ()
    facts: tuple[Fact, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    unread: tuple[Unread, ...] = ()
    attached: tuple[tuple[Include, Reading], ...] = ()

    def __repr__(self) -> str:
        return f"<Reading {self.path} ({self.format}): {len(self.pins)} pins, {len(self.unread)} unread>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The machine an environment is for.

    Attributes:
        pythons: `3.11.7` (known to the patch), `3.11` (every patch release), or several minors where only a range
            is known.
        platform: `linux`, `darwin` or `win32` (`sys.platform`).
        machine: `x86_64`, `aarch64`, `arm64`, `AMD64`.
        extras, groups: asked for by the user.
        default_groups: whether the groups that a tool installs by default are selected too.
        parts: what `#package=`, `#stage=`, `#environment=` chose, by that word.
        own: whether the dependencies count that are in no group and under no extra.
        without: extras and groups that are left out, whatever else asks for them.
        assumed: which of `python`, `platform`, `machine` nobody stated.
    """

    pythons: tuple[str, ...] = ()
    platform: str = "linux"
    machine: str = "x86_64"
    implementation: str = "cpython"
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    default_groups: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)
    own: bool = True
    without: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why something is believed: an address or a repeatable measurement, and the day it was checked."""

    source: str
    checked: str
    measured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something asked of a target that its sources do not offer; `str()` is a sentence for the user.

    Attributes:
        about: the fact in words that a fingerprint is made of; empty if the sentence is only said.
    """

    says: str
    at: Place | None = None
    about: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING

    def __str__(self) -> str:
        """The sentence, and the place behind it."""
        return f"{self.says} ({self.at})" if self.at else self.says
