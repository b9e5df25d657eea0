"""What outer folds say together: figures by brute force, items that not all folds have, patients who are not known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from datamodules.split import Fold
from omics.common.files import read_parquet
from stratomics.explanation.levels import ExplainedItem
from stratomics.explanation.outer_folds import FoldExplanation, OuterFolds
from stratomics.explanation.stability import standard_ranks

IDS = ["a", "b", "c"]
SOURCES = [ExplainedItem("covariate", "all"), ExplainedItem("view", "all")]
VIEWS = [ExplainedItem("covariate", "age"), ExplainedItem("view", "rna", "rna")]
FEATURES = [ExplainedItem("covariate", "age"), *(ExplainedItem("feature", f"g{n}", "rna") for n in range(3))]


def folds_of(rng: np.random.Generator, count: int) -> list[tuple[Fold, FoldExplanation]]:
    """Folds of a third of nine patients; the last feature is not in the first fold."""
    found = []
    for number in range(count):
        items = FEATURES[: 3 if number == 0 else 4]
        values = {
            "sources": rng.normal(size=(3, 2)).astype(np.float32),
            "views": rng.normal(size=(3, 2)).astype(np.float32),
            "features": rng.normal(0.5, 0.5, size=(3, len(items))).astype(np.float32),
        }
        importance = pd.DataFrame(
            {"kind": ["covariate"], "name": ["age"], "view": [""], "features": [1], "importance": [0.1]}
        )
        levels = {"sources": SOURCES, "views": VIEWS, "features": items}
        rows = np.arange(9)
        fold = Fold(0, number, rows[rows % 3 != number % 3], rows[rows % 3 == number % 3])
        found.append((fold, FoldExplanation(IDS, levels, values, importance)))
    return found


def test_figures_by_brute_force(tmp_path: Path) -> None:
    folds = folds_of(np.random.default_rng(0), 3)
    OuterFolds.of(folds).save(tmp_path)
    outer = OuterFolds.load(tmp_path)
    assert outer is not None
    assert outer.folds == 3
    summary = outer.at("views", np.array(["b", "new", "a"]), VIEWS[::-1])
    assert summary is not None
    assert summary.known.tolist() == [True, False, True]
    values = np.array([found.values["views"][1, ::-1] for _, found in folds], dtype=np.float64)
    np.testing.assert_allclose(summary.mean[0], values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(summary.sd[0], values.std(axis=0, ddof=1), rtol=1e-6)
    # Three folds of a third: the variance of the jackknife is 2 / 3 of the sum of squares.
    squares = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(summary.error[0], np.sqrt(2 / 3 * squares), rtol=1e-6)
    np.testing.assert_allclose(summary.positive[0], (values > 0).sum(axis=0))
    ranks = standard_ranks(values[:, None])[:, 0].mean(axis=0)
    np.testing.assert_allclose(summary.rank[0], ranks, atol=1e-6)
    assert outer.at("parts", np.array(IDS), VIEWS) is None


def test_features_are_kept_where_all_folds_agree(tmp_path: Path) -> None:
    folds = folds_of(np.random.default_rng(1), 3)
    OuterFolds.of(folds).save(tmp_path)
    rows = read_parquet(tmp_path / "folds" / "contributions.parquet")
    kept = rows[rows["kind"] == "feature"]
    assert set(zip(kept["sample_id"], kept["name"], strict=True)) == {
        (IDS[row], f"g{column - 1}")
        for row in range(3)
        for column in (1, 2)
        if len({np.sign(found.values["features"][row, column]) for _, found in folds}) == 1
    }
    assert 0 < len(kept) < 6
    assert (rows["kind"] == "view").sum() == 6


def test_one_fold_has_no_spread_and_an_older_run_has_nothing(tmp_path: Path) -> None:
    outer = OuterFolds.of(folds_of(np.random.default_rng(0), 1))
    assert outer.contributions is not None
    assert (outer.contributions[["sd", "error"]] == 0).all().all()
    assert OuterFolds.load(tmp_path) is None
    outer.save(tmp_path)
    (tmp_path / "folds" / "contributions.parquet").unlink()
    without = OuterFolds.load(tmp_path)
    assert without is not None
    assert without.at("views", np.array(IDS), VIEWS) is None
    assert without.folds == 1
