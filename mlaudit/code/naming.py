"""What names an artifact: from the values of an argument to paths, registry names, bucket keys, tables, variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from mlaudit.code.arguments import chosen_argument
from mlaudit.code.call_table import match_rows
from mlaudit.code.evaluator import ValueEvaluator
from mlaudit.code.nouns import ArtifactName, NameKind
from mlaudit.code.source import ModuleSource, NameScope
from mlaudit.code.values import (
    UNKNOWN,
    Env,
    NamedValue,
    ObjectValue,
    TextValue,
    UnknownValue,
    Value,
    as_text,
    joined_paths,
    open_of,
    origins_of,
)
from mlaudit.knowledge.artifact_calls import ArgumentChoice, ArtifactCall, value_calls
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

MAX_NAMES = 12
MAX_CHAIN = 5
"""Calls that hand a name on (`open`, `urlopen`, `download`)."""

BUFFER = "buffer"
"""The scope of names that only the code knows."""

_NAMING = ("names", "downloads")
_FILE_SYSTEM = ("filesystem", "fs")
_OF_RECEIVER = "receiver "
# https://mlflow.org/docs/latest/ml/tracking/#artifact-uri
_MLFLOW = lazy_pattern(r"(?:models|runs|mlflow-artifacts):/{1,3}")
_STORE = lazy_pattern(r"(s3a?|gs|az|abfss?|wasbs?|hdfs|dbfs|oss|minio|r2)://")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_BUCKET_HOST = lazy_pattern(
    r"https?://(?:([\w.-]{1,80})\.s3[\w.-]{0,40}\.amazonaws\.com|s3[\w.-]{0,40}\.amazonaws\.com/([\w.-]{1,80})"
    r"|storage\.googleapis\.com/([\w.-]{1,80})|([\w-]{1,80})\.blob\.core\.windows\.net)/"
)
_LOCAL = lazy_pattern(r"[./~]|[A-Za-z]:[\\/]")


@dataclass(slots=True)
class Naming:
    """Collects the names of one artifact; `open` are the functions on whose calls they depend."""

    evaluator: ValueEvaluator
    imported: frozenset[str]
    call: ast.Call
    source: ModuleSource
    names: list[ArtifactName] = field(default_factory=list)
    open: set[NameScope] = field(default_factory=set)

    def collect(self, row: ArtifactCall, call: ast.Call, function: Value, env: Env, depth: int = 0) -> None:
        """Add the names that a call of a row gives."""
        is_given = "{" in row.scope
        bucket = self._scope_argument(row.scope, call, function, env) if is_given else None
        scope = ((bucket.known if bucket is not None else None) or "") if is_given else row.scope
        before = len(self.names)
        for choice in row.name:
            self._chosen(choice, row, call, function, env, scope, depth)
            if len(self.names) > before:
                break
        else:
            if row.buffer and not call.args:
                self._extend([self._buffer(call)])
        for choice in row.in_run:
            inner = Naming(self.evaluator, self.imported, self.call, self.source)
            inner._chosen(choice, row, call, function, env, scope, depth)
            self.open |= inner.open
            self._extend(replace(name, in_run=True) for name in inner.names)
        self.open |= open_of(function)
        if bucket is not None and bucket.variable and not scope:
            self.open |= bucket.open
            self.names[before:] = [replace(name, bucket_variable=bucket.variable) for name in self.names[before:]]

    def _chosen(
        self,
        choice: ArgumentChoice,
        row: ArtifactCall,
        call: ast.Call,
        function: Value,
        env: Env,
        scope: str,
        depth: int,
    ) -> None:
        if choice.of_receiver:
            self._extend(origins_of(function))
            receiver = function if isinstance(function, TextValue) else getattr(function, "receiver", None)
            if receiver is not None:
                self.add(receiver, row, scope, depth)
            return
        node = chosen_argument(self.evaluator, call, choice, env)
        folder = chosen_argument(self.evaluator, call, choice.behind, env) if choice.behind is not None else None
        if node is None and folder is None:
            return
        before = len(self.names)
        for value in self.evaluator.values(node, env) if node is not None else UNKNOWN:
            if folder is not None:
                value = joined_paths((as_text(self.evaluator.values(folder, env)[0]), as_text(value)))
            self.add(value, row, scope, depth)
        if self._is_in_store(call, env):
            self.names[before:] = [in_store(name) for name in self.names[before:]]

    def _is_in_store(self, call: ast.Call, env: Env) -> bool:
        """Whether a call is given the file system of a store (`filesystem=gcsfs.GCSFileSystem()`)."""
        given = (keyword.value for keyword in call.keywords if keyword.arg in _FILE_SYSTEM)
        values = (value for node in given for value in self.evaluator.values(node, env))
        return any(isinstance(value, ObjectValue) and value.name in value_calls().stores for value in values)

    def _buffer(self, call: ast.Call) -> ArtifactName:
        """A name for a file that only the code knows: the call that makes it."""
        return ArtifactName(
            kind=NameKind.PATH, pieces=(f"buffer {self.source.path}:{id(call)}",), at=self._place(None), scope=BUFFER
        )

    def add(self, value: Value, row: ArtifactCall, scope: str, depth: int) -> None:
        """Add the names that a value has."""
        self.open |= open_of(value)
        self._extend(origins_of(value))
        if isinstance(value, TextValue):
            self._text(value, row, scope)
            self._handles(value, row, depth)
        elif isinstance(value, UnknownValue) and value.variable:
            self._extend([self._variable(value.variable)])
        elif depth < MAX_CHAIN and isinstance(value, ObjectValue):
            self._object(value, row, scope, depth)
        elif depth < MAX_CHAIN and isinstance(value, NamedValue) and value.receiver is not None:
            self.add(value.receiver, row, scope, depth + 1)

    def _handles(self, value: TextValue, row: ArtifactCall, depth: int) -> None:
        """`Path(artifact.download()) / "model.pkl"` has the artifact's name too."""
        if depth < MAX_CHAIN:
            inner = Naming(self.evaluator, self.imported, self.call, self.source)
            for handle in value.handles:
                inner.add(handle, replace(row, name_kind="path"), "", depth + 1)
            self.open |= inner.open
            self._extend([name for name in inner.names if name.kind not in (NameKind.PATH, NameKind.ENV)])

    def _object(self, value: ObjectValue, row: ArtifactCall, scope: str, depth: int) -> None:
        """The name of what a call gives: `open(path)`, `bucket.blob(key)`, `registry.get_model(name).download()`."""
        matched = match_rows(value.name.removesuffix("()"), self.imported, _NAMING)
        if matched is not None and value.call is not None:
            self.collect(matched.row, value.call, value, value.env, depth + 1)
        elif value.receiver is not None:
            self.add(value.receiver, row, scope, depth + 1)

    def _scope_argument(self, scope: str, call: ast.Call, function: Value, env: Env) -> TextValue | None:
        """The scope `{1:Bucket}` is the text of an argument, `{receiver 0:name}` one of what made the receiver."""
        words = scope[1:-1]
        if words.startswith(_OF_RECEIVER):
            receiver = getattr(function, "receiver", None)
            if not isinstance(receiver, ObjectValue) or receiver.call is None:
                return None
            call, env, words = receiver.call, receiver.env, words.removeprefix(_OF_RECEIVER)
        position, _, keyword = words.partition(":")
        keywords = keyword.split("|")
        node = next((given.value for given in call.keywords if given.arg in keywords), None)
        if node is None and position and int(position) < len(call.args):
            node = call.args[int(position)]
        return self.evaluator.texts(node, env)[0] if node is not None else None

    def _text(self, text: TextValue, row: ArtifactCall, scope: str) -> None:
        if not any(character.isalnum() for piece in text.pieces if piece is not None for character in piece):
            if text.variable:
                self._extend([self._variable(text.variable)])
            return
        name = ArtifactName(
            kind=NameKind(row.name_kind),
            pieces=(*text.pieces, row.ending) if row.ending and not _ends_with(text, row.ending) else text.pieces,
            at=self._place(text),
            scope=scope,
            variable=text.variable,
            certain=text.certain and not text.variable,
        )
        self._extend([_artifact_of_run(name) if row.form == "mlflow" else addressed(name)])

    def _variable(self, variable: str) -> ArtifactName:
        return ArtifactName(
            kind=NameKind.ENV, pieces=(variable,), at=self._place(None), variable=variable, certain=False
        )

    def _place(self, text: TextValue | None) -> Place:
        node: ast.expr = self.call
        source = self.source
        if text is not None and text.node is not None and text.source is not None:
            node, source = text.node, text.source
        return Place(path=source.path, line=source.line(node.lineno), column=node.col_offset + 1)

    def _extend(self, names: Iterable[ArtifactName]) -> None:
        for name in names:
            if len(self.names) < MAX_NAMES and not any(same_words(name, known) for known in self.names):
                self.names.append(name)


