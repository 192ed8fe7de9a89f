"""The judge: direction, kinds, classes, Pythons, distances, ranges, companions."""

from __future__ import annotations

import pytest
from packaging.version import Version

from mlaudit.knowledge import Consequence, Effect, artifact_kinds, companions, judge, worst_in_ranges
from mlaudit.model.nouns import Severity


def kinds(*names: str) -> frozenset[str]:
    return frozenset(names)


NONE: frozenset[str] = frozenset()


def worst(
    package: str, writer: str, reader: str, kinds: frozenset[str] = NONE, classes: frozenset[str] = NONE
) -> Consequence:
    found = judge(package, writer, reader, kinds=kinds, classes=classes)
    assert found, f"nothing known of {package} {writer} to {reader}"
    return found[0]


def errors(
    package: str, writer: str, reader: str, kinds: frozenset[str] = NONE, classes: frozenset[str] = NONE
) -> list[str]:
    found = judge(package, writer, reader, kinds=kinds, classes=classes)
    return [one.id for one in found if one.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("package", "writer", "reader", "kind", "name", "found"),
    [
        # A class of another package that begins like one of scikit-learn's is no model of scikit-learn's.
        ("scikit-learn", "1.5.2", "1.6.1", "sklearn.pickle", "GradientBoostingSurvivalAnalysis", []),
        ("scikit-learn", "1.5.2", "1.6.1", "sklearn.pickle", "GradientBoostingClassifier", ["sklearn"]),
        ("scikit-learn", "1.0.2", "1.3.2", "sklearn.pickle", "RobustScaler", []),
        ("scikit-learn", "1.3.2", "1.8.0", "sklearn.pickle", "LinearRegression", []),
        ("scikit-learn", "1.3.2", "1.4.2", "sklearn.pickle", "MaxAbsScaler", []),
        ("scikit-learn", "1.3.2", "1.8.0", "sklearn.pickle", "MaxAbsScaler", ["sklearn"]),
        ("scikit-learn", "1.6.1", "1.5.2", "sklearn.pickle", "RidgeClassifier", ["sklearn"]),
        ("scikit-learn", "1.4.2", "1.5.2", "sklearn.pickle", "PLSRegression", ["sklearn"]),
        ("scikit-learn", "1.5.2", "1.6.1", "sklearn.pickle", "PoissonRegressor", ["sklearn"]),
        (
            "scikit-lego",
            "0.9.6",
            "0.8.2",
            "scikit-lego.pickle",
            "GroupedTransformer",
            ["scikit-lego-grouped-0.9-older"],
        ),
        ("scikit-lego", "0.9.6", "0.8.2", "scikit-lego.pickle", "EstimatorTransformer", []),
        ("pyod", "2.0.3", "1.1.3", "pyod.pickle", "QMCD", ["pyod-qmcd-2.0.3-older"]),
        ("pyod", "1.0.9", "1.1.3", "pyod.pickle", "KPCA", []),
        ("river", "0.17.0", "0.19.0", "river.pickle", "Pipeline", ["river-pipeline-0.19"]),
        ("fairlearn", "0.11.0", "0.12.0", "fairlearn.pickle", "ThresholdOptimizer", []),
    ],
)
def test_errors_of_a_class_are_those_of_the_rows_that_name_it(
    package: str, writer: str, reader: str, kind: str, name: str, found: list[str]
) -> None:
    said = errors(package, writer, reader, kinds(kind), kinds(name))
    assert [one if package != "scikit-learn" else "sklearn" for one in said][:1] == found


