"""Loadings by name: which feature of which view hangs on which factor, the most telling first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.factors.factor_model import FactorModel

__all__ = ["Loadings", "factor_names", "named_loadings", "ranked_loadings"]

Loadings = Mapping[str, pd.DataFrame]
"""View -> loadings on the harmonized scale, a row a feature, a column a factor."""


def factor_names(count: int) -> list[str]:
    """Names of `count` factors, as ``variance_explained`` calls them.

    Examples
    --------
    >>> factor_names(2)
    ['factor1', 'factor2']
    """
    return [f"factor{number}" for number in range(1, count + 1)]


def named_loadings(features: Mapping[str, pd.Index], model: FactorModel) -> dict[str, pd.DataFrame]:
    """Name the loadings of a fitted model after the features that were kept; a view without any is absent."""
    found = {}
    for view, names in features.items():
        if len(names):
            values = model.loadings(view)
            found[view] = pd.DataFrame(values, names, factor_names(values.shape[1]))
    return found


def ranked_loadings(loadings: Loadings) -> pd.DataFrame:
    """Tidy table of loadings, factor by factor and view by view, the largest first.

    Returns
    -------
    pandas.DataFrame
        Columns ``factor``, ``view``, ``feature``, ``loading`` and ``rank``: 1 for the feature of the largest absolute
        loading of that factor in that view. Equal ones keep the order of the view.

    Examples
    --------
    >>> ranked_loadings({"rna": pd.DataFrame({"factor1": [0.1, -0.9]}, index=["TP53", "MYC"])})
        factor view feature  loading  rank
    0  factor1  rna     MYC     -0.9     1
    1  factor1  rna    TP53      0.1     2
    """
    parts = []
    for factor in next(iter(loadings.values())).columns:
        for view, table in loadings.items():
            column = table[factor]
            column = column.iloc[np.argsort(-column.abs().to_numpy(), kind="stable")]
            parts.append(
                pd.DataFrame(
                    {
                        "factor": factor,
                        "view": view,
                        "feature": column.index.astype(str),
                        "loading": column.to_numpy(),
                        "rank": np.arange(1, len(column) + 1),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
