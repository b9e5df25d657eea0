"""Heads on the DeepSurv splits of METABRIC and GBSG: covariates straight into the network, medians of five seeds.

C is Antolini's (2005, doi 10.1002/sim.2427). IBS is that of the evaluation but on 100 points that hold both ends of
the follow-up, as the published figures have it: Kaplan-Meier then has 0.1753 and 0.1969, and 0.1789 and 0.1993 on the
evaluation's own points inside. Head and settings are chosen on the training parts alone, by the IBS of what members
predict of the patients they leave out; both cohorts share one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import QuantileTransformer

from benchmarks.clock import SHARED
from models.calibration.calibration import Calibration
from models.config import HeadConfig, TrainerConfig
from models.ensemble.inputs import InputLayout
from models.ensemble.training import EndpointTask, train_members
from models.heads import HEADS
from models.prediction import Prediction
from omics.cohort.endpoints import Survival
from omics.common.registry import resolve
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.runtime.logs import quiet_libraries

FOLDER = SHARED / "benchmarks"
COHORTS = ("metabric", "gbsg")
FOLDS, SEEDS = 5, 5
POINTS = 100
HEAD = HeadConfig(survival="weibull_mixture", hidden=64, ridge_deep=10)
TRAINER = TrainerConfig()


def read(name: str) -> tuple[np.ndarray, Survival, np.ndarray]:
    """Covariates (n, p) as ranks in the training part, standardised; survival; who is in the training part."""
    table = pd.read_parquet(FOLDER / f"{name}.parquet")
    x = table.filter(regex="^x").to_numpy(dtype=np.float64)
    training = (table["split"] == "train").to_numpy()
    ranks = QuantileTransformer(n_quantiles=200, random_state=0).fit(x[training])
    x = ranks.transform(x)
    x = (x - x[training].mean(axis=0)) / x[training].std(axis=0)
    time = table["time"].to_numpy(dtype=np.float64)
    time = np.where(time == 0, 0.5, time)
    return (
        x.astype(np.float32),
        Survival(time, table["event"].to_numpy() == 1, np.ones(len(x), bool)),
        training,
    )


def predicted(
    x: np.ndarray, survival: Survival, test: np.ndarray, config: HeadConfig, trainer: TrainerConfig, seed: int
) -> tuple[Prediction, Prediction]:
    """Of the patients with `survival`, each by the member that left him out; and of those of `test`, by all."""
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, survival.event))
    head = resolve(HEADS["survival"], config.survival, "head").fit(survival)
    fold = np.empty(len(x), dtype=np.int64)
    for member, (_, left) in enumerate(folds):
        fold[left] = member
    tasks, layout = [EndpointTask(survival, head)], InputLayout({"covariates": x.shape[1]})
    stratifier, _ = train_members(np.stack([x] * FOLDS), layout, tasks, fold, config, trainer, seed)
    known, new = (stratifier.predict(np.stack([part] * FOLDS))[0] for part in (x, test))
    centers = np.stack([own[fold != member].mean(axis=0) for member, own in enumerate(known)])
    known, new = known - centers[:, None], new - centers[:, None]
    left_out = np.empty(known.shape[1:])
    for member, (_, left) in enumerate(folds):
        left_out[left] = known[member, left]
    calibration: Calibration = head.calibrate(left_out, survival)
    twice = np.stack([left_out, left_out])  # a spread of one member is none
    return calibration.prediction(ids(len(x)), twice, "e"), calibration.prediction(ids(len(test)), new, "e")


def ids(n: int) -> np.ndarray:
    return np.array([f"p{number:05d}" for number in range(n)])


def evaluated(prediction: Prediction, survival: Survival) -> tuple[float, ...]:
    """Antolini's C, the IBS, p of D-calibration, and the calibration slope."""
    cases = SurvivalCases.of(prediction, ids(len(survival.time)), survival)
    cases = dataclasses.replace(cases, grid=np.linspace(survival.time.min(), survival.time.max(), POINTS))
    once = np.ones((1, len(cases)))
    ibs, *calibrated = (
        float(find_metric(name).function(cases, once)[0])
        for name in ("ibs", "d_calibration", "calibration_slope")
    )
    [curves] = prediction.curves()
    order = pd.Index(curves.sample_ids).get_indexer(pd.Index(ids(len(cases))))
    events = np.flatnonzero(survival.event)
    at = curves.survival(survival.time[events])[order]
    right = pairs = 0.0
    for column, patient in enumerate(events):
        later = survival.time > survival.time[patient]
        later |= (survival.time == survival.time[patient]) & ~survival.event
        theirs, own = at[later, column], at[patient, column]
        right += (own < theirs).sum() + 0.5 * (own == theirs).sum()
        pairs += later.sum()
    return right / pairs, ibs, *calibrated


def measured(
    name: str, config: HeadConfig, trainer: TrainerConfig, seeds: int = SEEDS
) -> tuple[np.ndarray, np.ndarray]:
    """Medians over seeds of what is evaluated, of the patients left out of training, and of the test part."""
    x, survival, training = read(name)
    inner, outer = np.flatnonzero(training), np.flatnonzero(~training)
    scores = []
    for seed in range(seeds):
        known, new = predicted(x[inner], survival.take(inner), x[outer], config, trainer, seed)
        scores.append([evaluated(known, survival.take(inner)), evaluated(new, survival.take(outer))])
    left_out, test = np.median(scores, axis=0)
    return left_out, test


def rows() -> Iterator[str]:
    if not FOLDER.exists():
        yield "../shared/benchmarks is absent, so there is nothing to measure on"
        return
    quiet_libraries()
    for survival in ("cox", "logistic_hazard", "weibull_mixture"):
        for name in COHORTS:
            config = HeadConfig(**(vars(HEAD) | {"survival": survival}))
            inner, test = measured(name, config, TRAINER)
            yield (
                f"{name}, {survival}: test C {test[0]:.4f}, IBS {test[1]:.4f}, D-calibration p {test[2]:.3f}, "
                f"calibration slope {test[3]:.2f}; "
                f"left out of training C {inner[0]:.4f}, IBS {inner[1]:.4f}"
            )