@pytest.mark.parametrize(
    ("package", "writer", "reader", "effect", "severity"),
    [
        ("numpy", "2.1.3", "1.26.0", Effect.UNREADABLE, Severity.ERROR),
        ("feature-engine", "1.2.0", "1.3.0", Effect.UNREADABLE, Severity.ERROR),
        ("flaml", "2.3.6", "2.1.2", Effect.UNREADABLE, Severity.ERROR),
        ("interpret-core", "0.4.4", "0.7.2", Effect.SILENT, Severity.WARNING),
        ("lifelines", "0.28.0", "0.24.16", Effect.UNREADABLE, Severity.ERROR),
        ("mapie", "0.9.2", "0.8.3", Effect.UNREADABLE, Severity.ERROR),
        ("mlforecast", "0.10.0", "0.15.1", Effect.UNREADABLE, Severity.ERROR),
        ("mlxtend", "0.20.0", "0.23.4", Effect.NO_PROMISE, Severity.INFO),
        ("optuna", "4.1.0", "4.6.0", Effect.UNREADABLE, Severity.WARNING),
        ("scikit-lego", "0.9.6", "0.8.2", Effect.SILENT, Severity.WARNING),
        ("sktime", "0.24.2", "0.28.1", Effect.UNREADABLE, Severity.WARNING),
        ("numpy", "1.26.4", "1.24.4", Effect.HARMLESS, Severity.INFO),
        ("xgboost", "3.1.1", "3.0.5", Effect.SILENT, Severity.ERROR),
        ("scikit-learn", "1.5.2", "1.3.2", Effect.SILENT, Severity.ERROR),
        ("scikit-learn", "1.2.2", "1.3.0", Effect.UNREADABLE, Severity.ERROR),
        ("scikit-learn", "1.7.2", "1.6.1", Effect.NO_PROMISE, Severity.WARNING),
        ("scikit-learn", "1.5.0", "1.5.2", Effect.NO_PROMISE, Severity.WARNING),
        ("xgboost", "1.7.6", "1.3.3", Effect.UNREADABLE, Severity.ERROR),
        ("lightgbm", "4.5.0", "3.3.5", Effect.UNREADABLE, Severity.ERROR),
        ("joblib", "1.3.2", "1.1.1", Effect.UNREADABLE, Severity.ERROR),
        ("joblib", "1.1.1", "1.3.2", Effect.HARMLESS, Severity.INFO),
        ("tokenizers", "0.20.3", "0.19.1", Effect.UNREADABLE, Severity.ERROR),
        ("tokenizers", "0.19.1", "0.20.3", Effect.HARMLESS, Severity.INFO),
        ("pandas", "3.0.5", "2.2.3", Effect.UNREADABLE, Severity.ERROR),
        ("keras", "2.15.0", "3.0.0", Effect.UNREADABLE, Severity.ERROR),
        ("tensorflow", "2.15.1", "2.16.2", Effect.UNREADABLE, Severity.ERROR),
        ("tensorflow", "2.16.2", "2.17.1", Effect.HARMLESS, Severity.INFO),
        ("torch", "2.5.1", "2.6.0", Effect.UNREADABLE, Severity.ERROR),
        ("torch", "2.4.0", "2.4.1", Effect.HARMLESS, Severity.INFO),
        ("ray", "2.9.0", "2.10.0", Effect.UNREADABLE, Severity.WARNING),
        ("catboost", "1.2.8", "1.2.2", Effect.NO_PROMISE, Severity.INFO),
    ],
)
def test_the_direction_decides(package: str, writer: str, reader: str, effect: Effect, severity: Severity) -> None:
    found = worst(package, writer, reader)
    assert (found.effect, found.severity) == (effect, severity)
    assert writer in found.says


def test_nothing_is_lost_upwards_across_numpy_2() -> None:
    assert errors("numpy", "1.26.4", "2.1.3") == []


def test_equal_versions_cross_nothing() -> None:
    assert judge("scikit-learn", "1.5.2", "1.5.2") == ()
    assert judge("torch", "2.6.0+cu124", "2.6.0+cpu") == ()
    assert judge("scikit-learn", "1.5", "1.5.0") == ()


def test_a_package_nobody_knows_has_no_verdict() -> None:
    assert judge("left-pad", "1.0", "2.0") == ()
    assert judge("../../setup", "1.0", "2.0") == ()


