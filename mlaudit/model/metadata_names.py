"""Names of what holds the metadata of an installed package: `NAME-VERSION.dist-info`, `.egg-info` and `.egg`.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-dist-info-directory: name and
version are in the folder's name, each with `-` written as `_`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized

DIST_INFO = ".dist-info"
EGG_INFO = ".egg-info"
EGG = ".egg"
FOLDER_ENDINGS = (DIST_INFO, EGG_INFO)
"""Of names that hold metadata and nothing else."""
METADATA_ENDINGS = (*FOLDER_ENDINGS, EGG)
METADATA_NAME = r"[^/]{1,512}\.(?:dist-info|egg-info|egg)"
"""Such a name as a part of a pattern of paths."""
WHEEL_METADATA = f"{DIST_INFO}/METADATA"
"""How the path of a wheel's metadata ends."""

_DIST_INFO = lazy_pattern(r"(?P<name>[A-Za-z0-9][\w.]{0,200})-(?P<version>[0-9][0-9A-Za-z.!+]{0,100})\.dist-info")
_EGG = lazy_pattern(
    r"(?P<name>[A-Za-z0-9_.]{1,200})-(?P<version>[0-9][A-Za-z0-9_.!+]{0,64})(?:-py[0-9.]{1,8})?(?:-.{1,128})?\.egg",
    re.IGNORECASE,
)


class NamedRelease(NamedTuple):
    """What such a name states."""

    name: str
    version: str


def release_of_dist_info(metadata: str) -> NamedRelease | None:
    """Name, as written, and version of `NAME-VERSION.dist-info`; None for a name of another shape."""
    match = _DIST_INFO.fullmatch(metadata)
    return NamedRelease(match["name"], match["version"]) if match else None


def release_of_egg(metadata: str) -> NamedRelease | None:
    """Name, as written, and version of `NAME-VERSION-pyX.Y.egg`; None for a name of another shape."""
    match = _EGG.fullmatch(metadata)
    return NamedRelease(match["name"], match["version"]) if match else None


def release_in_name(name: str) -> NamedRelease:
    """Normalized name of a metadata folder or a wheel, and what follows it: the version, of a wheel its tags too."""
    project, _, rest = name.removesuffix(DIST_INFO).partition("-")
    return NamedRelease(normalized(project), rest)


def distribution_name(metadata: str) -> str:
    """The normalized name in that of a metadata folder: `scikit_learn-1.5.2.dist-info` is of `scikit-learn`."""
    return normalized(metadata.rpartition(".")[0].partition("-")[0])
