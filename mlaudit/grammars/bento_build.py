"""BentoML's build options, a bentofile.yaml or the table `[tool.bentoml.build]` of a pyproject.toml.

The order is the one in which BentoML builds: `docker`, then `conda`, then `python`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.nouns import Fact, Kind, Statement
from mlaudit.model.secrets import masked


def statements(doc: Document, build: Node) -> Iterator[Statement]:
    """What the options install, and on which image."""
    bento = Descriptor(doc)
    yield from bento.guarded([build.get("docker")], lambda node: _docker(bento, node))
    yield from bento.guarded([build.get("conda")], lambda node: _conda(bento, node))
    yield from bento.guarded([build.get("python")], lambda node: _python(bento, node))


def _docker(bento: Descriptor, node: Node) -> Iterator[Statement]:
    yield from bento.image(node.dig("base_image"))
    yield from bento.python(node.dig("python_version"))
    yield from bento.version("cuda", Kind.CUDA, node.dig("cuda_version"))
    yield from bento.system_packages(node.dig("system_packages"))
    template = node.dig("dockerfile_template")
    if template.exists:
        says = f"the image is built by the template {template.text()}, which is not read"
        yield Fact(key="note", value=says, at=bento.at(template))


def _conda(bento: Descriptor, node: Node) -> Iterator[Statement]:
    yield from bento.conda_file(node.dig("environment_yml"))
    specs = [entry for entry in node.dig("dependencies").each() if entry.is_text]
    yield from bento.conda_specs(specs)
    yield from bento.requirements(node.dig("pip"))


def _python(bento: Descriptor, node: Node) -> Iterator[Statement]:
    addresses = [node.dig("index_url"), *_each(node.dig("extra_index_url")), *_each(node.dig("find_links"))]
    for address in addresses:
        if address.is_text:
            yield Fact(key="index", value=masked(address.text()), at=bento.at(address))
    bento.recipe.values["PIP_INDEX_URL"] = " ".join(address.text() for address in addresses if address.is_text)
    for listed in _each(node.dig("requirements_txt")):
        yield from bento.include(listed)
    yield from bento.requirements(node.dig("packages"))
    yield from bento.requirements(node.dig("wheels"))


def _each(node: Node) -> list[Node]:
    """A list or a single value, which BentoML takes alike."""
    return list(node.each()) if node.is_list else [node]