def _ends_with(text: TextValue, ending: str) -> bool:
    last = text.pieces[-1]
    return last is not None and last.endswith(ending)


def same_words(name: ArtifactName, other: ArtifactName) -> bool:
    """Whether two names are the same but for their places."""
    words = (name.kind, name.pieces, name.scope, name.variable, name.bucket_variable)
    return words == (other.kind, other.pieces, other.scope, other.variable, other.bucket_variable)


def addressed(name: ArtifactName) -> ArtifactName:
    """A name by what its beginning says: an address of a bucket, of MLflow's registry, a local path."""
    first = name.pieces[0] if name.pieces else None
    if first is None:
        return replace(name, kind=NameKind.PATH, scope="") if name.kind is NameKind.HUB else name
    registry = _MLFLOW.match(first)
    if registry:
        return _mlflow(name, first, first[registry.end() :])
    store = _STORE.match(first)
    if store:
        return _bucket(name, first[store.end() :])
    host = _BUCKET_HOST.match(first)
    if host:
        bucket = next(filter(None, host.groups()))
        return replace(name, kind=NameKind.BUCKET, scope=bucket, pieces=(first[host.end() :], *name.pieces[1:]))
    if name.kind is NameKind.HUB and (_LOCAL.match(first) or first.count("/") > 1 or first.endswith("/")):
        return replace(name, kind=NameKind.PATH, scope="")
    return name


