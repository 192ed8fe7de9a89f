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
    "lists and tables spread in others": (
        "base = ('numpy<2', 'torch')\nkeys = {'install_requires': [*base, 'tqdm']}\nsetup(**{**keys, 'name': 'pinbox'})"
    ),
    "the value that decides": (
        "chosen = [] or ['numpy<2']\nmore = ['old'] and ['torch']\nlast = ['tqdm'] if chosen else ['never']\n"
        "setup(install_requires=chosen + more + last)"
    ),
    "either way the same": (
        "fast = ['numpy<2'] if unknown() else ['numpy<2']\nsetup(install_requires=fast + ['torch', 'tqdm'])"
    ),
    "parts of a list": (
        "rows = ['x', 'numpy<2', 'torch', 'tqdm', 'y']\nsetup(install_requires=rows[1:-1] if rows[0] == 'x' else [])"
    ),
    "comprehensions": (
        "pins = {name: f'{name}{wanted}' for name, wanted in (('numpy', '<2'), ('torch', ''), ('tqdm', ''))}\n"
        "seen = {text for text in pins.values()}\n"
        "kept = [pins[name] for part in (['numpy', 'torch'], ['tqdm', 'old']) for name in part if name != 'old']\n"
        "setup(install_requires=kept if 'torch' in seen else [])"
    ),
    "the Python of every build": (
        "deps = ['numpy<2'] if sys.version_info.major == 3 and sys.version_info[0] == 3 else []\n"
        "deps += ['torch'] if sys.version_info[:2] >= (3, 1) else []\nsetup(install_requires=deps + ['tqdm'])"
    ),
    "a file that is there": (
        "import os.path\nfrom pathlib import Path\nhere = Path(__file__).resolve().parent\n"
        "path = here.joinpath('r.txt')\ndeps = path.open().readlines() if path.exists() else []\n"
        "deps = deps if os.path.exists('r.txt') and not os.path.isfile('gone.txt') else []\n"
        "deps = deps if path.name == 'r.txt' and (here / 'r.txt').is_file() else []\nsetup(install_requires=deps)"
    ),
    "functions with every sort of argument": (
        "def listed(first, /, second='torch', *others, last='tqdm', **named):\n"
        "    return [first, second, *others, named.get('more', last)]\n"
        "setup(install_requires=listed('numpy<2', more='tqdm') if listed('a', 'b', 'c', last='d')[2] == 'c' else [])"
    ),
    "lambdas and what a function leaves": (
        "def nothing():\n    pass\n\nmade = lambda name: [name]\n"
        "setup(install_requires=made('numpy<2') + (nothing() or ['torch']) + made('tqdm'))"
    ),
    "names of several values, and places in tables": (
        "(first, second), keys = ['numpy<2', 'torch'], {}\nkeys['install_requires'] = [first, second]\n"
        "keys['install_requires'] += ['tqdm']\nkept: list\nwanted: list = keys['install_requires']\n"
        "setup(install_requires=wanted)"
    ),
    "a class and a loop with an end": (
        "class Build:\n    deps = ['other']\n\ndeps = []\nfor name in ('numpy<2', 'torch'):\n    deps.append(name)\n"
        "else:\n    deps.append('tqdm')\nassert deps\nsetup(install_requires=deps, cmdclass=Build)"
    ),
    "a branch that gives the build up": (
        "if unknown():\n    raise RuntimeError('no')\nelse:\n    deps = ['numpy<2', 'torch', 'tqdm']\n"
        "setup(install_requires=deps)"
    ),
    "the same result on both ways of a function": (
        "def deps():\n    if unknown():\n        return ['numpy<2', 'torch', 'tqdm']\n"
        "    else:\n        return ['numpy<2', 'torch', 'tqdm']\n\nsetup(install_requires=deps())"
    ),
    "a text of lines in memory": (
        "import io\nfile = io.StringIO('numpy<2\\ntorch\\ntqdm\\n')\nsetup(install_requires=file.getvalue())"
    ),
    "tables that two ways leave alike": (
        "keys = {'a': {'b': 1}, 'deps': ['numpy<2', 'torch', 'tqdm']}\nif unknown():\n    keys['a']['b'] = 2\n"
        "setup(install_requires=keys['deps'])"
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
    "a list of which a part is not known": "deps = ['numpy', *unknown()]\nsetup(install_requires=deps)",
    "a table of which a part is not known": "setup(**{'install_requires': ['numpy'], **unknown()})",
    "a key that is none": "keys = {unknown(): ['numpy']}\nsetup(install_requires=keys['a'])",
    "a value that decides nothing": "setup(install_requires=unknown() or ['numpy'])",
    "one of two": "setup(install_requires=['numpy'] if unknown() else ['torch'])",
    "a comparison with what is not known": "setup(install_requires=['numpy'] if 1 < unknown() < 3 else ['torch'])",
    "a part that is not known": "deps = ['numpy']\nsetup(install_requires=deps[unknown():] + [deps[unknown()]])",
    "steps of a list": "setup(install_requires=['numpy', 'torch'][::2])",
    "a comprehension over what is not known": "setup(install_requires=[one for one in unknown()])",
    "a comprehension within": "setup(install_requires=[b for a in ['x'] for b in unknown(a)])",
    "a condition that is not known": "setup(install_requires=[a for a in ['numpy'] if unknown(a)])",
    "a table over what is not known": "setup(install_requires=list({a: a for a in unknown()}))",
    "a set over what is not known": "setup(install_requires=list({a for a in unknown()}))",
    "a set of what is not known": "setup(install_requires=list({'numpy', unknown()}))",
    "an order of one's own": "setup(install_requires=sorted(['numpy'], key=lambda one: one))",
    "a text with a format": "width = 3\nsetup(install_requires=[f'{width:>3}'])",
    "a file that is not there": "setup(install_requires=open('gone.txt').read())",
    "a file of an unknown name": "setup(install_requires=open(unknown()).read() if os.path.exists(unknown()) else [])",
    "the size of a file": (
        "from pathlib import Path\nsetup(install_requires=[Path('r.txt').stat(), open('r.txt').fileno()])"
    ),
    "a module that cannot be read": "from broken import DEPS\nsetup(install_requires=DEPS)",
    "a name that a module lacks": "from own import GONE\nsetup(install_requires=GONE)",
    "a package's module": "import own.inner\nsetup(install_requires=own.inner.DEPS)",
    "a table that somebody was given": ("keys = {'a': ['numpy']}\nunknown(keys)\nsetup(install_requires=keys['a'])"),
    "a text that is no Python": "keys = {'install_requires': ['numpy']}\nexec('def', keys)\nsetup(**keys)",
    "a text that is not known": "keys = {'install_requires': ['numpy']}\nexec(unknown(), keys)\nsetup(**keys)",
    "a decorated function": "@unknown\ndef deps():\n    return ['numpy']\n\nsetup(install_requires=deps())",
    "a generator": "def deps():\n    yield 'numpy'\n\nsetup(install_requires=list(deps()))",
    "a function that returns one of two": (
        "def deps():\n    if unknown():\n        return ['numpy']\n    return ['torch']\n\n"
        "setup(install_requires=deps())"
    ),
    "a loop that breaks": (
        "deps = []\nfor name in ['numpy', 'torch']:\n    deps.append(name)\n    break\nsetup(install_requires=deps)"
    ),
    "a loop over what is not known": "for deps in unknown():\n    pass\nsetup(install_requires=deps)",
    "more names than values": "first, second = ['numpy']\nsetup(install_requires=[first])",
    "the rest of some values": "first, *others = ['numpy', 'torch']\nsetup(install_requires=others)",
    "a place that is not known": "keys = {'a': ['numpy']}\nkeys[unknown()] = 1\nsetup(install_requires=keys.get('a'))",
    "a set that somebody was given": "deps = {'numpy'}\nunknown(deps)\nsetup(install_requires=list(deps))",
    "a list that grows by what is not known": "deps = ['numpy']\ndeps.extend(unknown())\nsetup(install_requires=deps)",
    "a very long range": "setup(install_requires=['numpy' for _ in range(10 ** 9)])",
    "a version that is not known": "setup(install_requires=['numpy'] if sys.version_info < unknown() else [])",
    "a number": "setup(install_requires=3)",
    "a number in a list": "setup(install_requires=['numpy', 3])",
    "itself": "def deps():\n    return deps() + ['numpy']\nsetup(install_requires=deps())",
    "two calls": "if unknown:\n    setup(install_requires=['numpy'])\nelse:\n    setup(install_requires=['torch'])",
    "too many steps": "deps = []\n" + "deps.append('numpy')\n" * 20_000 + "setup(install_requires=deps)",
}
A_TORCH = ("a==1.*", "torch<3,>=1.8")
HEAD = "import os, re, sys\nfrom setuptools import setup\n"
BESIDE = {
    "r.txt": "# what it needs\nnumpy<2\ntorch\ntqdm\n",
    "broken.py": "def",
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
