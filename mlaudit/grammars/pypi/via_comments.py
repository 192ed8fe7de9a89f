"""Comments of compiled requirements (`# via pandas`): who required each line, as pip-compile and uv write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized

_VIA = lazy_pattern(r"(?:^|\s)#\s{0,4}via\b(.{0,2000})$")
_MORE = lazy_pattern(r"^\s{1,40}#\s{1,8}(\S.{0,400})$")
_NAME = lazy_pattern(r"^([A-Za-z0-9][A-Za-z0-9._-]{0,120})(?:\[[^\]]{0,200}\])?(?:\s{1,4}\((.{1,300})\))?$")
_FILE = lazy_pattern(r"^-[rc]\s{0,4}(\S.{0,400})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViaComment:
    """Who required one line of a compiled file: packages by name, and files that name it themselves."""

    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def via_comments(text: str) -> Mapping[int, ViaComment]:
    """The comments of a compiled file by the line of the requirement that they follow."""
    by_line: dict[int, list[str]] = {}
    requirement, inside = 0, False
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        starts = bool(bare) and not bare.startswith(("#", "-")) and not line[:1].isspace()
        if starts:
            requirement, inside = number, False
        via = _VIA.search(line) if requirement else None
        more = _MORE.match(line) if inside and via is None else None
        if via is not None:
            inside = True
            by_line.setdefault(requirement, []).extend(via[1].split(","))
        elif more is not None:
            by_line[requirement].append(more[1])
        elif not starts and not bare.startswith("--hash"):
            inside = False
    return {line: _comment(words) for line, words in by_line.items()}


def _comment(words: list[str]) -> ViaComment:
    stripped = [word.strip() for word in words if word.strip()]
    return ViaComment(packages=tuple(_packages(stripped)), files=tuple(_files(stripped)))


def _packages(words: list[str]) -> Iterator[str]:
    for word in words:
        name = _NAME.match(word)
        if name is not None and name[2] is None:
            yield normalized(name[1])


def _files(words: list[str]) -> Iterator[str]:
    """Files that name the line: `-r requirements.in`, and the manifest behind a project's name."""
    for word in words:
        file, name = _FILE.match(word), _NAME.match(word)
        if file is not None:
            yield file[1].strip()
        elif name is not None and name[2] is not None:
            yield name[2]
