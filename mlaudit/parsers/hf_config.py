"""Hugging Face configurations: config.json, generation_config.json, PEFT's and sentence-transformers' own."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Node
from mlaudit.grammars.model_file.formats import formats
from mlaudit.grammars.model_file.model_card import framework_versions
from mlaudit.grammars.model_file.recorded import artifact, exact, ranged
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place, Statement
from mlaudit.parsers._registry import parser

LAST_SAVE = "the version of the last save, not of the training"

_KEYS = lazy_pattern(
    rb'"(?:transformers_version|_diffusers_version|peft_type|architectures|sentence_transformers|tokenizer_class|_from_model_config)"\s{0,4}:'
)
NO_TOKENIZER, NO_TEMPLATE = "no tokenizer beside it", "no chat template beside it"
_GENERATION = "generation_config.json"
_CONFIG = "config.json"
_PART = lazy_pattern(r"(.{1,100})-([0-9]{5})-of-([0-9]{5})(\.safetensors|\.bin)")
_TOKENIZER = "tokenizer_config.json"
_MAX_TOKENIZER = 4 * 1024 * 1024
_OF_TOKENIZERS = ("tokenizer", "vocab", "merges", "spiece", "sentencepiece", "special_tokens", "chat_template")
"""How the names begin of files that a tokenizer is made from."""
_WEIGHTS = (".safetensors", ".bin", ".safetensors.index.json", ".bin.index.json", ".h5", ".msgpack")
_WORD = lazy_pattern(r"[A-Za-z0-9][\w.-]{0,99}")
_TOKENIZER_CLASS = lazy_pattern(rb'"tokenizer_class"\s{0,8}:\s{0,8}"([A-Za-z_]\w{0,99})"')
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
    yield artifact(doc, kind, classes=tuple(_classes(doc, root)), at=_anchor(doc, root))
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
    quantized = root.get("quantization_config").dig("quant_method").value if kind == "transformers" else None
    needed = formats().table("quantization").get(quantized) if isinstance(quantized, str) else None
    if needed is not None:
        yield ranged(
            doc, needed, None, kind, at=doc.at("quantization_config"), detail=f"it is quantized by {quantized}"
        )
    yield from _parts(doc)
    if kind in ("peft", "sentence-transformers"):
        yield from framework_versions(doc, kind)


def _parts(doc: Document) -> Iterator[Statement]:
    """The parts of a checkpoint that are missing beside the others; where none is there, they are elsewhere."""
    seen: dict[tuple[str, str], set[str]] = {}
    for match in filter(None, map(_PART.fullmatch, doc.names("."))) if doc.path.rpartition("/")[2] == _CONFIG else ():
        seen.setdefault((f"{match[1]}-*-of-{match[3]}{match[4]}", match[3]), set()).add(match[2])
    for (pattern, total), numbers in seen.items():
        if len(numbers) < int(total):
            yield doc.unread(
                f"only {len(numbers)} of the {int(total)} parts {pattern} of the model can be seen beside it"
            )


def _kind(root: Node) -> str:
    if root.get("peft_type").exists:
        return "peft"
    if root.dig("__version__").is_table:
        return "sentence-transformers"
    return "diffusers" if root.get("_diffusers_version").exists else "transformers"


def _classes(doc: Document, root: Node) -> Iterator[str]:
    """What the file is of, and on what it depends how another release reads the folder, as `key` or `key=value`."""
    names = root.get("architectures").value
    single = root.get("_class_name").value
    if isinstance(names, list):
        yield from (name[:200] for name in names[:20] if isinstance(name, str))
    elif isinstance(single, str):
        yield single[:200]
    yield from _settings(root)
    if root.get("__version__").is_table:
        yield "SentenceTransformer"
    elif doc.path.rpartition("/")[2] == _GENERATION:
        yield "GenerationConfig"
    elif root.get("model_type").exists:
        yield from _of_model(doc, root)


def _settings(root: Node) -> Iterator[str]:
    for key in ("dtype", "torch_dtype", "tokenizer_class"):
        value = root.get(key).value
        if isinstance(value, str) and value.isidentifier():
            yield f"{'dtype' if key == 'torch_dtype' else key}={value[:100]}"
    if root.get("rope_parameters").is_table and not _is_default_rope(root):
        yield "rope_parameters"
    scaling = root.get("rope_scaling")
    kind = scaling.dig("rope_type").value if scaling.is_table else None
    if isinstance(kind, str) and kind.isidentifier():
        yield f"rope_scaling={kind[:100]}"
    if root.get("extra_special_tokens").is_list:
        yield "extra_special_tokens=list"


def _is_default_rope(root: Node) -> bool:
    """Whether a reader that passes `rope_parameters` over takes the same values by its defaults."""
    values = {str(key): node.value for key, node in root.get("rope_parameters").items()}
    theta, kind = values.get("rope_theta"), root.get("model_type").value
    default = formats().table("rope_theta").get(kind) if isinstance(kind, str) else None
    plain = {"rope_theta": theta, "rope_type": "default"}
    return values == plain and default is not None and _number(theta) == _number(default)


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None


def _of_model(doc: Document, root: Node) -> Iterator[str]:
    """The type that a library has to know, and whether tokenizer and chat template are absent beside a model."""
    kind = root.get("model_type").value
    if isinstance(kind, str) and _WORD.fullmatch(kind) and not root.get("auto_map").exists:
        yield f"model_type={kind}"
    names = frozenset(doc.names("."))
    tokenizer = doc.beside(_TOKENIZER) if _TOKENIZER in names else None
    if not any(name.startswith(_OF_TOKENIZERS) for name in names):
        if any(name.endswith(_WEIGHTS) for name in names):
            yield from (NO_TOKENIZER, NO_TEMPLATE)
    elif "chat_template.jinja" not in names:
        yield NO_TEMPLATE
    if tokenizer is not None and not root.get("tokenizer_class").exists and tokenizer.size < _MAX_TOKENIZER:
        match = _TOKENIZER_CLASS.search(tokenizer.data)
        if match is not None:
            yield f"tokenizer_class={match[1].decode('ascii')}"


def _anchor(doc: Document, root: Node) -> Place:
    """The place of the first key that shows what the file is."""
    for key in ("architectures", "_class_name", "peft_type", "__version__", "transformers_version"):
        if root.get(key).exists:
            return doc.at(key)
    return doc.place(1, 1)