def in_store(name: ArtifactName) -> ArtifactName:
    """A path below a file system of a store: its first part is the bucket."""
    if name.kind is not NameKind.PATH or not name.pieces:
        return name
    first, *rest = name.pieces
    if first is not None:
        return _bucket(name, first.lstrip("/"))
    key = rest[0] if rest else None
    if key is None or not key.startswith("/"):
        return name
    pieces = (key.lstrip("/"), *rest[1:])
    return replace(name, kind=NameKind.BUCKET, pieces=pieces, variable="", bucket_variable=name.variable)


def _artifact_of_run(name: ArtifactName) -> ArtifactName:
    """What is in the `artifacts` folder of a run of MLflow has the name that it was logged under."""
    last = name.pieces[-1]
    rest = last.rpartition("/artifacts/")[2] if last is not None and "/artifacts/" in last else None
    if not rest:
        return addressed(name)
    return replace(name, kind=NameKind.REGISTRY, scope="mlflow", pieces=(rest,), in_run=True)


def _bucket(name: ArtifactName, rest: str) -> ArtifactName:
    bucket, slash, key = rest.partition("/")
    pieces = (*((key,) if key else ()), *name.pieces[1:])
    if not slash and len(name.pieces) > 1:
        return replace(name, kind=NameKind.BUCKET, scope="", pieces=name.pieces[1:])
    return replace(name, kind=NameKind.BUCKET, scope=bucket, pieces=pieces or (bucket,))


def _mlflow(name: ArtifactName, first: str, rest: str) -> ArtifactName:
    """`models:/churn/Production`, `models:/churn@champion` and `runs:/<run>/model`."""
    if first.startswith("models"):
        model = re.split(r"[/@]", rest)[0]
        return replace(name, kind=NameKind.REGISTRY, scope="mlflow", pieces=(model or None,))
    last = (name.pieces[-1] or "").rpartition("/")[2]
    return replace(name, kind=NameKind.REGISTRY, scope="mlflow", pieces=(last or None,), in_run=True)
