"""Grade the evidence for a subgroup: count which of six criteria hold."""

from __future__ import annotations

import math

from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.effects.trial_folds import REPEATS
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.evaluation.treatment_interaction import Interaction

__all__ = ["evidence_grade"]

LEVEL = 0.05


def evidence_grade(
    *,
    inside: Effect,
    ratio: bool,
    search: CutSearch | None,
    p_order: float,
    interaction: Interaction | None,
    repeats: int,
    randomised: str,
) -> str:
    """Grade the evidence for the subgroup of a cross-fitted score, in one sentence.

    Parameters
    ----------
    inside
        Effect in the subgroup, corrected for the choice of the cut where there was one.
    ratio
        Whether the effect is a ratio, so that 1 means no effect.
    search
        The choice of the cut; None if only one cut was considered.
    p_order
        Adjusted p value of heterogeneity in the order of the score.
    interaction
        Whether relative effects differ between patients as predicted; None if it was not tested.
    repeats
        Number of cross-fits.
    randomised
        ``"yes"``, ``"adaptive"`` or ``"no"``.

    Returns
    -------
    str
        The grade, then which criteria hold and which do not.

    Examples
    --------
    >>> grade = evidence_grade(inside=Effect(0.9, 0.7, 1.2, 0.1), ratio=True, search=None, p_order=0.4,
    ...                        interaction=None, repeats=3, randomised="yes")
    >>> grade.split(",")[0]
    'evidence for this subgroup is weak (1 of 6 hold)'
    """
    null = 1.0 if ratio else 0.0
    predictive = interaction is not None and math.isfinite(interaction.se) and interaction.p < LEVEL
    criteria = {
        "the whole search finds more than permuted scores do": search is not None
        and search.p_adjusted < LEVEL,
        "the corrected interval inside excludes no effect": not inside.low <= null <= inside.high,
        "the order of patients finds those who benefit": p_order < LEVEL,
        "relative effects differ as predicted": predictive,
        f"there are {REPEATS} cross-fits, as many as the interval needs": repeats >= REPEATS,
        "allocation was random and did not change": randomised == "yes",
    }
    held = [name for name, holds in criteria.items() if holds]
    lacking = [name for name, holds in criteria.items() if not holds]
    strength = "weak" if lacking else "as strong as one trial can give, and still exploratory"
    parts = [f"for it: {'; '.join(held) or 'nothing'}"]
    if lacking:
        parts.append(f"Not shown: that {'; that '.join(lacking)}")
    return (
        f"evidence for this subgroup is {strength} ({len(held)} of {len(criteria)} hold), {'. '.join(parts)}"
    )
