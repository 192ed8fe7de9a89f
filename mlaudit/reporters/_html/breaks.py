"""What a finding breaks, as a word and a style class; the severity states how badly."""

from __future__ import annotations

from mlaudit.reporters._groups import FindingGroup

MEANING = {
    "model": "the model does not load, or gives different results",
    "packages": "packages of one environment do not fit each other",
    "platform": "Python, CUDA or the machine",
    "version": "versions or sources differ",
    "audit": "something was not read, or not compared",
}
"""Every kind of breakage, in words for the legend."""

_BY_FAMILY = {"1": "model", "2": "packages", "3": "platform", "4": "model", "9": "audit"}


def breaks(group: FindingGroup) -> str:
    """The kind of breakage, from the family of the rule's code."""
    return _BY_FAMILY.get(group.first.code.removeprefix("MLA")[:1], "version")
