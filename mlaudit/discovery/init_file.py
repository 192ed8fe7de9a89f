"""The commented `mlaudit.toml` that a discovery amounts to, and how to declare what it could not see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery
from mlaudit.discovery.model_files import loaders
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.secrets import masked

MAX_EVIDENCE = 5
"""Grounds for one environment that are written down."""
_BARE_KEY = lazy_pattern(r"[A-Za-z0-9_-]+")

_HEAD = """\
# mlaudit: which environments there are, and which of them must fit together.
# Written by `mlaudit init` from what installs, what runs and what the code writes and reads: correct what is wrong.

# The mildest severity that fails a run: "error", "warning", "info" or "never".
fail-on = "error"

# The machine, where the sources do not state it themselves.
# target = { python = "3.11", platform = "linux-x86_64" }

# Packages to watch besides those that models and numbers depend on.
# packages = ["our-feature-library"]
"""

_EMPTY = """
# Nothing that states versions was found here. An environment looks like this:
#
# [environments.training]
# sources = ["training/uv.lock"]
#
# [environments.serving]
# sources = ["serving/requirements.txt", "serving/Dockerfile"]
# follows = "training"            # what training writes, serving reads
"""

_TAIL = """
# For a fleet: one pair of environments per match.
# [[pairs]]
# training = "services/*/train"
# serving = "services/*/serve"

# Files that must be the same on every side.
# [[same]]
# files = ["training/features.py", "serving/features.py"]

# Another severity for a rule (`mlaudit explain MLA002` says what it finds).
# [severity]
# MLA002 = "info"

# A difference that you accept: the reason is required, and after `until` it is reported again.
# [[ignore]]
# package = "pandas"
# code = "MLA001"
# environment = "serving"
# reason = "serving only formats timestamps with it"
# until = 2027-03-31
"""


def render(discovery: Discovery) -> str:
    """The text of a `mlaudit.toml` that declares what was discovered."""
    sections = [_environment(environment, discovery) for environment in discovery.environments]
    return "".join((_HEAD, *(sections or [_EMPTY]), _ignored(discovery), _TAIL))


def how_to_declare(discovery: Discovery) -> str:
    """Two lines for a user whose environments were found, but not who reads what; empty if pairs were found."""
    if discovery.pairs or len(discovery.environments) < 2:
        return ""
    first, second = (environment.name for environment in discovery.environments[:2])
    return (
        "No two of these were compared: nothing in their names says which one writes what the other reads.\n"
        f"Say it with `mlaudit init` and `follows`, for instance follows = {quoted(first)} under {quoted(second)}."
    )


def quoted(text: str) -> str:
    """A TOML basic string (https://toml.io/en/v1.0.0#string); half a surrogate pair has no form there and is U+FFFD."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    return "\ufffd" if "\ud800" <= sign <= "\udfff" else f"\\U{ord(sign):08X}"


def _comment(text: str) -> str:
    """A comment that shows no credential: what it names may be an address."""
    return "# " + "".join(sign if sign.isprintable() else "\ufffd" for sign in masked(text)) + "\n"


def _environment(environment: DiscoveredEnvironment, discovery: Discovery) -> str:
    return "".join(("\n", *_about(environment), *_keys(environment, discovery)))


def _about(environment: DiscoveredEnvironment) -> Iterator[str]:
    if environment.reason:
        yield _comment(f"Role {environment.role}: {environment.reason}.")
    unread = [path for path in environment.covered if path not in environment.documents]
    if unread:
        yield _comment(f"Not read, since the first source takes precedence: {', '.join(unread)}.")
    for observation in environment.evidence[:MAX_EVIDENCE]:
        # Masked before it is cut, so that no part of a credential is left of it.
        yield _comment(masked(str(observation))[:200])


def _keys(environment: DiscoveredEnvironment, discovery: Discovery) -> Iterator[str]:
    yield f"[environments.{_key(environment.name)}]\n"
    if environment.role:
        yield f"role = {quoted(environment.role)}\n"
    yield f"sources = {_list(environment.documents)}\n"
    loaded = [path for path, _ in environment.loads if environment.name in loaders(path, discovery)]
    if loaded:
        yield f"reads = {_list(loaded)}\n"
    if environment.follows:
        yield f"follows = {_list(environment.follows)}\n"
        yield from _crossing_keys(environment, discovery)
    elif environment in discovery.unpaired and len(discovery.environments) > 1:
        yield '# follows = "NAME"               # the environment that writes what this one reads\n'


def _crossing_keys(environment: DiscoveredEnvironment, discovery: Discovery) -> Iterator[str]:
    """What crosses to an environment, with where both sides name it; that a pair is a guess."""
    pairs = [pair for pair in discovery.pairs if pair.reader == environment.name]
    for pair in pairs:
        for artifact in pair.crosses[:MAX_EVIDENCE]:
            yield _comment(
                f"{pair.writer} writes {artifact.artifact} ({artifact.form}): {artifact.written} -> {artifact.read}"
            )
    if environment.guessed or (pairs and not any(pair.certain for pair in pairs)):
        known = any(pair.crosses for pair in pairs)
        why = "It is likely that these are a pair, and not certain" if known else "Only names suggest this pair"
        yield f"# {why}: delete the next line if it is right, and its findings count in full.\n"
        yield "guessed = true\n"
    kinds = [f"{_key(pair.writer)} = {_list(pair.kinds)}" for pair in pairs if pair.kinds]
    if kinds:
        yield f"crosses = {{ {', '.join(kinds)} }}\n"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else quoted(name)


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"


def _ignored(discovery: Discovery) -> str:
    if not discovery.ignored:
        return ""
    lines = (_comment(f"  {entry.path}: {entry.why}") for entry in discovery.ignored)
    return "".join(("\n# Left out:\n", *lines))
