"""What a whole run does, as Python itself reports it: every command, in a tree that has traps of every kind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import hostile_trees
from tests.checkout import ROOT, environment, write

# https://docs.python.org/3/library/audit_events.html
CHILD = r"""
import os, sys
events, going = [], True
WATCHED = ("open", "os.scandir", "os.listdir", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork",
    "os.spawn", "os.startfile", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "os.utime", "os.putenv", "os.unsetenv", "ctypes.dlopen", "pty.spawn",
    "webbrowser.open", "exec", "compile", "pickle.find_class", "shutil.copyfile", "tempfile.mkstemp",
    "tempfile.mkdtemp")
def watch(event, args):
    if not going or not (event in WATCHED or event.startswith(("socket.", "urllib.", "http.", "ftplib."))):
        return
    if event in ("open", "os.scandir", "os.listdir") and args[0] is not None and not isinstance(args[0], int):
        path = os.path.realpath(os.fsdecode(args[0]))
        events.append((event, path, bool(len(args) > 2 and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))))
    elif event == "subprocess.Popen":
        events.append((event, [os.fsdecode(word) for word in args[1]], False))
    elif event == "exec":
        events.append((event, args[0].co_filename, False))
    elif event == "compile":
        events.append((event, os.fsdecode(args[1] or b"<none>"), False))
    elif event not in ("open", "os.scandir", "os.listdir"):
        events.append((event, repr(args)[:200], False))
log, sys.argv = sys.argv[1], ["mlaudit", *sys.argv[2:]]
sys.addaudithook(watch)
code = 0
try:
    import mlaudit.__main__
    from mlaudit.cli.app import run
    code = run(sys.argv[1:])
finally:
    going = False
import json
modules = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
with open(log, "w") as file:
    json.dump({"events": events, "modules": [name for name in modules if name]}, file)
raise SystemExit(code)
"""
PYTHON = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values())}
INSTALLATION = (*PYTHON, str(ROOT / "mlaudit"))
"""Python, what is installed for it, and this package."""
SYSTEM = {"/etc/os-release", "/usr/lib/os-release", "/etc/localtime", os.path.realpath("/etc/localtime"), "/dev/null"}


@dataclass(frozen=True)
class Run:
    """What happened in one run of the command line."""

    code: int
    output: str
    events: list[tuple[str, Any, bool]]
    modules: list[str]

    def of(self, *names: str) -> list[Any]:
        return [what for event, what, _ in self.events if event in names]


@dataclass(frozen=True)
class Trap:
    """The audited tree, a file that only what is run makes, and where outputs may go."""

    tree: Path
    mark: Path
    outputs: Path

    def run(self, *arguments: str) -> Run:
        log = self.outputs / "log.json"
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(log), *arguments],
            cwd=self.tree,
            env=environment(PYTHONPATH=os.pathsep.join(("", str(ROOT), str(self.tree)))),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert log.is_file(), done.stderr
        seen = json.loads(log.read_text(encoding="utf-8"))
        return Run(done.returncode, done.stdout + done.stderr, seen["events"], seen["modules"])


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Trap:
    folder = tmp_path_factory.mktemp("trap")
    mark, outputs = folder / "ran", folder / "outputs"
    outputs.mkdir()
    return Trap(hostile_trees.tree(folder / "tree", mark), mark, outputs)


def below(path: str, *folders: str | Path) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


CONFIGURATION = """
[environments.training]
sources = ["/etc/passwd#format=requirements", "../outside/secrets.txt", "training/requirements.txt", "-",
  "git+file:///proc/self/cwd/data.git@HEAD#path=requirements.txt", "linked", "linked/secrets.txt", ".venv",
  "serving/requirements-more.txt", "serving/requirements-dev.txt", "data.git", "HEAD:serving/requirements.txt"]
