"""Sources that are addresses and no paths: mlaudit fetches nothing, and states what to do instead."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlaudit.model.lazy_pattern import lazy_pattern

_SCHEME = lazy_pattern(r"([A-Za-z][A-Za-z0-9+.-]{1,30}):(//)?")
_IMAGE = lazy_pattern(
    r"(?:[a-z0-9.-]+(?::\d{2,5})?/)?[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9_][\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?|"
    r"[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}"
)
_DIGEST = lazy_pattern(r"@sha256:[0-9a-f]{64}$")
_TAG = lazy_pattern(r":(?:v?\d[\w.-]*|latest[\w.-]*|[\w.]+-[\w.-]+)$")
_REPOSITORY = lazy_pattern(
    r"https?://(?:www\.)?(?:github|gitlab|bitbucket|codeberg)\.[a-z]+/[^/?#]+/[^/?#]+?(?:\.git)?/?(?:(?:tree|blob)/.*)?"
)


def fetching_advice(path: str) -> str | None:
    """What to do instead of naming an address, None if a text is a path (or may be one)."""
    match = _SCHEME.match(path)
    if match is None:
        return None
    scheme, slashes = match[1].lower(), match[2]
    advise = _SCHEMES.get(scheme)
    if advise is None and not slashes:
        return None
    return f"mlaudit fetches nothing; {(advise or _of_file)(path)}"


def image_advice(path: str) -> str | None:
    """What to do where a text may be an image's name, None if it cannot be one."""
    if not _IMAGE.fullmatch(path) or not (_TAG.search(path) or _DIGEST.search(path)):
        return None
    return f"if it is an image: mlaudit fetches nothing; {_of_image(path)}"


def _of_image(path: str) -> str:
    name = re.sub(r"^[a-z-]+:(?://)?", "", path) if path.startswith(_IMAGE_SCHEMES) else path
    return f"`docker save {name} -o image.tar` (or skopeo copy), and name image.tar"


def _of_http(path: str) -> str:
    if _REPOSITORY.fullmatch(path):
        return "clone it, and name the file as git+file:///PATH/OF/CLONE@REVISION#path=FILE, or as a path in it"
    return _of_file(path)


def _of_git(_path: str) -> str:
    return "clone the repository, and name the file as git+file:///PATH/OF/CLONE@REVISION#path=FILE"


def _of_file(_path: str) -> str:
    return "download it, and name the file"


def _of_bucket(path: str) -> str:
    tools = {"s3": "aws s3 cp", "gs": "gcloud storage cp", "hf": "hf download", "dvc": "dvc pull"}
    tool = next((text for scheme, text in tools.items() if path.lower().startswith(f"{scheme}:")), None)
    return f"download it ({tool}), and name the file or folder" if tool else "download it, and name the file or folder"


def _of_model(path: str) -> str:
    return f"`mlflow artifacts download --artifact-uri {path} --dst-path model`, and name the folder model"


_IMAGE_SCHEMES = ("docker:", "docker-daemon:", "docker-archive:", "oci:", "containers-storage:", "podman:", "registry:")
_SCHEMES: dict[str, Callable[[str], str]] = {
    "http": _of_http,
    "https": _of_http,
    "ftp": _of_file,
    "ssh": _of_git,
    "git": _of_git,
    "git+https": _of_git,
    "git+http": _of_git,
    "git+ssh": _of_git,
    "git+git": _of_git,
    "models": _of_model,
    "runs": _of_model,
    "mlflow-artifacts": _of_model,
    **{scheme.rstrip(":"): _of_image for scheme in _IMAGE_SCHEMES},
    **dict.fromkeys(
        ("s3", "s3a", "s3n", "gs", "gcs", "az", "abfs", "abfss", "wasb", "wasbs", "hdfs", "dbfs", "hf", "dvc"),
        _of_bucket,
    ),
}
