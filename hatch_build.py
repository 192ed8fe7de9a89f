"""Makes the JSON of knowledge while a wheel is built; hatchling runs it by the word of pyproject.toml."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PreparedKnowledge(BuildHookInterface[Any]):  # type: ignore[misc]  # hatchling is in the builder's environment
    """Writes `mlaudit/knowledge/_prepared/` into the tree that is built, an editable one too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Write the files before the builder collects what belongs into the wheel."""
        sys.path.insert(0, self.root)
        from mlaudit.lab.prepared_knowledge import write_prepared

        write_prepared()
