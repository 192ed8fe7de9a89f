"""What must be so for a rule to have anything to say: cheap questions, so that other rules are not even imported.

A rule names its question with `when=`. Where the answer is no, the rule has no hit; where it is yes, it may have one.
"""

from __future__ import annotations

from mlaudit.comparison.scene import View
from mlaudit.knowledge.table import runtime_names
from mlaudit.model.nouns import Distance, Kind, Layer, State
from mlaudit.model.report import Crossing, Environment

_BUILT = (Kind.CUDA, Kind.CUDNN)


# Of a crossing


def is_of_python(crossing: Crossing, _view: View) -> bool:
    """Whether it is the interpreter that crosses."""
    return crossing.writer.kind is Kind.PYTHON


def is_of_model(crossing: Crossing, _view: View) -> bool:
    """Whether it is a reference to a model."""
    return crossing.writer.kind is Kind.MODEL


def is_of_data(crossing: Crossing, _view: View) -> bool:
    """Whether it is a reference to data."""
    return crossing.writer.kind is Kind.DATA


def is_of_builds(crossing: Crossing, _view: View) -> bool:
    """Whether it is CUDA that differs, or what a package is built for."""
    return crossing.writer.kind in _BUILT or crossing.distance is Distance.VARIANT


def has_extras(crossing: Crossing, _view: View) -> bool:
    """Whether either side asks for extras."""
    return any(pin.extras for cell in crossing.cells for pin in cell.pins)


def has_hashes(crossing: Crossing, _view: View) -> bool:
    """Whether both sides state hashes."""
    return all(any(pin.hashes for pin in cell.pins) for cell in crossing.cells)


def has_two_sources(crossing: Crossing, _view: View) -> bool:
    """Whether both sides state a source, and not the same."""
    stated = [cell.pins[0] for cell in crossing.cells if cell.pins]
    return len({(pin.source, pin.origin) for pin in stated}) > 1


def is_unreadable(crossing: Crossing, view: View) -> bool:
    """Whether the worst that is known of it is that artifacts do not load."""
    return _worst(crossing, view) == "unreadable"


def is_silent(crossing: Crossing, view: View) -> bool:
    """Whether the worst that is known of it is that results change silently."""
    return _worst(crossing, view) == "silent"


def is_unpromised(crossing: Crossing, view: View) -> bool:
    """Whether the worst that is known of it is that nobody promises anything."""
    return _worst(crossing, view) == "no-promise"


def is_preprocessing(crossing: Crossing, view: View) -> bool:
    """Whether the worst that is known of it is that preprocessing changes."""
    return _worst(crossing, view) == "preprocessing"


def _worst(crossing: Crossing, view: View) -> str | None:
    judgement = view.judgements.of(crossing)
    return judgement.worst.effect.value if judgement is not None else None


# Of an environment


def is_contested(environment: Environment, _view: View) -> bool:
    """Whether of any package it says more than counts."""
    return any(cell.conflict or cell.overruled for cell in environment.unusual_cells)


def has_implied(environment: Environment, _view: View) -> bool:
    """Whether an image, or another statement, implies any version."""
    return any(
        pin.derived_from is not None for cell in environment.unusual_cells for pin in (*cell.pins, *cell.overruled)
    )


def has_driver(environment: Environment, _view: View) -> bool:
    """Whether it states which driver there is."""
    return "nvidia-driver" in environment.cells


def has_records(environment: Environment, _view: View) -> bool:
    """Whether a model that belongs to it records any version."""
    every = (environment.readings, environment.writes)
    return any(pin.layer is Layer.RECORDED for readings in every for reading in readings for pin in reading.pins)


def has_one_python(environment: Environment, _view: View) -> bool:
    """Whether one version of Python is known of it."""
    return len(environment.target.pythons) == 1


def has_mutable(environment: Environment, _view: View) -> bool:
    """Whether it takes anything from an image or a repository."""
    return any(
        pin.kind is Kind.IMAGE or (not pin.is_plain and pin.source == "git")
        for reading in environment.readings
        for pin in reading.pins
    )


def is_open_and_unpaired(environment: Environment, view: View) -> bool:
    """Whether it leaves a version open, and nothing is compared with it."""
    if not any(cell.state is State.RANGE for cell in environment.unusual_cells):
        return False
    # Pairs are asked last: of a fleet there are as many as environments.
    return not any(environment.name in pair for pair in view.pairs)


def leaves_versions_open(environment: Environment, _view: View) -> bool:
    """Whether an installer chooses a version that may break what is pinned: a complete list leaves none to it."""
    if environment.complete or environment.is_model or not environment.exact_versions:
        return False
    from mlaudit.comparison.open_packages import may_break_open, open_packages

    return next(open_packages(environment), None) is not None or may_break_open(environment)


def may_leave_nothing(environment: Environment, _view: View) -> bool:
    """Whether the requirements of what is named may exclude one another: a complete list was installed."""
    if environment.complete or environment.is_model or len(environment.cells) < 2:
        return False
    from mlaudit.comparison import named_packages

    return named_packages.may_leave_nothing(environment)


def has_bans(_environment: Environment, view: View) -> bool:
    """Whether the configuration bans any version."""
    return bool(view.settings.banned)


# Of everything


def is_check(view: View, _view: View) -> bool:
    """Whether a check asks, which counts what a comparison lists."""
    return view.command == "check"


def leaves_pairs_uncompared(view: View, _view: View) -> bool:
    """Whether the two sides of any pair share nothing."""
    compared = view.compared_pairs()
    return any(pair not in compared for pair in view.pairs)


def has_images(view: View, _view: View) -> bool:
    """Whether any environment starts from an image."""
    return any(
        pin.kind is Kind.IMAGE
        for environment in view.environments.values()
        for reading in environment.readings
        for pin in reading.pins
    )


def exports_graphs(view: View, _view: View) -> bool:
    """Whether any environment has what writes ONNX graphs, or a runtime of what others write."""
    names = {"onnx", *runtime_names()}
    return any(not names.isdisjoint(environment.cells) for environment in view.environments.values())
