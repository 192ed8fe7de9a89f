"""Databricks: the runtime and the libraries of clusters, jobs and asset bundles (YAML, JSON)."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.descriptors import Descriptor, data_of, values_under
from mlaudit.grammars.variables import defined
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Statement
from mlaudit.model.secrets import masked
from mlaudit.parsers._registry import parser

_BUNDLE = lazy_pattern(
    rb"(?m)^bundle:|^resources:[ \t]*\r?\n[ \t]+(?:jobs|pipelines|clusters|model_serving_endpoints):"
)
_RUNTIME = lazy_pattern(rb"[\"']?\bspark_version\b[\"']?[ \t]*:[ \t]*[\"']?(?:\d|\$|custom)")
_JVM = ("maven", "jar", "cran", "egg")


def _looks_like_it(doc: Document) -> bool:
    return _BUNDLE.search(doc.head) is not None or _RUNTIME.search(doc.head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(
    kind="list",
    files=["databricks.yml", "databricks.yaml"],
    content=_looks_like_it,
    marks=[b"bundle:", b"resources:", b"spark_version"],
)
def read(doc: Document) -> Iterator[Statement]:
    """`spark_version`, `libraries` and the `dependencies` of serverless environments, however deep they are."""
    yield from waivers.in_comments(doc)
    root = data_of(doc)
    described = Descriptor(doc)
    yield from described.guarded(values_under(root, "spark_version"), lambda node: _runtime(described, node))
    images = (node.get("url") for node in values_under(root, "docker_image") if node.is_table)
    yield from described.guarded(images, described.image)
    for libraries in values_under(root, "libraries"):
        yield from described.guarded(
            libraries.each() if libraries.is_list else (), lambda node: _library(described, node)
        )
    for spec in values_under(root, "environments"):
        for environment in spec.each() if spec.is_list else ():
            dependencies = environment.dig("spec", "dependencies")
            yield from described.requirements(dependencies)


def _runtime(described: Descriptor, node: Node) -> Iterator[Statement]:
    """The Databricks Runtime, with what is known of it; the packages in it are listed in its release notes."""
    text = defined(node.text(), described.doc.defines)
    at = described.at(node)
    if "$" in text or "{" in text:
        yield described.doc.unread("a placeholder in it has no value here", at, what=text, template=True)
        return
    yield from image_tags.statements(described.doc, f"databricks-runtime:{text}", at)


def _library(described: Descriptor, node: Node) -> Iterator[Statement]:
    """One library: from an index, a wheel, a requirements file; those for the JVM and R are left out."""
    pypi = node.get("pypi")
    if pypi.exists:
        if pypi.get("repo").is_text:
            yield Fact(key="index", value=masked(pypi.get("repo").text()), at=described.at(pypi.get("repo")))
        described.recipe.values["PIP_INDEX_URL"] = pypi.get("repo").maybe_text() or ""
        yield from described.requirements([pypi.get("package")])
        del described.recipe.values["PIP_INDEX_URL"]
    elif node.get("whl").exists:
        yield from described.requirements([node.get("whl")])
    elif node.get("requirements").exists:
        yield from described.include(node.get("requirements"))
    elif not any(node.get(kind).exists for kind in _JVM):
        yield described.doc.unread("expected `pypi`, `whl` or `requirements`", described.at(node))
