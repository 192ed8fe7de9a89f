"""conda's match specs (`numpy=1.26`, `conda-forge::faiss[version='>=1.8']`) as names, versions and PEP 440 ranges.

The grammar is that of conda (conda/models/match_spec.py) and rattler (crates/rattler_conda_types/src/match_spec).
"""

from __future__ import annotations

import re
from functools import lru_cache

from mlaudit.grammars.variables import is_template
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.secrets import masked
from mlaudit.model.versions import parsed

MAX_LENGTH = 1024
"""Characters of one match spec; a longer one is not read."""

_TOKEN = lazy_pattern(r"(?:^|(?<=/))t/[^/]{1,512}/(?=.)")
_COMMENT = lazy_pattern(r"(?:^|\s)#.*$")
_CONDITION = lazy_pattern(r"\s*(?:;\s*if|\sif)\s+(.{1,512})$")
_OPTIONAL = lazy_pattern(r"\s*\([^()]{0,256}\)")
_BRACKETS = lazy_pattern(r"\[(.*)\]")
_PAIR = lazy_pattern(r"""\s*([A-Za-z0-9_-]{1,40})\s*=\s*("[^"]*"|'[^']*'|\[[^\]]*\]|[^,\s'"\[\]]+)\s*(?:,|(?=\s)|$)""")
_KEYS = lazy_pattern(
    "arch|build|build_number|channel|condition|extras|features|file_name|flags|fn|license|license_family|md5|name"
    "|namespace|noarch|platform|provides_features|sha256|size|subdir|timestamp|track_features|url|version|when"
)
_NAME = lazy_pattern(r"([A-Za-z0-9_][A-Za-z0-9_.\-]{0,200})(?:(?=[\s=<>!~])\s*(.*))?")
_SEPARATORS = lazy_pattern(r"\s*([,|])\s*")
_OPERATORS = lazy_pattern(r"([=<>!~]{1,3})\s+")
_WITH_BUILD = lazy_pattern(r"(.*[^=!|,<>~])=([^\-=,|<>~]*)")
_CLAUSE = lazy_pattern(r"(===?|!==?|<=|>=|~=|=>|=<|=|<|>|)([A-Za-z0-9_.+!\-]{1,128})(\*?)")
_ANY = frozenset(("", "*", "=*", "==*", "*.*", "=", ">=0", "*.*.*"))
_ALTERNATIVES = lazy_pattern(r"[|()^$]")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchSpec:
    """What a match spec says; `problem` says why it is not one.

    Attributes:
        version: what `==` names.
        specifier: any other constraint: PEP 440 where it can be said in it, else conda's own text (`1.6|1.8.*`).
        build: the build string or its pattern.
        condition: what must hold for the spec to count (`python >=3.10`).
    """

    name: str = ""
    version: str | None = None
    specifier: str | None = None
    build: str | None = None
    channel: str | None = None
    subdir: str | None = None
    url: str | None = None
    extras: tuple[str, ...] = ()
    condition: str | None = None
    problem: str | None = None
    template: bool = False


class _NotOne(ValueError):
    """A text that is no match spec; the message is a sentence part for the user."""


@lru_cache(maxsize=16384)
def parse(text: str) -> MatchSpec:
    """The match spec in a text; equal texts are parsed once."""
    # First, since the signs of a version may be in a password.
    text = masked(text)
    if len(text) > MAX_LENGTH:
        return MatchSpec(problem=f"a match spec of {len(text)} characters is not read (at most {MAX_LENGTH})")
    if is_template(text):
        return MatchSpec(problem="a placeholder in it has no value here", template=True)
    try:
        return _spec(_COMMENT.sub("", text).strip())
    except _NotOne as error:
        return MatchSpec(problem=f"not a conda match spec: {error}")


