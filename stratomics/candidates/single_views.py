"""Ridge regressions on each view alone and on all views without it, which measure the contribution of each view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.ensemble.inputs import COVARIATES, FACTORS, view_block
from omics.cohort.read import cohort_spec
from stratomics.candidates.candidate import CalibratedCandidate, calibrate_candidate
from stratomics.candidates.linear import block_names, fit_on

if TYPE_CHECKING:
    from stratomics.encoding.training_part import TrainingPart

__all__ = ["ALL_VIEWS", "ALONE", "CLINICAL", "WITHOUT", "fit_views"]

ALL_VIEWS, CLINICAL, ALONE, WITHOUT = "all_views", "clinical_covariates", "alone:", "without:"
"""Names of the methods; the name of a view follows the last two."""


def fit_views(part: TrainingPart) -> Iterator[tuple[str, CalibratedCandidate]]:
    """Fit to covariates and all views, to covariates alone, to each view alone, and to everything but each view.

    The shared factors are left out, since they have information on every view.
    """
    every = [name for name in block_names(part) if name != FACTORS]
    yield ALL_VIEWS, _fit(part, every)
    yield CLINICAL, _fit(part, [COVARIATES])
    for view in cohort_spec(part.cohort).views:
        block = view_block(view)
        yield f"{ALONE}{view}", _fit(part, [block])
        yield f"{WITHOUT}{view}", _fit(part, [name for name in every if name != block])


def _fit(part: TrainingPart, blocks: list[str]) -> CalibratedCandidate:
    return calibrate_candidate(part, fit_on(part, blocks)).candidate
