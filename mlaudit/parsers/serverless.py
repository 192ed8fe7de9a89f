"""serverless.yml: the Python in which functions run, and the requirements that its plugin packs with them."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import rewriting, waivers
from mlaudit.grammars.descriptors import Descriptor, values_under
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Include, Statement
from mlaudit.parsers._registry import parser

_SERVICE = lazy_pattern(rb"(?m)^service[ \t]*:")
_PROVIDER = lazy_pattern(rb"(?m)^provider[ \t]*:")
_PLUGIN = "serverless-python-requirements"


def _looks_like_it(doc: Document) -> bool:
    return _SERVICE.search(doc.head) is not None and _PROVIDER.search(doc.head) is not None


rewrite = rewriting.in_recipe
"""How a version in it is replaced, in commands, lists and tags of images."""


@parser(kind="recipe", files=["serverless.yml", "serverless.yaml"], content=_looks_like_it, marks=[b"provider"])
def read(doc: Document) -> Iterator[Statement]:
    """`runtime` of the provider and of each function, and the file that serverless-python-requirements installs.

    https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml,
    https://www.serverless.com/plugins/serverless-python-requirements
    """
    yield from waivers.in_comments(doc)
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `service` and `provider`")
    described = Descriptor(doc)
    runtimes = [root.dig("provider", "runtime"), *values_under(root.get("functions"), "runtime")]
    pythons = (node for node in runtimes if node.is_text and node.text().startswith("python"))
    yield from described.guarded(pythons, described.python)
    images = (node for node in values_under(root.get("functions"), "image") if node.is_text)
    yield from described.guarded(images, described.image)
    plugins = root.get("plugins")
    listed = [node.maybe_text() for node in plugins.each()] if plugins.is_list else []
    if _PLUGIN in listed:
        named = root.dig("custom", "pythonRequirements", "fileName")
        target = named.maybe_text() or "requirements.txt"
        yield Include(target=target, at=doc.at(*(named if named.exists else plugins).route), format="requirements")
