"""When a statement counts: what pins of one group, stage or install have in common."""

from __future__ import annotations

from mlaudit.model.lazy_dataclass import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class PinScope:
    """Where in its document a pin is; the fields are those of `Pin`, made once and passed on.

    Attributes:
        marker: holds beside the requirement's own.
    """

    marker: str | None = None
    groups: tuple[str, ...] = ()
    under_extras: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    step: int = 0
    optional: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether what has this scope counts for every target that takes its part of the document."""
        return not (self.marker or self.groups or self.under_extras or self.platforms or self.optional)

    def with_marker(self, marker: str | None) -> PinScope:
        """The scope where a marker holds besides its own."""
        if not marker:
            return self
        if self is EVERYWHERE:
            return PinScope(marker=marker)
        from mlaudit.model.markers import both_markers

        return replace(self, marker=both_markers(marker, self.marker))


EVERYWHERE = PinScope()
"""Of what counts always."""

COMPILED_FOR = "the Python that it was compiled for"
"""The detail of a Python in the header of a generated list: installs may run on another one."""
