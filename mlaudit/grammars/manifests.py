"""YAML files of several documents, as Kubernetes and pipeline compilers write them, with the places of their values."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document import positions as locate
from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.document.yaml import yaml_load_all
from mlaudit.grammars.descriptors import Descriptor
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Place


class Manifests:
    """The documents of a YAML stream; routes begin with the number of the document. Raises Unreadable."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        try:
            self._loaded = yaml_load_all(doc.text)
        except RecursionError:
            raise Unreadable("it is nested too deeply for YAML") from None
        except ValueError as error:
            line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
            raise Unreadable(f"it is not valid YAML: {error}", line, column) from None
        self._locator = locate.yaml_locator(doc.text, multi=True)

    def tables(self) -> Iterator[Node]:
        """The documents that are tables."""
        return (Node(value, (number,)) for number, value in enumerate(self._loaded) if isinstance(value, dict))

    def at(self, node: Node) -> Place:
        """The place of a node, or of the nearest that holds it."""
        route = node.route
        while len(route) > 1:
            span = self._locator.at(*route)
            if span is not None:
                return self.doc.place(*span)
            route = route[:-1]
        span = self._locator.at(*route)
        return self.doc.place(span.line, span.column) if span else self.doc.place(1, 1)

    def descriptor(self, *parts: str) -> Descriptor:
        """A reader of nodes of these documents."""
        return Descriptor(self.doc, parts=parts, at=self.at)
