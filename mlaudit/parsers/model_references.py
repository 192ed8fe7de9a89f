"""Configuration files that name models: `models:/churn/3`, or a Hugging Face repository with a `revision`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars import model_refs
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Statement
from mlaudit.parsers._registry import parser

_REGISTERED = lazy_pattern(rb"[\"'\s]models:/[^\s\"']")
_REVISED = lazy_pattern(rb"(?m)(?:^|[{,])[\s{,-]{0,64}[\"']?(?:model_)?revision[\"']?\s{0,8}:\s{0,8}[\"']?[\w]")
_REPOSITORY = lazy_pattern(
    rb"(?m)(?:^|[{,])[\s{,-]{0,64}[\"']?(?:repo_id|model_id|hf_model_id|model_name_or_path|pretrained_model_name_or_path)[\"']?\s{0,8}:"
)
# Other formats hold such references too, and are read by their own parsers.
_OTHERS = lazy_pattern(
    rb"(?m)^(?:[\"']?(?:apiVersion|flavors|stages|model_metadata|model_cache|python_version|build|resources|channels"
    rb"|dependencies|environment_variables|schema|runtime_env|jobs|on|image)[\"']?\s{0,8}:|\s{0,64}\"(?:cells|bomFormat|spdxVersion"
    rb"|architectures|transformers_version|peft_type)\")"
)


def _looks_like_it(doc: Document) -> bool:
    head = doc.head
    if b"<" in head[:64] or _OTHERS.search(head) is not None:
        return False
    revised = _REVISED.search(head) is not None and _REPOSITORY.search(head) is not None
    return revised or (
        _REGISTERED.search(head) is not None
        and re.search(rb"(?m)^[\s{-]{0,64}[\"']?\w[\w.-]{0,64}[\"']?\s{0,8}:", head) is not None
    )


@parser(
    kind="aside",
    files=["model-references.yaml", "model-references.yml", "model-references.json"],
    content=_looks_like_it,
    marks=[b"models:/", b"revision"],
)
def read(doc: Document) -> Iterator[Statement]:
    """Every reference; the other keys of the file are its own affair."""
    text = doc.text.lstrip()
    if not text:
        raise Unreadable("it is empty; expected keys like `repo_id` and `revision`")
    root = doc.json if text.startswith(("{", "[")) else doc.yaml
    statements = list(model_refs.in_tree(doc, root))
    if not statements:
        raise Unreadable(
            "it contains no reference to a model: neither `models:/name/version` nor an id with a revision"
        )
    yield from statements
