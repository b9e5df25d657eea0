"""Table of the other estimates of the effect of treatment beside the primary one, and why they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratomics.enrichment.compared_arms import compared_arms
from stratomics.enrichment.effects.effect import Effect, measure_of
from stratomics.enrichment.result import EnrichmentResult
from stratomics.report.section import Table
from stratomics.report.text.effects import effect_text, primary_effects
from stratomics.runs.run_directory import RunDirectory

__all__ = ["drawn_effects", "secondary_table"]

Sides = tuple[Effect, Effect]
"""Inside and outside the rule."""


def drawn_effects(run: RunDirectory, result: EnrichmentResult) -> Sides | None:
    """Estimate the effects in the two groups whose curves are drawn.

    Parameters
    ----------
    run
        A finished run.
    result
        Its enrichment.

    Returns
    -------
    tuple or None
        Effects in the patients whom most of the cross-fitted rules select, and in the others; None without two sides,
        or where the enrichment uses another measure than the one of the trial.
    """
    arms = compared_arms(run, result)
    if arms is None or arms.inside is None or arms.inside.all() or not arms.inside.any():
        return None
    measure = measure_of(arms.trial)
    if measure.name != result.measure:
        return None
    counts = np.stack([arms.inside, ~arms.inside]).astype(np.float64)
    estimates, errors = measure.effects(counts)
    inside, outside = (measure.effect(float(e), float(s)) for e, s in zip(estimates, errors, strict=True))
    return inside, outside


def secondary_table(result: EnrichmentResult, drawn: Sides | None) -> Table | None:
    """Show the estimates that are not primary, with the reason why each differs.

    Parameters
    ----------
    result
        An enrichment.
    drawn
        Effects in the groups whose curves are drawn.

    Returns
    -------
    Table or None
        None if only one cut was considered, so that nothing is corrected.
    """
    search, primary = result.search, primary_effects(result)
    if search is None:
        return None
    rows = [
        (
            "primary: cross-fitted, corrected",
            effect_text(primary.inside),
            effect_text(primary.outside),
            "The least biased estimate that this run has. No correction is known for the effect outside.",
        ),
        (
            "cross-fitted, apparent",
            effect_text(result.chosen.inside),
            effect_text(primary.outside),
            "The cut was chosen in the same patients, which makes its effect look larger.",
        ),
        (
            "Harrell's correction",
            effect_text(search.harrell),
            "",
            "Measures the optimism in all patients instead of in those left out of each resample.",
        ),
        (
            "all cuts at once",
            f"{search.at_once.low:.2f} to {search.at_once.high:.2f}",
            "",
            "An interval that holds for every compared cut, around the apparent effect.",
        ),
    ]
    if drawn is not None:
        inside, outside = (effect_text(side) for side in drawn)
        why = "Each patient is on the side that most cross-fitted rules choose, instead of the mean over the rules."
        rows.append(("drawn curves, apparent", inside, outside, why))
    table = pd.DataFrame(rows, columns=["estimate", "inside (95%)", "outside (95%)", "why it differs"])
    caption = f"Estimates of the {result.measure_label}: the primary one, and the others, which are secondary"
    return Table("secondary", caption, table)
