"""Ridge regressions on each view alone and on all views without it, which measure the contribution of each view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.ensemble.inputs import COVARIATES, FACTORS, view_block
from omics.cohort.read import cohort_spec
from stratomics.baselines.late_fusion import RidgeFusion, fit_on, only_blocks, without_blocks

if TYPE_CHECKING:
    from stratomics.fitting.training_part import TrainingPart

__all__ = ["ALL_VIEWS", "ALONE", "CLINICAL", "WITHOUT", "fit_views"]

ALL_VIEWS, CLINICAL, ALONE, WITHOUT = "all_views", "clinical_covariates", "alone:", "without:"
"""Names of the methods; the name of a view follows the last two."""


def fit_views(part: TrainingPart) -> Iterator[tuple[str, RidgeFusion]]:
    """Fit to covariates and all views, to covariates alone, to each view alone, and to everything but each view.

    The shared factors are left out, since they have information on every view.
    """
    yield ALL_VIEWS, fit_on(part, without_blocks(FACTORS))
    yield CLINICAL, fit_on(part, only_blocks(COVARIATES))
    for view in cohort_spec(part.cohort).views:
        yield f"{ALONE}{view}", fit_on(part, only_blocks(view_block(view)))
        yield f"{WITHOUT}{view}", fit_on(part, without_blocks(FACTORS, view_block(view)))
