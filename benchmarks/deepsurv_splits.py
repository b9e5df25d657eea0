"""METABRIC and GBSG on the DeepSurv splits, medians of five seeds: the default configuration, and heads by themselves.

By default all variables are one view of a cohort. For the heads, they are the inputs of the network.

C is that of Antolini (2005, doi 10.1002/sim.2427). The IBS uses 100 points that include both ends of follow-up, as in
the published results: the IBS of Kaplan-Meier is then 0.1753 and 0.1969; on the points of the evaluation it is 0.1789
and 0.1993. The head and its settings are chosen on the training parts only, by the IBS of out-of-fold predictions; they
are the same for both cohorts.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
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
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.registry import resolve
from stratomics.config import ExperimentConfig
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.experiment.prepare import complete_for_cohort
from stratomics.fitting.fit import fit
from stratomics.runtime.logs import quiet_libraries

FOLDER = SHARED / "benchmarks"
COHORTS = ("metabric", "gbsg")
FOLDS, SEEDS = 5, 5
POINTS = 100
HEAD = HeadConfig(survival="weibull_mixture", hidden=64, ridge_deep=10)
TRAINER = TrainerConfig()


def read(name: str) -> tuple[np.ndarray, Survival, np.ndarray]:
    """Covariates (n, p) as standardised ranks of the training part; survival; mask of the training part."""
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
    """Out-of-fold predictions of the training patients, and predictions of the patients of `test` by all members."""
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, survival.event))
    head = resolve(HEADS["survival"], config.survival, "head").fit(survival)
    fold = np.empty(len(x), dtype=np.int64)
    for member, (_, held_out) in enumerate(folds):
        fold[held_out] = member
    tasks, layout = [EndpointTask(survival, head)], InputLayout({"covariates": x.shape[1]})
    stratifier, _ = train_members(np.stack([x] * FOLDS), layout, tasks, fold, config, trainer, seed)
    known, new = (stratifier.predict(np.stack([part] * FOLDS))[0] for part in (x, test))
    centers = np.stack([values[fold != member].mean(axis=0) for member, values in enumerate(known)])
    known, new = known - centers[:, None], new - centers[:, None]
    out_of_fold = np.empty(known.shape[1:])
    for member, (_, held_out) in enumerate(folds):
        out_of_fold[held_out] = known[member, held_out]
    calibration: Calibration = head.calibrate(out_of_fold, survival)
    twice = np.stack([out_of_fold, out_of_fold])  # one member would have no spread
    return calibration.prediction(ids(len(x)), twice, "e"), calibration.prediction(ids(len(test)), new, "e")


def ids(n: int) -> np.ndarray:
    return np.array([f"p{number:05d}" for number in range(n)])


def evaluated(prediction: Prediction, survival: Survival) -> tuple[float, ...]:
    """C of Antolini, IBS, p-value of D-calibration, and calibration slope."""
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
    concordant = pairs = 0.0
    for column, patient in enumerate(events):
        later = survival.time > survival.time[patient]
        later |= (survival.time == survival.time[patient]) & ~survival.event
        others, value = at[later, column], at[patient, column]
        concordant += (value < others).sum() + 0.5 * (value == others).sum()
        pairs += later.sum()
    return concordant / pairs, ibs, *calibrated


def measured(
    name: str, config: HeadConfig, trainer: TrainerConfig, seeds: int = SEEDS
) -> tuple[np.ndarray, np.ndarray]:
    """Medians over seeds of the scores of out-of-fold predictions and of the test part."""
    x, survival, training = read(name)
    inner, outer = np.flatnonzero(training), np.flatnonzero(~training)
    scores = []
    for seed in range(seeds):
        known, new = predicted(x[inner], survival.take(inner), x[outer], config, trainer, seed)
        scores.append([evaluated(known, survival.take(inner)), evaluated(new, survival.take(outer))])
    inner_scores, test_scores = np.median(scores, axis=0)
    return inner_scores, test_scores


def by_default(name: str) -> np.ndarray:
    """Scores (methods, 4) of the mixture and of the network alone, with the default configuration."""
    table = pd.read_parquet(FOLDER / f"{name}.parquet")
    samples = pd.DataFrame({"sample_id": ids(len(table)), "event": table["event"]})
    samples["time"] = table["time"].where(table["time"] > 0, 0.5)
    view = table.filter(regex="^x").set_index(samples["sample_id"])
    endpoint = {"time": "time", "event": "event", "unit": "months"}
    spec = {
        "name": name,
        "samples": {"file": "outcome.csv", "id": "sample_id"},
        "views": {"panel": {"modality": "generic", "file": "panel.csv", "scale": "numeric"}},
        "endpoints": {"survival": endpoint},
    }
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        samples.to_csv(place / "outcome.csv", index=False)
        view.to_csv(place / "panel.csv")
        (place / "cohort.yaml").write_text(yaml.safe_dump(spec))
        cohort = read_cohort(place)
    training = (table["split"] == "train").to_numpy()
    known, new = cohort[training].copy(), cohort[~training].copy()
    new.obs_names = ids(new.n_obs)
    outcome, config = cohort_endpoints(new).primary(), complete_for_cohort(ExperimentConfig(), known)
    assert isinstance(outcome, Survival)
    scores = []
    for seed in range(SEEDS):
        model = fit(known, config, seed)
        scores.append(
            [evaluated(model.predict(new, method), outcome) for method in ("stratomics", "wide_deep")]
        )
    return np.median(scores, axis=0)


def rows() -> Iterator[str]:
    if not FOLDER.exists():
        yield "../shared/benchmarks is absent: no data for this benchmark"
        return
    quiet_libraries()
    for name in COHORTS:
        for method, scores in zip(("mixture", "network alone"), by_default(name), strict=True):
            yield (
                f"{name}, default configuration, {method}: C {scores[0]:.4f}, IBS {scores[1]:.4f}, "
                f"calibration slope {scores[3]:.2f}"
            )
    for survival in ("cox", "logistic_hazard", "weibull_mixture"):
        for name in COHORTS:
            config = HeadConfig(**(vars(HEAD) | {"survival": survival}))
            inner, test = measured(name, config, TRAINER)
            yield (
                f"{name}, {survival}: test C {test[0]:.4f}, IBS {test[1]:.4f}, D-calibration p {test[2]:.3f}, "
                f"calibration slope {test[3]:.2f}; "
                f"out of fold C {inner[0]:.4f}, IBS {inner[1]:.4f}"
            )
