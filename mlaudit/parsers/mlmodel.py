"""MLflow's MLmodel: the versions that each flavor of a saved model recorded when it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import package_of
from mlaudit.model.nouns import Kind, Layer, Recorded, Statement, Strength
from mlaudit.parsers._registry import parser

_FLAVORS = lazy_pattern(rb"(?m)^[\"']?flavors[\"']?:")
_OWN = lazy_pattern(
    rb"(?m)^(?:mlflow_version|model_uuid|utc_time_created|signature|artifact_path|run_id|  python_function)\b"
    rb"|^ {4}(?:[a-z_]{1,60}_version|loader_module|serialization_format):"
)
_VERSION_KEY = lazy_pattern(r"([a-z][a-z0-9_]{0,60})_version")
_VERSION = lazy_pattern(r"\d[0-9A-Za-z.+!_-]{0,100}")
_COLUMNS = ("inputs", "outputs")
_NOT_A_LIBRARY = frozenset(("python", "code", "data", "model", "schema", "flavor", "format", "task", "api"))


def _looks_like_it(doc: Document) -> bool:
    return _FLAVORS.search(doc.head) is not None and _OWN.search(doc.head) is not None


@parser(kind="descriptor", files=["MLmodel", "*MLmodel"], content=_looks_like_it, marks=[b"flavors"], artifact=True)
def read(doc: Document) -> Iterator[Statement]:
    """`python_version`, `<library>_version` of every flavor, and MLflow's own version, all as recorded."""
    root = doc.yaml
    if not root.exists:
        raise Unreadable("it is empty; expected `flavors` and what each of them recorded")
    if not root.get("flavors").is_table:
        raise Malformed("it has no table `flavors`; that is where MLflow records versions", ("flavors",))
    for name, flavor in root.get("flavors").items():
        if flavor.is_table:
            for key, node in flavor.items():
                yield from _recorded(doc, key, node, f"flavor {name}")
        elif flavor.exists:
            yield doc.unread("expected a table with what the flavor recorded", doc.at(*flavor.route), what=name)
    yield from _own_version(doc, root)
    runtime = root.get("databricks_runtime")
    if runtime.is_text:
        yield doc.pin(Layer.RECORDED, "databricks-runtime", runtime.text(), at=doc.at(*runtime.route), kind=Kind.IMAGE)


def _own_version(doc: Document, root: Node) -> Iterator[Statement]:
    """The version of MLflow, with the form of the signature that it wrote."""
    form: tuple[str, ...] = ()
    try:
        form = (_signature(root.get("signature")),)
    except Malformed as error:
        yield doc.unread(error.why, doc.at(*error.route), package="mlflow")
    yield from _recorded(doc, "mlflow_version", root.get("mlflow_version"), None, form)


def _signature(signature: Node) -> str:
    """What the form of a signature is called in `classes` of the rows about it. Raises Malformed."""
    if not signature.is_table:
        return "a signature that is not a table" if signature.exists else "no signature"
    columns = [column for part in _COLUMNS for column in _columns(signature.get(part))]
    if any("required" in column for column in columns):
        return "a signature that says which columns are required"
    return "a signature without required columns"


def _columns(node: Node) -> Iterator[dict[str, object]]:
    """The inputs or outputs, a list in JSON inside the YAML. Raises Malformed."""
    try:
        listed = json.loads(node.text()) if node.is_text else []
    except (ValueError, RecursionError):
        raise Malformed("expected the JSON that MLflow writes of a signature", node.route) from None
    yield from (column for column in (listed if isinstance(listed, list) else ()) if isinstance(column, dict))


def _recorded(
    doc: Document, key: str, node: Node, detail: str | None, classes: tuple[str, ...] = ()
) -> Iterator[Statement]:
    match = _VERSION_KEY.fullmatch(key)
    if match is None or not node.exists:
        return
    name = match.group(1)
    at = doc.at(*node.route)
    if not node.is_text or not _VERSION.fullmatch(node.text()):
        if name == "python" or name not in _NOT_A_LIBRARY:
            yield doc.unread("it is no version", at, what=str(node.value), package=_package(name))
        return
    if name != "python" and name in _NOT_A_LIBRARY:
        return
    yield doc.pin(
        Layer.RECORDED,
        _package(name),
        node.text(),
        at=at,
        kind=Kind.PYTHON if name == "python" else Kind.PACKAGE,
        recorded=Recorded(strength=Strength.EXACT, classes=classes),
        detail=detail,
    )


def _package(name: str) -> str:
    """The package of a flavor's key: `sklearn` is scikit-learn, `lgb` is lightgbm."""
    known = package_of(name, "mlflow")
    return known if known != package_of(name) else package_of(name, "import")
