"""The report for a terminal: rows of their own pair only, lines within the width, sentences and quotations whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checkout import write
from tests.command_line import run, unwrapped

LONG = "pipelines/nightly-retraining-of-the-churn-model"
WIDTH = 100
CONFIGURATION = f"""
[environments."{LONG}/training"]
sources = ["{LONG}/training/requirements.txt"]

[environments."{LONG}/serving-one"]
sources = ["{LONG}/serving-one/requirements.txt"]
follows = "{LONG}/training"

[environments."{LONG}/serving-two"]
sources = ["{LONG}/serving-two/requirements.txt"]
follows = "{LONG}/training"
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A writer and two readers with long names; each reader differs in another package."""
    pins = {
        "training": "protobuf==4.21.1\nlightgbm==4.5.0\n",
        "serving-one": "protobuf==3.20.1\nlightgbm==4.5.0\n",
        "serving-two": "protobuf==4.21.1\nlightgbm==4.4.0\n",
    }
    files = {f"{LONG}/{name}/requirements.txt": text for name, text in pins.items()}
    write(tmp_path, {"mlaudit.toml": CONFIGURATION, **files})
    return tmp_path


def rows_below(text: str, reader: str) -> set[str]:
    """The packages of the table of a reader."""
    table = text[text.rindex(f"→ {LONG}/{reader}") :].partition("\n\n")[0]
    return {line.split()[0] for line in table.splitlines()[2:]}


def test_a_table_has_the_rows_of_its_pair(tree: Path) -> None:
    text = run(tree, "check").stdout
    assert rows_below(text, "serving-one") == {"protobuf"}
    assert rows_below(text, "serving-two") == {"lightgbm"}


@pytest.mark.parametrize("arguments", [("check",), ("check", "--verbose"), ("fix",)])
def test_no_line_is_wider_than_the_report(arguments: tuple[str, ...], tree: Path) -> None:
    done = run(tree, *arguments)
    lines = (done.stdout if arguments[0] == "check" else done.stderr).splitlines()
    assert lines
    assert [line for line in lines if len(line) > WIDTH] == []


def test_remarks_of_fix_fit_eighty_columns(tree: Path) -> None:
    remarks = run(tree, "fix").stderr.splitlines()
    assert [line for line in remarks if len(line) > 80 and not line.strip().startswith(LONG)] == []
    assert "protobuf 3.20.1 → 4.21.1: unsafe, the major version changes" in unwrapped("\n".join(remarks))


def test_a_quotation_is_not_cut_at_a_full_stop_in_it(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "transformers==4.57.6\ntensorflow==2.16.1\n"})
    text = unwrapped(run(tmp_path, "check").stdout)
    assert "Please install the backwards-compatible tf-keras package`." in text


def test_each_place_of_a_broken_combination_names_its_package(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "setuptools==82.0.0\ntensorboard==2.20.0\n"})
    text = run(tmp_path, "check").stdout
    assert "requirements.txt:2:1   tensorboard 2.20.0\n" in text
    assert "requirements.txt:1:1   setuptools 82.0.0\n" in text


def test_what_breaks_alike_in_several_environments_is_one_finding(tmp_path: Path) -> None:
    files = {
        f"s{number}/requirements.txt": "# own\n" * number + "gensim==4.3.2\nscipy==1.13.0\n" for number in range(3)
    }
    write(tmp_path, files)
    text = run(tmp_path, "check").stdout
    assert text.count("error[MLA206]") == 1
    assert "  also    s1, s2\n" in text
    assert run(tmp_path, "check", "--format", "concise").stdout.count("MLA206") == 3


def test_files_with_only_comments_are_one_note(tmp_path: Path) -> None:
    files = {f"s{number}/requirements.txt": "# nothing yet\n" for number in range(5)}
    write(tmp_path, {**files, "train/requirements.txt": "numpy==1.26.4\n"})
    text = unwrapped(run(tmp_path, "check").stdout)
    assert text.count("it contains only comments") == 1
    assert "and 2 more (--verbose lists them): it contains only comments" in text


def test_packages_that_one_side_does_not_name_are_pinned_together(tmp_path: Path) -> None:
    names = ("joblib", "lightgbm", "numpy", "pandas", "scikit-learn", "scipy", "xgboost")
    write(
        tmp_path,
        {
            "training/requirements.txt": "".join(f"{name}==1.0.{number}\n" for number, name in enumerate(names)),
            "serving/requirements.txt": "fastapi==0.115.0\n",
        },
    )
    text = unwrapped(run(tmp_path, "check").stdout)
    assert "warning[MLA003] 7 packages in training → serving: not pinned to one version" in text
    assert "joblib 1.0.0 → not named training/requirements.txt:1:1" in " ".join(text.split())
    assert (
        "fix serving: joblib==1.0.0, lightgbm==1.0.1, numpy==1.0.2, pandas==1.0.3, scikit-learn==1.0.4 and 2 more"
        in (" ".join(text.split()))
    )
    assert text.count("[MLA003]") == 1
    assert run(tmp_path, "check", "--verbose").stdout.count("warning[MLA003]") == 7


def test_sources_that_can_change_are_told_together(tmp_path: Path) -> None:
    lists = {
        f"s{number}/requirements.txt": f"tool{number} @ git+https://g.example/t{number}@main\n" for number in range(7)
    }
    write(tmp_path, {**lists, "s8/requirements.txt": "tool0 @ git+https://g.example/t0@main\n"})
    text = run(tmp_path, "check").stdout
    words = " ".join(text.split())
    assert text.count("[MLA503]") == 1
    assert (
        "warning[MLA503] 7 places: the source can change tool0 s0/requirements.txt:1:1 and 1 more environment" in words
    )
    assert "tool4 s4/requirements.txt:1:1 and 2 more: --verbose" in words
    assert run(tmp_path, "check", "--verbose").stdout.count("[MLA503]") == 7


def test_pairs_of_which_nothing_is_compared_are_told_together(tmp_path: Path) -> None:
    names = [f"reader-{number}-{'n' * 90}" for number in range(7)]
    declared = '[environments.training]\nsources = ["t.txt"]\n' + "".join(
        f'[environments.{name}]\nsources = ["s.txt"]\nfollows = "training"\n' for name in names
    )
    write(tmp_path, {"mlaudit.toml": declared, "t.txt": "numpy==1.26.4\n", "s.txt": "fastapi==0.115.0\n"})
    text = run(tmp_path, "check").stdout
    assert text.count("[MLA905]") == 1
    assert f"warning[MLA905] 7 pairs: nothing was compared\n  training\n    → {names[0]}\n" in text
    assert f"    → {names[4]}\n  and 2 more: --verbose\n" in text


def test_requirements_of_one_release_that_are_not_met_are_told_together(tmp_path: Path) -> None:
    pins = ["torch==2.6.0", "triton==3.0.0", "sympy==1.13.3", "nvidia-cublas-cu12==12.1.3.1"]
    pins += ["nvidia-cufft-cu12==11.0.2.54", "nvidia-nccl-cu12==2.20.5", "nvidia-nvtx-cu12==12.1.105"]
    write(tmp_path, {"serve/requirements.txt": "\n".join(pins) + "\n"})
    text = run(tmp_path, "check").stdout
    words = " ".join(text.split())
    assert text.count("[MLA201]") == 1
    assert "torch 2.6.0 (serve/requirements.txt:1:1) requires other versions of 6 packages:" in words
    assert "nvidia-cublas-cu12 12.1.3.1 required ==12.4.5.8 serve/requirements.txt:4:1" in words
    assert "and 1 more: --verbose fix Set what it requires; --verbose names a release for what is there." in words
    assert run(tmp_path, "check", "--verbose").stdout.count("error[MLA201]") == 6
    write(tmp_path / "two", {"serve/requirements.txt": "\n".join(pins[:3]) + "\n"})
    two = run(tmp_path / "two", "check").stdout
    assert two.count("error[MLA201]") == 2, "two are told one by one, with their fixes"


def test_what_an_install_takes_is_told_with_what_happens(tmp_path: Path) -> None:
    write(tmp_path, {"serve/requirements.txt": "altair<4.2.1\npandas==2.0.1\n"})
    words = " ".join(run(tmp_path, "check").stdout.split())
    assert "serving does not pin altair: an install on Python 3.11 would take the newest release" in words
    assert "Charts of altair 4.2.0 fail with pandas" in words


def test_one_variable_without_a_value_is_told_once(tmp_path: Path) -> None:
    recipe = "FROM ${BASE}\nRUN pip install numpy==1.26.4\nCMD uvicorn app:app\n"
    write(tmp_path, {f"s{number}/Dockerfile": recipe for number in range(3)})
    text = run(tmp_path, "check").stdout
    assert text.count("[MLA904]") == 1
    assert "warning[MLA904] 3 places: a template without a value\n  `${BASE}` has no value here;" in text
    assert all(f"  s{number}/Dockerfile:1:6\n" in text for number in range(3))


def test_how_many_fixes_there_are_is_said_where_a_command_makes_them(tmp_path: Path) -> None:
    lists = {
        "training/requirements.txt": "lightgbm==4.5.0\nnumpy==2.1.3\nscipy==1.13.0\n",
        "serving/requirements.txt": "lightgbm==4.4.0\nnumpy==1.26.0\n",
    }
    write(tmp_path, lists)
    assert "\n2 fixes (1 safe, 1 unsafe): mlaudit fix shows what it can change.\n" in run(tmp_path, "check").stdout
    assert "mlaudit fix" not in run(tmp_path, "compare", *lists).stdout
    write(tmp_path, {"serving/requirements.txt": "fastapi==0.115.0\n"})
    assert "mlaudit fix" not in run(tmp_path, "check").stdout, "serving names none of them"


def test_packages_that_two_readers_do_not_name_are_pinned_together(tmp_path: Path) -> None:
    declared = '[environments.training]\nsources = ["t.txt"]\n' + "".join(
        f'[environments.{name}]\nsources = ["{name}.txt"]\nfollows = "training"\n' for name in ("api", "batch")
    )
    lists = {"api.txt": "fastapi==0.115.0\n", "batch.txt": "typer==0.12.0\n"}
    write(tmp_path, {"mlaudit.toml": declared, "t.txt": "numpy==1.26.4\nscipy==1.13.0\n", **lists})
    text = run(tmp_path, "check").stdout
    assert text.count("[MLA003]") == 1
    assert "warning[MLA003] 2 packages in training → api: not pinned to one version\n  numpy " in text
    assert "  also    1 more pair, into batch\n  fix     api: numpy==1.26.4, scipy==1.13.0\n" in text


def test_packages_that_one_python_does_not_run_are_told_together(tmp_path: Path) -> None:
    pins = ["numpy==2.2.5", "pandas==3.0.0", "scikit-learn==1.7.0", "scipy==1.15.2", "torch==2.9.0", "networkx==3.4.2"]
    write(tmp_path, {"serve/Dockerfile": f"FROM python:3.9\nRUN pip install {' '.join(pins)}\nCMD uvicorn app:app\n"})
    text = run(tmp_path, "check").stdout
    words = " ".join(text.split())
    assert text.count("[MLA204]") == 1
    assert "6 packages in serving: this Python is not supported In serving: networkx 3.4.2 declares" in words
    assert "numpy 2.2.5 serve/Dockerfile:2:17" in words
    assert "and 1 more: --verbose fix Use another Python; --verbose names a release of each for this one." in words
    every = run(tmp_path, "check", "--verbose").stdout
    assert every.count("warning[MLA204]") == 6
    assert "or numpy 2.0.2" in every


def test_infos_of_one_rule_are_counted_after_the_first(tmp_path: Path) -> None:
    write(tmp_path, {f"batch-{letter}/requirements.txt": "scikit-learn\n" for letter in "abcdefg"})
    text = run(tmp_path, "check").stdout
    assert text.count("does not pin scikit-learn") == 5
    assert "info[MLA501] and 2 more like these: --verbose" in text
    assert run(tmp_path, "check", "--verbose").stdout.count("does not pin scikit-learn") == 7


def test_the_folder_of_the_only_source_is_not_a_name_beside_it(tmp_path: Path) -> None:
    folders = [f"examples/of-the-platform/{letter * 40}/model" for letter in "abc"]
    write(tmp_path, {f"{folder}/requirements.txt": "numpy==2.1.3\n" for folder in folders})
    text = run(tmp_path, "check").stdout
    assert f"{folders[0]}/requirements.txt (1 package)" in unwrapped(text)
    assert f"{folders[0]} (" not in text


@pytest.mark.parametrize(("folder", "is_named"), [("of-the-platform/" + "a" * 60, False), ("short", True)])
def test_a_long_environment_is_named_by_the_place_alone(tmp_path: Path, folder: str, is_named: bool) -> None:
    other = f"{folder}-beside"
    write(
        tmp_path,
        {
            f"{folder}/requirements.txt": "torch==2.6.0\ntorchaudio==2.5.1\n",
            f"{other}/requirements.txt": "torch==2.6.0\n",
        },
    )
    text = unwrapped(run(tmp_path, "check").stdout)
    assert (f"In {folder}: torchaudio 2.5.1" in text) == is_named
    assert f"{folder}/requirements.txt:2:1" in text
