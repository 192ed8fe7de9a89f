"""The groups that uv installs unasked: locks of today state them, of older ones only the project's file does."""

from __future__ import annotations

import posixpath

import pytest

from mlaudit.document.document import Document
from mlaudit.model.nouns import Reading
from mlaudit.parsers._read import read

PACKAGE = """
version = 1
requires-python = ">=3.11"
[manifest]
members = ["app"]
[[package]]
name = "app"
version = "1"
source = { editable = "%s" }
%s
[package.dev-dependencies]
dev = [{ name = "pytest" }]
train = [{ name = "numpy" }]
[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://pypi.example/simple" }
[[package]]
name = "numpy"
version = "2.1.3"
source = { registry = "https://pypi.example/simple" }
"""
WORKSPACE = """
version = 1
requires-python = ">=3.11"
[manifest]
%s
[manifest.dependency-groups]
dev = [{ name = "pytest" }]
train = [{ name = "numpy" }]
"""
GROUPS = '[dependency-groups]\ndev = ["pytest"]\nTrain = ["numpy"]\n'
LEGACY = '[dependency-groups]\ntrain = ["numpy"]\n[tool.uv]\ndev-dependencies = ["pytest"]\n'


def lock(text: str, beside: dict[str, str]) -> Reading:
    def ask(path: str) -> Document | None:
        text = beside.get(posixpath.normpath(path))
        return Document(path, text.encode()) if text is not None else None

    return read(Document("uv.lock", text.encode(), ask=ask), "uv-lock")


@pytest.mark.parametrize(
    ("manifest", "groups"),
    [
        (None, ("dev",)),
        (GROUPS, ("dev",)),
        (GROUPS + '[tool.uv]\ndefault-groups = ["train"]\n', ("train",)),
        (GROUPS + '[tool.uv]\ndefault-groups = ["TRAIN", "dev"]\n', ("train", "dev")),
        (GROUPS + '[tool.uv]\ndefault-groups = ["docs"]\n', ()),
        # The lock is older than the group.
        (GROUPS + 'docs = []\n[tool.uv]\ndefault-groups = ["docs", "dev"]\n', ("dev",)),
        (GROUPS + "[tool.uv]\ndefault-groups = []\n", ()),
        (GROUPS + '[tool.uv]\ndefault-groups = "all"\n', ("dev", "train")),
        (LEGACY, ("dev",)),
        (LEGACY + 'default-groups = ["dev", "train"]\n', ("dev", "train")),
        (GROUPS + "[tool.uv]\ndefault-groups = 3\n", ("dev",)),
        ("[broken", ("dev",)),
    ],
)
@pytest.mark.parametrize("folder", [".", "packages/app", None])
def test_an_old_lock_asks_the_file_of_its_member(
    folder: str | None, manifest: str | None, groups: tuple[str, ...]
) -> None:
    text = PACKAGE % (folder, "") if folder else WORKSPACE % ""
    path = "pyproject.toml" if folder in (".", None) else f"{folder}/pyproject.toml"
    (root,) = lock(text, {path: manifest} if manifest is not None else {}).roots
    assert set(root.groups) == {"dev", "train"}
    assert root.default_groups == groups


@pytest.mark.parametrize(
    ("stated", "groups"), [('["train"]', ("train",)), ('"all"', ("dev", "train")), ("[]", ()), ('["dev"]', ("dev",))]
)
def test_a_lock_that_states_them_asks_nobody(stated: str, groups: tuple[str, ...]) -> None:
    beside = {"pyproject.toml": GROUPS + '[tool.uv]\ndefault-groups = ["dev", "train"]\n'}
    line = f"default-groups = {stated}"
    for text in (PACKAGE % (".", line), WORKSPACE % line):
        (root,) = lock(text, beside).roots
        assert root.default_groups == groups
