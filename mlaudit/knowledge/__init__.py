"""What is known about versions: dated, sourced facts in TOML, and the pure functions that judge by them."""

from __future__ import annotations

from mlaudit.knowledge.about import About, about
from mlaudit.knowledge.binaries import (
    AbiBreak,
    Driver,
    Unsupported,
    WheelCuda,
    abi_breaks,
    minimum_driver,
    python_unsupported,
    wheel_cuda,
)
from mlaudit.knowledge.crossing import Consequence, judge
from mlaudit.knowledge.family import Mismatch, demanded, families, family_mismatches
from mlaudit.knowledge.kinds import ArtifactKind, Companion, artifact_kinds, companions
from mlaudit.knowledge.load import Certainty, Effect, KnowledgeError
from mlaudit.knowledge.onnx import onnx_crossing, onnx_loads
from mlaudit.knowledge.ranges import WorstInRanges, worst_in_ranges
from mlaudit.knowledge.table import default_severity, in_artifacts, is_tool, knowledge_date, role, watched

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
    "about",
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
