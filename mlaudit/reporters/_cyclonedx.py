"""Environments and models as a machine-learning bill of materials (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID

from mlaudit import __version__
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.names import normalized
from mlaudit.model.nouns import Kind, Pin, Place, Reading
from mlaudit.model.report import Environment
from mlaudit.reporters._json_text import Json, lines

LockEdges = Mapping[str, Sequence[tuple[Pin | None, Pin]]]
"""For each environment its packages with who requires them; None for the project itself."""

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_HEX = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-384": 96, "SHA-512": 128}
_ECOSYSTEMS = {"pypi": "pypi", "conda": "conda"}
_PACKAGES = (Kind.PACKAGE, Kind.LOCAL)


@dataclass(slots=True, kw_only=True)
class _BillComponent:
    """One component on its way; environments that share it add to it."""

    data: Json
    occurrences: dict[tuple[str, int | None], None] = field(default_factory=dict)
    properties: dict[tuple[str, str], None] = field(default_factory=dict)
    hashes: dict[str, None] = field(default_factory=dict)
    requires: dict[str, None] = field(default_factory=dict)

    def occur(self, at: Place) -> None:
        self.occurrences[at.path, at.line] = None

    def tell(self, name: str, value: str | None) -> None:
        if value:
            self.properties[f"mlaudit:{name}", value] = None

    def finished(self) -> Json:
        """The component as the format has it; hashes of several files of one release are properties."""
        known = [hash_entry for hash_entry in map(_hash, self.hashes) if hash_entry is not None]
        if len(known) == 1:
            self.data["hashes"] = known
        else:
            for hash_ in self.hashes:
                self.tell("hash", hash_)
        if self.properties:
            named = sorted(self.properties)
            self.data["properties"] = [{"name": name, "value": value} for name, value in named]
        if self.occurrences:
            places = sorted(self.occurrences, key=lambda occurrence: (occurrence[0], occurrence[1] or 0))
            seen = [{"location": path, **({"line": line} if line else {})} for path, line in places]
            self.data["evidence"] = {"occurrences": seen}
        return self.data


def as_cyclonedx(environments: Iterable[Environment], edges: LockEdges) -> str:
    """CycloneDX 1.6: the same sources give the same text, whose serial number comes from its content."""
    bill = _BillOfMaterials()
    for environment in environments:
        bill.add(environment, edges.get(environment.name, ()))
    content: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "mlaudit", "version": __version__}]},
        },
        "components": [bill.components[ref].finished() for ref in sorted(bill.components)],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(component.requires)} for ref, component in sorted(bill.components.items())
        ],
    }
    digest = sha256(json.dumps(content, sort_keys=True).encode()).digest()
    serial = UUID(bytes=digest[:16], version=5)
    return lines(
        {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "serialNumber": f"urn:uuid:{serial}", **content}
    )


class _BillOfMaterials:
    """The components of a bill, by reference."""

    def __init__(self) -> None:
        self.components: dict[str, _BillComponent] = {}

    def add(self, environment_added: Environment, edges: Sequence[tuple[Pin | None, Pin]]) -> None:
        """An environment, its packages and its models."""
        ref = f"environment:{environment_added.name}"
        kind = "machine-learning-model" if environment_added.is_model else "application"
        environment = self._component(ref, {"type": kind, "name": environment_added.name})
        environment.tell("role", environment_added.role)
        environment.tell("complete", "true" if environment_added.complete else "false")
        for source in environment_added.sources:
            environment.tell("source", source)
        for python in environment_added.target.pythons if "python" not in environment_added.target.assumed else ():
            environment.tell("python", python)
        for entry in environment_added.unread:
            environment.tell("unread", f"{entry.at}: {entry.why}")
        pins = [pin for cell in environment_added.cells.values() if cell.kind in _PACKAGES for pin in cell.pins]
        known = {self._package(pin) for pin in pins}
        self._connect(environment, known, edges)
        for pin in (
            pin
            for cell in environment_added.cells.values()
            if cell.kind in (Kind.MODEL, Kind.DATA)
            for pin in cell.pins
        ):
            environment.requires[self._referenced(pin)] = None
        for reading in environment_added.reads:
            environment.requires[self._model(reading)] = None
        for reading in environment_added.writes:
            self._component(self._model(reading), {}).tell("written-by", environment_added.name)

    def _connect(self, environment: _BillComponent, known: set[str], edges: Sequence[tuple[Pin | None, Pin]]) -> None:
        """Requirements of packages; the environment itself requires what its project does, else what nobody does."""
        required: set[str] = set()
        of_project: set[str] = set()
        for by, pin in edges:
            ref, source = _ref(pin), _ref(by) if by is not None else ""
            if ref not in known or (by is not None and source not in known):
                # The project of a lock is the environment, and what is required by it is required by that.
                of_project.update({ref} & known)
            elif by is None:
                of_project.add(ref)
            elif ref != source:
                required.add(ref)
                self.components[source].requires[ref] = None
        environment.requires.update(dict.fromkeys(sorted(of_project | (known - required))))

    def _component(self, ref: str, data: Json) -> _BillComponent:
        if ref not in self.components:
            self.components[ref] = _BillComponent(data={"bom-ref": ref, **data})
        return self.components[ref]

    def _package(self, pin: Pin) -> str:
        ref = _ref(pin)
        data: Json = {"type": "library", "name": pin.name}
        if pin.version is not None:
            data["version"] = pin.version
        if pin.source == "index":
            data["purl"] = _purl(pin)
        component = self._component(ref, data)
        component.occur(pin.at)
        component.hashes.update(dict.fromkeys(pin.hashes))
        component.tell("specifier", pin.specifier or "")
        component.tell("variant", pin.variant or "")
        component.tell("layer", pin.layer.value)
        if pin.source != "index":
            component.tell("source", pin.source)
        component.tell("origin", pin.origin or "")
        return ref

    def _referenced(self, pin: Pin) -> str:
        """A model or data set that a source names by its address."""
        ref = f"{pin.kind.value}:{pin.name}@{pin.version or ''}"
        kind = "machine-learning-model" if pin.kind is Kind.MODEL else "data"
        data: Json = {"type": kind, "name": pin.name, **({"version": pin.version} if pin.version else {})}
        if kind == "machine-learning-model" and pin.name.startswith("hf://"):
            version = f"@{quote(pin.version, safe='')}" if pin.version else ""
            data["purl"] = f"pkg:huggingface/{quote(pin.name[5:], safe='/')}{version}"
        self._component(ref, data).occur(pin.at)
        return ref

    def _model(self, reading: Reading) -> str:
        """A model file with what it records."""
        ref = f"model:{reading.path}"
        component = self._component(ref, {"type": "machine-learning-model", "name": reading.path})
        component.occur(Place(path=reading.path))
        component.tell("format", reading.format)
        for pin in reading.pins:
            if pin.artifact is not None:
                component.tell("kind", pin.artifact.kind)
                component.hashes.update(dict.fromkeys(pin.hashes))
                for name in pin.artifact.classes:
                    component.tell("class", name)
            elif pin.kind is Kind.PACKAGE and pin.version:
                component.tell("recorded", f"{pin.name}=={pin.version}")
        return ref


def _ref(pin: Pin) -> str:
    """The package URL, with what tells two builds of one release apart."""
    apart = "" if pin.source == "index" else f"#{pin.source}:{pin.origin or ''}"
    version = "" if pin.version else f"#{pin.specifier or 'any'}"
    return f"{_purl(pin)}{apart}{version}"


def _purl(pin: Pin) -> str:
    """The package URL (https://github.com/package-url/purl-spec)."""
    kind = _ECOSYSTEMS.get(pin.ecosystem, "generic")
    version = f"@{quote(pin.version, safe='')}" if pin.version else ""
    return f"pkg:{kind}/{quote(normalized(pin.name), safe='')}{version}"


def _hash(text: str) -> Json | None:
    """A digest as CycloneDX has it, None for what it does not know."""
    name, _, digest = text.partition(":")
    algorithm = _ALGORITHMS.get(name.lower().replace("-", ""))
    if algorithm is None or re.fullmatch(rf"[0-9a-fA-F]{{{_HEX[algorithm]}}}", digest) is None:
        return None
    return {"alg": algorithm, "content": digest}
