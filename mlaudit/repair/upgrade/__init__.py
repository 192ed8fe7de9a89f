"""An upgrade planned: what moves together, where, in which order, what breaks and what has no solution."""

from __future__ import annotations
