"""Pins of conda packages: what match specs declare, what locks and dumps name, and the CUDA that their builds show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlaudit.document.document import Document
from mlaudit.grammars.conda import conda_spec
from mlaudit.grammars.conda.conda_spec import MatchSpec
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Fact, Kind, Layer, Pin, Place, Unread
from mlaudit.model.scope import PinScope

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from mlaudit.model.pin_fields import PinFields

_CUDA = lazy_pattern(r"(?:^|[_*\-.])(?:cuda|cu)_?(\d[\d.]{0,15})")
_ANY_CUDA = lazy_pattern(r"(?:^|[_*\-.])cuda(?=$|[_*])")
_CUDNN = lazy_pattern(r"(?:^|[_*\-.])cudnn_?(\d[\d.]{0,15})")
_ROCM = lazy_pattern(r"(?:^|[_*\-.])rocm_?(\d[\d.]{0,15})")
_CPU = lazy_pattern(r"(?:^|[_*\-.])cpu(?=$|[_*\-.]|py)")
_PREFIX = lazy_pattern(r"==(\d{1,6}(?:\.\d{1,6}){1,3})\.\*")
_LEADING_NAME = lazy_pattern(r"\s*(?:[^\s\[]{1,256}::)?([A-Za-z0-9_][\w.\-]{0,200})")
_ACCELERATORS = {"cuda": Kind.CUDA, "cudnn": Kind.CUDNN}
_ACCELERATOR_PARTS = {Kind.CUDA: 2, Kind.CUDNN: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(PinScope):
    """Where in its document and environment a conda package is: what its pin has in common with its neighbours."""

    layer: Layer = Layer.DECLARED


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildString:
    """What a conda build string or pattern shows of accelerators."""

    variant: str | None = None
    cuda: str | None = None
    cudnn: str | None = None
    any_cuda: bool = False


def build_of(text: str | None) -> BuildString:
    """What a build shows: `py3.10_cuda11.8_cudnn8.7.0_0`, `cuda118py310h3a4d1c3_0`, `*cuda12*`, `cpu_py311h0_0`."""
    if not text:
        return BuildString()
    build = text[:128].lower()
    cuda, cudnn, rocm = _CUDA.search(build), _CUDNN.search(build), _ROCM.search(build)
    version = dotted(cuda.group(1)) if cuda else None
    variant = cuda_variant(version) if version else None
    if variant is None and rocm:
        variant = f"rocm{rocm.group(1).strip('.')}"
    if variant is None and _CPU.search(build):
        variant = "cpu"
    return BuildString(
        variant=variant,
        cuda=version,
        cudnn=cudnn.group(1).strip(".") if cudnn else None,
        any_cuda=version is None and _ANY_CUDA.search(build) is not None,
    )


def dotted(digits: str) -> str | None:
    """A CUDA version as NVIDIA writes it, of the digits in a build: `118` is `11.8`, `92` is `9.2`, `12` is `12`."""
    digits = digits.strip(".")
    if "." in digits:
        return ".".join(digits.split(".")[:2])
    if len(digits) > 4:
        return None
    major = 2 if digits[0] == "1" else 1
    return f"{digits[:major]}.{digits[major : major + 1]}".rstrip(".")


def cuda_variant(version: str | None) -> str | None:
    """The word that wheels use for a CUDA version, `cu118` for `11.8`; None if the minor is not known."""
    return f"cu{version.replace('.', '')}" if version and "." in version else None


class CondaPins:
    """Pins of one document; each CUDA and cuDNN version that several packages show is stated once."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self._derived: set[tuple[Kind, str | None, str | None, Standing]] = set()

    def declared(self, specs: Iterable[tuple[str, Place]], standing: Standing | None = None) -> Iterator[Pin | Unread]:
        """The pins of match specs that are installed together; `pytorch-cuda` and its like show torch's variant."""
        read = [(text, conda_spec.parse(text), at) for text, at in specs]
        variants = _shown_variants(spec for _, spec, _ in read)
        for text, spec, at in read:
            if spec.problem is not None:
                yield self._unread(text, spec, at, standing or Standing())
                continue
            for pin in self.of_spec(spec, at, standing or Standing()):
                variant = variants.get(pin.package) if pin.kind is Kind.PACKAGE and pin.variant is None else None
                yield replace(pin, variant=variant) if variant else pin

    def _unread(self, text: str, spec: MatchSpec, at: Place, standing: Standing) -> Unread:
        named = _LEADING_NAME.match(text)
        package = package_of(named.group(1), "conda") if named else None
        why = spec.problem or "not a conda match spec"
        return self.doc.unread(why, at, what=text, package=package, template=spec.template, scope=standing)

    def of_spec(self, spec: MatchSpec, at: Place, standing: Standing) -> Iterator[Pin]:
        """The pin of one match spec, and of the CUDA that its build or name shows."""
        build = build_of(spec.build)
        kind, version, specifier = _kind(spec.name), spec.version, spec.specifier
        if kind is Kind.PYTHON:
            version, specifier = _version_of_prefix(version, specifier)
        if kind in _ACCELERATOR_PARTS:
            yield from self._accelerators(spec, build, at, standing)
            return
        yield self.doc.pin(
            standing.layer,
            spec.name,
            version,
            at=at,
            ecosystem="conda",
            kind=kind,
            specifier=specifier,
            variant=build.variant,
            extras=spec.extras,
            origin=spec.channel,
            scope=replace(standing, platforms=(spec.subdir,)) if spec.subdir and not standing.platforms else standing,
            detail=_detail(spec),
        )
        yield from self._accelerators(spec, build, at, standing)

    def installed(
        self,
        name: str,
        version: str,
        build: str | None,
        at: Place,
        standing: Standing,
        **stated: Unpack[PinFields],
    ) -> Iterator[Pin]:
        """The pin of a package that a lock or a dump names with its version and build."""
        build_string = build_of(build)
        if _kind(name) in _ACCELERATOR_PARTS:
            yield from self._accelerators(MatchSpec(name=name, version=version), build_string, at, standing)
            return
        stated["ecosystem"] = "conda"
        stated.setdefault("kind", _kind(name))
        stated.setdefault("variant", build_string.variant)
        yield self.doc.pin(standing.layer, name, version, at=at, scope=standing, **stated)
        yield from self._accelerators(MatchSpec(name=name, version=version), build_string, at, standing)

    def _accelerators(self, spec: MatchSpec, build: BuildString, at: Place, standing: Standing) -> Iterator[Pin]:
        """CUDA and cuDNN, as the package itself (`cudatoolkit`) or its build shows them."""
        named = _ACCELERATORS.get(package_of(spec.name, "conda-accelerators"))
        if named is not None:
            version, specifier = _version_of_prefix(spec.version, spec.specifier)
            short = ".".join(version.split(".")[: _ACCELERATOR_PARTS[named]]) if version else None
            yield from self._accelerator(named, short, specifier, at, standing, itself=_kind(spec.name) is named)
        if build.cuda and "." in build.cuda:
            yield from self._accelerator(Kind.CUDA, build.cuda, None, at, standing)
        elif build.cuda or build.any_cuda:
            yield from self._accelerator(Kind.CUDA, None, f"=={build.cuda}.*" if build.cuda else None, at, standing)
        if build.cudnn:
            yield from self._accelerator(Kind.CUDNN, build.cudnn, None, at, standing)

    def _has_derived(self, kind: Kind, standing: Standing) -> bool:
        return any(derived[0] is kind and derived[3] == standing for derived in self._derived)

    def _accelerator(
        self,
        kind: Kind,
        version: str | None,
        specifier: str | None,
        at: Place,
        standing: Standing,
        *,
        itself: bool = False,
    ) -> Iterator[Pin]:
        """One statement of a version; a package that is named like CUDA itself is always one."""
        key = (kind, version, specifier, standing)
        unspecific = version is None and specifier is None
        is_derived = key in self._derived or (unspecific and self._has_derived(kind, standing))
        if is_derived and not itself:
            return
        self._derived.add(key)
        yield self.doc.pin(
            standing.layer,
            kind.value,
            version,
            at=at,
            kind=kind,
            specifier=specifier,
            scope=standing,
            derived_from=None if itself else at,
        )


