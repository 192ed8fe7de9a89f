"""optuna: studies, samplers and pruners, pickled, and studies in SQLite."""

import pickle
import shutil
from functools import partial

import optuna

REQUIRES = []
KINDS = {".pickle": "optuna.pickle", ".db": "optuna.storage"}

optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial):
    trial.report(1.0, 0)
    trial.set_user_attr("note", "x")
    number, name = trial.suggest_float("a", 0.01, 1, log=True), trial.suggest_categorical("b", ["p", "q"])
    return number + trial.suggest_int("c", 1, 5) + (name == "p")


def study(sampler=None, pruner=None, storage=None):
    made = optuna.create_study(
        sampler=sampler or optuna.samplers.RandomSampler(seed=0), pruner=pruner, storage=storage, study_name="s"
    )
    made.optimize(objective, n_trials=14)
    return made


SAMPLERS = {
    "RandomSampler": {"seed": 0},
    "TPESampler": {"seed": 0},
    "CmaEsSampler": {"seed": 0},
    "NSGAIISampler": {"seed": 0, "population_size": 4},
    "QMCSampler": {"seed": 0},
    "GridSampler": {"search_space": {"a": [0.1, 0.2], "b": ["p", "q"], "c": [1, 2]}},
}
PRUNERS = {
    "MedianPruner": {},
    "HyperbandPruner": {},
    "SuccessiveHalvingPruner": {},
    "PercentilePruner": {"percentile": 50.0},
    "ThresholdPruner": {"upper": 5.0},
    "PatientPruner": {"wrapped_pruner": None, "patience": 2},
    "WilcoxonPruner": {},
}


def write(name, path):
    if path.endswith(".db"):
        study(storage=f"sqlite:///{path}")
        return
    if name in SAMPLERS:
        made = study(sampler=getattr(optuna.samplers, name)(**SAMPLERS[name]))
    elif name in PRUNERS:
        made = study(pruner=getattr(optuna.pruners, name)(**PRUNERS[name]))
    else:
        made = study().best_trial
    with open(path, "wb") as file:
        pickle.dump(made, file, 4)


def artifacts():
    for name in [*SAMPLERS, *PRUNERS, "trial"]:
        yield name + ".pickle", partial(write, name)
    yield "study.db", partial(write, "study")


def probe(path):
    if path.endswith(".db"):
        made = optuna.load_study(study_name="s", storage=f"sqlite:///{shutil.copy(path, 'copy.db')}")
    else:
        with open(path, "rb") as file:
            made = pickle.load(file)
    if "trial" in path:
        return [made.value, sorted(made.params.items()), str(made.distributions)]
    best = [made.best_value, sorted(made.best_params.items()), len(made.trials)]
    made.optimize(objective, n_trials=2)
    return [*best, len(made.trials)]
