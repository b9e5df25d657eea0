"""Known truth: sparse causes are found, a permuted outcome has no stable feature, equal features are one block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import write

from datamodules.split import stratified_folds
from models.config import FactorsConfig, TrainerConfig
from omics.cohort.read import read_cohort
from omics.common.seeds import named_seed
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import NewPatients
from stratomics.experiment.check_config import complete_config
from stratomics.explanation.attribution import Level, explain
from stratomics.explanation.from_training import describe_training
from stratomics.explanation.levels import FEATURE
from stratomics.explanation.outer_fold import explain_fold
from stratomics.explanation.outer_folds import OuterFolds
from stratomics.explanation.reasons import rationales
from stratomics.fitting.fit import fit, fit_part

CAUSES, FEATURES, EFFECT = 4, 60, 0.7
CONFIG = complete_config(
    ExperimentConfig(factors=FactorsConfig(count=5, per_view=5), trainer=TrainerConfig(epochs=20)), "survival"
)


def cohort_of(folder: Path, seed: int, n: int, *, permuted: bool = False, twin: bool = False) -> Any:
    """Survival that depends on the first four of sixty features; or on none; the last may equal the first."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, FEATURES))
    if twin:
        values[:, -1] = values[:, 0]
    hazard = values[:, :CAUSES].sum(axis=1) * EFFECT
    time = rng.exponential(np.exp(-(rng.permutation(hazard) if permuted else hazard))) * 500 + 1
    censored = rng.uniform(100, 3000, n)

    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        ids = [f"p{number:03d}" for number in range(n)]
        frames["outcome"] = pd.DataFrame(
            {
                "sample_id": ids,
                "time": np.minimum(time, censored).round(2),
                "event": (time < censored).astype(int),
                "age": rng.normal(60, 10, n).round(1),
            }
        )
        frames["rna"] = pd.DataFrame(values.round(4), columns=[f"g{j}" for j in range(FEATURES)])
        frames["rna"].insert(0, "sample_id", ids)
        del frames["protein"]
        del spec["views"]["protein"]
        spec["covariates"] = ["age"]

    return read_cohort(write(folder, change))


def explained(cohort: Any, seed: int, outer: OuterFolds | None = None) -> tuple[Any, Any, Any]:
    model = fit(cohort, CONFIG, seed)
    reference = describe_training(model, cohort, {}, informative=True, seed=seed)
    return model, reference, explain(model, cohort, reference, outer=outer)


def five_folds(cohort: Any, seed: int) -> OuterFolds:
    """What the models of one repeat of five outer folds say, as a run keeps it."""
    found = []
    for fold in stratified_folds(cohort, 5, 1, seed, "outer"):
        new = NewPatients.of_fold(cohort, fold, CONFIG, named_seed(seed, "outer", fold.number))
        explanation = explain_fold(fit_part(new.part), new, cohort, seed)
        assert explanation is not None
        found.append((fold, explanation))
    return OuterFolds.of(found)


def by_feature(level: Level) -> pd.DataFrame:
    """Mean absolute contribution of each feature, and the share of the patients for whom it is stable."""
    columns = [n for n, item in enumerate(level.items) if item.kind == FEATURE]
    return pd.DataFrame(
        {
            "size": np.abs(level.value[:, columns]).mean(axis=0),
            "stable": level.stable[:, columns].mean(axis=0),
        },
        index=[level.items[n].name for n in columns],
    )


def test_causes_are_among_the_first_ten_and_equal_features_are_one_block(tmp_path: Path) -> None:
    cohort = cohort_of(tmp_path / "small", 0, 150, twin=True)
    model, reference, found = explained(cohort, 0)
    table = by_feature(found.levels["features"])
    causes = [f"g{j}" for j in range(CAUSES)]
    first = table["size"].sort_values(ascending=False).index[:10]
    assert set(causes) <= set(first)
    assert f"g{FEATURES - 1}" in first
    blocks = dict(zip(model.encoders[0].harmonizer.features["rna"], reference.correlated["rna"], strict=True))
    assert blocks["g0"] == blocks[f"g{FEATURES - 1}"]
    assert list(blocks.values()).count(blocks["g0"]) == 2
    named = [
        feature
        for rationale in rationales(found, cohort, model, reference)
        for reason in (*rationale.support, *rationale.opposing)
        for feature in reason.features
        if feature.name in ("g0", f"g{FEATURES - 1}")
    ]
    assert named
    assert all(feature.alike == 1 for feature in named)


@pytest.mark.simulation
def test_power_false_rate_and_permuted_outcomes(tmp_path: Path) -> None:
    causes, rows = [f"g{j}" for j in range(CAUSES)], []
    for seed in range(20):
        for permuted in (False, True):
            cohort = cohort_of(tmp_path / f"{seed}{permuted}", seed, 200, permuted=permuted)
            outer = five_folds(cohort, seed)
            found = explained(cohort, seed, outer)[2]
            table = by_feature(found.levels["features"])
            first = table["size"].sort_values(ascending=False).index[:10]
            others = table.drop(causes)
            rows.append(
                {
                    "permuted": permuted,
                    "in_first_ten": len(set(causes) & set(first)) / CAUSES,
                    "power": table.loc[causes, "stable"].mean(),
                    "false": others["stable"].mean(),
                    "all": table["stable"].mean(),
                }
            )
    summary = pd.DataFrame(rows).groupby("permuted").agg(["mean", "sem"])
    assert summary.loc[False, ("in_first_ten", "mean")] > 0.95
    assert summary.loc[False, ("power", "mean")] > 0.8
    assert summary.loc[False, ("false", "mean")] < 0.01
    assert summary.loc[True, ("all", "mean")] <= 0.01