def _kind(name: str) -> Kind:
    if name.lower() == "python":
        return Kind.PYTHON
    if name.lower() in _ACCELERATORS:
        return _ACCELERATORS[name.lower()]
    return Kind.SYSTEM if name.startswith("__") else Kind.PACKAGE


def _version_of_prefix(version: str | None, specifier: str | None) -> tuple[str | None, str | None]:
    """`==3.10.*` of Python or CUDA names one minor version, which is how their versions are known."""
    match = _PREFIX.fullmatch(specifier) if specifier and version is None else None
    return (match.group(1), None) if match else (version, specifier)


def _detail(spec: MatchSpec) -> str | None:
    words = (f"build {spec.build}" if spec.build else "", f"if {spec.condition}" if spec.condition else "")
    return ", ".join(word for word in words if word) or None


def _shown_variants(specs: Iterable[MatchSpec]) -> dict[str, str]:
    """Variants of packages that other packages show: `cpuonly`, `pytorch-cuda=11.8`, `pytorch-mutex=1.0=cpu`."""
    variants_stated: dict[str, str] = {}
    for spec in specs:
        row = package_of(spec.name, "conda-tells-variant-of")
        if spec.problem is not None or row == normalized(spec.name):
            continue
        variant = _shown_variant(spec)
        if variant:
            variants_stated.setdefault(row, variant)
    return variants_stated


def _shown_variant(spec: MatchSpec) -> str | None:
    named = package_of(spec.name, "conda-variants")
    if named != normalized(spec.name):
        return named
    if package_of(spec.name, "conda-accelerators") == Kind.CUDA.value:
        version, _ = _version_of_prefix(spec.version, spec.specifier)
        return cuda_variant(".".join(version.split(".")[:2])) if version else None
    return build_of(spec.build).variant


def platform_facts(subdir: str, at: Place) -> Iterator[Fact]:
    """Platform and machine that a conda platform name (`linux-64`) states of a document."""
    platform, machine = conda_spec.SUBDIRS.get(subdir, ("", ""))
    if platform:
        yield Fact(key="platform", value=platform, at=at)
        yield Fact(key="machine", value=machine, at=at)
