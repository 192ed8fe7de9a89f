"""The applications of a Ray Serve configuration, which a RayService of KubeRay has as a string of YAML.

https://docs.ray.io/en/latest/serve/production-guide/config.html,
https://docs.ray.io/en/latest/serve/production-guide/kubernetes.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.node import Node
from mlaudit.document.yaml import yaml_loads
from mlaudit.grammars.descriptors import values_under


def named_applications(node: Node) -> Iterator[tuple[str, Node]]:
    """Each application of a table `applications` with its name, else its number."""
    listed = node.get("applications")
    for number, application in enumerate(listed.each() if listed.is_list else ()):
        yield application.get("name").maybe_text() or str(number), application


def configurations(node: Node) -> Iterator[Node]:
    """The Serve configurations of a RayService, as the strings that hold them."""
    return (text for text in values_under(node.get("spec"), "serveConfigV2") if text.is_text)


def inner_yaml(node: Node) -> Node:
    """YAML inside a string of YAML, under the route of the string. Raises ValueError."""
    return Node(yaml_loads(node.text()), node.route)
