"""The Python environments in a root file system: where each has its packages, and which one `PATH` chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized
from mlaudit.sources.images.file_system import FileSystem, Form

USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What container runtimes set where nobody sets `PATH` (moby/daemon/oci_linux.go)."""

_DISTRIBUTION = lazy_pattern(
    r"(?P<folder>(?:.{0,4096}/)?)(?P<name>[^/]{1,512}\.(?:dist-info|egg-info|egg))(?:/.{1,512})?", re.DOTALL
)
_SITE = lazy_pattern(
    r"(?P<prefix>(?:.{0,4096}/)?)lib(?:64)?/(?P<python>(?:python|pypy)3(?:\.\d{1,3})?t?)/(?P<kind>site|dist)-packages/"
)
_WINDOWS = lazy_pattern(r"(?P<prefix>(?:.{0,4096}/)?)Lib/site-packages/")
_CONDA = lazy_pattern(r"(?P<prefix>(?:.{0,4096}/)?)conda-meta/[^/]{1,512}\.json")
_CONDA_PYTHON = lazy_pattern(r"(?P<prefix>(?:.{0,4096}/)?)conda-meta/python-(?P<minor>3\.\d{1,3})[^/]{1,512}\.json")
_BIN = lazy_pattern(r"(?P<prefix>(?:.{0,4096}/)?)bin/(?:python|pypy)(?P<minor>3\.\d{1,3})?3?t?")
_MINOR = lazy_pattern(r"(?:python|pypy)(3\.\d{1,3})")
_IGNORED = lazy_pattern(r"(?:^|/)(?:(?:site|dist)-packages/.{1,4096}|pkgs/.{1,4096})/$")
_NOT_ON_A_PATH = lazy_pattern(
    r"(?:^|/)(?:\.cache/.{1,4096}|python-wheels|lib(?:64)?/(?:python|pypy)[23](?:\.\d{1,3})?t?)/$"
)
_MAX_HOPS = 40
_MAX_PATH_ENTRIES = 100
_USER_SITE = lazy_pattern(r"(?P<home>.{0,4096})/\.local")
_CONDA_RUNNERS = ("conda", "mamba", "micromamba")


@dataclass(slots=True, kw_only=True)
class PythonEnvironment:
    """One Python environment.

    Attributes:
        prefix: the folder that holds its `bin` and `lib`, relative to the root; empty for the root itself.
        minor: of its Python (`3.11`), empty if nothing shows it.
        folders: package folders in the order in which its Python looks into them.
        records: its records of conda.
        settings: the keys of its pyvenv.cfg.
        plain: a folder of packages that belongs to no interpreter (`pip install --target`).
    """

    prefix: str
    minor: str = ""
    name: str = ""
    folders: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    plain: bool = False
    default: bool = False

    @property
    def sees_system(self) -> bool:
        """A virtual environment that also imports the packages of the Python it was made from."""
        return self.settings.get("include-system-site-packages", "").lower() == "true"