writes = ["model.pkl", "../outside/secrets.txt"]
[environments.serving]
sources = ["serving/requirements.txt", "serving/Dockerfile", "serving/uv.lock", "serving/constraints.txt"]
follows = "training"
reads = ["/dev/zero", "linked/secrets.txt"]
[[same]]
files = ["/etc/passwd", "../outside/secrets.txt", "linked/secrets.txt", "/proc/self/environ"]
"""
COMMANDS = {
    "check": ("check",),
    "check-folders": ("check", "training", "serving", "--no-config"),
    "compare-revision": ("compare", "HEAD:serving/requirements.txt", "serving/requirements.txt"),
    "compare-trees": ("compare", "training", ".venv"),
    "compare-bare": ("compare", "git+file://{tree}/data.git@HEAD#path=requirements.txt", "training/requirements.txt"),
    "list": (
        *("list", "training/requirements.txt", "training/setup.py", "training/noxfile.py", "training/environment.yml"),
        *("training/tox.ini", "serving/Dockerfile", "serving/pyproject.toml", "serving/uv.lock", "serving/data.dvc"),
        *("model.pkl", ".venv", "serving/constraints.txt", "--format", "json"),
    ),
    "explain": ("explain", "numpy"),
    "explain-code": ("explain", "MLA101"),
    "snapshot": ("snapshot", "--output", "{outputs}/model.snapshot.json"),
    "formats": (
        *("check", "--no-config", "--format", "sarif={outputs}/x.sarif", "--format", "html={outputs}/x.html"),
        *("--format", "json={outputs}/x.json", "--write-baseline", "{outputs}/baseline.json"),
    ),
}


@pytest.mark.parametrize(
    ("name", "configured"), [*((name, False) for name in COMMANDS), ("check", True), ("compare-trees", True)]
)
def test_a_command_only_reads_what_it_audits(trap: Trap, name: str, configured: bool) -> None:
    arguments = [word.format(tree=trap.tree, outputs=trap.outputs) for word in COMMANDS[name]]
    configuration = trap.tree / "mlaudit.toml"
    configuration.unlink(missing_ok=True)
    if configured:
        write(trap.tree, {"mlaudit.toml": CONFIGURATION})
    before = _state(trap.tree)
    found = trap.run(*arguments)
    _assert_harmless(found, trap)
    assert _state(trap.tree) == before
    assert bool(found.of("subprocess.Popen")) is (
        name in ("compare-revision", "compare-bare") or (name == "check" and configured)
    )
    assert hostile_trees.PRIVATE not in found.output.replace(str(trap.tree), "")


def test_init_writes_its_file_alone(trap: Trap) -> None:
    (trap.tree / "mlaudit.toml").unlink(missing_ok=True)
    before = _state(trap.tree)
    found = trap.run("init")
    _assert_harmless(found, trap, written=("mlaudit.toml",))
    after = _state(trap.tree)
    assert {path for path in after if before.get(path) != after[path]} <= {"mlaudit.toml"}
    (trap.tree / "mlaudit.toml").unlink(missing_ok=True)


def _target(path: str) -> str:
    """The file that a file beside it will replace (`.report.json.4711.tmp`)."""
    return re.sub(r"/\.([^/]+)\.\d+\.tmp$", r"/\1", path)


def _assert_harmless(found: Run, trap: Trap, written: tuple[str, ...] = ()) -> None:
    assert any(below(path, ROOT / "mlaudit") for path in found.of("open", "exec")), "nothing was watched"
    assert not trap.mark.exists(), "something of the audited tree was run"
    assert found.code in (0, 1, 2, 3), found.output
    assert "Traceback" not in found.output
    processes = found.of("subprocess.Popen")
    assert [words for words in processes if Path(words[0]).name != "git" or "protocol.allow=never" not in words] == []
    assert [event for event in found.events if event[0].startswith(("socket.", "urllib.", "http.", "os.system"))] == []
    assert found.of("os.exec", "os.spawn", "os.startfile", "pty.spawn", "webbrowser.open", "pickle.find_class") == []
    assert [path for path in found.of("exec") if below(path, trap.tree)] == []
    assert [path for path in found.modules if below(path, trap.tree)] == []
    assert [path for path in found.of("open", "os.scandir", "os.listdir") if not _may_be_opened(path, trap)] == []
    wrote = [
        _target(path) for event, path, writing in found.events if event == "open" and writing and path != "/dev/null"
    ]
    allowed = (trap.outputs, *(trap.tree / name for name in written))
    # A cache of byte code beside Python's own modules is no output.
    assert [path for path in wrote if not below(path, *allowed) and "__pycache__" not in path] == []
    changing = ("os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown")
    assert [what for what in found.of(*changing) if "__pycache__" not in what] == []


def _may_be_opened(path: str, trap: Trap) -> bool:
    return below(path, trap.tree, trap.outputs, *INSTALLATION) or path in SYSTEM or path == str(ROOT)


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """Every path below a folder with its size and time."""
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def test_the_traps_work(tmp_path: Path) -> None:
    """What the tree would do to somebody who runs, imports or unpickles it, so that silence above means something."""
    mark = tmp_path / "ran"
    tree = hostile_trees.tree(tmp_path / "tree", mark)
    sprung = {
        "git": ["git", "cat-file", "blob", "HEAD:serving/requirements.txt"],
        "import": [sys.executable, "-c", "import typer"],
        "unpickle": [sys.executable, "-I", "-c", "import pickle; pickle.load(open('model.pkl', 'rb'))"],
        "setup": [sys.executable, "-S", "training/setup.py"],
        "python": [".venv/bin/python"],
    }
    for name, command in sprung.items():
        mark.unlink(missing_ok=True)
        subprocess.run(command, cwd=tree, env=environment(), capture_output=True, check=False)
        assert mark.exists(), name
