"""The configuration that Hydra composes for a function: the named file, and the files of its list of defaults.

https://hydra.cc/docs/tutorials/basic/your_first_app/defaults/
"""

from __future__ import annotations

import ast
import posixpath

from mlaudit.code.source import NameScope
from mlaudit.code.values import (
    Env,
    ListValue,
    TableValue,
    TextValue,
    Thunk,
    UnknownValue,
    Value,
    ValueReader,
    as_text,
)

MAX_DEFAULTS = 20
MAX_DEPTH = 20


def composed(reader: ValueReader, scope: NameScope, env: Env) -> Value | None:
    """The configuration of a function under `@hydra.main`, None for every other one."""
    for decorator in getattr(scope.node, "decorator_list", ()):
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", None) == "main":
            folder = _keyword_text(reader, decorator, "config_path", env) or "."
            name = _keyword_text(reader, decorator, "config_name", env) or "config"
            name = name.removesuffix(".yaml")
            root = posixpath.join(posixpath.dirname(scope.source.path), folder)
            return _loaded(reader, posixpath.normpath(root), name, env)
    return None


def _loaded(reader: ValueReader, folder: str, name: str, env: Env) -> Value | None:
    main = reader.loaded_data(posixpath.join(folder, name + ".yaml"), env)
    if not isinstance(main, TableValue):
        return None
    items: dict[str, Thunk] = {}
    for group, option in _defaults(reader, main):
        part = reader.loaded_data(posixpath.join(folder, group, option.removesuffix(".yaml") + ".yaml"), env)
        if part is not None and group:
            items[group] = Thunk(None, None, (without_references(reader, part),))
        elif isinstance(part, TableValue):
            items.update(part.items)
    own = without_references(reader, main)
    return TableValue(items={**items, **(own.items if isinstance(own, TableValue) else {})})


def _defaults(reader: ValueReader, main: TableValue) -> list[tuple[str, str]]:
    """Group and option of each entry of `defaults`; a plain file has no group."""
    listed = reader.forced(main.items["defaults"])[0] if "defaults" in main.items else None
    options: list[tuple[str, str]] = []
    for thunk in listed.items[:MAX_DEFAULTS] if isinstance(listed, ListValue) else ():
        entry = reader.forced(thunk)[0]
        if isinstance(entry, TableValue):
            for key, option in entry.items.items():
                known = as_text(reader.forced(option)[0]).known
                options += [(key.removeprefix("override ").strip("/"), known)] if known else []
        elif isinstance(entry, TextValue) and entry.known and entry.known != "_self_":
            options.append(("", entry.known))
    return options


def without_references(reader: ValueReader, value: Value, depth: int = 0) -> Value:
    """The same data with texts that refer to other values (`${now:%Y}`) as unknown."""
    if isinstance(value, TextValue) and "${" in (value.known or ""):
        return UnknownValue()
    if isinstance(value, TableValue) and depth < MAX_DEPTH:
        members = {key: reader.forced(thunk)[0] for key, thunk in value.items.items()}
        return TableValue(
            items={
                key: Thunk(None, None, (without_references(reader, member, depth + 1),))
                for key, member in members.items()
            }
        )
    return value


def _keyword_text(reader: ValueReader, call: ast.Call, name: str, env: Env) -> str | None:
    node = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return reader.texts(node, env)[0].known if node is not None else None
