"""Parsers, rules and reporters find their way here by a decorator: a file in the folder is enough."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from importlib import import_module
from typing import TypeVar

from mlaudit.document import Document
from mlaudit.model import Severity, Statement
from mlaudit.packaged import HOME
from mlaudit.report import Hit, Report

Read = Callable[[Document], Iterable[Statement]]
Sniff = Callable[[Document], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One input format.

    Attributes:
        format: its name in reports and for `--as`, from the module's name (`uv_lock` → `uv-lock`).
        files: glob patterns; one without `/` is held against the file's name, one with `/` against the path's end.
        content: whether a document's content is of this format; asked when the name does not decide.
        complete: whether a document of this format names everything that is installed.
        kind: `text` documents are read whole; `binary` ones by seeking; `tree` ones are folders of files.
        artifact: it is a model artifact, so what it says is `recorded`.
        title: the first line of the module's documentation.
    """

    format: str
    read: Read
    files: tuple[str, ...] = ()
    content: Sniff | None = None
    complete: bool = False
    kind: str = "text"
    artifact: bool = False
    title: str = ""

    def names(self, path: str) -> bool:
        """Whether the path alone says that a document is of this format."""
        return any(_names(pattern, path) for pattern in self.files)

    def places(self, path: str) -> bool:
        """Whether the folders of a path say so too, which is surer than the name of a file alone."""
        return any(_names(pattern, path) for pattern in self.files if "/" in pattern)


def _names(pattern: str, path: str) -> bool:
    whole, text = ("*/" + pattern, "/" + path) if "/" in pattern else (pattern, path.rpartition("/")[2])
    return _has_literals(whole, text) and _glob(whole).match(text) is not None


def _has_literals(pattern: str, text: str) -> bool:
    """Whether the text holds what the pattern spells out: nearly every pattern is ruled out without compiling it."""
    if "[" in pattern:
        return True
    lowered = text.lower()
    return all(piece in lowered for piece in pattern.lower().replace("?", "*").split("*"))


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)


_PARSERS: dict[str, Parser] = {}


def parser(
    *,
    files: Iterable[str] = (),
    content: Sniff | None = None,
    complete: bool = False,
    kind: str = "text",
    artifact: bool = False,
    name: str | None = None,
) -> Callable[[Read], Read]:
    """Register the decorated function as the reader of a format; see `Parser` for the words."""

    def register(read: Read) -> Read:
        module = import_module(read.__module__)
        format_name = name or read.__module__.rpartition(".")[2].replace("_", "-")
        _PARSERS[format_name] = Parser(
            format=format_name,
            read=read,
            files=tuple(files),
            content=content,
            complete=complete,
            kind=kind,
            artifact=artifact,
            title=(module.__doc__ or "").strip().partition("\n")[0],
        )
        return read

    return register


def load(folder: str) -> None:
    """Import every module of `mlaudit.<folder>`, so that its decorators run."""
    package = import_module(f"mlaudit.{folder}")
    for module in _modules(package.__name__, package.__path__):
        import_module(module)


def _modules(prefix: str, path: Iterable[str]) -> Iterator[str]:
    return (f"{prefix}.{module.name}" for module in pkgutil.iter_modules(path) if not module.name.startswith("_"))


@lru_cache(maxsize=1)
def parsers() -> Mapping[str, Parser]:
    """Every input format by its name."""
    load("parsers")
    return dict(sorted(_PARSERS.items()))


def named(path: str, *, tree: bool = False) -> tuple[Parser, ...]:
    """The formats that a path alone tells, of folders of files where `tree` is set.

    Modules that declare other names are not imported: most runs meet two formats of many, and importing all of them
    takes longer than the audit.
    """
    modules = dict.fromkeys(_named_modules(path.rpartition("/")[2]))
    modules.update(dict.fromkeys(module for module, pattern in _path_patterns() if _names(pattern, path)))
    for module in modules:
        import_module(module)
    found = (parser for _, parser in sorted(_PARSERS.items()) if parser.read.__module__ in modules)
    return tuple(parser for parser in found if (parser.kind == "tree") is tree and parser.names(path))


@lru_cache(maxsize=4096)
def _named_modules(name: str) -> tuple[str, ...]:
    """Modules of parsers that may know a file's name; those of which only an import can tell are among them."""
    return tuple(
        module
        for module, patterns in _declared_files().items()
        if patterns is None or any("/" not in pattern and _names(pattern, name) for pattern in patterns)
    )


@lru_cache(maxsize=1)
def _path_patterns() -> tuple[tuple[str, str], ...]:
    return tuple(
        (module, pattern)
        for module, patterns in _declared_files().items()
        for pattern in patterns or ()
        if "/" in pattern
    )


