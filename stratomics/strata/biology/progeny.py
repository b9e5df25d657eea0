"""PROGENy: activity of 14 signalling pathways, from the genes that respond to them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from omics.common.errors import DataError
from stratomics.strata.biology.identifiers import LEAST_MATCHED, match_features
from stratomics.strata.biology.sets import DATA

__all__ = ["covered_share", "pathway_activity", "progeny_weights"]

FEWEST = 3
"""Activities are scaled over the patients, which fewer do not allow."""


def covered_share(var: pd.DataFrame) -> float:
    """Share of the genes of PROGENy that a view has, whose features are the rows of `var`."""
    found = match_features(var, progeny_weights().index)
    return len(set(found.ids[found.matched])) / len(progeny_weights())


@cache
def progeny_weights() -> pd.DataFrame:
    """Weights of the 100 most responsive genes of each pathway, genes x pathways, 0 elsewhere.

    PROGENy 1.20, Schubert et al. 2018, doi 10.1038/s41467-017-02391-6; the licence is in NOTICE.
    """
    table = pd.read_csv(DATA / "progeny.csv.gz")
    return table.pivot(index="gene", columns="pathway", values="weight").fillna(0.0)


def pathway_activity(values: pd.DataFrame, var: pd.DataFrame | None = None) -> pd.DataFrame:
    """Compute the activity of 14 signalling pathways in each patient.

    Parameters
    ----------
    values
        (n, genes) expression of human genes on a log scale. A missing value counts as the mean of its gene.
    var
        One row per gene, with columns of other ids, if the names are not symbols.

    Returns
    -------
    pandas.DataFrame
        (n, 14) sums of weight times expression, then scaled over the patients to mean 0 and variance 1: activities are
        relative to the patients in the table. NaN for a pathway without variation.

    Raises
    ------
    DataError
        If there are fewer than three patients, less than a third of the genes of the table or of PROGENy in common
        (whichever are fewer), or two genes with one symbol.
    """
    if len(values) < FEWEST:
        raise DataError(
            f"{len(values)} patients are too few to scale pathway activities; give at least {FEWEST}"
        )
    weights = progeny_weights()
    features = pd.DataFrame(index=values.columns.astype(str)) if var is None else var
    found = match_features(features, weights.index)
    if found.share < LEAST_MATCHED:
        raise DataError(
            f"{found.share:.0%} of the ids are genes of PROGENy, and at least a third is needed; give expression of "
            "human genes, named by symbols or with a column of symbols"
        )
    symbols = pd.Index(found.ids[found.matched])
    if not symbols.is_unique:
        name = symbols[symbols.duplicated()][0]
        raise DataError(f"gene '{name}' is listed twice; keep one row per gene, or merge them")
    expression = values.to_numpy(dtype=np.float64)[:, found.matched]
    mean = np.nanmean(expression, axis=0)
    expression = np.where(np.isnan(expression), mean, expression)
    activity = pd.DataFrame(expression @ weights.loc[symbols].to_numpy(), values.index, weights.columns)
    spread = activity.std()
    return (activity - activity.mean()) / spread.where(spread > 0)
