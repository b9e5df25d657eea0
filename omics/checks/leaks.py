"""Leaks: features, covariates and ids that contain the outcome."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.checks.finding import WARNING, Finding
from omics.checks.labels import outcomes
from omics.cohort.endpoints import Survival
from omics.cohort.read import cohort_endpoints, cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["outcome_like_names", "perfect_features", "telling_ids"]

NAMES = re.compile(
    r"(^|[^a-z0-9])((survival|survived|death|dead|died|alive|vital|deceased|recist|respon(se|der|ded)|relapse|"
    r"recurrence|progress(ion|ed)|remission|outcome|toxicity|dropout|follow.?up)([^a-z]|$)|"
    r"(os|pfs|dfs|rfs|efs|ttp)[^a-z0-9]+(time|day|month|year|status|event|cens)|(os|pfs|dfs|rfs|efs|ttp|rcb|pcr)$)",
    re.IGNORECASE,
)
"""Whole words that name outcomes; genes such as OS9 or the DEAD-box helicase DDX5 do not match."""

BY_CHANCE = 0.01
"""Expected number of perfectly separating noise features of a view below which separation is not chance."""

FEWEST = 5
"""Number of patients with the same letters in their ids that is needed to compare the letters with a label."""


def outcome_like_names(cohort: MuData) -> Iterator[Finding]:
    """Find features and covariates with names that sound like an outcome."""
    spec = cohort_spec(cohort)
    places = {"covariates": list(spec.covariates)} | {
        view: list(cohort[view].var_names) for view in spec.views
    }
    for place, names in places.items():
        if matches := [name for name in names if NAMES.search(name)]:
            shown = ", ".join(matches[:5]) + (", ..." if matches[5:] else "")
            yield Finding(
                "outcome_like_name",
                WARNING,
                place,
                f"{len(matches)} column(s) sound like an outcome: {shown}; was it known at baseline?",
            )


def perfect_features(cohort: MuData) -> Iterator[Finding]:
    """Find features that separate the outcome perfectly, unless chance explains this."""
    for name, endpoint in cohort_endpoints(cohort).named.items():
        label = endpoint.event if isinstance(endpoint, Survival) else endpoint.positive
        for view in cohort_spec(cohort).views:
            rows = cohort.obs_names.get_indexer(cohort[view].obs_names)
            seen = endpoint.observed[rows]
            values, yes = np.asarray(cohort[view].X)[seen], label[rows][seen]
            separating = cohort[view].var_names[_separating(values, yes)]
            if len(separating):
                yield Finding(
                    "perfect_feature",
                    WARNING,
                    view,
                    f"{len(separating)} feature(s) separate '{name}' perfectly, such as "
                    f"{separating[0]}: is the outcome in it?",
                )


def _separating(values: NDArray[np.float64], yes: NDArray[np.bool_]) -> NDArray[np.int64]:
    positive, negative = values[yes], values[~yes]
    counts = np.isfinite(positive).sum(axis=0), np.isfinite(negative).sum(axis=0)
    low, high = (
        np.where(np.isnan(part), fill, part) for part, fill in ((positive, np.inf), (negative, -np.inf))
    )
    above = low.min(axis=0, initial=np.inf) > high.max(axis=0, initial=-np.inf)
    low, high = (
        np.where(np.isnan(part), fill, part) for part, fill in ((negative, np.inf), (positive, -np.inf))
    )
    below = low.min(axis=0, initial=np.inf) > high.max(axis=0, initial=-np.inf)
    candidates = np.flatnonzero(above | below)
    sure = [
        j for j in candidates if _chance(int(counts[0][j]), int(counts[1][j]), values.shape[1]) < BY_CHANCE
    ]
    return np.array(sure, dtype=np.int64)


def _chance(positive: int, negative: int, features: int) -> float:
    """Return the expected number of noise features that separate the patients perfectly."""
    return 2.0 * features / comb(positive + negative, positive)


def telling_ids(cohort: MuData) -> Iterator[Finding]:
    """Find labels that the letters of the patients' ids reveal."""
    letters = pd.Series(cohort.obs_names.str.replace(r"[\d\W_]+", "", regex=True), cohort.obs_names)
    for name, label in outcomes(cohort):
        if _reveals(letters, label):
            yield Finding(
                "telling_ids",
                WARNING,
                name,
                "the letters of the patients' ids reveal this label; never use ids as features or covariates",
            )


def _reveals(letters: pd.Series[Any], label: pd.Series[Any]) -> bool:
    seen = label.notna()
    table = pd.crosstab(letters[seen], label[seen])
    large = table[table.sum(axis=1) >= FEWEST]
    pure = (large > 0).sum(axis=1) == 1
    return bool(len(large) > 1 and table.shape[1] > 1 and pure.all() and len(set(large.idxmax(axis=1))) > 1)