_FILES = re.compile(
    r"^@parser\((?:(?!^def ).)*?\bfiles=(?:\[(?P<list>(?:[\s,]|#[^\n]*|\"[^\"\\]*\")*)\]|(?P<other>\S))",
    re.DOTALL | re.MULTILINE,
)
_TEXT = re.compile(r"\"([^\"\\]*)\"")


@lru_cache(maxsize=1)
def _declared_files() -> Mapping[str, tuple[str, ...] | None]:
    """The patterns that each parser's decorator lists, read off its source; None where only an import can tell."""
    package = import_module("mlaudit.parsers")
    declared: dict[str, tuple[str, ...] | None] = {}
    for module in _modules(package.__name__, package.__path__):
        source = HOME / "parsers" / f"{module.rpartition('.')[2]}.py"
        try:
            text = source.read_text(encoding="utf-8")
        except OSError:
            declared[module] = None
            continue
        found = _FILES.search(text)
        literal = found is not None and found["other"] is None
        declared[module] = tuple(_TEXT.findall(found["list"])) if found and literal else (None if found else ())
    return declared


def parser_of(format_name: str) -> Parser | None:
    """One input format by its name, None where there is none; only its own module is imported."""
    module = f"mlaudit.parsers.{format_name.replace('-', '_')}"
    if format_name not in _PARSERS and module in _modules("mlaudit.parsers", import_module("mlaudit.parsers").__path__):
        import_module(module)
    return _PARSERS.get(format_name) or parsers().get(format_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One judgement.

    Attributes:
        code: `MLA001`; never given to another rule.
        name: kebab case, from the module's name.
        scope: `crossing`, `environment`, `fleet` (sees everything), or `policy` (raised by policy itself).
        severity: the default; a hit may set its own, policy overrides last.
        supersedes: codes of rules whose findings on the same package and environments this one replaces.
        fact: the family of the fact, part of the fingerprint: rules that speak of one fact share it.
        documentation: What it does / Why / Example / Fix / References.
    """

    code: str
    name: str
    scope: str
    severity: Severity
    since: str
    check: Callable[..., Iterable[Hit]]
    supersedes: tuple[str, ...] = ()
    fact: str = ""
    documentation: str = ""


_RULES: dict[str, Rule] = {}
Check = TypeVar("Check", bound=Callable[..., Iterable[Hit]])


def _rule(scope: str) -> Callable[..., Callable[[Check], Check]]:
    def decorator(
        code: str, severity: Severity, *, since: str, supersedes: Iterable[str] = (), fact: str | None = None
    ) -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            name = check.__module__.rpartition(".")[2].replace("_", "-")
            if code in _RULES and _RULES[code].name != name:
                raise ValueError(f"{code} is the code of both {_RULES[code].name} and {name}")
            _RULES[code] = Rule(
                code=code,
                name=name,
                scope=scope,
                severity=severity,
                since=since,
                check=check,
                supersedes=tuple(supersedes),
                fact=fact or name,
                documentation=check.__doc__ or "",
            )
            return check

        return register

    return decorator


crossing_rule = _rule("crossing")
"""Judges one crossing: `check(crossing, audit) -> Iterable[Hit]`."""
environment_rule = _rule("environment")
"""Judges one environment: `check(environment, audit) -> Iterable[Hit]`."""
fleet_rule = _rule("fleet")
"""Judges everything at once: `check(audit) -> Iterable[Hit]`."""
policy_rule = _rule("policy")
"""Words a finding that policy raises; its arguments are policy's own."""


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Every rule by its code."""
    load("rules")
    return dict(sorted(_RULES.items()))


Render = Callable[[Report, "Style"], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a report may look where it goes.

    Attributes:
        colour: the place shows ANSI colours.
        verbose: aligned and unwatched rows are listed too.
        quiet: findings and the summary only.
    """

    colour: bool = False
    verbose: bool = False
    quiet: bool = False


_REPORTERS: dict[str, Render] = {}


def reporter(render: Render) -> Render:
    """Register the decorated function as an output format, named after its module."""
    _REPORTERS[render.__module__.rpartition(".")[2].replace("_", "-")] = render
    return render


def formats() -> tuple[str, ...]:
    """The names of every output format, without importing any of them."""
    package = import_module("mlaudit.reporters")
    return tuple(
        sorted(name.rpartition(".")[2].replace("_", "-") for name in _modules(package.__name__, package.__path__))
    )


def render(name: str) -> Render:
    """The reporter of an output format; only its own module is imported. Raises KeyError."""
    if name not in formats():
        raise KeyError(name)
    import_module(f"mlaudit.reporters.{name.replace('-', '_')}")
    return _REPORTERS[name]
