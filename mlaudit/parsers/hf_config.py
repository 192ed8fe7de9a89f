"""Hugging Face configurations: config.json, generation_config.json, PEFT's and sentence-transformers' own."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.model_file.model_card import framework_versions
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Statement
from mlaudit.parsers._registry import parser

LAST_SAVE = "the version of the last save, not of the training"

_KEYS = lazy_pattern(
    rb'"(?:transformers_version|_diffusers_version|peft_type|architectures|sentence_transformers|tokenizer_class|_from_model_config)"\s{0,4}:'
)
_RECORDS = (("transformers_version", "transformers"), ("_diffusers_version", "diffusers"), ("peft_version", "peft"))


def _is_config(doc: Document) -> bool:
    return doc.head.lstrip()[:1] == b"{" and doc.size < 1024 * 1024 and _KEYS.search(doc.head) is not None


@parser(
    kind="artifact",
    # `binary` makes the names hints: any project may have a config.json.
    access="binary",
    files=[
        "config.json",
        "model_index.json",
        "generation_config.json",
        "tokenizer_config.json",
        "adapter_config.json",
        "config_sentence_transformers.json",
    ],
    content=_is_config,
    marks=[
        b'"transformers_version"',
        b'"_diffusers_version"',
        b'"peft_type"',
        b'"architectures"',
        b'"sentence_transformers"',
        b'"tokenizer_class"',
        b'"_from_model_config"',
    ],
)
def read(doc: Document) -> Iterator[Statement]:
    """Whatever versions the configuration records, and those of the model card beside it."""
    root = doc.json
    kind = _kind(root)
    yield artifact(doc, kind, classes=_classes(root), at=_anchor(doc, root))
    recorded = False
    for key, package in _RECORDS:
        value = root.get(key)
        if value.exists:
            recorded = True
            yield exact(doc, package, value.value, kind, at=doc.at(key), detail=LAST_SAVE)
    for name, value in root.get("__version__").items() if root.get("__version__").is_table else ():
        recorded = True
        package = {"pytorch": "torch"}.get(name, name)
        yield exact(doc, package, value.value, kind, at=doc.at("__version__", name), detail=LAST_SAVE)
    if not recorded:
        yield ranged(doc, kind, None, kind, at=_anchor(doc, root), detail="no version is recorded")
    if kind in ("peft", "sentence-transformers"):
        yield from framework_versions(doc, kind)


def _kind(root: Node) -> str:
    if root.get("peft_type").exists:
        return "peft"
    if root.dig("__version__").is_table:
        return "sentence-transformers"
    return "diffusers" if root.get("_diffusers_version").exists else "transformers"


def _classes(root: Node) -> tuple[str, ...]:
    names = root.get("architectures").value
    single = root.get("_class_name").value
    if isinstance(names, list):
        own = tuple(name[:200] for name in names[:20] if isinstance(name, str))
    else:
        own = (single[:200],) if isinstance(single, str) else ()
    return (*own, *_settings(root))


def _settings(root: Node) -> Iterator[str]:
    """Settings on which it depends how another release reads the folder, as `key` or `key=value`."""
    for key in ("dtype", "torch_dtype", "tokenizer_class"):
        value = root.get(key).value
        if isinstance(value, str) and value.isidentifier():
            yield f"{'dtype' if key == 'torch_dtype' else key}={value[:100]}"
    if root.get("rope_parameters").is_table:
        yield "rope_parameters"
    scaling = root.get("rope_scaling")
    kind = scaling.dig("rope_type").value if scaling.is_table else None
    if isinstance(kind, str) and kind.isidentifier():
        yield f"rope_scaling={kind[:100]}"
    if root.get("extra_special_tokens").is_list:
        yield "extra_special_tokens=list"


def _anchor(doc: Document, root: Node) -> Place:
    """The place of the first key that shows what the file is."""
    for key in ("architectures", "_class_name", "peft_type", "__version__", "transformers_version"):
        if root.get(key).exists:
            return doc.at(key)
    return doc.place(1, 1)