def _spec(text: str) -> MatchSpec:
    if dist_of(text):
        return _of_file(text)
    conditional = _CONDITION.search(text)
    if conditional:
        text = text[: conditional.start()]
    text, bracketed = _brackets(text)
    text = _OPTIONAL.sub("", text)
    channel, text = _channel(text)
    match = _NAME.fullmatch(text.strip())
    if not match:
        raise _NotOne("a package name is expected first, then a version" if text.strip() else "it is empty")
    version, build = _version_and_build(match.group(2) or "")
    stated, specifier = constraint(bracketed.get("version", version), exact=build is not None)
    channel, subdir = split_channel(bracketed.get("channel") or channel or "")
    condition = conditional.group(1) if conditional else bracketed.get("when") or bracketed.get("condition")
    return MatchSpec(
        name=bracketed.get("name", match.group(1)),
        version=stated,
        specifier=specifier,
        build=bracketed.get("build", build),
        channel=channel,
        subdir=bracketed.get("subdir", subdir),
        url=bracketed.get("url"),
        extras=tuple(part for part in re.split(r"[\s,\[\]]+", bracketed.get("extras", "")) if part),
        condition=condition.strip() if condition else None,
    )


def _of_file(text: str) -> MatchSpec:
    """The spec that a package's address or path is."""
    url = text.partition("#")[0]
    name, version, build = dist_of(url) or ("", "", "")
    channel, subdir = split_channel(url.rpartition("/")[0]) if "://" in url else (None, None)
    return MatchSpec(name=name, version=version, build=build, channel=channel, subdir=subdir, url=url)


def _brackets(text: str) -> tuple[str, dict[str, str]]:
    """The text without its brackets, and the keys and values in them."""
    match = _BRACKETS.search(text)
    if not match:
        if "[" in text or "]" in text:
            raise _NotOne("a bracket is not closed")
        return text, {}
    inner, position, pairs = match.group(1), 0, {}
    while position < len(inner.rstrip()):
        pair = _PAIR.match(inner, position)
        if not pair:
            raise _NotOne(f"`key=value` is expected in brackets, found `{inner[position:].strip()[:60]}`")
        key, position = pair.group(1), pair.end()
        if not _KEYS.fullmatch(key):
            raise _NotOne(f"unknown key `{key}` in brackets")
        pairs[key] = pair.group(2).strip("\"'")
    return text[: match.start()] + text[match.end() :], pairs


def _channel(text: str) -> tuple[str | None, str]:
    if "::" in text:
        channel, _, rest = text.rpartition("::")
        return channel.strip(), rest
    namespaced = re.match(r"\s*([\w./-]{0,200}):([\w./-]{0,200}):?(?=[A-Za-z_])", text)
    return (namespaced.group(1) or None, text[namespaced.end() :]) if namespaced else (None, text)


def split_channel(channel: str) -> tuple[str | None, str | None]:
    """Channel and platform of a channel's name or address (`https://conda.anaconda.org/conda-forge/linux-64`).

    The token in an address such as `https://conda.anaconda.org/t/TOKEN/channel` is no part of the channel.
    """
    plain = _TOKEN.sub("", channel.strip().rstrip("/"))
    head, _, last = plain.rpartition("/")
    subdir = last if last in SUBDIRS else None
    plain = head if subdir else plain
    for known in ("https://conda.anaconda.org/", "https://repo.anaconda.com/"):
        plain = plain.removeprefix(known)
    return (None if plain in ("", "*") else plain), subdir


SUBDIRS = {
    "linux-64": ("linux", "x86_64"),
    "linux-aarch64": ("linux", "aarch64"),
    "linux-ppc64le": ("linux", "ppc64le"),
    "linux-s390x": ("linux", "s390x"),
    "linux-riscv64": ("linux", "riscv64"),
    "linux-armv7l": ("linux", "armv7l"),
    "linux-armv6l": ("linux", "armv6l"),
    "linux-32": ("linux", "i686"),
    "osx-64": ("darwin", "x86_64"),
    "osx-arm64": ("darwin", "arm64"),
    "win-64": ("win32", "AMD64"),
    "win-arm64": ("win32", "ARM64"),
    "win-32": ("win32", "x86"),
    "emscripten-wasm32": ("emscripten", "wasm32"),
    "wasi-wasm32": ("wasi", "wasm32"),
    "noarch": ("", ""),
}
"""conda's platforms as `sys.platform` and `platform.machine()` (conda/base/constants.py, KNOWN_SUBDIRS)."""


