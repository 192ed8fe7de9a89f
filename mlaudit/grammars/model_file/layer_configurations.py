"""The objects that a Keras configuration nests: each with its module, its class, and the arguments it is made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.grammars.model_file.archives import json_node, member_json
from mlaudit.grammars.model_file.hdf5 import MAGIC, RootAttributes
from mlaudit.grammars.model_file.window import whole
from mlaudit.grammars.model_file.zip_directory import Archive
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass

MAX_VALUES = 1_000_000
"""Values of one configuration that are looked at: a large network has some ten thousand."""
_CONFIGURATION = "config.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredObject:
    """One object; `registered` where it is a class of the user's own."""

    module: str
    name: str
    registered: bool
    keys: tuple[str, ...]


def configured_objects(doc: Document, module: str) -> Iterator[ConfiguredObject]:
    """The objects in the configuration of a `.keras` or HDF5 file, the outermost first. Raises Unreadable.

    `module` is that of layers which name none, as those in HDF5 files do.
    """
    waiting = [_configuration(doc)]
    if not isinstance(waiting[0], Mapping | None):
        raise Unreadable("its configuration is no table")
    for _ in range(MAX_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, Mapping):
            configured_object = _object(value)
            if configured_object is not None:
                yield configured_object
            waiting.extend(reversed(list(value.values())))
        elif isinstance(value, list):
            named = ({"module": module, **layer} if _names_no_module(layer) else layer for layer in reversed(value))
            waiting.extend(named)
    raise Unreadable(f"its configuration has more than {MAX_VALUES} values")


def _names_no_module(value: object) -> bool:
    return isinstance(value, Mapping) and "class_name" in value and "registered_name" not in value


def _object(value: Mapping[str, object]) -> ConfiguredObject | None:
    module, name, config = value.get("module"), value.get("class_name"), value.get("config")
    if not isinstance(module, str) or not isinstance(name, str) or not isinstance(config, Mapping):
        return None
    registered = value.get("registered_name")
    is_own = isinstance(registered, str) and ">" in registered
    return ConfiguredObject(module=module, name=name, registered=is_own, keys=tuple(map(str, config)))


def _configuration(doc: Document) -> object:
    with doc.stream() as stream:
        window = whole(stream)
        if doc.head.startswith(MAGIC):
            text = RootAttributes(window).texts.get("model_config")
            return json_node(text.encode(), "its configuration").value if text else None
        archive = Archive(window)
        member = archive.members.get(_CONFIGURATION)
        if member is None:
            raise Unreadable(f"the archive has no {_CONFIGURATION}")
        return member_json(archive, member).value
