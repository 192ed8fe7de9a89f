"""Ray: runtime environments in Serve configurations and job files, and what a cluster's configuration installs."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor, values_under
from mlaudit.grammars.manifests import Manifests
from mlaudit.grammars.ray_applications import configurations, inner_yaml, named_applications
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Fact, Root, Statement, Unread
from mlaudit.parsers._registry import parser

_RUNTIME_ENV = lazy_pattern(rb"(?m)^[ \t]*(?:- )?[\"']?runtime_env[\"']?:")
_KUBERAY = lazy_pattern(rb"(?m)^apiVersion:[ \t]*[\"']?ray\.io/")
_CLUSTER = lazy_pattern(rb"(?m)^(?:cluster_name|head_node_type|available_node_types|provider|max_workers):")
_COMMANDS = (
    "initialization_commands", "setup_commands", "head_setup_commands", "worker_setup_commands",
)  # fmt: skip


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if _KUBERAY.search(head):
        return True
    return _RUNTIME_ENV.search(head) is not None or len(set(_CLUSTER.findall(head))) >= 3


rewrite = rewriting.requirement
"""How a version in it is replaced."""


@parser(
    kind="aside",
    content=_looks_like_it,
    marks=[
        b"ray.io/",
        b"runtime_env",
        b"cluster_name:",
        b"head_node_type:",
        b"available_node_types:",
        b"provider:",
        b"max_workers:",
    ],
)
def read(doc: Document) -> Iterator[Statement]:
    """Applications of a Serve configuration are roots; a file with one environment has none."""
    yield from waivers.in_comments(doc)
    manifests = Manifests(doc)
    for node in manifests.tables():
        try:
            yield from _manifest(manifests, node)
        except Malformed as error:
            yield doc.unread(str(error), manifests.at(Node(None, error.route)))


def _manifest(manifests: Manifests, node: Node) -> Iterator[Statement]:
    yield from _applications(manifests, node)
    for text in configurations(node):
        inner = _inner(manifests.descriptor(), text)
        yield from _applications(manifests, inner) if isinstance(inner, Node) else (inner,)
    if not node.get("applications").exists:
        described = manifests.descriptor()
        for environment in values_under(node, "runtime_env"):
            yield from _environment(described, environment)
    yield from _cluster(manifests.descriptor(), node)


def _applications(manifests: Manifests, configuration: Node) -> Iterator[Statement]:
    """Each application of a Serve configuration, with what its runtime environment installs."""
    for name, application in named_applications(configuration):
        yield Root(name=name, kind="environment", at=manifests.at(application))
        described = manifests.descriptor(name)
        for environment in values_under(application, "runtime_env"):
            yield from _environment(described, environment)


def _environment(described: Descriptor, node: Node) -> Iterator[Statement]:
    """The fields of a runtime environment that state what is installed."""
    if not node.is_table:
        yield described.doc.unread("expected a table with `pip`, `uv` or `conda`", described.at(node))
        return
    container = node.get("container")
    yield from described.image(container.get("image") if container.is_table else node.get("image_uri"))
    yield from described.guarded([node.get("conda")], lambda value: _conda(described, value))
    for tool in ("pip", "uv"):
        yield from described.guarded([node.get(tool)], lambda value: _pip(described, value))


def _pip(described: Descriptor, node: Node) -> Iterator[Statement]:
    """A list, a file, or a table whose `packages` is one of them."""
    if node.is_table:
        yield from _pip(described, node.get("packages"))
    elif node.is_list:
        yield from described.requirements(node)
    else:
        yield from described.include(node)


def _conda(described: Descriptor, node: Node) -> Iterator[Statement]:
    if node.is_text and not node.text().endswith((".yml", ".yaml")):
        says = f"it runs in the conda environment `{node.text()[:80]}`, which exists on the machine"
        yield Fact(key="note", value=says, at=described.at(node))
    elif node.exists:
        yield from described.conda_file(node)


def _cluster(described: Descriptor, node: Node) -> Iterator[Statement]:
    """A cluster's configuration: `docker.image` and the setup commands; of KubeRay the images of its containers."""
    docker = node.get("docker")
    if docker.is_table:
        for key in ("image", "head_image", "worker_image"):
            yield from described.guarded([docker.get(key)], described.image)
    for key in _COMMANDS:
        yield from described.guarded([node.get(key)], described.script)
    if node.get("apiVersion").exists:
        images = values_under(node.get("spec"), "image")
        yield from described.guarded(images, lambda image: described.image(image) if image.is_text else ())
        for text in values_under(node.get("spec"), "runtimeEnvYAML"):
            yield from _embedded(described, text)


def _embedded(described: Descriptor, node: Node) -> Iterator[Statement]:
    """A runtime environment in a string of YAML."""
    inner = _inner(described, node)
    yield from _environment(described, inner) if isinstance(inner, Node) else (inner,)


def _inner(described: Descriptor, node: Node) -> Node | Unread:
    """YAML inside a string of YAML."""
    try:
        return inner_yaml(node)
    except ValueError as error:
        return described.doc.unread(f"it is not valid YAML: {error}", described.at(node), what=node.text())
