"""Container images as statements of versions: what a repository and tag say is inside, by the rows of images.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.variables import defined
from mlaudit.knowledge.schema import checked
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Statement
from mlaudit.model.scope import EVERYWHERE, PinScope

MAX_LENGTH = 1024
"""Characters of an image reference."""

_REFERENCE = lazy_pattern(
    r"(?P<repository>[^\s@]{1,512}?)(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9+]{2,16}:[0-9a-fA-F]{8,128}))?"
)
_HUB = ("docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/", "mirror.gcr.io/")
_LIBRARIES = ("public.ecr.aws/docker/library/", "library/")
_WORDS = lazy_pattern(r"[-_.]")
_TIGHT_CUDA = lazy_pattern(r"\d{2,3}")
_NUMBERS = lazy_pattern(r"\d{1,9}(?:\.\d{1,9})?")
_OPEN_ACCOUNT = lazy_pattern(
    r"(?:\$\{[^{}]{1,128}\}|\d{12})\.dkr\.ecr(?:-fips)?\.(?:\$\{[^{}]{1,128}\}|[\w-]{1,64})\.amazonaws\.com(?:\.cn)?/"
)
"""A registry of AWS whose account or region is open: its images are the same in every region."""
_SOME_ACCOUNT = "000000000000.dkr.ecr.us-east-1.amazonaws.com/"
_VARIABLE_HOST = lazy_pattern(r"(?:\$\{[^{}]{1,128}\}|\$\w{1,64}|\{\{[^{}]{1,128}\}\})/?(?=[a-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image reference: the repository as it is written, its tag and digest."""

    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The repository as its registry calls it: `docker.io/library/python` is `python`."""
        plain = self.repository.lower()
        for prefix in (*_HUB, *_LIBRARIES):
            plain = plain.removeprefix(prefix)
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One thing inside an image: an exact version, or a range where the tag shows only the beginning of it."""

    kind: Kind
    name: str
    version: str | None = None
    specifier: str | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRow:
    """What images of a name and tag hold.

    Attributes:
        name, tag: the repository and tag, or patterns of the whole of them whose named groups are versions.
        is_pattern: which of the two is one; a row without a tag fits all.
        packages: versions by package; `{group}` stands for what a group matched.
        builds: packages that come in a build for the image's CUDA version, or for `cpu`.
    """

    name: str
    tag: str | None
    is_pattern: tuple[bool, bool] = (False, False)
    python: str = ""
    cuda: str = ""
    cudnn: str = ""
    driver: str = ""
    packages: tuple[tuple[str, str], ...] = ()
    builds: frozenset[str] = frozenset()


def parse(text: str) -> Reference | None:
    """The reference in a text, None if it is not one."""
    match = _REFERENCE.fullmatch(text.strip()) if len(text) <= MAX_LENGTH else None
    if match is None or match["repository"].endswith(("/", ":")):
        return None
    return Reference(repository=match["repository"], tag=match["tag"], digest=match["digest"])


@lru_cache(maxsize=1)
def rows() -> tuple[TagRow, ...]:
    """The rows of images.toml. Raises KnowledgeError on a row that breaks its schema."""
    return checked("images.toml", lambda root: tuple(_row(node) for node in root.get("image").each()))


@lru_cache(maxsize=1)
def _families() -> tuple[str, ...]:
    """Words in names of repositories that show a family, the longest first."""
    words = checked("images.toml", lambda root: root.get("families").texts())
    return tuple(sorted(words, key=len, reverse=True))


def family(reference: Reference) -> str:
    """What images are compared within: the framework that the last part of a name shows, else the name itself."""
    last = reference.name.rpartition("/")[2]
    parts = _WORDS.split(last)
    return next((word for word in _families() if word in parts), reference.name)


def _row(node: Node) -> TagRow:
    name, name_pattern = node.get("name").maybe_text(), node.get("name-pattern").maybe_text()
    tag, tag_pattern = node.get("tag").maybe_text(), node.get("tag-pattern").maybe_text()
    return TagRow(
        name=name_pattern or name or "",
        tag=tag_pattern or tag,
        is_pattern=(name_pattern is not None, tag_pattern is not None),
        python=node.get("python").maybe_text() or "",
        cuda=node.get("cuda").maybe_text() or "",
        cudnn=node.get("cudnn").maybe_text() or "",
        driver=node.get("driver").maybe_text() or "",
        packages=tuple((package, value.text()) for package, value in node.get("packages").items()),
        builds=frozenset(node.get("builds").texts()),
    )


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _fits(row: TagRow, name: str, tag: str) -> dict[str, str] | None:
    """What the groups of a row's patterns match, None if the row is for other images."""
    groups: dict[str, str] = {}
    for expected, text, is_pattern in zip((row.name, row.tag), (name, tag), row.is_pattern, strict=True):
        if expected is None:
            continue
        match = _compiled(expected).fullmatch(text) if is_pattern else None
        if match is None and (is_pattern or expected != text):
            return None
        groups.update({key: value for key, value in match.groupdict().items() if value} if match else {})
    return groups


