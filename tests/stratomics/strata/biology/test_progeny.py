"""Pathway activity equals that of R's progeny 1.20; what is no expression of human genes is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import DataError
from stratomics.strata.biology.progeny import covered_share, pathway_activity, progeny_weights


def expression(seed: int = 0, patients: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    genes = progeny_weights().index
    return pd.DataFrame(rng.normal(8.0, 2.0, (patients, len(genes))), columns=genes)


def test_activity_as_in_r(shared: Callable[[str], Path]) -> None:
    folder = shared("strata/gene_sets")
    values = pd.read_csv(folder / "progeny_input.csv", index_col=0).T
    golden = pd.read_csv(folder / "progeny_golden.csv", index_col=0)
    found = pathway_activity(values)
    assert set(found) == set(golden)
    np.testing.assert_allclose(found.loc[golden.index, golden.columns], golden, atol=1e-10, rtol=0)


def test_a_pathway_has_a_hundred_genes() -> None:
    assert ((progeny_weights() != 0).sum() == 100).all()
    assert progeny_weights().shape[1] == 14


def test_activities_are_scaled_and_other_genes_are_ignored() -> None:
    values = expression()
    found = pathway_activity(values)
    np.testing.assert_allclose(found.mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.std(), 1.0)
    more = values.assign(OTHER=1.0)[[*values.columns[::-1], "OTHER"]]
    np.testing.assert_allclose(pathway_activity(more), found)
    symbols = pd.DataFrame({"symbol": values.columns}, index=[f"probe{n}" for n in range(values.shape[1])])
    np.testing.assert_allclose(pathway_activity(values.set_axis(symbols.index, axis=1), symbols), found)


def test_the_covered_share_is_that_of_all_genes() -> None:
    genes = progeny_weights().index
    assert covered_share(pd.DataFrame(index=[*genes[: len(genes) // 2], "OTHER"])) == pytest.approx(
        0.5, abs=1e-3
    )


def test_a_missing_value_counts_as_the_mean_of_its_gene() -> None:
    values = expression()
    filled = values.copy()
    filled.iloc[0, 0] = values.iloc[1:, 0].mean()
    values.iloc[0, 0] = np.nan
    np.testing.assert_allclose(pathway_activity(values), pathway_activity(filled))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values.head(2), "2 patients are too few"),
        (lambda values: values.add_prefix("x"), "0% of the ids are genes"),
        (
            lambda values: values.set_axis([values.columns[0], *values.columns[:-1]], axis=1),
            "is listed twice",
        ),
    ],
)
def test_what_is_no_expression_is_refused(change: Callable, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pathway_activity(change(expression()))
