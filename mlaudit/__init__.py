"""mlaudit: says before the deploy how training and serving differ.

    import mlaudit

    report = mlaudit.compare("training/uv.lock", "serving/requirements.txt")
    assert report.exit_code == 0, report

What the package gives is loaded when it is first asked for, so that importing it costs next to nothing; `__init__.pyi`
shows type checkers what it is.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "mlaudit.door": ("check", "compare", "read"),
    "mlaudit.guard": ("Drift", "DriftWarning"),
    "mlaudit.knowledge.schema": ("KnowledgeError",),
    "mlaudit.model.errors": ("MlauditError", "Unreadable", "UsageError"),
    "mlaudit.model.nouns": (
        "Distance", "Edit", "Evidence", "Fix", "Kind", "Layer", "Pin", "Place", "Reading", "Severity", "State",
        "Target", "Unread", "Verdict",
    ),
    "mlaudit.model.report": ("Cell", "Crossing", "Environment", "Finding", "Row", "Summary"),
    "mlaudit.questions": ("history", "why"),
    "mlaudit.request.config_file": ("ConfigError",),
    "mlaudit.request.source_spec": ("BadSource",),
}  # fmt: skip
_HOME = {name: (module, name) for module, names in _HOMES.items() for name in names}
_HOME["Report"] = ("mlaudit.door", "AuditReport")

__all__ = ["__version__", *_HOME]

# `from mlaudit import *` must not put another function in the place of the built-in `map`.
_HOME["map"] = ("mlaudit.questions", "map_")


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOME[name]
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_HOME})