def _version_and_build(text: str) -> tuple[str, str | None]:
    """The version part and the build of `>=1.0 , < 2.0 py34_0`, `=1.2.3=0`, `* openblas_0`."""
    words = _OPERATORS.sub(r"\1", _SEPARATORS.sub(r"\1", text.strip())).split()
    if len(words) > 2:
        raise _NotOne(f"a version and a build are expected after the name, found `{text.strip()[:80]}`")
    if len(words) == 2:
        version, build = words[0], words[1].removeprefix("=")
    else:
        version = words[0] if words else ""
        split = _WITH_BUILD.fullmatch(version)
        if not split:
            return version, None
        version, build = split.groups()
    if not build:
        raise _NotOne("empty build string")
    if any(sign in build for sign in "<>|,~"):
        raise _NotOne(f"`{build[:40]}` is no build; clauses of a version are joined by a comma")
    return version, build


@lru_cache(maxsize=16384)
def constraint(text: str, *, exact: bool = False) -> tuple[str | None, str | None]:
    """The exact version and else the specifier of a version part; both None if any version will do.

    `exact` means that a build follows, which makes `=1.26` mean `==1.26`. Raises ValueError on what is no version.
    """
    text = text.replace(" ", "")
    if text in _ANY:
        return None, None
    if _ALTERNATIVES.search(text):
        return None, _alternatives(text)
    if exact and re.match(r"=[^=]", text) and "," not in text:
        text = text[1:]
    clauses = [_clause(part, single="," not in text) for part in text.split(",") if part]
    stated = [clause for clause in clauses if clause is not None]
    if len(stated) < len(clauses):
        return None, text
    if len(stated) == 1 and stated[0].startswith("==") and not stated[0].endswith(".*"):
        return stated[0][2:], None
    return None, ",".join(clause for clause in stated if clause) or None


def _alternatives(text: str) -> str | None:
    """`1.6|1.8.*` as written, since PEP 440 knows no alternatives; one that admits everything is no range at all."""
    parts = text.split("|")
    if any(part and part in _ANY for part in parts):
        return None
    if not all(re.search(r"[A-Za-z0-9]", part) for part in parts):
        raise _NotOne(f"`{text[:80]}` contains an empty alternative")
    return text


def _clause(text: str, *, single: bool) -> str | None:
    """One clause for PEP 440, empty if it excludes nothing, None if PEP 440 cannot say it (`*.7.*`, `~=1`)."""
    if text in _ANY:
        return ""
    match = _CLAUSE.fullmatch(text.removesuffix(".*.*") + ".*" if text.endswith(".*.*") else text)
    if not match:
        if "*" in text and re.fullmatch(r"[=<>!~]{0,3}[A-Za-z0-9_.+!*\-]{1,128}", text):
            return None
        raise _NotOne(f"`{text[:80]}` is no version")
    operator, version, star = match.groups()
    operator = {"=>": ">=", "=<": "<=", "!==": "!="}.get(operator, operator)
    version = version.rstrip(".") if star else version
    if operator in ("", "=", "==", "===", "!="):
        return _equality(operator, version, prefix=bool(star) or operator == "=", single=single)
    if operator == "~=" and "." not in version:
        return None
    return f"{operator}{version}"


def _equality(operator: str, version: str, *, prefix: bool, single: bool) -> str | None:
    sign = "!=" if operator == "!=" else "=="
    if not prefix:
        # A comma list keeps versions that PEP 440 cannot read as conda's text; a lone one is compared as text.
        return f"{sign}{version}" if single or parsed(version) else None
    known = parsed(version)
    if known is None or known.local or known.is_prerelease or known.is_postrelease:
        return None
    return f"{sign}{version}.*"


_EXTENSIONS = (".conda", ".tar.bz2", ".whl.conda")


@lru_cache(maxsize=65536)
def dist_of(address: str) -> tuple[str, str, str] | None:
    """Name, version and build in the file name of a conda package, which an address or path ends in, else None."""
    if "conda" not in address and "bz2" not in address:
        return None
    file = address.partition("#")[0].partition("?")[0].replace("\\", "/").rpartition("/")[2][:512]
    if "%" in file:
        from urllib.parse import unquote

        file = unquote(file)
    stem = next((file.removesuffix(end) for end in _EXTENSIONS if file.endswith(end)), None)
    if stem is None or stem.count("-") < 2:
        return None
    name, version, build = stem.rsplit("-", 2)
    return (name, version, build) if name and version and build else None
