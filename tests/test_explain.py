"""`mlaudit explain`: all that is known, each with its source, in lines that fit."""

from __future__ import annotations

import re

import pytest

from mlaudit.knowledge.load import packages
from mlaudit.model.errors import UsageError
from mlaudit.reporters._explain import WIDTH, explained
from mlaudit.rules._registry import Rule, rules

PACKAGES = [
    "numpy",
    "scikit-learn",
    "torch",
    "xgboost",
    "pandas",
    "tensorflow",
    "keras",
    "joblib",
    "onnx",
    "transformers",
    "spacy",
    "mlflow",
    "ray",
    "catboost",
    "lightgbm",
    "jax",
    "scipy",
    "gensim",
    "statsmodels",
    "prophet",
    "pyspark",
    "imbalanced-learn",
    "category-encoders",
    "sentence-transformers",
    "torchvision",
    "onnxruntime",
    "cloudpickle",
    "dill",
    "python",
]


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_known_of_a_package_has_a_source_and_a_day(package: str) -> None:
    text = explained(package)
    entries = re.split(r"\n(?=  - )", text)[1:]
    sourced = [one for one in entries if re.match(r"  - (?:error|warning|info) |  - [\d.]+: ", one)]
    assert sourced, text
    for entry in sourced:
        assert re.search(r"source:\s", entry), entry
        assert re.search(r"\(checked\s+\d{4}-\d\d-\d\d\)", entry), entry
    assert "{" not in re.sub(r"`[^`]*`", "", text)


@pytest.mark.parametrize("package", PACKAGES)
def test_lines_fit_but_for_addresses(package: str) -> None:
    long = [line for line in explained(package).splitlines() if len(line) > WIDTH]
    assert [line for line in long if len(line.split()) > 3] == []


def test_changes_stand_newest_first() -> None:
    text = explained("numpy").partition("Same code, other numbers:")[2]
    since = [tuple(map(int, found.split("."))) for found in re.findall(r"^  - ([\d.]+): ", text, re.MULTILINE)]
    assert len(since) > 3
    assert since == sorted(since, reverse=True)


def test_artifact_kinds_rates_and_companions_are_told() -> None:
    text = explained("xgboost")
    assert re.search(r"of: .*xgboost\.json", text)
    assert re.search(r"rate: \d+ of \d+ artifacts failed or changed", text)
    assert "(measured)" in text
    assert "Its artifacts carry:" in explained("catboost")
    assert "Must fit together with:\n  - torchvision with torch" in explained("torchvision")


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_a_rule_is_explained_by_its_code_and_its_name(rule: Rule) -> None:
    text = explained(rule.code)
    assert text == explained(rule.name) == explained(rule.code.lower())
    assert text.startswith(f"{rule.code} {rule.name} (default: {rule.severity.value}; since ")
    assert "References:" in text


@pytest.mark.parametrize(("subject", "hint"), [("MLA10", "did you mean MLA10"), ("versions-differ", "version-differs")])
def test_what_is_nearly_a_rule_is_asked_back(subject: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explained(subject)
    assert hint in str(caught.value)


def test_no_sentence_has_an_empty_slot() -> None:
    empty = re.compile(r"any version (?:in|by|of|to) any version|\{(?:writer|reader)|[A-Z]\w+ any version (?:is|load)")
    texts = {package: " ".join(explained(package).split()) for package in packages()}
    assert {package: found[0] for package, text in texts.items() if (found := empty.search(text))} == {}
