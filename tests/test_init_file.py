"""The `mlaudit.toml` that `mlaudit init` writes of a discovery."""

from __future__ import annotations

import tomli

from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair
from mlaudit.discovery.groups import Ignored
from mlaudit.discovery.init_file import how_to_declare, render
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation
from mlaudit.model.pairs import CrossingArtifact

AT = Place(path="Dockerfile", line=1)
EXPECTED = """
# packages = ["our-feature-library"]

# Role training: train.py writes churn.joblib.
# Not read, since the first source takes precedence: requirements.txt.
# runs https://***@host.example/x (Dockerfile:1)
[environments.training]
role = "training"
sources = ["uv.lock", "pyproject.toml"]

[environments."serving/a.b"]
role = "serving"
sources = ["a \\"b\\".txt"]
follows = ["training"]
# training writes churn.joblib (sklearn joblib): Dockerfile:1 -> Dockerfile:1
# training writes a.csv (csv): Dockerfile:1 -> Dockerfile:1
crosses = { training = ["sklearn.joblib"] }

[environments.guess]
sources = ["g.txt"]
follows = ["training"]
# Only names suggest this pair: delete the next line if it is right, and its findings count in full.
guessed = true

[environments.likely]
sources = ["l.txt"]
follows = ["training"]
# training writes a.csv (csv): Dockerfile:1 -> Dockerfile:1
# It is likely that these are a pair, and not certain: delete the next line if it is right, \
and its findings count in full.
guessed = true

# Role : a�.
[environments.alone]
sources = ["o.txt"]
reads = ["else/x.joblib"]
# follows = "NAME"               # the environment that writes what this one reads

# Left out:
#   x/y.txt: is a test
#   z.txt: is left out
"""


def _seen(text: str) -> Observation:
    return Observation(at=AT, says=text)


def test_what_a_discovery_amounts_to_as_a_configuration() -> None:
    """Roles with reasons, what is not read, grounds, what is loaded, who follows whom, guesses, kinds that cross."""
    crossing = [
        CrossingArtifact(
            artifact="churn.joblib", form="sklearn joblib", kinds=("sklearn.joblib",), written=AT, read=AT
        ),
        CrossingArtifact(artifact="a.csv", form="csv", written=AT, read=AT, is_plain=True),
    ]
    found = Discovery(
        environments=(
            DiscoveredEnvironment(
                name="training",
                role="training",
                folder="",
                sources=("uv.lock",),
                covered=("pyproject.toml", "requirements.txt"),
                reason="train.py writes churn.joblib",
                evidence=(_seen("runs https://user:secret@host.example/x"),),
            ),
            DiscoveredEnvironment(
                name="serving/a.b",
                role="serving",
                folder="",
                sources=('a "b".txt',),
                follows=("training",),
                loads=(("kept/churn.joblib", AT),),
            ),
            DiscoveredEnvironment(
                name="guess", role="", folder="", sources=("g.txt",), follows=("training",), guessed=True
            ),
            DiscoveredEnvironment(name="likely", role="", folder="", sources=("l.txt",), follows=("training",)),
            DiscoveredEnvironment(
                name="alone", role="", folder="o", sources=("o.txt",), reason="a\n", loads=(("else/x.joblib", AT),)
            ),
        ),
        pairs=(
            Pair(writer="training", reader="serving/a.b", project="", certain=True, crosses=tuple(crossing)),
            Pair(writer="training", reader="guess", project="", certain=False),
            Pair(writer="training", reader="likely", project="", certain=False, crosses=(crossing[1],)),
        ),
        ignored=(Ignored(path="x/y.txt", why="is a test"), Ignored(path="z.txt", why="is left out")),
    )
    text = render(found)
    begin, end = text.index("\n# packages"), text.index("\n# For a fleet")
    assert text[begin:end] == EXPECTED
    assert tomli.loads(text)["environments"]["serving/a.b"]["crosses"] == {"training": ["sklearn.joblib"]}
    assert how_to_declare(found) == ""
    alone = replace(found, pairs=())
    assert how_to_declare(alone) == (
        "No two of these were compared: nothing in their names says which one writes what the other reads.\n"
        'Say it with `mlaudit init` and `follows`, for instance follows = "training" under "serving/a.b".'
    )
    assert how_to_declare(replace(alone, environments=alone.environments[:1])) == ""
    assert "# follows" not in render(replace(alone, environments=alone.environments[:1]))
    assert how_to_declare(replace(alone, environments=alone.environments[:2])) != ""
    assert render(replace(alone, environments=alone.environments[3:])).count("# follows") == 1
    empty = render(Discovery(environments=(), pairs=(), ignored=()))
    assert "# [environments.training]\n" in empty
    assert "[environments" not in tomli.loads(empty)


def test_what_is_declared_of_nothing_that_was_left_out() -> None:
    empty = render(Discovery(environments=(), pairs=(), ignored=()))
    assert "Left out" not in empty
    assert tomli.loads(empty) == {"fail-on": "error"}