class Environments:
    """Every environment of a root file system, each by itself; `chosen` is the default one."""

    def __init__(self, system: FileSystem) -> None:
        self._system = system
        self._by_key: dict[tuple[str, str], PythonEnvironment] = {}
        self.distributions: dict[str, dict[str, list[str]]] = {}
        """Package folder → name of its metadata (`numpy-1.26.4.dist-info`) → paths."""
        for path in system.list():
            self._take(path)
        self._describe()
        self.every = sorted(self._by_key.values(), key=lambda environment: (environment.prefix, environment.minor))
        self._name()
        self.chosen, self.why = self._choose()
        self._extend()

    def _take(self, path: str) -> None:
        match = _DISTRIBUTION.fullmatch(path)
        if match is not None and not _IGNORED.search(match["folder"]):
            folder = match["folder"]
            environment = self._of_folder(folder)
            if environment is not None:
                self.distributions.setdefault(folder, {}).setdefault(match["name"], []).append(path)
                if folder not in environment.folders:
                    environment.folders.append(folder)
        record = _CONDA.fullmatch(path)
        if record is not None and not _IGNORED.search(record["prefix"] or "/"):
            self._at(record["prefix"], self._minor_of_prefix(record["prefix"])).records.append(path)

    def _of_folder(self, folder: str) -> PythonEnvironment | None:
        site = _SITE.fullmatch(folder) or _WINDOWS.fullmatch(folder)
        if site is None:
            return None if _NOT_ON_A_PATH.search(folder) else self._at(folder, "", plain=True)
        prefix, groups = site["prefix"], site.groupdict()
        named = _MINOR.match(groups.get("python") or "")
        minor = named.group(1) if named else self._minor_of_prefix(prefix)
        # The system's Python of Debian and Fedora looks for what `pip` installed in /usr/local.
        lent = groups.get("kind") == "dist" or (not self._runs(prefix, minor) and self._runs("usr/", minor))
        return self._at("usr/" if prefix == "usr/local/" and lent else prefix, minor)

    def _at(self, prefix: str, minor: str, *, plain: bool = False) -> PythonEnvironment:
        key = (prefix, minor)
        if key not in self._by_key:
            self._by_key[key] = PythonEnvironment(prefix=prefix.rstrip("/"), minor=minor, plain=plain)
        return self._by_key[key]

    @cached_property
    def _interpreters(self) -> Mapping[str, frozenset[str]]:
        """Prefix → minor versions of the interpreters in its `bin`; `""` for one that shows none."""
        minors_by_prefix: dict[str, set[str]] = {}
        for path in self._system.list():
            interpreter = _BIN.fullmatch(path)
            if interpreter is not None:
                leads = _MINOR.search(self._system.files[path].link.rpartition("/")[2])
                minor = interpreter["minor"] or (leads.group(1) if leads else "")
                minors_by_prefix.setdefault(interpreter["prefix"], set()).add(minor)
        return {prefix: frozenset(minors) for prefix, minors in minors_by_prefix.items()}

    @cached_property
    def _conda_minors(self) -> Mapping[str, str]:
        matches = (_CONDA_PYTHON.fullmatch(path) for path in self._system.list())
        return {record["prefix"]: record["minor"] for record in matches if record}

    def _runs(self, prefix: str, minor: str) -> bool:
        minors = self._interpreters.get(prefix, frozenset())
        return bool(minors) and (minor in minors or minors == {""} or not minor)

    def _minor_of_prefix(self, prefix: str) -> str:
        """What conda records or `python3` leads to, else the newest interpreter, else what the libraries show."""
        if prefix in self._conda_minors:
            return self._conda_minors[prefix]
        for name in ("python3", "python"):
            link = self._system.files.get(f"{prefix}bin/{name}")
            leads = _MINOR.search(link.link.rpartition("/")[2]) if link is not None else None
            if leads:
                return leads.group(1)
        minors = [minor for minor in self._interpreters.get(prefix, ()) if minor] or self._library_minors(prefix)
        return max(minors, key=_order, default="")

    def _library_minors(self, prefix: str) -> list[str]:
        matches = (_SITE.match(path) for path in self._system.list() if path.startswith(f"{prefix}lib"))
        minors = (_MINOR.match(site["python"]) for site in matches if site and site["prefix"] == prefix)
        return [minor.group(1) for minor in minors if minor]

    def _describe(self) -> None:
        """Virtual environments; of an upgraded one the packages of its former Python are left out."""
        for path in self._system.list():
            if path != "pyvenv.cfg" and not path.endswith("/pyvenv.cfg"):
                continue
            prefix = path[: -len("pyvenv.cfg")]
            settings = _settings(self._system, path)
            minor = ".".join(settings.get("version", "").split(".")[:2]) or self._minor_of_prefix(prefix)
            here = [key for key in self._by_key if key[0] == prefix]
            for key in here if (prefix, minor) in here else ():
                if key != (prefix, minor):
                    del self._by_key[key]
            kept = here[0][1] if here and (prefix, minor) not in here else minor
            self._at(prefix, kept).settings = settings

    def _name(self) -> None:
        prefixes = [environment.prefix for environment in self.every]
        for environment in self.every:
            shown = f"/{environment.prefix}" if environment.prefix else "."
            several = prefixes.count(environment.prefix) > 1 and environment.minor
            environment.name = f"{shown} (python{environment.minor})" if several else shown

    def _choose(self) -> tuple[PythonEnvironment | None, str]:
        """The environment that runs, and the words for what says so; empty words if nothing does."""
        real = [environment for environment in self.every if not environment.plain]
        for folder, why in self._searched():
            here = [
                environment
                for environment in real
                if folder in (_below(environment.prefix, "bin"), _below(environment.prefix, "Scripts"))
            ]
            if here:
                return self._by_interpreter(here), why
        usual = [
            environment
            for name in ("usr/local", "usr", "opt/conda")
            for environment in real
            if environment.prefix == name
        ]
        ranked = usual or sorted(
            real, key=lambda environment: -sum(len(self.distributions[at]) for at in environment.folders)
        )
        every = ranked or self.every
        return (every[0], "") if every else (None, "")

    def _by_interpreter(self, here: list[PythonEnvironment]) -> PythonEnvironment:
        """Of several Pythons in one prefix the one that `python3` starts, else the newest."""
        started = self._minor_of_prefix(f"{here[0].prefix}/" if here[0].prefix else "")
        return next(
            (environment for environment in here if environment.minor == started),
            max(here, key=lambda environment: _order(environment.minor)),
        )

    def _searched(self) -> Iterator[tuple[str, str]]:
        """Folders in which an interpreter is looked for, and what names them."""
        setup = self._system.setup
        yield from ((folder, "its command") for folder in self._commanded(setup.command))
        path = setup.env.get("PATH") or USUAL_PATH
        for text in path.replace(";", ":").split(":")[:_MAX_PATH_ENTRIES]:
            yield self._resolved(text.strip("/")), "PATH"
            yield text.strip("/"), "PATH"

    def _commanded(self, command: tuple[str, ...]) -> Iterator[str]:
        if command and command[0].startswith("/"):
            yield self._resolved(command[0].rpartition("/")[0].strip("/"))
        words = [word.rpartition("/")[2] for word in command[:2]]
        if words[1:] and words[0] in _CONDA_RUNNERS and words[1] == "run":
            options = {command[at]: command[at + 1] for at in range(len(command) - 1)}
            asked = next((options[flag] for flag in ("-p", "--prefix", "-n", "--name") if flag in options), "")
            names = (environment.prefix for environment in self.every if environment.prefix.rpartition("/")[2] == asked)
            yield _below(asked.strip("/") if asked.startswith("/") else next(names, ""), "bin")

    def _resolved(self, path: str) -> str:
        """A path with the links that are known followed, as text."""
        for _ in range(_MAX_HOPS):
            at = next((at for at in _prefixes(path) if self._is_link(at)), None)
            if at is None:
                break
            link, rest = self._system.files[at].link, path[len(at) :]
            path = _joined(link if link.startswith("/") else f"{at.rpartition('/')[0]}/{link}") + rest
        return path

    def _is_link(self, path: str) -> bool:
        link = self._system.files.get(path)
        return link is not None and link.form is Form.LINK

    def _extend(self) -> None:
        """Folders that the chosen environment sees beside its own: `PYTHONPATH`, the user's, the system's."""
        if self.chosen is None:
            return
        self.chosen.default = True
        for environment in self.every:
            # Debian's and Fedora's system Python looks into /usr/local first.
            environment.folders.sort(key=lambda folder: not folder.startswith("usr/local/"))
        first = [folder for folder in self._named_folders() if folder in self.distributions]
        if not self.chosen.settings or self.chosen.sees_system:
            first += [folder for folder in self._user_folders() if folder not in first]
        self.chosen.folders[:0] = [folder for folder in first if folder not in self.chosen.folders]
        for environment in self.every:
            base = self._base(environment) if environment.sees_system else None
            environment.folders += (
                [folder for folder in base.folders if folder not in environment.folders] if base else []
            )

    def _base(self, environment: PythonEnvironment) -> PythonEnvironment | None:
        home = self._resolved(environment.settings.get("home", "").strip("/"))
        fitting = (other for other in self.every if home and _below(other.prefix, "bin") == home)
        return next((other for other in fitting if other.minor in (environment.minor, "")), None)

    def _named_folders(self) -> Iterator[str]:
        env = self._system.setup.env
        named = ":".join(env.get(name, "") for name in ("PYTHONPATH", "LAMBDA_TASK_ROOT"))
        for text in named.split(":")[:_MAX_PATH_ENTRIES]:
            if text.startswith("/"):
                yield f"{self._resolved(_joined(text))}/"

    def _user_folders(self) -> Iterator[str]:
        user = self._system.setup.user.partition(":")[0]
        homes = ("root",) if user in ("", "root", "0") else (f"home/{user}",)
        for environment in self.every:
            site = _USER_SITE.fullmatch(environment.prefix)
            if site and site["home"] in homes and self.chosen is not None and environment.minor == self.chosen.minor:
                yield from environment.folders


