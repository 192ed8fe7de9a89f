"""What a pickle that torch wrote says: Lightning and ultralytics record themselves, torch does not."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.pickle_values import Dict, Global
from mlaudit.grammars.model_file.pickled import Contents, statements
from mlaudit.grammars.model_file.recorded import exact, ranged, version_text
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Kind, Pin, Place, Recorded, Statement

_LIGHTNING = "pytorch-lightning_version"
_TENSOR_MODULES = frozenset({"torch", "torch._utils", "torch.storage", "torch.nn.parameter", "torch._tensor"})


def checkpoint(doc: Document, contents: Contents, at: Place) -> Iterator[Statement]:
    """The statements of a torch pickle, with what its root dictionary records."""
    root = contents.pickle.root.entries if isinstance(contents.pickle.root, Dict) else {}
    recorded = list(_recorded(doc, root, at))
    packages = {pin.package for pin in recorded if isinstance(pin, Pin)}
    kind = _kind(contents, root)
    for statement in statements(doc, contents, at, kind=kind):
        if not (isinstance(statement, Pin) and statement.kind is Kind.PACKAGE):
            yield statement
        elif statement.package not in packages:
            yield _of_kind(statement, kind) if statement.package == "torch" else statement
    yield from recorded
    if "torch" not in contents.libraries:
        yield ranged(doc, "torch", None, kind, at=at, detail="torch.save records no version")


def _of_kind(pin: Pin, kind: str) -> Pin:
    recorded = pin.recorded or Recorded()
    return replace(pin, recorded=recorded._replace(kinds=(kind,)))


def _recorded(doc: Document, root: dict[str, object], at: Place) -> Iterator[Statement]:
    if _LIGHTNING in root:
        yield exact(doc, "pytorch-lightning", root[_LIGHTNING], "lightning.ckpt", at=at)
    elif _is_ultralytics(root):
        yield exact(doc, "ultralytics", root.get("version"), "torch.pickle", at=at)


def _is_ultralytics(root: dict[str, object]) -> bool:
    """Whether the dictionary has the keys that ultralytics' trainer writes (ultralytics/engine/trainer.py)."""
    licence = root.get("license")
    dated = isinstance(root.get("date"), str) and version_text(root.get("version")) is not None
    return dated and isinstance(licence, str) and licence.startswith("AGPL")


def _kind(contents: Contents, root: dict[str, object]) -> str:
    if _LIGHTNING in root:
        return "lightning.ckpt"
    return "torch.state_dict" if all(_is_plain(name) for name in contents.pickle.globals) else "torch.pickle"


def _is_plain(name: Global) -> bool:
    """Whether a name is only about tensors and plain containers."""
    return name.module in _TENSOR_MODULES or str(name) == "collections.OrderedDict"
