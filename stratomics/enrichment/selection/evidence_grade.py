"""How strong the evidence for a subgroup is, counted: what speaks for it, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratomics.enrichment.effects.trial_folds import REPEATS

__all__ = ["evidence_grade"]

Content = Mapping[str, Any]

SURE = 0.05


def evidence_grade(answer: Content, interaction: Content | None) -> str:
    """Weigh an answer of a learned score in one sentence; strong is what leaves no doubt but that of the same patients.

    Parameters
    ----------
    answer
        Of :func:`stratomics.enrichment.run_analysis.enrich_run`.
    interaction
        Of ``metrics.json``: whether relative effects differ as predicted.

    Examples
    --------
    >>> effect = {"estimate": 0.9, "low": 0.7, "high": 1.2}
    >>> answer = {"measure": "hazard_ratio", "search": {"p_adjusted": 0.2, "out_of_bag": effect}, "repeats": 3,
    ...           "evidence": {"p_adjusted": 0.4}, "randomised": "yes", "rows": [], "best": 0}
    >>> evidence_grade(answer, None).split(",")[0]
    'evidence for this subgroup is weak (1 of 6 hold)'
    """
    search = answer["search"]
    inside = answer["rows"][1 + answer["best"]]["inside"] if search is None else search["out_of_bag"]
    nothing = 1.0 if answer["measure"] == "hazard_ratio" else 0.0
    sure = interaction is not None and interaction["se"] is not None and interaction["p"] < SURE
    checks = {
        "the whole search finds more than permuted scores do": search is not None
        and search["p_adjusted"] < SURE,
        "the honest interval inside leaves out no effect": not inside["low"] <= nothing <= inside["high"],
        "the order of patients finds those who benefit": answer["evidence"]["p_adjusted"] < SURE,
        "relative effects differ as predicted": sure,
        f"there are {REPEATS} cross-fits, as an honest interval asks": answer["repeats"] >= REPEATS,
        "allocation was random and did not move": answer["randomised"] == "yes",
    }
    held = [name for name, holds in checks.items() if holds]
    lacking = [name for name, holds in checks.items() if not holds]
    strength = "weak" if lacking else "as strong as one trial can give, and still exploratory"
    parts = [f"for it: {'; '.join(held) or 'nothing'}"]
    if lacking:
        parts.append(f"Not shown: that {'; that '.join(lacking)}")
    return f"evidence for this subgroup is {strength} ({len(held)} of {len(checks)} hold), {'. '.join(parts)}"
