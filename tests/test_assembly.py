"""SOURCE texts: what they mean, and what their environments are called."""

from __future__ import annotations

import pytest

from mlaudit.environments.environment import environment
from mlaudit.environments.sources import environment_names
from mlaudit.model.nouns import Pin, Place, Reading, Unread
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.source_spec import BadSource, SourcePart, source_parts
from mlaudit.request.wanted import Wanted

FILES = {"a.txt", "b=c.txt", "x#y.lock", "main:z.txt", "folder,with,commas.txt"}


def parsed(text: str) -> tuple[SourcePart, ...]:
    return source_parts(text, lambda path: path in FILES)


@pytest.mark.parametrize("path", sorted(FILES))
def test_an_existing_path_wins_over_every_other_reading(path: str) -> None:
    assert parsed(path) == (SourcePart(text=path, path=path),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("serving=a.txt", {"name": "serving", "path": "a.txt"}),
        ("uv.lock#package=api,extra=gpu,extra=tpu", {"parts": {"package": "api"}, "extras": ("gpu", "tpu")}),
        ("Dockerfile#stage=serve", {"path": "Dockerfile", "parts": {"stage": "serve"}}),
        ("main:serving/uv.lock", {"revision": "main", "path": "serving/uv.lock"}),
        ("old=v1.0:uv.lock#group=train", {"name": "old", "revision": "v1.0", "groups": ("train",)}),
        ("dump.txt#format=pip-list", {"path": "dump.txt", "format": "pip-list"}),
        ("pixi.lock#environment=serve,python=3.11", {"parts": {"environment": "serve"}, "python": "3.11"}),
    ],
)
def test_one_source(text: str, expected: dict[str, object]) -> None:
    (found,) = parsed(text)
    assert {name: getattr(found, name) for name in expected} == expected


def test_several_sources_of_one_environment() -> None:
    found = parsed("serving=a.txt,serving=uv.lock#package=api,extra=gpu,serving=Dockerfile")
    assert [(one.name, one.path) for one in found] == [
        ("serving", "a.txt"),
        ("serving", "uv.lock"),
        ("serving", "Dockerfile"),
    ]
    assert found[1].extras == ("gpu",)


@pytest.mark.parametrize(
    "text",
    [
        "a=x.txt,b=y.txt",
        "uv.lock#color=red",
        "uv.lock#extra=",
        "main:",
        "a#package=x,package=y",
        "s=a#extra=x,s=a#extra=y",
    ],
)
def test_what_means_nothing_is_said(text: str) -> None:
    with pytest.raises(BadSource):
        parsed(text)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["training/uv.lock", "serving/uv.lock"], ["training", "serving"]),
        (["training/requirements.txt", "serving/app/requirements.txt"], ["training", "app"]),
        (["train.txt", "serve.txt"], ["train", "serve"]),
        (["services/api/uv.lock", "live=dump.txt"], ["api", "live"]),
        (["train.txt", "services/api/uv.lock"], ["train", "api"]),
        (["api/uv.lock", "api/pyproject.toml"], ["uv", "pyproject"]),
        (["uv.lock", "uv.lock"], ["uv.lock", "uv.lock-2"]),
        (["main:uv.lock", "next:uv.lock"], ["main:uv.lock", "next:uv.lock"]),
        (["uv.lock#package=api", "uv.lock#package=worker"], ["uv.lock-api", "uv.lock-worker"]),
    ],
)
def test_names_tell_environments_apart(sources: list[str], expected: list[str]) -> None:
    names = environment_names([parsed(source) for source in sources])
    assert len(set(names)) == len(names)
    assert names == expected


@pytest.mark.parametrize("pins", [(), (Pin(name="numpy", package="numpy", version="1.26.4", at=Place(path="a")),)])
def test_a_source_is_lost_where_nothing_of_it_was_read(pins: tuple[Pin, ...]) -> None:
    broken = Unread(at=Place(path="a"), why="it breaks off", whole=True)
    reading = Reading(path="a", format="uv-lock", complete=False, pins=pins, unread=(broken,))
    assert environment(EnvironmentRequest(name="serving", role="serving"), [reading], Wanted()).lost is not bool(pins)
