"""Sentences on recalibration, sites and the learning curve of a transport."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.text.metrics import interval
from stratomics.transportability.learning_curve import LearningCurve, Projection
from stratomics.transportability.random_effects import FEWEST_SITES
from stratomics.transportability.recalibration import Recalibration
from stratomics.transportability.sites import SiteSummary

__all__ = ["learning_sentences", "recalibration_sentences", "site_sentences"]

UNLIMITED = 20_000
"""Numbers of patients above it are written as more than it."""
SMALLEST_GAIN = 0.001
NAMED = 4
"""Sites that a sentence names."""


def recalibration_sentences(found: Recalibration | None, asked_of: str) -> Iterator[str]:
    """State intercept and slope, and how many patients recalibration takes.

    Parameters
    ----------
    found
        Recalibration; nothing is said of None.
    asked_of
        Name of the other cohort.

    Yields
    ------
    str
        A sentence.
    """
    if found is None:
        return
    yield (
        f"Recalibrated in {asked_of}: intercept {interval(found.level, '+', 2)} with slope 1, or intercept "
        f"{interval(found.intercept, '+', 2)} and slope {interval(found.slope, digits=2)}. For intervals of 0.1 to "
        f"either side, the intercept takes {_patients(found.patients_for_level)} patients like these and the slope "
        f"{_patients(found.patients_for_slope)}."
    )
    if not found.steps:
        yield "There are too few patients to learn a correction from some and test it in the others."
        return
    yield f"Learned from part of {asked_of} and tested in the rest, {_improvement(found)}."
    if found.without_hazard:
        yield f"{found.without_hazard} patients with a predicted hazard of 0 are left out of the recalibration."


def _improvement(found: Recalibration) -> str:
    """From how many patients on a correction improves the loss."""
    sizes = {"a new intercept": found.enough_level, "a new intercept and slope": found.enough_both}
    never = [what for what, size in sizes.items() if size is None]
    texts = [f"{what} improves the loss from {size} patients on" for what, size in sizes.items() if size]
    if never:
        largest = found.steps[-1].patients
        texts.append(f"{' or '.join(never)} does not improve the loss with up to {largest} patients")
    return ", and ".join(texts)


def _patients(number: int) -> str:
    return f"more than {UNLIMITED:,}" if number > UNLIMITED else f"{number:,}"


def site_sentences(sites: SiteSummary | None, kind: str, where: str) -> Iterator[str]:
    """State what to expect in a new site.

    Parameters
    ----------
    sites
        Sites; nothing is said of None.
    kind
        Kind of the endpoint.
    where
        Whose sites: a cohort, or the run.

    Yields
    ------
    str
        A sentence.
    """
    if sites is None:
        return
    label = find_metric(DISCRIMINATION[kind]).label
    few = [row.site for row in sites.rows if row.discrimination is None and row.ratio is None]
    if few:
        more = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
        yield f"Sites of {where} with too few events to be evaluated: {', '.join(few[:NAMED])}{more}."
    if sites.discrimination is None or sites.ratio is None:
        yield f"Fewer than {FEWEST_SITES} sites of {where} can be evaluated, so nothing is said of a new site."
        return
    caution = (
        ""
        if sites.left_out
        else " The models were trained with patients of these sites, so that a new site may be worse (see split.design "
        "leave_site_out)."
    )
    rank, ratio = sites.discrimination, sites.ratio
    yield (
        f"Over {rank.sites} sites of {where}, {label} is {rank.mean:.2f} ({rank.low:.2f} to {rank.high:.2f}); in a new "
        f"site it lies between {rank.new_low:.2f} and {rank.new_high:.2f} with 95% probability, and observed / "
        f"expected between {ratio.new_low:.2f} and {ratio.new_high:.2f}.{caution}"
    )


def _gain(one: Projection) -> str:
    small = one.gain.get("high", one.gain["estimate"]) < SMALLEST_GAIN
    return f"less than {SMALLEST_GAIN:g}" if small else interval(one.gain)


def learning_sentences(curve: LearningCurve | None) -> Iterator[str]:
    """State what more patients would give.

    Parameters
    ----------
    curve
        Learning curve; nothing is said of None.

    Yields
    ------
    str
        A sentence.
    """
    if curve is None:
        return
    texts = [
        f"{one.more} more patients{' (one more site)' if number else ''} would lower it by {_gain(one)}"
        for number, one in enumerate(curve.projections)
        if np.isfinite(one.loss["estimate"])
    ]
    yield (
        f"Learning curve of a ridge regression on the factors and covariates of the run: with {curve.now.patients} "
        f"patients the Brier score is {interval(curve.now.loss)}; by the power law, {' and '.join(texts)}. The factors "
        "are those of all patients, so only what is learned from outcomes counts."
    )
