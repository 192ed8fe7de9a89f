"""Which images an archive or layout holds, and of what layers: `manifest.json` of `docker save`, `index.json` of OCI.

The formats: https://github.com/moby/moby/blob/master/image/spec/spec.md and
https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Names of blobs are looked up among those that
the archive holds and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Protocol

from mlaudit.document.node import Malformed, Node
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.platforms import platform_of
from mlaudit.sources.images.file_system import Setup
from mlaudit.sources.images.layers import ImageLayer

MAX_DEPTH = 4
"""Indexes inside indexes."""
MAX_DESCRIPTORS = 1000
"""Descriptors of all indexes."""
MAX_LAYERS = 1000
JSON_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest, index or configuration."""

_DIGEST = lazy_pattern(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")
_REFERENCE_TYPE = "vnd.docker.reference.type"
_USUAL = "linux/amd64"


class Blobs(Protocol):
    """Where manifests and layers are: an archive or a folder."""

    @property
    def problem(self) -> str | None:
        """Why not everything is known that it holds."""
        ...

    def holds(self, name: str) -> bool:
        """Whether there is a blob of this name."""
        ...

    def json(self, name: str) -> bytes:
        """A small blob. Raises Unreadable."""
        ...

    def layer(self, name: str) -> ImageLayer:
        """What a layer holds. Raises Unreadable if there is none of this name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image: the names of its configuration and layers among the blobs.

    Attributes:
        platform: as OCI writes it, `linux/amd64`; empty if nobody states it.
        missing: why it cannot be read, where its manifest is not there.
    """

    config: str = ""
    layers: tuple[str, ...] = ()
    platform: str = ""
    tag: str = ""
    missing: str | None = None


def parsed(data: bytes, name: str) -> Node:
    """A blob as JSON. Raises Unreadable."""
    try:
        return Node(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"`{name[:100]}` in it is not valid JSON: {str(error)[:100]}") from None


def images(blobs: Blobs) -> list[Image]:
    """Every image of an archive or layout; none where it holds neither manifest nor index. Raises Unreadable."""
    try:
        if blobs.holds("manifest.json"):
            return list(_saved(blobs))
        if blobs.holds("index.json"):
            return list(_IndexWalk(blobs).images("index.json", 0))
    except Malformed as error:
        raise Unreadable(f"its manifest is not as it should be: {error}") from None
    return []


def _saved(blobs: Blobs) -> Iterator[Image]:
    """The images of `manifest.json`."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for node in parsed(blobs.json("manifest.json"), "manifest.json").each():
        config = node.get("Config").maybe_text() or ""
        layers = node.get("Layers").texts()
        if (config, layers) in seen or len(seen) >= MAX_DESCRIPTORS:
            continue
        seen.add((config, layers))
        tags = node.get("RepoTags").texts()
        yield Image(config=config, layers=_few(layers), platform=_config_platform(blobs, config), tag=", ".join(tags))


def _few(layers: tuple[str, ...]) -> tuple[str, ...]:
    if len(layers) > MAX_LAYERS:
        raise Unreadable(f"it names {len(layers)} layers; an image may have {MAX_LAYERS}")
    return layers


def _config_platform(blobs: Blobs, config: str) -> str:
    try:
        return setup_of(parsed(blobs.json(config), config)).platform
    except (Unreadable, Malformed):
        return ""


class _IndexWalk:
    """A walk through indexes that ends, whatever they refer to."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._seen: set[str] = set()

    def images(self, name: str, depth: int) -> Iterator[Image]:
        """The images that an index names, attestations left out. Raises Unreadable and Malformed."""
        if depth > MAX_DEPTH:
            raise Unreadable(f"its indexes are nested more than {MAX_DEPTH} deep")
        for node in parsed(self._blobs.json(name), name).get("manifests").each():
            digest = node.get("digest").text()
            if digest in self._seen or _is_attestation(node):
                continue
            self._seen.add(digest)
            if len(self._seen) > MAX_DESCRIPTORS:
                raise Unreadable(f"its indexes name more than {MAX_DESCRIPTORS} manifests")
            yield from self._image(node, digest, depth)

    def _image(self, node: Node, digest: str, depth: int) -> Iterator[Image]:
        platform = _platform(node.get("platform"))
        path = blob_path(digest)
        if path is None or not self._blobs.holds(path):
            yield Image(platform=platform, missing=f"it does not contain the manifest `{digest[:80]}`")
            return
        manifest = parsed(self._blobs.json(path), path)
        if manifest.get("manifests").exists:
            yield from self.images(path, depth + 1)
        elif manifest.get("layers").exists:
            config = blob_path(manifest.dig("config", "digest").maybe_text() or "") or ""
            layers = tuple(_layer_name(layer) for layer in manifest.get("layers").each())
            tag = node.dig("annotations", "org.opencontainers.image.ref.name").maybe_text() or ""
            stated = platform or _config_platform(self._blobs, config)
            yield Image(config=config, layers=_few(layers), platform=stated, tag=tag)


def _layer_name(layer: Node) -> str:
    digest = layer.get("digest").text()
    return blob_path(digest) or digest


def blob_path(digest: str) -> str | None:
    """Where a layout keeps a blob, None for what is no digest."""
    return f"blobs/{digest.replace(':', '/')}" if _DIGEST.fullmatch(digest) else None


def _is_attestation(node: Node) -> bool:
    platform = _platform(node.get("platform"))
    return platform == "unknown/unknown" or node.dig("annotations", _REFERENCE_TYPE).exists


def _platform(node: Node) -> str:
    if not node.exists:
        return ""
    words = (node.get(key).maybe_text() for key in ("os", "architecture", "variant"))
    return "/".join(word for word in words if word)


def setup_of(config: Node) -> Setup:
    """What an image's configuration says. Raises Malformed."""
    run = config.get("config")
    run = run if run.exists else Node({}, run.route)
    assignments = (text.partition("=") for text in run.get("Env").texts())
    labels = run.get("Labels")
    return Setup(
        env={name: value for name, _, value in assignments},
        labels={key: node.text() for key, node in labels.items()} if labels.exists else {},
        platform=_platform(config),
        user=run.get("User").maybe_text() or "",
        command=(*run.get("Entrypoint").texts(), *run.get("Cmd").texts()),
    )


def chosen(images_found: Iterable[Image], wanted: str | None) -> tuple[Image, str | None]:
    """The image for a platform, and a note where others were left out. Raises Unreadable where none is to be chosen.

    Where nobody asks for a platform, `linux/amd64` is taken of several.
    """
    every = list(images_found)
    if not every:
        raise Unreadable("it contains no image: no manifest in it names layers")
    fitting = [image for image in every if wanted is None or _fits(image.platform, wanted)]
    if not fitting:
        raise Unreadable(f"it is for {_platforms(every)}, and {wanted} was requested")
    if wanted is None and len(fitting) > 1:
        fitting = [image for image in fitting if image.platform.startswith(_USUAL)] or fitting
    if len({image.platform for image in fitting}) > 1:
        raise Unreadable(f"it is for {_platforms(fitting)}; `#platform=` chooses one")
    present = [image for image in fitting if image.missing is None] or fitting
    if len(present) > 1:
        tags = ", ".join(image.tag or "an unnamed one" for image in present)
        raise Unreadable(f"it holds {len(present)} images ({tags[:200]}); save the one to be audited alone")
    if present[0].missing is not None:
        raise Unreadable(present[0].missing)
    note = f"it is for {_platforms(every)}; {present[0].platform} is read (`#platform=` chooses)"
    return present[0], note if len({image.platform for image in every}) > 1 and wanted is None else None


def _fits(platform: str, wanted: str) -> bool:
    if not platform:
        return True
    asked, own = platform_of(wanted), machine_of(platform)
    return all(
        wanted_part is None or two is None or wanted_part == two for wanted_part, two in zip(asked, own, strict=True)
    )


def machine_of(platform: str) -> tuple[str | None, str | None]:
    """`sys.platform` and `platform.machine()` of a platform as OCI writes it (`linux/arm/v7`)."""
    words = platform.split("/")
    if words[1:] and words[1] == "arm":
        words = [words[0], f"arm{words[2] if words[2:] else 'v7'}l"]
    return platform_of("-".join(words))


def _platforms(images_found: Iterable[Image]) -> str:
    return " and ".join(dict.fromkeys(image.platform or "an unnamed platform" for image in images_found))
