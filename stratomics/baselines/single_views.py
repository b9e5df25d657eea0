"""Each view alone, and all views without it, by the same ridge regression: what the ledger of views compares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.ensemble.inputs import COVARIATES, FACTORS, view_block
from omics.cohort.read import cohort_spec
from stratomics.baselines.late_fusion import Fused, fit_on, only, without

if TYPE_CHECKING:
    from stratomics.fitting.training_part import TrainingPart

__all__ = ["ALL_VIEWS", "ALONE", "CLINIC", "WITHOUT", "fit_views"]

ALL_VIEWS, CLINIC, ALONE, WITHOUT = "all_views", "clinic", "alone:", "without:"
"""Names of the methods; the last two are followed by the name of a view."""


def fit_views(part: TrainingPart) -> Iterator[tuple[str, Fused]]:
    """Fit the clinic with all views, the clinic alone, then of each view the view alone, and all but it.

    Factors that the views share are left out, since they tell of a view that is not there.
    """
    yield ALL_VIEWS, fit_on(part, without(FACTORS))
    yield CLINIC, fit_on(part, only(COVARIATES))
    for view in cohort_spec(part.cohort).views:
        yield f"{ALONE}{view}", fit_on(part, only(view_block(view)))
        yield f"{WITHOUT}{view}", fit_on(part, without(FACTORS, view_block(view)))