def test_a_version_that_is_none_crosses_no_edge() -> None:
    assert judge("numpy", "latest", "1.26.4") == ()


def test_a_prerelease_writes_what_its_release_writes() -> None:
    assert errors("scikit-learn", "1.2.2", "1.3rc1") == errors("scikit-learn", "1.2.2", "1.3.0")
    assert errors("numpy", "2.0.0rc2", "1.26.0") == errors("numpy", "2.0.0", "1.26.0")


def test_local_parts_are_ignored() -> None:
    assert errors("torch", "2.5.1+cu121", "2.6.0+cu124") == errors("torch", "2.5.1", "2.6.0")


def test_kinds_of_the_artifact_choose_the_rows() -> None:
    assert worst("xgboost", "2.1.4", "3.1.3", kinds=kinds("xgboost.json")).effect is Effect.HARMLESS
    assert errors("xgboost", "2.1.4", "3.1.3", kinds=kinds("xgboost.pickle")) == ["xgboost-pickle-3.0"]
    assert errors("numpy", "2.1.3", "1.26.0", kinds=kinds("numpy.npy")) == []


def test_without_a_kind_each_kind_is_answered() -> None:
    said = judge("xgboost", "3.1.1", "3.0.5")
    assert {kind for one in said for kind in one.kinds} >= {"xgboost.json", "xgboost.ubj", "xgboost.pickle"}


def test_a_rare_kind_is_a_warning_until_it_is_known() -> None:
    (binary,) = [one for one in judge("xgboost", "3.0.5", "3.1.3") if one.id == "xgboost-binary-3.1"]
    assert binary.severity is Severity.WARNING
    assert errors("xgboost", "3.0.5", "3.1.3", kinds=kinds("xgboost.binary")) == ["xgboost-binary-3.1"]


def test_kinds_that_hold_nothing_of_a_package_leave_it_untouched() -> None:
    found = judge("numpy", "2.1.3", "1.26.0", kinds=kinds("xgboost.json"))
    assert {one.effect for one in found} == {Effect.PREPROCESSING}


def test_a_kind_nobody_knows_is_as_good_as_none() -> None:
    assert errors("numpy", "2.1.3", "1.26.0", kinds=kinds("cobol.vsam")) == errors("numpy", "2.1.3", "1.26.0")


def test_a_pickle_of_another_package_carries_numpy() -> None:
    assert errors("numpy", "2.1.3", "1.26.0", kinds=kinds("catboost.pickle")) == ["numpy-core-2-older"]
    assert errors("numpy", "2.1.3", "1.26.4", kinds=kinds("sklearn.pickle")) == []
    assert errors("numpy", "2.1.3", "1.26.4", kinds=kinds("pandas.to_pickle")) == ["numpy-pickle5-2-older"]


def test_python_3_14_pickles_with_protocol_5() -> None:
    found = judge("numpy", "2.3.5", "1.26.4", writer_python="3.14.0", kinds=kinds("sklearn.pickle"))
    assert found[0].id == "numpy-pickle-2-older-python-3.14"
    assert errors("numpy", "2.3.5", "1.26.4", kinds=kinds("sklearn.pickle")) == []


def test_the_class_of_the_model_decides_where_it_is_known() -> None:
    given = kinds("sklearn.pickle")
    assert worst("scikit-learn", "1.7.2", "1.8.0", given).severity is Severity.WARNING
    assert errors("scikit-learn", "1.7.2", "1.8.0", given, kinds("SimpleImputer")) == ["sklearn-imputer-1.8"]
    ridge = worst("scikit-learn", "1.7.2", "1.8.0", given, kinds("Ridge", "StandardScaler", "Pipeline"))
    assert ridge.effect is Effect.HARMLESS


def test_one_class_that_breaks_is_enough() -> None:
    classes = kinds("Pipeline", "StandardScaler", "HistGradientBoostingClassifier")
    assert errors("scikit-learn", "1.5.2", "1.6.1", classes=classes) == ["sklearn-boosting-loss-1.6"]