def _order(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split(".") if part.isdigit())


def _below(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name


def _prefixes(path: str) -> Iterator[str]:
    at = path.find("/")
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path


def _joined(path: str) -> str:
    """A path of the root file system without `.` and `..`, which cannot lead out of it."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept)


def _settings(system: FileSystem, path: str) -> dict[str, str]:
    """The keys of a pyvenv.cfg, with `version` for what virtualenv and uv call `version_info`."""
    text = system.files[path].content.decode("utf-8", "replace")
    pairs = (line.partition("=") for line in text.split("\n") if "=" in line)
    settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
    settings.setdefault("version", ".".join(settings.get("version_info", "").split(".")[:3]))
    return settings


def hidden(environment: PythonEnvironment, distributions: Mapping[str, Iterable[str]]) -> Mapping[str, str]:
    """Normalized name → the folder from which an environment takes a distribution: the first that has it."""
    folders: dict[str, str] = {}
    for folder in environment.folders:
        for name in distributions.get(folder, ()):
            folders.setdefault(distribution_name(name), folder)
    return folders


def distribution_name(metadata: str) -> str:
    """The normalized name in that of a metadata folder: `scikit_learn-1.5.2.dist-info` is of `scikit-learn`."""
    return normalized(metadata.rpartition(".")[0].partition("-")[0])
