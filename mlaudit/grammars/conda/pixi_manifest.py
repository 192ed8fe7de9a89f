"""pixi's manifest, a pixi.toml or the table `[tool.pixi]` of a pyproject.toml: what each environment asks for.

Source of the words: https://pixi.prefix.dev/latest/reference/pixi_manifest
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.pypi import requirement
from mlaudit.grammars.pypi.wheel_indexes import wheel_index
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Fact, Kind, Pin, Root, Statement, Unread
from mlaudit.model.secrets import masked

DEFAULT = "default"
"""The environment that always exists, and the feature made of the tables outside `[feature]`."""

_PIP_STEP = 1
_CONDA_TABLES = {"dependencies": (), "host-dependencies": ("host",), "build-dependencies": ("build",), "dev": ()}
_PACKAGE_TABLES = {"run-dependencies": (), "host-dependencies": ("host",), "build-dependencies": ("build",)}
_SYSTEM = {"cuda": "cuda-driver", "libc": "glibc", "linux": "linux", "macos": "macos", "windows": "windows"}
_ADDRESSES = ("path", "git", "url")


@dataclass(frozen=True, slots=True)
class _Feature:
    """A feature: its name, its table, the environments that it is part of."""

    name: str
    node: Node
    environments: tuple[str, ...]

    @property
    def standing(self) -> Standing:
        """A feature of no environment is under a name of its own, so that it is never installed unasked."""
        return Standing(parts=self.environments or (f"feature {self.name}",))


def statements(doc: Document, manifest: Node) -> Iterator[Statement]:
    """Environments as roots, then every dependency, constraint and system requirement of every feature."""
    environments = _environments(manifest)
    for name in environments:
        at = doc.at(*manifest.route, "environments", name) if manifest.get("environments").exists else doc.at()
        yield Root(name=name, kind="environment", default=name == DEFAULT, at=at)
    yield from _indexes(doc, manifest)
    platforms = _platforms(manifest)
    pins = CondaPins(doc)
    for feature in _features(manifest, environments):
        for statement in _feature(doc, pins, feature.node, feature.standing):
            yield _elsewhere(statement, feature.node, platforms) if isinstance(statement, Pin) else statement
    package = manifest.get("package")
    for key, groups in _PACKAGE_TABLES.items():
        yield from _conda_table(doc, pins, package.get(key) if package.exists else package, Standing(groups=groups))


def _environments(manifest: Node) -> Mapping[str, tuple[str, ...]]:
    """The features of each environment."""
    feature_lists: dict[str, tuple[str, ...]] = {DEFAULT: (DEFAULT,)}
    for name, node in manifest.get("environments").items():
        features = node.texts() if node.is_list else node.get("features").texts()
        alone = node.is_table and node.get("no-default-feature").flag()
        feature_lists[name] = features if alone else (DEFAULT, *features)
    return feature_lists


def _features(manifest: Node, environments: Mapping[str, tuple[str, ...]]) -> Iterator[_Feature]:
    def holding(feature: str) -> tuple[str, ...]:
        return tuple(name for name, features in environments.items() if feature in features)

    yield _Feature(DEFAULT, manifest, holding(DEFAULT))
    for name, node in manifest.get("feature").items():
        yield _Feature(name, node, holding(name))


def _platforms(manifest: Node) -> tuple[str, ...]:
    workspace = manifest.get("workspace" if manifest.get("workspace").exists else "project")
    named = workspace.get("platforms").each() if workspace.exists else ()
    return tuple(str(node.value) for node in named if node.is_text)


def _elsewhere(pin: Pin, feature: Node, platforms: tuple[str, ...]) -> Pin:
    """A pin without a platform, for the platforms whose own table does not state the package again."""
    targets = [] if pin.platforms else [name for name, node in feature.get("target").items() if _states(node, pin)]
    rest = tuple(platform for platform in platforms if not any(_covers(target, platform) for target in targets))
    return replace(pin, platforms=rest) if targets and rest else pin


def _states(target: Node, pin: Pin) -> bool:
    table = target.get("dependencies" if pin.step == 0 else "pypi-dependencies")
    return any(normalized(name) == pin.name for name, _ in table.items())


def _covers(target: str, platform: str) -> bool:
    """Whether a target (`linux-64`, `linux`, `unix`) holds a platform."""
    return (
        platform == target or platform.startswith(f"{target}-") or (target == "unix" and not platform.startswith("win"))
    )


def _indexes(doc: Document, manifest: Node) -> Iterator[Fact]:
    """Channels of the workspace, and the addresses given for pip's packages."""
    workspace = manifest.get("workspace" if manifest.get("workspace").exists else "project")
    for node in workspace.get("channels").each() if workspace.exists else ():
        channel = node.get("channel") if node.is_table else node
        yield Fact(key="index", value=masked(channel.text()), at=doc.at(*channel.route))
    options = manifest.get("pypi-options")
    if options.exists:
        for node in (options.get("index-url"), *options.get("extra-index-urls").each()):
            if node.exists:
                yield Fact(key="index", value=masked(node.text()), at=doc.at(*node.route))


def _feature(doc: Document, pins: CondaPins, node: Node, standing: Standing) -> Iterator[Pin | Unread]:
    """A feature's tables, and those that are under `[target.linux-64]` for one platform."""
    yield from _tables(doc, pins, node, standing)
    for platform, target in node.get("target").items():
        yield from _tables(doc, pins, target, replace(standing, platforms=(platform,)))
    yield from doc.guarded(
        (entry for _, entry in node.get("system-requirements").items()),
        lambda entry: _system(doc, entry, standing),
    )


