"""Effects of treatment in subgroups that were named in advance, with a test of their differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from stratomics.enrichment.effects.effect import Effect, Measure
from stratomics.enrichment.effects.trial import SMALLEST, Trial

__all__ = ["SubgroupEffect", "SubgroupFamily", "subgroup_effects"]

FEWEST = 5
"""Fewest events, or patients with a positive response, of both arms together."""


@dataclass(frozen=True)
class SubgroupEffect:
    """Effect in one subgroup.

    Attributes
    ----------
    level
        Name of the subgroup.
    n, events
        Patients, and events or positive responses, of control and treated.
    effect
        None with fewer than ten patients in an arm, with fewer than five events, or without a finite estimate.
    """

    level: str
    n: tuple[int, int]
    events: tuple[int, int]
    effect: Effect | None


@dataclass(frozen=True)
class SubgroupFamily:
    """Subgroups of one kind, such as women and men.

    Attributes
    ----------
    by
        What defines them.
    rows
        One per subgroup.
    p
        Of Cochran's test that all effects are equal; NaN with fewer than two effects.
    """

    by: str
    rows: tuple[SubgroupEffect, ...]
    p: float


def subgroup_effects(
    trial: Trial, measure: Measure, groups: Mapping[str, pd.Categorical]
) -> tuple[SubgroupFamily, ...]:
    """Estimate the effect of treatment in each subgroup.

    Differences between the subgroups of a kind are tested by Cochran's Q (Cochran 1954, doi 10.2307/3001666), which
    compares independent estimates weighted by their precision.

    Parameters
    ----------
    trial
        n patients.
    measure
        Measure of effect of the trial.
    groups
        Name -> (n,) level of each patient.

    Returns
    -------
    tuple of SubgroupFamily
        One per name; levels without patients are left out.
    """
    return tuple(_family(trial, measure, by, levels) for by, levels in groups.items())


def _family(trial: Trial, measure: Measure, by: str, levels: pd.Categorical) -> SubgroupFamily:
    named = [str(level) for level in levels.categories if (levels == level).any()]
    member = np.array([np.asarray(levels == level, dtype=np.bool_) for level in named])
    arms = np.array([~trial.treated, trial.treated])
    n = (member[:, None, :] & arms).sum(axis=2)
    events = (member[:, None, :] & arms & trial.outcome.label).sum(axis=2)
    estimate, se = measure.effects(member.astype(np.float64))
    enough = (n.min(axis=1) >= SMALLEST) & (events.sum(axis=1) >= FEWEST) & np.isfinite(estimate) & (se > 0.0)
    rows = tuple(
        SubgroupEffect(
            level,
            (int(n[k, 0]), int(n[k, 1])),
            (int(events[k, 0]), int(events[k, 1])),
            measure.effect(float(estimate[k]), float(se[k])) if enough[k] else None,
        )
        for k, level in enumerate(named)
    )
    return SubgroupFamily(by, rows, _cochran(estimate[enough], se[enough]))


def _cochran(estimate: np.ndarray, se: np.ndarray) -> float:
    """P value of Cochran's Q; NaN for fewer than two estimates."""
    if len(estimate) < 2:  # noqa: PLR2004  # nothing to compare
        return float("nan")
    weight = se**-2.0
    mean = (weight * estimate).sum() / weight.sum()
    return float(chi2.sf((weight * (estimate - mean) ** 2).sum(), len(estimate) - 1))
