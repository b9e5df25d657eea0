"""Sentences that qualify an enrichment, each where it applies."""

from __future__ import annotations

from stratomics.enrichment.effects.effect import Measure
from stratomics.enrichment.effects.pseudo_outcomes import PseudoOutcomes
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import REPEATS
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.enrichment.selection.subgroup import EXPLORATORY

__all__ = ["caveats"]

MOST = 0.95
"""Share of the resamples that should be usable."""


def caveats(
    trial: Trial, measure: Measure, pseudo: PseudoOutcomes, search: CutSearch | None, repeats: int | None
) -> list[str]:
    """Select the sentences that apply.

    Parameters
    ----------
    trial, measure, pseudo
        The patients, the measure of effect, and their doubly robust benefit.
    search
        The choice of the cut; None if only one cut was considered.
    repeats
        Number of cross-fits of a learned score; None for a marker.

    Returns
    -------
    list of str
        The sentences, without final stops.
    """
    learned = repeats is not None
    usable = 1.0 if search is None else search.usable
    table = (
        (search is not None or learned, EXPLORATORY),
        (
            usable < MOST,
            (
                f"only {usable:.0%} of the resamples give an effect, so the corrected effect is unreliable; choose "
                "cuts nearer to the middle"
            ),
        ),
        (
            repeats is not None and repeats < REPEATS,
            f"{repeats} repeats of the cross-fit: an interval of one covers 90% and not 95%; run {REPEATS}",
        ),
        (
            learned,
            "resamples and permutations keep the predictions of the run: its models are not fitted again",
        ),
        (
            pseudo.truncated > 0,
            f"{pseudo.truncated:.1%} of the patients had so rare a follow-up that their weight was truncated",
        ),
        (
            trial.randomised == "no",
            "effects in the threshold table are not adjusted for covariates; the mean benefit and the AUTOC are",
        ),
        (
            trial.is_survival,
            (
                "mean benefit and AUTOC are in survival time, in which patients at higher risk gain more even at the "
                "same hazard ratio; the interaction of a cut is on the measure of the table"
            ),
        ),
        (measure.ratio, "a hazard ratio is assumed to be constant over time; look at the curves as well"),
    )
    return [sentence for holds, sentence in table if holds]