def test_a_class_that_does_not_run_what_breaks_takes_a_row_back() -> None:
    broken = kinds("LogisticRegression", "Pipeline")
    assert errors("scikit-learn", "1.8.0", "1.5.2", classes=broken) == ["sklearn-logistic-multiclass-1.8-older"]
    calibrated = kinds("LogisticRegression", "CalibratedClassifierCV")
    assert "sklearn-logistic-multiclass-1.8-older" not in errors("scikit-learn", "1.8.0", "1.5.2", classes=calibrated)


@pytest.mark.parametrize(
    ("writer", "reader", "name", "said"),
    [
        ("3.0.5", "2.2.3", "pandas.StringDtype", "pandas-strings-3-older"),
        ("3.0.5", "2.2.3", "pandas._libs.tslibs.nattype._nat_unpickle", "pandas-strings-3-older"),
        ("3.0.5", "2.2.3", "pandas._libs.tslibs.timestamps._unpickle_timestamp", None),
        ("2.2.3", "1.3.5", "pandas._libs.internals._unpickle_block", "pandas-blocks-1.4-older"),
        ("2.2.3", "1.3.5", "pandas._libs.tslibs.offsets.MonthEnd", None),
        ("2.1.4", "2.0.3", "pandas.core.dtypes.dtypes.SparseDtype", "pandas-sparse-2.1-older"),
        ("1.5.3", "2.0.3", "pandas.core.indexes.numeric.Int64Index", "pandas-numeric-index-2"),
        ("1.5.3", "2.0.3", "pandas.core.indexes.range.RangeIndex", None),
    ],
)
def test_what_a_pickle_imports_decides_where_it_is_known(writer: str, reader: str, name: str, said: str | None) -> None:
    found = judge("pandas", writer, reader, kinds=kinds("pandas.pickle"), names=kinds(name, "numpy.ndarray"))
    broken = (Effect.UNREADABLE, Effect.SILENT)
    assert [one.id for one in found if one.effect in broken and one.severity is Severity.ERROR] == [said] * bool(said)


def test_of_a_pickle_that_is_not_known_a_row_about_names_speaks() -> None:
    given = kinds("pandas.pickle")
    assert "pandas-strings-3-older" in errors("pandas", "3.0.5", "2.2.3", given)
    rare = next(one for one in judge("pandas", "2.1.4", "2.0.3", kinds=given) if one.id == "pandas-sparse-2.1-older")
    assert rare.severity is Severity.WARNING


def test_a_silent_change_stands_before_a_crash() -> None:
    found = judge("scikit-learn", "1.5.2", "1.3.2")
    assert found[0].effect is Effect.SILENT
    assert {one.effect for one in found} >= {Effect.SILENT, Effect.UNREADABLE}


def test_a_class_that_was_not_measured_is_not_harmless() -> None:
    given = kinds("sklearn.pickle")
    assert worst("scikit-learn", "1.6.1", "1.7.2", given, kinds("Ridge")).effect is Effect.HARMLESS
    assert worst("scikit-learn", "1.6.1", "1.7.2", given, kinds("Ridge", "OwnModel")).effect is Effect.NO_PROMISE


def test_severity_stands_before_effect() -> None:
    found = judge("scikit-learn", "1.3.2", "1.4.2")
    assert (found[0].severity, found[0].effect) == (Severity.ERROR, Effect.UNREADABLE)
    assert Effect.SILENT in {one.effect for one in found if one.severity is Severity.WARNING}


def test_code_objects_break_with_python_whatever_the_package() -> None:
    found = judge("cloudpickle", "3.1.1", "3.1.1", writer_python="3.10", reader_python="3.11")
    assert (found[0].severity, found[0].via) == (Severity.ERROR, "python")
    assert "code() argument 13 must be str, not int" in found[0].says
    assert judge("cloudpickle", "3.1.1", "3.1.1", writer_python="3.11.4", reader_python="3.11.9") == ()


