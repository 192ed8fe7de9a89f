"""What the maintainers' reader of setup.py takes for told, and what not; nothing of it is run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from mlaudit.lab.refresh_releases import _offered
from mlaudit.lab.release_agreement import agreeing, disagreements
from mlaudit.lab.release_rows import GatheredRelease
from mlaudit.lab.release_tags import TaggedProject, tagged_releases
from mlaudit.lab.setup_call import required_texts, setup_arguments

if TYPE_CHECKING:
    from pathlib import Path

TOLD = {
    "names and lists put together": "base = ['numpy<2']\nbase += ['torch']\nsetup(install_requires=base + ['tqdm'])",
    "a table of versions": (
        "specs = ['numpy<2', 'torch', 'tqdm']\n"
        "deps = {b: a for a, b in (re.findall(r'^(([^!=<>]+)(?:[<>].*)?)$', x)[0] "
        "for x in specs)}\n"
        "def listed(*names):\n    return [deps[name] for name in names]\n"
        "setup(**{'install_requires': listed('numpy', 'torch', 'tqdm')})"
    ),
    "a file of requirements": (
        "def read(path):\n    reqs = []\n    with open(os.path.join(os.path.dirname(__file__), path)) as f:\n"
        "        for line in f.readlines():\n            line = line.strip()\n"
        "            if line.startswith('#'):\n                continue\n            reqs.append(line)\n"
        "    return reqs\n"
        "setup(install_requires=read('r.txt'))"
    ),
    "a path": "from pathlib import Path\nr = (Path(__file__).parent / 'r.txt').read_text()\nsetup(install_requires=r)",
    "a module beside it": "from own import DEPS\nsetup(install_requires=['%s%s' % one for one in DEPS.items()])",
    "a module that is executed": (
        "ns = {}\nexec(open('own.py').read(), ns)\nsetup(install_requires=[k + v for k, v in ns['DEPS'].items()])"
    ),
    "what every Python agrees on": (
        "deps = ['numpy<2', 'torch', 'tqdm']\nif sys.version_info < (3, 5):\n    deps.append('typing')\n"
        "if sys.version_info[0] == 2:\n    sys.exit(1)\nsetup(install_requires=deps)"
    ),
    "a list in a list": "setup(**dict(install_requires=(['numpy<2', 'torch'], 'tqdm # fast'), cmdclass=unknown()))",
    "what does not matter": (
        "try:\n    from torch.utils import cpp\n    mods = cpp()\nexcept ImportError:\n    mods = []\n"
        "deps = ['numpy<2', 'torch', 'tqdm']\nsetup(install_requires=deps, ext_modules=mods, **unknown.keys)"
    ),
}
UNTOLD = {
    "the machine": "d = ['numpy']\nif os.environ.get('CUDA'):\n    d.append('cupy')\nsetup(install_requires=d)",
    "the Python": "d = ['numpy']\nif sys.version_info < (3, 8):\n    d += ['typing']\nsetup(install_requires=d)",
    "what is installed": (
        "deps = ['torch']\n"
        "try:\n    import torch\n    deps = ['torch==' + torch.__version__]\nexcept ImportError:\n    pass\n"
        "setup(install_requires=deps)"
    ),
    "an alias that a condition changes": (
        "deps = ['numpy']\nsame = deps\nif unknown():\n    same.append('torch')\nsetup(install_requires=deps)"
    ),
    "a list that somebody was given": "deps = ['numpy']\nimport helper\nhelper.add(deps)\nsetup(install_requires=deps)",
    "a loop without an end": "n = 1\nwhile True:\n    n = n + n\nsetup(install_requires=['numpy'] * n)",
    "itself": "def deps():\n    return deps() + ['numpy']\nsetup(install_requires=deps())",
    "two calls": "if unknown:\n    setup(install_requires=['numpy'])\nelse:\n    setup(install_requires=['torch'])",
    "too many steps": "deps = []\n" + "deps.append('numpy')\n" * 20_000 + "setup(install_requires=deps)",
}
A_TORCH = ("a==1.*", "torch<3,>=1.8")
HEAD = "import os, re, sys\nfrom setuptools import setup\n"
BESIDE = {
    "r.txt": "# what it needs\nnumpy<2\ntorch\ntqdm\n",
    "own.py": "DEPS = {'numpy': '<2', 'torch': '', 'tqdm': ''}\n",
}


@pytest.mark.parametrize("source", TOLD.values(), ids=TOLD)
def test_what_the_source_tells_is_what_setup_is_given(source: str) -> None:
    given = setup_arguments(HEAD + source, BESIDE.get)
    assert given is not None
    assert required_texts(given) == ("numpy<2", "torch", "tqdm")


@pytest.mark.parametrize("source", UNTOLD.values(), ids=UNTOLD)
def test_what_hangs_on_more_than_the_source_is_not_told(source: str) -> None:
    given = setup_arguments(HEAD + source, BESIDE.get)
    assert given is None or required_texts(given) is None


def test_extras_are_markers_and_those_that_are_not_told_are_left_out() -> None:
    extras = "{'all': ['pandas>=2; python_version > \"3.8\"'], ':os_name == \"nt\"': ['colorama'], 'gpu': unknown()}"
    given = setup_arguments(HEAD + f"setup(extras_require={extras})", BESIDE.get)
    assert given is not None
    assert required_texts(given) == (
        'pandas>=2 ; (python_version > "3.8") and extra == "all"',
        'colorama ; (os_name == "nt")',
    )


@pytest.mark.parametrize(
    ("files", "requires"),
    [
        ({"setup.py": HEAD + "setup(name='pinbox', **{})\n"}, ()),
        ({"setup.py": HEAD + "setup(**unknown())\n"}, None),
        ({"setup.py": HEAD + "setup()\n", "setup.cfg": "[options]\ninstall_requires = file: r.txt\n"}, None),
        ({"setup.py": HEAD + "setup()\n", "pyproject.toml": "[project]\ndynamic = ['dependencies']\n"}, None),
        ({"setup.py": HEAD + "setup(install_requires=[x for x in ['numpy <2']])\n"}, ("numpy<2",)),
        ({"setup.py": HEAD + "setup(install_requires=[x for x in ['numpy two']])\n"}, None),
        ({"setup.py": HEAD + "setup(install_requires=['numpy>=1.7.*, <2.*', 'torch >= 1.8.*'])\n"}, None),
        ({"pyproject.toml": "[project]\nname = 'pinbox'\ndependencies = ['torch >= 1.8.*,<3', 'a==1.*']\n"}, A_TORCH),
    ],
)
def test_a_tag_whose_manifests_name_nothing_requires_nothing(
    tmp_path: Path, files: dict[str, str], requires: tuple[str, ...] | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    named = ("-c", "user.name=A", "-c", "user.email=a@pinbox.example", "-c", "tag.gpgsign=false")
    for words in (["init", "-q", "."], ["add", "-A"], ["commit", "-qm", "1.0"], ["tag", "v1.0"], ["tag", "v1.0rc1"]):
        subprocess.run(["git", "-C", str(tmp_path), *named, *words], check=True, capture_output=True)
    project = TaggedProject(package="pinbox", repository="https://pinbox.example", clone=tmp_path)
    (found,) = tagged_releases(project)
    assert (found.version, found.requires) == ("1.0", requires)


def _release(version: str, *requires: str, from_metadata: bool, **told: object) -> GatheredRelease:
    row = {"package": "pinbox", "version": version, "source": "s", "from_metadata": from_metadata, "requires": requires}
    return GatheredRelease(**{**row, **told})  # type: ignore[arg-type]


def test_tags_that_say_otherwise_than_metadata_are_not_asked() -> None:
    known = (
        _release("1.0", "numpy<2", 'torch; extra == "a"', from_metadata=True),
        _release("1.1", from_metadata=False),
    )
    tagged = [_release(version, "numpy<2", from_metadata=False) for version in ("1.0", "1.1", "1.2")]
    assert disagreements(tagged, known) == ()
    assert list(agreeing(tagged, known, ())) == tagged
    spelt = _release("2.0", 'fsspec>2021.6.0; python_full_version < "3.8"', from_metadata=True)
    told = _release("2.0", "fsspec>2021.06.0; python_version < '3.8'", from_metadata=False)
    assert disagreements([told], [spelt]) == ()
    other = [_release("1.0.0", "numpy<3", from_metadata=False), *tagged[1:]]
    assert disagreements(other, known) == ("1.0.0",)
    assert [one.requires for one in agreeing(other, known, ("1.0.0",))] == [("numpy<3",), ("numpy<2",), None]


def test_a_tag_that_the_index_does_not_offer_is_no_release() -> None:
    known = [_release("1.0", from_metadata=True, day="2024-05-01", wheels=("py3-none-any",))]
    tagged = [
        _release("0.9", from_metadata=False, day="2024-04-01"),
        _release("1.1", from_metadata=False, day="2024-06-01"),
    ]
    assert [one.version for one in _offered([*known, *tagged], ())] == ["1.0", "1.1"]
    assert [one.version for one in _offered([*known, *tagged], known)] == ["1.0", "1.1"]
    assert [one.version for one in _offered(tagged, ())] == ["0.9", "1.1"]
