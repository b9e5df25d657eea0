"""What must be said beside an answer, each where it holds."""

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
    """Give the sentences that hold of an answer.

    Parameters
    ----------
    trial, measure, pseudo
        What the answer is about.
    search
        None where one cut only was looked at.
    repeats
        Cross-fits of a learned score; None of a marker.
    """
    learned = repeats is not None
    usable = 1.0 if search is None else search.usable
    table = (
        (search is not None or learned, EXPLORATORY),
        (
            usable < MOST,
            (
                f"only {usable:.0%} of the resamples leave an effect to be estimated, so that the corrected effect is "
                "of little worth; choose cuts nearer to the middle"
            ),
        ),
        (
            repeats is not None and repeats < REPEATS,
            f"{repeats} repeats of the cross-fit: intervals of one cover about 90% and not 95%; run {REPEATS}",
        ),
        (
            learned,
            "resamples and permutations keep the run's predictions as they are: its fits are not repeated",
        ),
        (
            pseudo.truncated > 0,
            f"{pseudo.truncated:.1%} of the patients had so rare a follow-up that their weight was cut off",
        ),
        (
            trial.randomised == "no",
            "effects in the threshold table are not adjusted for covariates; the mean benefit and the RATE are",
        ),
        (
            trial.is_survival,
            (
                "mean benefit and RATE are in time lived, where who is at higher risk has more to gain even at one "
                "hazard ratio; the interaction of a cut asks about the measure of the table"
            ),
        ),
        (measure.ratio, "a hazard ratio is taken as the same at all times; look at the curves as well"),
    )
    return [sentence for holds, sentence in table if holds]
