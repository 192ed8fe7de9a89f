"""What calls and attributes of texts and paths give, and the standard library's calls that make texts.

https://docs.python.org/3/library/pathlib.html, https://docs.python.org/3/library/os.path.html,
https://docs.python.org/3/library/os.html#os.getenv
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from mlaudit.code import options, task_values
from mlaudit.code.arguments import marker_default
from mlaudit.code.source import NameScope, last_name
from mlaudit.code.values import (
    END,
    UNKNOWN,
    Env,
    ListValue,
    NamedValue,
    ObjectValue,
    TableValue,
    TextValue,
    Thunk,
    UnknownValue,
    Value,
    ValueReader,
    Values,
    as_text,
    concatenated,
    joined_paths,
    open_of,
    opened,
    origins_of,
    split_path,
)
from mlaudit.knowledge.artifact_calls import value_calls
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_PARTS = 20
MAX_ROWS = 8
MAX_LIMIT = 1_000
"""A number of places at which a text is divided that is none that people write."""

_FIELD = lazy_pattern(r"\{([^{}:!]{0,80})(?:![rsa])?(?::[^{}]{0,80})?\}|\{\{|\}\}")
_PERCENT = lazy_pattern(r"%(?:\((\w{1,80})\))?[-+ #0]{0,5}\d{0,5}(?:\.\d{0,5})?([sdfrgexi%])")
_PLAIN = ("%s", "%d", "%i")
_CASES: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}
_OPENERS = ("open()", "codecs.open()", "read()", "read_text()")
_SETTINGS = ("BaseSettings",)
_FIELD_VARIABLES = ("env", "validation_alias", "alias")
"""Keywords of a field of settings that name its variable, in place of its own name."""


def text_attribute(text: TextValue, name: str) -> Values:
    """`path.parent`, `path.name`, `path.stem`, `Enum.MEMBER.value`."""
    folder, last = split_path(text.pieces)
    if name == "parent":
        return (replace(text, pieces=folder or ((".",) if text.pieces != (None,) else (None,))),)
    if name in ("name", "value"):
        return (replace(text, pieces=last),) if name == "name" else (text,)
    if name in ("stem", "suffix"):
        return (replace(text, pieces=_stem_or_suffix(last, name)),)
    return (UnknownValue(open=text.open, origins=text.origins),)


def _stem_or_suffix(last: tuple[str | None, ...], name: str) -> tuple[str | None, ...]:
    if not last or last[-1] is None:
        return (None,)
    stem, dot, suffix = last[-1].rpartition(".")
    # `.env` is a name without a suffix, unless something unknown stands before it.
    if not stem and len(last) == 1:
        stem, dot, suffix = last[-1], "", ""
    if name == "suffix":
        return (dot + suffix,) if dot else ("",)
    return (*last[:-1], *((stem,) if stem else ())) if dot else last


def text_method(reader: ValueReader, text: TextValue, name: str, call: ast.Call, env: Env) -> Values:
    """What a method of a text or path gives; `path.open()` is a file of that path."""
    if name in value_calls().same_text:
        return (text,)
    if name in _CASES and text.known is not None:
        return (replace(text, pieces=(_CASES[name](text.known),)),)
    if name == "joinpath":
        return tuple(joined_paths((text, *parts)) for parts in rows_of(reader, call.args, env)) or (text,)
    if name in _READERS:
        return _READERS[name](reader, text, call, env)
    if name in ("with_suffix", "with_name", "with_stem", "replace", "removesuffix", "removeprefix"):
        return _changed(reader, text, name, call, env)
    return (ObjectValue(name=f"str.{name}()", call=call, env=env, receiver=text, open=text.open, origins=text.origins),)


def _split(reader: ValueReader, text: TextValue, call: ast.Call, env: Env) -> Values:
    """`workspace, model = "team/model".split("/")`."""
    separator = reader.texts(call.args[0], env)[0].known if call.args else None
    limit = _limit(call)
    if text.known is None or not separator or limit is None:
        return (UnknownValue(open=text.open, origins=text.origins),)
    name = getattr(call.func, "attr", "")
    given = (separator,) if name.endswith("partition") else (separator, limit)
    parts = getattr(text.known, name)(*given)
    if len(parts) > MAX_PARTS:
        return (UnknownValue(open=text.open, origins=text.origins),)
    return (ListValue(items=tuple(Thunk(None, None, (replace(text, pieces=(part,)),)) for part in parts)),)


def _limit(call: ast.Call) -> int | None:
    """At how many places at most a text is divided, -1 for all of them; None where that is not known."""
    node = call.args[1] if len(call.args) > 1 else _keyword(call, "maxsplit")
    if node is None:
        return -1
    if not isinstance(node, ast.Constant) or not isinstance(node.value, int):
        return None
    return node.value if abs(node.value) < MAX_LIMIT else None


def _listed(reader: ValueReader, text: TextValue, call: ast.Call, env: Env) -> Values:
    """What a folder holds: `folder.iterdir()`, `folder.glob("*.pkl")`."""
    rows = rows_of(reader, call.args, env)
    inside = rows[0][0] if rows else TextValue(pieces=(None,))
    return (joined_paths((text, inside)),)


def rows_of(reader: ValueReader, nodes: Iterable[ast.expr], env: Env) -> list[tuple[TextValue, ...]]:
    """The texts of several expressions, every combination of alternatives up to a limit."""
    rows: list[tuple[TextValue, ...]] = [()]
    for node in list(nodes)[:MAX_PARTS]:
        texts = _members_as_texts(reader, node, env) if isinstance(node, ast.Starred) else reader.texts(node, env)
        rows = [(*row, text) for row in rows for text in texts][:MAX_ROWS]
    return [row for row in rows if row]


def _members_as_texts(reader: ValueReader, node: ast.Starred, env: Env) -> tuple[TextValue, ...]:
    value = reader.values(node.value, env)[0]
    if not isinstance(value, ListValue):
        return (as_text(value),)
    return (joined_paths([as_text(reader.forced(item)[0]) for item in value.items[:MAX_PARTS]]),)


def _joined_members(reader: ValueReader, text: TextValue, call: ast.Call, env: Env) -> Values:
    value = reader.values(call.args[0], env)[0] if call.args else UNKNOWN[0]
    if not isinstance(value, ListValue):
        return (UnknownValue(open=open_of(value), origins=origins_of(value)),)
    parts: list[TextValue] = []
    for item in value.items[:MAX_PARTS]:
        parts += [text, as_text(reader.forced(item)[0])] if parts else [as_text(reader.forced(item)[0])]
    return (concatenated(parts),) if parts else UNKNOWN


def _changed(reader: ValueReader, text: TextValue, name: str, call: ast.Call, env: Env) -> Values:
    words = [reader.texts(expression, env)[0].known for expression in call.args]
    folder, last = split_path(text.pieces)
    if not words or (words[0] is None and not name.startswith("with_")):
        return (replace(text, pieces=(None,)),)
    if name == "with_name":
        return (joined_paths((replace(text, pieces=folder), replace(text, pieces=(words[0],)))),)
    if name in ("with_suffix", "with_stem"):
        kept = "stem" if name == "with_suffix" else "suffix"
        part = _stem_or_suffix(last, kept)
        renamed = (*part, words[0]) if kept == "stem" else (words[0], *part)
        new = concatenated([replace(text, pieces=(piece,)) for piece in renamed])
        return (joined_paths((replace(text, pieces=folder), new)),) if folder else (new,)
    return (replace(text, pieces=_with_words(text.pieces, name, words, len(call.args))),)


def _with_words(
    pieces: tuple[str | None, ...], name: str, words: list[str | None], given: int
) -> tuple[str | None, ...]:
    """A text after `replace`, `removesuffix` or `removeprefix`, whose words stand in one of its known parts."""
    old, new = str(words[0]), words[1] if len(words) > 1 else None
    if name == "replace":
        if given != 2 or new is None:
            return (None,)
        return tuple(piece and piece.replace(old, new)[:4_000] for piece in pieces)
    at = -1 if name == "removesuffix" else 0
    edge = pieces[at] if pieces else None
    if edge is None:
        return pieces
    changed: str = getattr(edge, name)(old)
    return (*pieces[:-1], changed) if at else (changed, *pieces[1:])


def formatted(reader: ValueReader, text: TextValue, call: ast.Call, env: Env) -> Values:
    """`"model_{}.pkl".format(version)`."""
    if text.known is None:
        return (text,)
    parts: list[TextValue] = []
    end, count = 0, 0
    for match in _FIELD.finditer(text.known):
        parts.append(replace(text, pieces=(text.known[end : match.start()],)))
        end = match.end()
        if match.group(1) is None:
            parts.append(replace(text, pieces=(match.group(0)[0],)))
            continue
        word = match.group(1) or str(count)
        count += not match.group(1)
        is_plain = match.group(0) in ("{}", f"{{{word}}}")
        parts.append(_field(reader, word, call, env) if is_plain else TextValue(pieces=(None,)))
    parts.append(replace(text, pieces=(text.known[end:],)))
    return (replace(concatenated(parts), node=text.node, source=text.source),)


def _field(reader: ValueReader, word: str, call: ast.Call, env: Env) -> TextValue:
    if word.isdecimal() and int(word) < len(call.args):
        return reader.texts(call.args[int(word)], env)[0]
    node = next((keyword.value for keyword in call.keywords if keyword.arg == word), None)
    return reader.texts(node, env)[0] if node is not None else TextValue(pieces=(None,))


_READERS: dict[str, Callable[[ValueReader, TextValue, ast.Call, Env], Values]] = {
    "split": _split,
    "rsplit": _split,
    "partition": _split,
    "rpartition": _split,
    "join": _joined_members,
    "format": formatted,
    "iterdir": _listed,
    "glob": _listed,
    "rglob": _listed,
}


def percent_formatted(reader: ValueReader, node: ast.BinOp, env: Env) -> Values:
    """`"model_%s.pkl" % version`."""
    text = as_text(reader.values(node.left, env)[0])
    if text.known is None:
        return (text,)
    arguments = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    parts: list[TextValue] = []
    end, count = 0, 0
    for match in _PERCENT.finditer(text.known):
        parts.append(replace(text, pieces=(text.known[end : match.start()],)))
        end = match.end()
        if match.group(2) == "%":
            parts.append(replace(text, pieces=("%",)))
        elif match.group(1) is None and count < len(arguments):
            is_plain = match.group(0) in _PLAIN
            parts.append(reader.texts(arguments[count], env)[0] if is_plain else TextValue(pieces=(None,)))
            count += 1
        else:
            parts.append(TextValue(pieces=(None,)))
    parts.append(replace(text, pieces=(text.known[end:],)))
    return (replace(concatenated(parts), node=text.node, source=text.source),)


def environment_variable(reader: ValueReader, name: ast.expr, default: ast.expr | None, env: Env) -> Values:
    """`os.getenv("MODEL_PATH", "model.pkl")`: the default, which the variable replaces."""
    variable = reader.texts(name, env)[0].known or ""
    if default is None or (isinstance(default, ast.Constant) and default.value is None):
        return (UnknownValue(variable=variable),)
    return tuple(_replaced_by(variable, value) for value in reader.values(default, env))


def _replaced_by(variable: str, value: Value) -> Value:
    """A default that a variable replaces; only what has members stays what it is."""
    if isinstance(value, (TextValue, UnknownValue)):
        return replace(value, variable=variable)
    if isinstance(value, (NamedValue, ObjectValue)):
        return UnknownValue(open=value.open, origins=value.origins, variable=variable)
    return value


def gives_variables(value: ObjectValue) -> bool:
    """Whether an object gives environment variables where it is called: `config = Config(".env")`."""
    return value.name in value_calls().environment


def known_call(reader: ValueReader, function: NamedValue, call: ast.Call, env: Env) -> Values | None:
    """What a call of the standard library or of a configuration library gives; None for every other one."""
    name = function.name
    if name in value_calls().joining:
        return tuple(joined_paths(parts) for parts in rows_of(reader, call.args, env)) or (TextValue(pieces=(".",)),)
    if name in value_calls().environment and call.args:
        default = call.args[1] if len(call.args) > 1 else _keyword(call, "default")
        return environment_variable(reader, call.args[0], default, env)
    if name in ("os.path.dirname", "os.path.basename") and call.args:
        wanted = "parent" if name.endswith("dirname") else "name"
        return tuple(value for text in reader.texts(call.args[0], env) for value in text_attribute(text, wanted))
    if name.endswith(f".{task_values.PULL}"):
        return task_values.pulled(reader, call, env)
    if name == "dict" and call.keywords:
        return (TableValue(items={keyword.arg: Thunk(keyword.value, env) for keyword in call.keywords if keyword.arg}),)
    return _transparent_call(reader, function, call, env)


def _transparent_call(reader: ValueReader, function: NamedValue, call: ast.Call, env: Env) -> Values | None:
    name = function.name
    if (name in value_calls().first_argument or name in value_calls().wrappers) and call.args:
        return reader.values(call.args[0], env)
    if name in ("dict().get", "dict().pop") and call.args:
        return _table_item(reader, function, call, env)
    if name.rpartition(".")[2] in value_calls().same_object and isinstance(function.receiver, ObjectValue):
        return (function.receiver,)
    if name.endswith((".read", ".read_text")) and function.receiver is not None:
        return (function.receiver,)
    if name in value_calls().loaders:
        return _loaded(reader, name, call, env)
    return options.parsed_options(reader, function, call, env)


def _table_item(reader: ValueReader, function: NamedValue, call: ast.Call, env: Env) -> Values | None:
    table, key = function.receiver, reader.texts(call.args[0], env)[0].known
    if isinstance(table, TableValue) and key is not None and key in table.items:
        return reader.forced(table.items[key])
    given = reader.values(call.args[1], env) if len(call.args) > 1 else None
    if not isinstance(table, TableValue) or not table.open:
        return given
    return tuple(opened(value, scope) for value in given or UNKNOWN for scope in table.open)


def _loaded(reader: ValueReader, name: str, call: ast.Call, env: Env) -> Values | None:
    """The data of `yaml.safe_load(open("params.yaml"))`, None if the file is not known."""
    if name == "dvc.api.params_show":
        value = reader.loaded_data("params.yaml", env)
        return (value,) if value is not None else None
    for value_opened in reader.values(call.args[0], env) if call.args else ():
        for text in _opened_path(reader, value_opened):
            value = reader.loaded_data(text, env)
            if value is not None:
                return (value,)
    return None


def _opened_path(reader: ValueReader, opened: Value) -> list[str]:
    texts: Iterable[TextValue] = ()
    if isinstance(opened, TextValue):
        texts = (opened,)
    elif isinstance(opened, ObjectValue) and opened.name == "str.open()" and isinstance(opened.receiver, TextValue):
        texts = (opened.receiver,)
    elif isinstance(opened, ObjectValue) and opened.name in _OPENERS and opened.call is not None and opened.call.args:
        texts = reader.texts(opened.call.args[0], opened.env)
    return ["".join("" if piece is None else piece for piece in text.pieces) for text in texts if text.pieces]


def constructor_keyword(reader: ValueReader, value: ObjectValue, name: str) -> Values:
    """The keyword that an object was made with, for classes whose attributes are their keywords; else nothing."""
    if value.name.endswith("parse_args()"):
        return options.option_value(reader, value, name)
    if value.made_by is not None:
        is_plain = "__init__" not in value.made_by.bindings
    else:
        is_plain = value.name in ("argparse.Namespace()", "types.SimpleNamespace()")
    node = _keyword(value.call, name) if value.call is not None and is_plain else None
    return reader.values(node, value.env) if node is not None else ()


def with_setting_variable(
    reader: ValueReader, line: Iterable[NameScope], bases: Iterable[str], name: str, values: Values
) -> Values:
    """The value of a field; one of a settings class is replaced by the variable of its name, behind its prefix."""
    if name.startswith("_") or not any(base.endswith(_SETTINGS) for base in bases):
        return values
    variable = f"{_setting_prefix(reader, line)}{name}".upper()
    return tuple(
        replace(value, variable=value.variable or variable) if isinstance(value, (TextValue, UnknownValue)) else value
        for value in values
    )


def _setting_prefix(reader: ValueReader, line: Iterable[NameScope]) -> str:
    """What the variables of a settings class begin with: `env_prefix` of its configuration, which it may inherit.

    https://docs.pydantic.dev/latest/concepts/pydantic_settings/#changing-default-values
    """
    given = ((klass, node) for klass in line for node in _given_prefixes(klass))
    known = (reader.texts(node, Env(klass, END))[0].known for klass, node in given)
    return next((text for text in known if text is not None), "")


def _given_prefixes(klass: NameScope) -> Iterator[ast.expr]:
    """What `model_config` or an inner class `Config` gives as `env_prefix`."""
    for node in [binding.node for name in ("model_config", "Config") for binding in klass.bindings.get(name, ())]:
        pairs: list[tuple[str | None, ast.expr]] = []
        if isinstance(node, ast.Call):
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [(getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)]
        elif isinstance(node, ast.ClassDef):
            stated = [statement for statement in node.body if isinstance(statement, ast.Assign)]
            pairs = [(last_name(target), given.value) for given in stated for target in given.targets]
        yield from (value for word, value in pairs if word == "env_prefix")


def field_default(reader: ValueReader, node: ast.Call, env: Env) -> Values | None:
    """`Field("model.pkl", env="MODEL")` and its kin as their default; None for any other call."""
    inner, marked = marker_default(node)
    if not marked:
        return None
    named = next((keyword.value for keyword in node.keywords if keyword.arg in _FIELD_VARIABLES), None)
    variable = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
    values = reader.values(inner, env) if inner is not None else UNKNOWN
    return tuple(_replaced_by(variable, value) for value in values) if variable else values


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
