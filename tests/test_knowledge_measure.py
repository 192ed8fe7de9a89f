"""The developers' tools: recipes are whole, and one artifact handed over comes out as what it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlaudit.knowledge import KnowledgeError, artifact_kinds
from mlaudit.lab.measure import DumpedArtifact, Experiment, Measurement, measure, recipe, recipes
from mlaudit.lab.refresh import runs

HERE = Path(sys.executable)


def handed_over(**parts: str) -> Measurement:
    whole = {"make": "{'a': 1.5}", "use": "model['a']", "load": "pickle.load(open(path, 'rb'))"}
    whole |= {"save": "pickle.dump(model, open(path, 'wb'))", **parts}
    artifact = DumpedArtifact(name="one", kind="python.pickle", **whole)
    made = Experiment(package="p", beside=(), setup="", artifacts=(artifact,))
    (outcome,) = measure(made, HERE, HERE)
    return outcome


def test_every_recipe_is_whole() -> None:
    table = artifact_kinds()
    for package in recipes():
        found = recipe(package)
        assert found.artifacts, package
        assert {artifact.kind for artifact in found.artifacts} <= table.keys(), package


def test_a_package_without_a_recipe_is_an_error() -> None:
    with pytest.raises(KnowledgeError):
        recipe("left-pad")


def test_what_loads_with_equal_results_is_ok() -> None:
    assert handed_over().word == "ok"


def test_other_results_are_told_with_their_size() -> None:
    found = handed_over(load="{'a': 1.75}")
    assert (found.word, found.detail) == ("different", "by up to 0.25")


def test_other_texts_and_shapes_differ() -> None:
    assert handed_over(use="str(model)", load="{'a': 2}").detail == "\"{'a': 1.5}\" became \"{'a': 2}\""
    assert handed_over(use="list(model)", load="{}").detail == "another shape"


def test_an_exception_in_load_is_an_error_with_its_text() -> None:
    found = handed_over(load="{}['b']")
    assert (found.word, found.detail) == ("error", "KeyError: 'b'")


def test_what_fails_where_it_was_written_is_no_crossing() -> None:
    assert handed_over(make="1 / 0").word == "baseline-error"


def test_a_process_that_dies_is_a_crash() -> None:
    found = handed_over(load="__import__('os')._exit(3)")
    assert (found.word, found.detail) == ("crash", "process ended with 3")


def test_equal_ranges_become_one_run() -> None:
    found = runs({"1.0": ">=2", "1.1": ">=2", "1.2": ">=3", "1.3": ">=2"})
    assert found == [("1.0", "1.1", ">=2"), ("1.2", "1.2", ">=3"), ("1.3", "1.3", ">=2")]
