"""Loadings by name: which features of which view have large loadings on which factor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.factors.factor_model import FactorModel

__all__ = ["Loadings", "factor_names", "named_loadings", "ranked_loadings"]

Loadings = Mapping[str, pd.DataFrame]
"""View -> loadings on the harmonized scale, one row per feature and one column per factor."""


def factor_names(count: int) -> list[str]:
    """Names of `count` factors.

    Examples
    --------
    >>> factor_names(2)
    ['factor1', 'factor2']
    """
    return [f"factor{number}" for number in range(1, count + 1)]


def named_loadings(features: Mapping[str, pd.Index], model: FactorModel) -> dict[str, pd.DataFrame]:
    """Table of the loadings of a fitted model, with the names of features and factors.

    Parameters
    ----------
    features
        View -> names of the features that the harmonizer keeps.
    model
        Fitted on these features.

    Returns
    -------
    dict
        View -> loadings, one row per feature and one column per factor. A view without features is absent.
    """
    named = {}
    for view, names in features.items():
        if len(names):
            values = model.loadings(view)
            named[view] = pd.DataFrame(values, names, factor_names(values.shape[1]))
    return named


def ranked_loadings(loadings: Loadings) -> pd.DataFrame:
    """Tidy table of loadings, by factor and view, the largest first.

    Returns
    -------
    pandas.DataFrame
        Columns ``factor``, ``view``, ``feature``, ``loading`` and ``rank``: 1 for the feature with the largest absolute
        loading on that factor in that view. Ties keep the feature order of the view.

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
