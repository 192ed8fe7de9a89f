"""Requirements that begin with an address: paths, archives and repositories (`./lib`, `https://.../x.whl`, `git+https://...#egg=x`)."""

from __future__ import annotations

import re
from functools import lru_cache

from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.pypi.requirement import name_and_version
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.secrets import masked

MAX_LENGTH = requirement.MAX_LENGTH
"""Characters of one address line."""
MAX_TAGS = 24
"""Dots in a wheel's file name: its compressed tags multiply (80 x 80 x 80 of them are half a million)."""

_ADDRESS = lazy_pattern(
    r"[A-Za-z][A-Za-z0-9+.-]{1,15}://|(?:file|git\+[a-z]{1,8}):|\.{1,2}(?=[/\\\[;\s]|$)|[/~\\]|\$\{PROJECT_ROOT\}|[A-Za-z]:[\\/]"
    # What ssh takes for an address, and a path from the folder of the file: no name of a project holds such a sign.
    r"|(?:git\+)?git@[\w.-]{1,255}:|[\w.-]{1,128}(?:/[\w.-]{1,128}){1,32}/?(?=$|[\s\[;#])"
)
_ARCHIVE = lazy_pattern(r"(?:\.whl|\.zip|\.tar\.gz|\.tgz|\.tar\.bz2|\.tar\.xz)(?=$|[\s\[;#])")
_FIRST_SIGNS, _ARCHIVE_SIGNS = "./~\\$", (".whl", ".zip", ".tar.", ".tgz")
"""What an address begins with that holds neither `/` nor `:`, and what the name of every archive holds."""
_SSH = lazy_pattern(r"(?:git\+)?(?P<address>git@[\w.-]{1,255}):(?P<path>\S{1,2048}?)(?:==(?P<revision>\S{1,256}))?")
_PACKED = lazy_pattern(
    r"/(?P<name>[\w.-]{1,128})/(?:-/)?(?:archive|tarball|zipball|zip|tar\.gz)/(?:refs/(?:tags|heads)/)?(?P<revision>[^\s?#]{1,256})"
)
_REVISION = lazy_pattern(r"(?<=[^/:])/[^@]{1,2048}(@[^@]{1,256})$")
_VCS = lazy_pattern(r"(?:git|hg|svn|bzr)(?:\+|:)", re.IGNORECASE)
_URL_HASH = lazy_pattern(r"[#&](md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-fA-F]{1,128})")
_EXTRAS = lazy_pattern(r"\[([A-Za-z0-9._,\s-]{0,512})\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What an address line says; `own` is the project itself (`.`), a `guessed` name that of a repository or folder."""

    url: str = ""
    name: str | None = None
    version: str | None = None
    extras: tuple[str, ...] = ()
    marker: str | None = None
    hashes: tuple[str, ...] = ()
    own: bool = False
    guessed: bool = False
    revision: str | None = None
    problem: str | None = None


def is_address(text: str) -> bool:
    """Whether a requirement begins with an address rather than with a name."""
    if (text[:1] in _FIRST_SIGNS or "/" in text or ":" in text) and _ADDRESS.match(text):
        return True
    if not any(ending in text for ending in _ARCHIVE_SIGNS):
        return False
    head = text.partition(";")[0]
    return "@" not in head and _ARCHIVE.search(head[:MAX_LENGTH]) is not None


@lru_cache(maxsize=4096)
def parse(text: str, *, editable: bool = False) -> Address:
    """The address of a line without its options, credentials masked; equal lines are parsed once."""
    # First, since an `@` or `/` in a password would be taken for the beginning of a revision or a path.
    text = masked(text)
    if len(text) > MAX_LENGTH:
        return Address(problem=f"a requirement of {len(text)} characters is not read (at most {MAX_LENGTH})")
    head, _, marker = text.partition("; " if "://" in text else ";")
    condition = requirement.parse(f"x ; {marker}") if marker.strip() else None
    if condition is not None and condition.problem is not None:
        return Address(problem=condition.problem)
    address = _located(head.strip(), editable)
    return replace(address, marker=condition.marker) if condition is not None else address


def _located(head: str, editable: bool) -> Address:
    # pdm and uv write the project's own folder so: a known place, and no variable.
    head = re.sub(r"^(?:file:/{0,3})?\$\{PROJECT_ROOT\}", ".", head)
    hashes = tuple(f"{name}:{digest}" for name, digest in _URL_HASH.findall(head))
    ssh = _SSH.fullmatch(head)
    if ssh is not None:
        revision = f"@{ssh['revision']}" if ssh["revision"] else ""
        head = f"git+ssh://{ssh['address']}/{ssh['path']}{revision}"
    archive = name_and_version(_EXTRAS.sub("", head))
    if archive is not None:
        return Address(
            url=_EXTRAS.sub("", head), name=archive[0], version=archive[1], extras=_extras(head), hashes=hashes
        )
    file_name = head.partition("#")[0].rpartition("/")[2]
    if file_name.endswith(".whl") and file_name.count(".") > MAX_TAGS:
        return Address(problem="the tags of its wheel's name are too many to be read")
    return _by_library(head, editable)


def _extras(text: str) -> tuple[str, ...]:
    match = _EXTRAS.search(text)
    return tuple(sorted(part.strip().lower() for part in match.group(1).split(",") if part.strip())) if match else ()


def _by_library(head: str, editable: bool) -> Address:
    """What pip-requirements-parser makes of it: the project behind `#egg=`, its extras, the link."""
    import pip_requirements_parser as library

    # pip refuses an editable repository without `#egg=`; the others it names after what it downloads.
    build = library.build_editable_req if editable and not _VCS.match(head) else library.build_install_req
    try:
        built = build(head)
    except (library.PipError, ValueError, AssertionError, RecursionError) as error:
        return Address(problem=f"pip cannot read it: {str(error).partition(chr(10))[0][:200] or type(error).__name__}")
    url = built.link.url if built.link is not None else head
    name = built.req.name if built.req is not None else None
    extras = tuple(sorted(str(extra) for extra in built.extras)) or _extras(head)
    return _named(Address(url=url, name=name, extras=extras))


def _named(address: Address) -> Address:
    """The address with the name that its folder or repository has, if nothing names it."""
    path = address.url.partition("#")[0].partition("?")[0]
    revision = None
    if _VCS.match(path) and (named := _REVISION.search(path)):
        revision, path = named.group(1)[1:], path[: named.start(1)]
    plain = path.removeprefix("file:").rstrip("/\\")
    if plain in ("", ".") and not _VCS.match(path):
        return replace(address, own=True)
    if address.name is not None:
        return replace(address, revision=revision)
    packed = _PACKED.search(path)
    if packed is not None:
        revision = _ARCHIVE.sub("", packed["revision"])
        return replace(address, name=packed["name"], guessed=True, revision=revision)
    # The name of an archive that states no version may hold anything.
    last = "" if _ARCHIVE.search(plain) else re.split(r"[/\\:]", plain)[-1].removesuffix(".git")
    guess = requirement.leading_name(last)
    return replace(address, name=guess or None, guessed=bool(guess), revision=revision)
