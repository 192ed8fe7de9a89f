"""What is known about versions: dated, sourced facts in TOML, and the pure functions that judge by them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlaudit.knowledge.about import About
    from mlaudit.knowledge.binaries import (
        Driver,
        Unsupported,
        WheelCuda,
        abi_breaks,
        minimum_driver,
        python_unsupported,
        wheel_cuda,
    )
    from mlaudit.knowledge.builds import AbiBreak
    from mlaudit.knowledge.crossing import Consequence, judge
    from mlaudit.knowledge.dates import knowledge_date
    from mlaudit.knowledge.family import Mismatch, demanded, families, family_mismatches
    from mlaudit.knowledge.kinds import ArtifactKind, Companion, artifact_kinds, companions
    from mlaudit.knowledge.load import Certainty, Effect
    from mlaudit.knowledge.onnx import onnx_crossing, onnx_loads
    from mlaudit.knowledge.ranges import WorstInRanges, worst_in_ranges
    from mlaudit.knowledge.schema import KnowledgeError
    from mlaudit.knowledge.table import default_severity, in_artifacts, is_tool, role, watched

__all__ = [
    "AbiBreak",
    "About",
    "ArtifactKind",
    "Certainty",
    "Companion",
    "Consequence",
    "Driver",
    "Effect",
    "KnowledgeError",
    "Mismatch",
    "Unsupported",
    "WheelCuda",
    "WorstInRanges",
    "abi_breaks",
    "artifact_kinds",
    "companions",
    "default_severity",
    "demanded",
    "families",
    "family_mismatches",
    "in_artifacts",
    "is_tool",
    "judge",
    "knowledge_date",
    "minimum_driver",
    "onnx_crossing",
    "onnx_loads",
    "python_unsupported",
    "role",
    "watched",
    "wheel_cuda",
    "worst_in_ranges",
]

_HOMES = {
    "about": ("About",),
    "binaries": (
        "Driver",
        "Unsupported",
        "WheelCuda",
        "abi_breaks",
        "minimum_driver",
        "python_unsupported",
        "wheel_cuda",
    ),
    "builds": ("AbiBreak",),
    "crossing": ("Consequence", "judge"),
    "dates": ("knowledge_date",),
    "family": ("Mismatch", "demanded", "families", "family_mismatches"),
    "kinds": ("ArtifactKind", "Companion", "artifact_kinds", "companions"),
    "load": ("Certainty", "Effect"),
    "onnx": ("onnx_crossing", "onnx_loads"),
    "schema": ("KnowledgeError",),
    "ranges": ("WorstInRanges", "worst_in_ranges"),
    "table": ("default_severity", "in_artifacts", "is_tool", "role", "watched"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """A name of the list above, from the module that defines it: a run pays only for what it asks."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