def test_plain_pickles_do_not_break_with_python() -> None:
    assert errors("python", "3.9", "3.12", kinds=kinds("python.pickle")) == []
    assert errors("python", "3.9", "3.12", kinds=kinds("mlflow.pyfunc")) != []


def test_changed_behaviour_is_told_in_the_direction_taken() -> None:
    def dates(writer: str, reader: str) -> str:
        return next(one.says for one in judge("pandas", writer, reader) if "integers" in one.says)

    assert "give nanoseconds under 2.2.3 and microseconds under 3.0.5" in dates("2.2.3", "3.0.5")
    assert "give microseconds under 3.0.5 and nanoseconds under 2.2.3" in dates("3.0.5", "2.2.3")


def test_behaviour_changes_only_across_its_release() -> None:
    assert [one for one in judge("pandas", "3.0.0", "3.0.5") if one.effect is Effect.PREPROCESSING] == []
    assert worst("pillow", "8.4.0", "9.5.0").effect is Effect.PREPROCESSING
    assert worst("pillow", "10.1.0", "11.0.0").effect is Effect.HARMLESS


def test_a_range_is_judged_by_its_worst_pair() -> None:
    found = worst_in_ranges("numpy", ">=1.26,<3", "<2")
    assert found is not None
    assert found.consequences[0].id == "numpy-core-2-older"
    assert found.writer.startswith("2.")
    assert found.reader.startswith("1.")


def test_a_bound_that_is_only_excluded_is_no_release() -> None:
    found = worst_in_ranges("scikit-learn", ">=1.5,<1.6", ">=1.6")
    assert found is not None
    assert (found.writer, found.reader) == ("1.5.2", "1.9.1")


def test_a_range_that_crosses_no_edge_is_quiet() -> None:
    found = worst_in_ranges("numpy", ">=2", ">=2")
    assert found is None or found.consequences[0].severity is not Severity.ERROR


def test_an_exact_version_against_a_range() -> None:
    found = worst_in_ranges("xgboost", "==3.1.3", ">=2", kinds=kinds("xgboost.json"))
    assert found is not None
    assert (found.writer, found.consequences[0].effect) == ("3.1.3", Effect.SILENT)
    assert worst_in_ranges("left-pad", ">=1", ">=2") is None


def test_companions_are_what_a_pickle_holds() -> None:
    found = {one.package: one.kinds for one in companions("catboost", kinds("catboost.pickle"))}
    assert found == {"numpy": {"numpy.pickle"}}
    assert companions("catboost", kinds("catboost.cbm")) == ()
    assert {one.package for one in companions("mlflow")} == {"cloudpickle", "python"}


def test_every_kind_is_of_a_package_and_holds_known_kinds() -> None:
    table = artifact_kinds()
    assert all(kind.package and kind.title for kind in table.values())
    assert {held for kind in table.values() for held in kind.holds} <= table.keys()


def test_where_nothing_bounds_a_side_an_install_takes_no_older_release() -> None:
    unbounded = worst_in_ranges("pandas", "3.0.6", "")
    assert unbounded is not None
    assert Version(unbounded.reader) >= Version("3.0.6")
    assert worst_in_ranges("joblib", "1.6.0", "") is None
    bounded = worst_in_ranges("joblib", "1.6.0", "<1.2")
    assert bounded is not None


@pytest.mark.parametrize(
    ("beside", "is_said"),
    [("orbax-checkpoint==0.11.33", True), ("orbax-checkpoint==0.11.34", False), ("flax==0.10.7", False)],
)
def test_a_row_that_needs_another_package_of_the_reader_speaks_only_beside_it(beside: str, *, is_said: bool) -> None:
    name, version = beside.split("==")
    found = judge("jax", "0.9.2", "0.10.0", beside=frozenset({(name, version)}))
    assert ("jax-orbax-device-0.10" in {one.id for one in found}) is is_said
    assert not any(one.id == "jax-orbax-device-0.10" for one in judge("jax", "0.9.2", "0.10.0"))
