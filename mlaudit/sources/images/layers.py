"""Layers: what a scan of one keeps, and how an upper one hides what is below it.

Whiteouts are those of https://github.com/opencontainers/image-spec/blob/main/layer.md.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping

from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.sources.images.byte_reader import Reader, unfolded
from mlaudit.sources.images.file_system import EXISTS, Form, Gap, LayerFile, ancestors, condensed, wanted
from mlaudit.sources.images.tar_walk import BEHIND, Entry, TarWalk, clean

MAX_ENTRIES = 4_000_000
"""Entries of one layer."""
MAX_HELD = 400_000
"""Files of one layer that are kept."""
MAX_HELD_BYTES = 256 * 1024**2
MAX_GAPS = 100
MAX_PATH = 4096
"""Characters of a path that is kept."""

Kept = Callable[[str], "int | None"]

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_SHALLOW = 2
_FORMS = {ord("1"): Form.HARD, ord("2"): Form.LINK}
_MAX_HOPS = 40


@dataclass(slots=True)
class ImageLayer:
    """What one layer holds that matters.

    Attributes:
        kept: how many bytes of a file are kept, None if it does not matter.
        whiteouts: paths that it deletes from the layers below.
        opaque: folders of which nothing below shows through.
        solid: hashes of the paths that are no folders; a folder below at such a path is gone.
        lost: it was not read to its end.
    """

    kept: Kept = wanted
    files: dict[str, LayerFile] = field(default_factory=dict)
    whiteouts: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    solid: array[int] = field(default_factory=lambda: array("q"))
    gaps: list[Gap] = field(default_factory=list)
    entries: int = 0
    held_bytes: int = 0
    lost: bool = False

    def gap(self, path: str, why: str, what: str = "") -> None:
        """Remember what is not read; of a flood the first ones."""
        if len(self.gaps) < MAX_GAPS:
            self.gaps.append(Gap(path=path, why=why, what=what))


def scan(reader: Reader, shown: str, kept: Kept = wanted) -> ImageLayer:
    """What a layer holds; where it cannot be read to its end, that is a gap and the layer is lost."""
    layer = ImageLayer(kept)
    try:
        unpacked = unfolded(reader)
        walk = TarWalk(unpacked)
        for entry in walk:
            take(layer, walk, entry)
        unpacked.skip(BEHIND)
    except Unreadable as error:
        layer.lost = True
        named = f" ({shown[:100]})" if shown else ""
        layer.gaps.insert(0, Gap(path="", why=f"a layer cannot be read to its end: {error.why}{named}"))
    return layer


def take(layer: ImageLayer, walk: TarWalk, entry: Entry) -> None:
    """Keep of one entry what matters. Raises Unreadable."""
    layer.entries += 1
    if layer.entries > MAX_ENTRIES or len(layer.files) > MAX_HELD or layer.held_bytes > MAX_HELD_BYTES:
        raise Unreadable(f"it has more than {MAX_ENTRIES} entries, or too many metadata files")
    path = entry.path
    if path is None:
        layer.gap("", "an entry's path leads out of the image and is refused", entry.name[:200])
        return
    if entry.problem is not None:
        layer.gap(path[:200], entry.problem)
        return
    name = path[path.rfind("/") + 1 :]
    if name.startswith(_WHITEOUT):
        _white_out(layer, path, name)
        return
    if entry.is_folder:
        return
    layer.solid.append(hash(path))
    limit = layer.kept(path)
    if limit is None and entry.type == ord("2") and path.count("/") <= _SHALLOW:
        limit = EXISTS
    if limit is not None:
        _keep(layer, walk, entry, path, limit)


def _white_out(layer: ImageLayer, path: str, name: str) -> None:
    folder = path[: -len(name)].rstrip("/")
    if name == _OPAQUE:
        layer.opaque.add(folder)
        return
    hidden = name[len(_WHITEOUT) :]
    if hidden in ("", ".", ".."):
        layer.gap(path, "a whiteout names no file")
    elif not hidden.startswith(_WHITEOUT):
        layer.whiteouts.add(f"{folder}/{hidden}" if folder else hidden)


def _keep(layer: ImageLayer, walk: TarWalk, entry: Entry, path: str, limit: int) -> None:
    if len(path) > MAX_PATH:
        layer.gap(path[:200], f"its path has more than {MAX_PATH} characters")
        return
    layer.files[path] = file = _layer_file(walk, entry, path, limit)
    layer.held_bytes += len(file.content) + len(path)


def _layer_file(walk: TarWalk, entry: Entry, path: str, limit: int) -> LayerFile:
    if entry.is_regular:
        problem = "it is a sparse file, which is not read" if entry.sparse and limit else None
        content = walk.content(limit) if not problem else b""
        return condensed(path, LayerFile(content=content, size=entry.size, problem=problem))
    return LayerFile(form=_FORMS.get(entry.type, Form.OTHER), link=entry.link[:MAX_PATH])


class Merged:
    """Layers on top of each other, lowest first."""

    def __init__(self) -> None:
        self.files: dict[str, LayerFile] = {}
        self.gaps: list[Gap] = []
        self.lost = False

    def lay(self, layer: ImageLayer) -> None:
        """Put a layer over those before: what it deletes and hides goes, what it holds comes."""
        links = _linked(layer.files, self.files)
        gone = _Gone(layer, links, self.files)
        self.files = {path: file for path, file in self.files.items() if path in links or not gone.hides(path)}
        self.files.update(links)
        self.gaps.extend(layer.gaps[: MAX_GAPS - len(self.gaps)] if len(self.gaps) < MAX_GAPS else ())
        self.lost = self.lost or layer.lost


class _Gone:
    """What a layer takes away from those below it."""

    def __init__(self, layer: ImageLayer, paths: Iterable[str], below: Iterable[str]) -> None:
        self._layer = layer
        self._folders = {folder for path in paths for folder in ancestors(path)}
        asked = {hash(part) for path in below for part in (path, *ancestors(path))}
        self._solid = asked.intersection(layer.solid)
        self._known: dict[str, bool] = {}

    def hides(self, path: str) -> bool:
        """Whether a path of a lower layer is gone."""
        covered = path in self._layer.whiteouts or path in self._folders or hash(path) in self._solid
        return covered or self._folder_hides(path)

    def _folder_hides(self, path: str) -> bool:
        passed: list[str] = []
        hides = False
        for folder in ancestors(path):
            if folder in self._known:
                hides = self._known[folder]
                break
            passed.append(folder)
            if folder in self._layer.opaque or folder in self._layer.whiteouts or hash(folder) in self._solid:
                hides = True
                break
        self._known.update(dict.fromkeys(passed, hides))
        return hides


def _linked(files: Mapping[str, LayerFile], below: Mapping[str, LayerFile]) -> dict[str, LayerFile]:
    """The files with hard links replaced by what they lead to, in the layer itself or below it."""
    return {path: _followed(file, files, below) if file.form is Form.HARD else file for path, file in files.items()}


def _followed(file: LayerFile, files: Mapping[str, LayerFile], below: Mapping[str, LayerFile]) -> LayerFile:
    target: LayerFile | None = file
    for _ in range(_MAX_HOPS):
        if target is None or target.form is not Form.HARD:
            break
        path = clean(target.link) or ""
        target = files.get(path) or below.get(path)
    if target is None or target.form is Form.HARD:
        return replace(file, problem=f"it is a hard link to `{file.link[:80]}`, whose bytes were not kept")
    return target
