"""Details of pins that decide how sure a verdict is."""

from __future__ import annotations

COMPILED_FOR = "the Python that it was compiled for"
"""Of the Python in the header of a generated list: installs may run on another one."""