def _tables(doc: Document, pins: CondaPins, node: Node, standing: Standing) -> Iterator[Pin | Unread]:
    for key, groups in _CONDA_TABLES.items():
        yield from _conda_table(doc, pins, node.get(key), replace(standing, groups=groups))
    for pin in _conda_table(doc, pins, node.get("constraints"), standing):
        yield replace(pin, kind=Kind.BOUND) if isinstance(pin, Pin) else pin
    pypi = replace(standing, step=_PIP_STEP)
    yield from doc.guarded(
        (entry for _, entry in node.get("pypi-dependencies").items()), lambda entry: _pypi(doc, entry, pypi)
    )
    overrides = node.get("pypi-options").get("dependency-overrides") if node.get("pypi-options").exists else Node(None)
    for pin in doc.guarded((entry for _, entry in overrides.items()), lambda entry: _pypi(doc, entry, pypi)):
        yield replace(pin, kind=Kind.BOUND, detail="an override", overrides=True) if isinstance(pin, Pin) else pin


def _conda_table(doc: Document, pins: CondaPins, table: Node, standing: Standing) -> Iterator[Pin | Unread]:
    entries = (node for _, node in table.items())
    yield from doc.guarded(entries, lambda node: _conda(doc, pins, node, standing))


def _conda(doc: Document, pins: CondaPins, node: Node, standing: Standing) -> Iterator[Pin | Unread]:
    name = str(node.route[-1])
    version = node if node.is_text else node.get("version")
    stated = (version.maybe_text() or "*").strip()
    # `python = "3.11"` is exact, as it is behind a blank; an operator needs no blank.
    spec = conda_spec.parse(f"{name} {stated}")
    at = doc.at(*(version if version.exists else node).route)
    if spec.problem is not None:
        row = package_of(name, "conda")
        yield doc.unread(spec.problem, at, what=f"{name} = {stated!r}", package=row, template=spec.template)
        return
    if node.is_table:
        channel = node.get("channel").maybe_text()
        spec = replace(spec, build=node.get("build").maybe_text() or spec.build, channel=channel)
    for pin in pins.of_spec(spec, at, standing):
        yield _located(pin, node) if node.is_table else pin


def _located(pin: Pin, node: Node) -> Pin:
    """The pin of a package that is built from an address or a folder."""
    key = next((key for key in _ADDRESSES if node.get(key).exists), None)
    if key is None or pin.kind is not Kind.PACKAGE:
        return pin
    kind = Kind.LOCAL if key == "path" else pin.kind
    return replace(pin, kind=kind, source=key, origin=masked(node.get(key).text()))


def _pypi(doc: Document, node: Node, standing: Standing) -> Iterator[Pin | Unread]:
    name = str(node.route[-1])
    version = node if node.is_text else node.get("version")
    at = doc.at(*(version if version.exists else node).route)
    stated = (version.maybe_text() or "*").strip()
    if stated[:1] not in "*<>=!~":
        yield doc.unread(
            "expected a PEP 440 specifier such as `==1.2.3`", at, what=f"{name} = {stated!r}", package=name
        )
        return
    extras = f"[{','.join(node.get('extras').texts())}]" if node.is_table and node.get("extras").exists else ""
    address = _address(node) if node.is_table else None
    text = f"{name}{extras}" + (f" @ {address}" if address else "" if stated == "*" else stated)
    marker = node.get("env-markers").maybe_text() if node.is_table else None
    pin = requirement.pin(doc, text, at, scope=standing.with_marker(marker))
    if isinstance(pin, Unread):
        yield pin
        return
    yield _completed(pin, node, address)


def _completed(pin: Pin, node: Node, address: str | None) -> Pin:
    """The pin of a PyPI dependency with what its table says beside the version."""
    if not node.is_table:
        return pin
    index = node.get("index").maybe_text()
    decided = wheel_index(index) if index and pin.variant is None else None
    return replace(
        pin,
        kind=Kind.PROJECT if address in (".", "./") else pin.kind,
        detail="editable" if node.get("editable").flag() else pin.detail,
        variant=decided.variant if decided and pin.name in decided.packages else pin.variant,
        origin=pin.origin or (masked(index) if index else None),
    )


def _address(node: Node) -> str | None:
    """The address of a PyPI dependency that comes from none of the indexes, as PEP 508 writes it."""
    git = node.get("git").maybe_text()
    if git is not None:
        pinned = next((node.get(key).text() for key in ("rev", "tag", "branch") if node.get(key).exists), None)
        return f"git+{git.removeprefix('git+')}" + (f"@{pinned}" if pinned else "")
    return node.get("url").maybe_text() or node.get("path").maybe_text()


def _system(doc: Document, node: Node, standing: Standing) -> Iterator[Pin]:
    """What the machine must offer: `cuda = "12"` is at least CUDA 12 of the driver."""
    key = str(node.route[-1])
    if key == "archspec":
        return
    if key not in _SYSTEM:
        raise Malformed(f"expected one of {', '.join(_SYSTEM)}, found `{key}`", node.route)
    version = node.get("version").text() if node.is_table else node.text()
    name = node.get("family").maybe_text() if node.is_table else None
    yield doc.pin(
        standing.layer,
        name or _SYSTEM[key],
        at=doc.at(*node.route),
        specifier=f">={version}",
        kind=Kind.SYSTEM,
        scope=standing,
        detail="a system requirement",
    )
