"""What an enrichment rule means for a patient: the unit of its threshold, and whom it enrols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.time_unit import duration
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.selection.surrogate_tree import SurrogateTree

__all__ = ["approximates", "rule_sentences", "rule_threshold", "rule_words"]

MODERATE = 0.4
"""Cohen's kappa below which a tree is not shown: agreement beyond chance that is at most fair (Landis and Koch 1977,
doi 10.2307/2529310)."""


def rule_sentences(rule: Subgroup, predicted: NDArray[np.float64], unit: str) -> list[str]:
    """State whom the rule enrols, in the unit of the prediction, with a warning if they are predicted to be harmed.

    Parameters
    ----------
    rule
        The rule.
    predicted
        (n,) predicted benefit of the patients of the cohort, in units of time or as a difference of probabilities.
    unit
        Unit of time; empty for a response.

    Returns
    -------
    list of str
        Empty for a rule on another score than the predicted benefit.

    Examples
    --------
    >>> rule_sentences(Subgroup("benefit", 30.0), np.array([40.0, 50.0]), "days")
    ['The rule enrols patients who are predicted to gain more than 30 days of mean survival time by treatment.']
    """
    if rule.score != "benefit" or rule.direction != "above":
        return []
    what = " of mean survival time" if unit else " in the probability of a response"
    amount = _amount(abs(rule.cut), unit)
    if rule.cut >= 0.0:
        return [f"The rule enrols patients who are predicted to gain more than {amount}{what} by treatment."]
    enrols = f"The rule enrols patients who are predicted to lose up to {amount}{what} by treatment"
    sentences = [f"{enrols}, and all who are predicted to gain."]
    mean = float(np.mean(predicted[predicted > rule.cut])) if (predicted > rule.cut).any() else np.nan
    if mean < 0.0:
        sentences.append(
            "Warning: the mean predicted benefit of the patients enrolled is negative, a loss of "
            f"{_amount(-mean, unit)}."
        )
    return sentences


def rule_threshold(rule: Subgroup, unit: str) -> str:
    """Write the threshold of a rule with its unit.

    Parameters
    ----------
    rule
        The rule.
    unit
        Unit of time; empty for a response.

    Returns
    -------
    str
        Score and threshold.

    Examples
    --------
    >>> rule_threshold(Subgroup("benefit", -28.44), "days"), rule_threshold(Subgroup("ki67", 14.0), "days")
    ('Predicted benefit above -28.4 days', 'ki67 above 14')
    """
    if rule.score != "benefit" or rule.direction != "above":
        return rule.rule
    return f"Predicted benefit above {'-' if rule.cut < 0.0 else ''}{_amount(abs(rule.cut), unit)}"


def rule_words(rule: Subgroup, unit: str) -> str:
    """Write whom the rule selects, with the unit of its threshold.

    Parameters
    ----------
    rule
        The rule.
    unit
        Unit of time; empty for a response.

    Returns
    -------
    str
        A noun, for the population of a protocol.

    Examples
    --------
    >>> rule_words(Subgroup("benefit", 30.0), "days")
    'patients with a predicted gain by treatment of more than 30 days of mean survival time'
    >>> rule_words(Subgroup("benefit", -0.02), "")
    'patients with a predicted loss by treatment of less than 2.0 percentage points of the response rate, or a gain'
    >>> rule_words(Subgroup("ki67", 14.0), "days")
    'patients with ki67 above 14'
    """
    if rule.score != "benefit" or rule.direction != "above":
        return f"patients with {rule.rule}"
    amount = _amount(abs(rule.cut), unit) + (" of mean survival time" if unit else " of the response rate")
    if rule.cut >= 0.0:
        return f"patients with a predicted gain by treatment of more than {amount}"
    return f"patients with a predicted loss by treatment of less than {amount}, or a gain"


def _amount(value: float, unit: str) -> str:
    return duration(value, unit) if unit else f"{100 * value:.1f} percentage points"


def approximates(tree: SurrogateTree) -> bool:
    """Whether a surrogate tree agrees with the score clearly more often than by chance.

    Agreement by chance follows from the shares that both choose; its excess is Cohen's kappa (Cohen 1960, doi
    10.1177/001316446002000104).
    """
    chance = tree.share * tree.share_of_tree + (1.0 - tree.share) * (1.0 - tree.share_of_tree)
    return chance < 1.0 and (tree.agreement - chance) / (1.0 - chance) >= MODERATE
