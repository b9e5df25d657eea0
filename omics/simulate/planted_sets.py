"""Sets of features with a known relation to the factors of a simulated cohort, for gene-set analysis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.seeds import named_generator

__all__ = ["SETS", "gmt_text", "planted_sets"]

Values = NDArray[np.float64]

SETS = "truth/sets.gmt"
"""Their file in the folder of a simulated cohort."""

SIZE = 20
"""Features of a set."""

ROOM = 3
"""A view has at least this many times the features of a set."""


def planted_sets(
    loadings: Mapping[str, Values], features: Mapping[str, pd.Index], seed: int
) -> dict[str, tuple[str, ...]]:
    """Make a planted and a random set for each view and factor.

    Parameters
    ----------
    loadings
        View -> (p, k) true loadings.
    features
        View -> (p,) names.
    seed
        Of the random sets.

    Returns
    -------
    dict
        ``planted_VIEW_factorI`` -> the 20 features with the highest loadings on factor I, which therefore rise with it;
        ``random_VIEW_I`` -> 20 features drawn at random. Views with fewer than 60 features have none.
    """
    sets: dict[str, tuple[str, ...]] = {}
    for view, weights in loadings.items():
        if len(weights) < ROOM * SIZE:
            continue
        names = features[view].to_numpy(dtype=object)
        generator = named_generator(seed, "view", view, "sets")
        for factor, column in enumerate(weights.T, 1):
            highest = np.argsort(-column, kind="stable")[:SIZE]
            drawn = generator.choice(len(names), SIZE, replace=False)
            sets[f"planted_{view}_factor{factor}"] = tuple(names[highest])
            sets[f"random_{view}_{factor}"] = tuple(names[drawn])
    return sets


def gmt_text(sets: Mapping[str, tuple[str, ...]]) -> str:
    r"""Write sets as a gmt file: one line per set with its id, a title, and its features, between tabs.

    Examples
    --------
    >>> gmt_text({"random_rna_1": ("gene1", "gene2")})
    'random_rna_1\trandom rna 1\tgene1\tgene2\n'
    """
    return "".join(
        "\t".join((name, name.replace("_", " "), *members)) + "\n" for name, members in sets.items()
    )