@lru_cache(maxsize=1024)
def contents(reference: Reference) -> tuple[Content, ...]:
    """What is known to be inside an image; the first row that fits says it."""
    for name in _names(reference.name):
        for row in rows():
            groups = _fits(row, name, reference.tag or "")
            if groups is not None:
                return tuple(_contents(row, groups))
    return ()


def _names(name: str) -> Iterator[str]:
    """The name, and what is left of it without a registry and without a registry's first folder (mirrors)."""
    yield name
    first, _, rest = name.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        rest = rest.removeprefix("library/")
        yield rest
        yield rest.partition("/")[2].removeprefix("library/") or rest


def _contents(row: TagRow, groups: dict[str, str]) -> Iterator[Content]:
    cuda = _cuda(_filled(row.cuda, groups) or groups.get("cuda", ""))
    variant = f"cu{''.join(cuda.split('.')[:2])}" if cuda else ("cpu" if "cpu" in groups else None)
    python = python_text.release(_filled(row.python, groups) or groups.get("python", ""))
    if python:
        yield Content(kind=Kind.PYTHON, name="python", version=python)
    for name, template in row.packages:
        version = _filled(template, groups)
        if version:
            yield _package(name, version, variant if name in row.builds else None)
    if cuda:
        yield Content(kind=Kind.CUDA, name="cuda", version=cuda)
    cudnn = _filled(row.cudnn, groups) or groups.get("cudnn", "")
    if cudnn:
        yield Content(kind=Kind.CUDNN, name="cudnn", version=cudnn)
    driver = _filled(row.driver, groups)
    if driver:
        yield Content(kind=Kind.DRIVER, name="nvidia-driver", specifier=f">={driver}")


def _filled(template: str, groups: dict[str, str]) -> str:
    """The template with its groups; empty if one of them matched nothing."""
    needed = re.findall(r"\{(\w+)\}", template)
    if any(group not in groups for group in needed):
        return ""
    return re.sub(r"\{(\w+)\}", lambda match: groups[match.group(1)], template)


def _cuda(text: str) -> str:
    """`121` and `12.1.1`, the last at most to its third number."""
    if _TIGHT_CUDA.fullmatch(text):
        return f"{text[:-1]}.{text[-1]}"
    return ".".join(text.split(".")[:3])


def _package(name: str, version: str, variant: str | None) -> Content:
    if _NUMBERS.fullmatch(version):
        return Content(kind=Kind.PACKAGE, name=name, specifier=f"=={version}.*", variant=variant)
    return Content(kind=Kind.PACKAGE, name=name, version=version, variant=variant)


def statements(
    doc: Document,
    text: str,
    at: Place,
    *,
    scope: PinScope = EVERYWHERE,
    layer: Layer = Layer.DECLARED,
) -> Iterator[Statement]:
    """The image that a text names, and what its tag says is inside; a registry that is a variable does not matter."""
    plain = defined(text.strip(), doc.defines)
    account = _OPEN_ACCOUNT.match(plain) if "$" in plain else None
    hosted = account or _VARIABLE_HOST.match(plain)
    reference = parse(plain[hosted.end() :] if hosted else plain)
    if reference is None or any(sign in reference.repository for sign in "${}<>"):
        yield _not_read(doc, text, at)
        return
    image = doc.pin(
        layer,
        reference.repository,
        reference.tag or reference.digest,
        at=at,
        kind=Kind.IMAGE,
        hashes=(reference.digest,) if reference.digest else (),
        scope=scope,
    )
    yield replace(image, name=reference.repository, package=reference.name, variant=None)
    known = replace(reference, repository=f"{_SOME_ACCOUNT}{reference.repository}") if account else reference
    for content in contents(known):
        yield _content(doc, content, image, reference, scope)


def _content(doc: Document, content: Content, image: Pin, reference: Reference, scope: PinScope) -> Pin:
    return doc.pin(
        image.layer,
        content.name,
        content.version,
        at=image.at,
        kind=content.kind,
        specifier=content.specifier,
        variant=content.variant,
        scope=scope,
        derived_from=image.at,
        detail=f"in the image {reference.repository.rpartition('/')[2]}:{reference.tag or reference.digest}",
    )


def _not_read(doc: Document, text: str, at: Place) -> Statement:
    from mlaudit.grammars.variables import is_template

    if is_template(text):
        why = "a placeholder in the image has no value here; a build argument gets one by --define NAME=VALUE"
        return doc.unread(why, at, what=text, template=True)
    return doc.unread("it is no image reference; expected one like `python:3.11-slim`", at, what=text)
