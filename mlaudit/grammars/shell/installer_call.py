"""One call of pip or uv with its options sorted: its groups, and the build that its indexes decide."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.grammars.pypi.wheel_indexes import WheelIndex, wheel_index
from mlaudit.grammars.shell.install_options import InstallArgument
from mlaudit.grammars.shell.recipe import Call
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import dataclass, field, replace
from mlaudit.model.names import normalized
from mlaudit.model.scope import PinScope

_INDEX_VARIABLES = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX",
    "UV_DEFAULT_INDEX", "UV_FIND_LINKS",
)  # fmt: skip
_TORCH_INDEX = "https://download.pytorch.org/whl"


@dataclass(slots=True)
class InstallerCall:
    """One installer call, its options sorted."""

    call: Call
    operands: list[Word]
    included: list[InstallArgument]
    editables: list[Word]
    indexes: list[InstallArgument]
    backend: InstallArgument | None = None
    groups: tuple[str, ...] = ()
    indexed: dict[str, str] | None = None
    declared_groups: list[Word] = field(default_factory=list)
    scripts: list[Word] = field(default_factory=list)
    excludes: list[Word] = field(default_factory=list)
    selecting: list[InstallArgument] = field(default_factory=list)

    @property
    def scope(self) -> PinScope:
        """Of what it installs: in its own groups, where it names some."""
        return replace(self.call.recipe.scope, groups=self.groups) if self.groups else self.call.recipe.scope

    def variant(self, name: str) -> str | None:
        """The build of a package that the options or the environment decide."""
        package = normalized(name)
        if self.indexed is None:
            self.indexed = {}
            for index in self.built():
                for built in index.packages:
                    self.indexed.setdefault(built, index.variant)
        return self.indexed.get(package)

    def built(self) -> Iterator[WheelIndex]:
        """The indexes that decide a build: options first, then variables; `--torch-backend` stands for an index."""
        backend = self.backend.value.text if self.backend else self.call.recipe.values.get("UV_TORCH_BACKEND", "")
        addresses = [word.text for _, word in self.indexes]
        addresses += [] if backend in ("", "auto") else [f"{_TORCH_INDEX}/{backend}"]
        for name in _INDEX_VARIABLES:
            addresses += self.call.recipe.values.get(name, "").split()
        return (index for address in addresses if (index := wheel_index(address)) is not None)
