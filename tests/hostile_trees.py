"""Audited trees that try to make the auditor run, fetch, import or read something: made here, below a given folder."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

from tests.checkout import committed, git, write

PRIVATE = "package-of-somebody-else"


class _Runs:
    """Unpickled, it makes a file."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (self.command,)


def promisor_configuration(mark: Path, *, url: str = ".") -> str:
    """What makes git fetch a missing object, by a command that leaves a mark."""
    shout = f"touch '{mark}'; false"
    return (
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
        f'\tfsmonitor = "{shout}"\n\tsshCommand = "{shout}"\n\tpager = "{shout}"\n\taskPass = "{shout}"\n'
        "[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = {url}\n\tpromisor = true\n\tuploadpack = "{shout}"\n'
        '[protocol]\n\tallow = always\n[protocol "ext"]\n\tallow = always\n'
    )


def partial_repository(folder: Path, configuration: str) -> Path:
    """A repository with one requirements file, whose content is missing, and a configuration that is not git's own."""
    write(folder, {"requirements.txt": "numpy==1.26.4\n"})
    committed(folder)
    blob = git(folder, "rev-parse", "HEAD:requirements.txt").stdout.strip()
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    (folder / ".git" / "config").write_text(configuration, encoding="utf-8")
    return folder


def bare_repository(folder: Path, configuration: str) -> Path:
    """The same without a working tree, as it may lie embedded in a tree."""
    whole = partial_repository(folder.with_name(folder.name + "-whole"), configuration)
    shutil.copytree(whole / ".git", folder)
    shutil.rmtree(whole)
    return folder


def shadowing_modules(folder: Path, mark: Path) -> None:
    """Files that would be imported in place of others, were the folder on the import path."""
    shout = f"open({str(mark)!r}, 'w').close()\n"
    names = ("typer", "yaml", "rich", "tomli", "packaging", "pathlib", "json", "typing", "__future__", "mlaudit_plugin")
    write(folder, {f"{name}.py": shout for name in names})


def tree(folder: Path, mark: Path) -> Path:
    """A repository with traps of every kind; nothing in it leads to `mark` unless something is run."""
    outside = folder.parent / "outside"
    write(outside, {"secrets.txt": f"{PRIVATE}==1.0\n", "pyproject.toml": f'[project]\nname = "{PRIVATE}"\n'})
    shout = f"open({str(mark)!r}, 'w').close()"
    write(
        folder,
        {
            "training/requirements.txt": (
                "numpy==2.1.3\n-r ../../outside/secrets.txt\n-r /etc/passwd\n-c https://127.0.0.1:9/c.txt\n"
                "-e ../../outside\npkg @ git+ssh://127.0.0.1:9/x.git\n"
            ),
            "training/setup.py": f"{shout}\nfrom setuptools import setup\nsetup(install_requires=['scipy==1.14.1'])\n",
            "training/noxfile.py": f"{shout}\nimport nox\n",
            "training/environment.yml": f"dependencies:\n- !!python/object/apply:os.system ['touch {mark}']\n",
            "training/tox.ini": "[testenv]\ndeps = -r/etc/passwd\ncommands = python -c 'x'\n",
            "serving/requirements.txt": "numpy==1.26.0\n",
            "serving/Dockerfile": (
                "FROM python:3.11\nCOPY /etc/passwd /x\nADD http://127.0.0.1:9/r.txt /r.txt\n"
                f"RUN touch {mark} && pip install -r /etc/passwd -r ../outside/secrets.txt\n"
            ),
            "serving/pyproject.toml": (
                '[project]\nname = "s"\nversion = "1"\ndependencies = ["own @ file:///etc"]\n'
                '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            ),
            "serving/uv.lock": (
                'version = 1\n[[package]]\nname = "s"\nsource = { editable = "../../outside" }\n'
                "[package.metadata]\nrequires-dist = []\n"
            ),
            "serving/data.dvc": "outs:\n- path: ../../outside/secrets.txt\n",
        },
    )
    shadowing_modules(folder, mark)
    links = {
        "serving/requirements-dev.txt": "/dev/zero",
        "serving/requirements-test.txt": "/proc/self/environ",
        "serving/requirements-more.txt": "../../outside/secrets.txt",
        "training/constraints.txt": "constraints.txt",
        "linked": "../outside",
        "around": ".",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "serving" / "constraints.txt")
    (folder / "model.pkl").write_bytes(pickle.dumps(_Runs(f"touch '{mark}'")))
    _virtual_environment(folder / ".venv", mark)
    bare_repository(folder / "data.git", promisor_configuration(mark))
    return partial_repository_of(folder, mark)


def partial_repository_of(folder: Path, mark: Path) -> Path:
    """Commit what lies in a folder, then lose a file of it and exchange the configuration."""
    committed(folder)
    blob = git(folder, "rev-parse", "HEAD:serving/requirements.txt").stdout.strip()
    (folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    (folder / ".git" / "config").write_text(promisor_configuration(mark), encoding="utf-8")
    return folder


def _virtual_environment(folder: Path, mark: Path) -> None:
    """One with a program of its own for Python, and with packages that links and path files bring from elsewhere."""
    site = "lib/python3.11/site-packages"
    write(
        folder,
        {
            "pyvenv.cfg": "home = /nowhere\nversion = 3.11.7\n",
            "bin/python": f"#!/bin/sh\ntouch '{mark}'\n",
            f"{site}/numpy-2.1.3.dist-info/METADATA": "Name: numpy\nVersion: 2.1.3\n",
            f"{site}/evil.pth": f"import os; os.system('touch {mark}')\n",
            f"{site}/numpy/__init__.py": f"open({str(mark)!r}, 'w').close()\n",
        },
    )
    (folder / "bin" / "python").chmod(0o755)
    elsewhere = folder.parent.parent / "outside" / "site-packages"
    write(elsewhere, {f"{PRIVATE}-1.0.dist-info/METADATA": f"Name: {PRIVATE}\nVersion: 1.0\n"})
    (folder / "lib" / "python3.12").mkdir()
    (folder / "lib" / "python3.12" / "site-packages").symlink_to(elsewhere)
    (folder / "lib" / "python3.13").symlink_to(elsewhere.parent)
