# The types of what `__init__.py` loads on demand.

from mlaudit.door import AuditReport as Report
from mlaudit.door import check, compare, read
from mlaudit.guard import Drift, DriftWarning
from mlaudit.knowledge.schema import KnowledgeError
from mlaudit.model.errors import MlauditError, Unreadable, UsageError
from mlaudit.model.nouns import (
    Distance,
    Edit,
    Evidence,
    Fix,
    Kind,
    Layer,
    Pin,
    Place,
    Reading,
    Severity,
    State,
    Target,
    Unread,
    Verdict,
)
from mlaudit.model.report import Cell, Crossing, Environment, Finding, Row, Summary
from mlaudit.questions import history, why
from mlaudit.questions import map_ as _map
from mlaudit.request.config_file import ConfigError
from mlaudit.request.source_spec import BadSource

__all__ = [
    "BadSource",
    "Cell",
    "ConfigError",
    "Crossing",
    "Distance",
    "Drift",
    "DriftWarning",
    "Edit",
    "Environment",
    "Evidence",
    "Finding",
    "Fix",
    "Kind",
    "KnowledgeError",
    "Layer",
    "MlauditError",
    "Pin",
    "Place",
    "Reading",
    "Report",
    "Row",
    "Severity",
    "State",
    "Summary",
    "Target",
    "Unread",
    "Unreadable",
    "UsageError",
    "Verdict",
    "__version__",
    "check",
    "compare",
    "history",
    "read",
    "why",
]

__version__: str

# Left out of `__all__`: `from mlaudit import *` must not hide the built-in function.
map = _map
