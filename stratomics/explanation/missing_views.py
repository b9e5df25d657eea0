"""What a view that a patient lacks could change: predictions with values drawn from the posterior of the factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.factors.likelihoods import GAUSSIAN
from models.factors.linear_model import LinearFactorModel
from omics.common.seeds import named_generator
from stratomics.encoding.training_part import EncodedPatients

if TYPE_CHECKING:
    from datamodules.batch import Batch
    from stratomics.encoding.encoder import Encoder
    from stratomics.fitting.fitted import Fitted

__all__ = ["MissingView", "missing_views"]

Array = NDArray[np.float64]

DRAWS = 20


@dataclass(frozen=True)
class MissingView:
    """What a view could change.

    Attributes
    ----------
    view
        A view that at least one patient lacks.
    sd
        (n,) standard deviation of the prediction over values that the view could have; NaN for patients who have it.
    """

    view: str
    sd: Array


def missing_views(
    fitted: Fitted, patients: EncodedPatients, seed: int = 0, number: int = 0
) -> list[MissingView]:
    """Compute what each missing view could change.

    The values of the view are drawn given the views that the patient has: factors from their posterior, then values
    from their distribution given the factors. The patient is encoded and predicted again with each draw.

    Parameters
    ----------
    fitted
        The model.
    patients
        n patients.
    seed
        Of the draws.
    number
        Number of the endpoint; 0 is the primary endpoint.

    Returns
    -------
    list of MissingView
        Empty if no patient lacks a view, and for factor models that are not linear with normal noise.
    """
    found = []
    for view in fitted.views:
        lacking = np.flatnonzero(~patients.batch(0).present(view))
        if len(lacking) and all(_can_draw(encoder, view) for encoder in fitted.encoders):
            sd = np.full(len(patients.sample_ids), np.nan)
            sd[lacking] = _spread(fitted, patients.take(lacking), view, seed, number)
            found.append(MissingView(view, sd))
    return found


def _can_draw(encoder: Encoder, view: str) -> bool:
    model = encoder.factor_model
    if not isinstance(model, LinearFactorModel) or not len(encoder.harmonizer.features[view]):
        return False
    return view in model.linear.views and model.linear.views[view].likelihood == GAUSSIAN


def _spread(fitted: Fitted, patients: EncodedPatients, view: str, seed: int, number: int) -> Array:
    """(n,) standard deviation of the scores over draws, mean over members: members differ in factors, not in values."""
    scores = []
    for draw in range(DRAWS):
        batches, members = [], []
        for member, encoder in enumerate(fitted.encoders):
            rng = named_generator(seed, "missing view", view, draw, member)
            batch = _with_values(
                patients.batch(member), view, _drawn(encoder, patients.batch(member), view, rng)
            )
            batches.append(batch)
            members.append(encoder.encode_batch(batch))
        scores.append(fitted.scores(replace(patients, batches=batches, members=members), number))
    spread: Array = np.std(scores, axis=0, ddof=1).mean(axis=0)
    return spread


def _drawn(encoder: Encoder, batch: Batch, view: str, rng: np.random.Generator) -> Array:
    """(n, p) values of a view, given the other views of each patient."""
    assert isinstance(encoder.factor_model, LinearFactorModel)
    linear = encoder.factor_model.linear
    mean, covariance = linear.posterior(batch, batch.observed)
    root = np.linalg.cholesky(covariance + 1e-9 * np.eye(linear.count))
    factors = mean + np.einsum("nkl,nl->nk", root, rng.normal(size=mean.shape))
    state = linear.views[view]
    noise = np.divide(1.0, state.precision, out=np.zeros_like(state.precision), where=state.precision > 0)
    values: Array = state.mean + factors @ state.loadings.T
    return values + rng.normal(size=values.shape) * np.sqrt(noise)


def _with_values(batch: Batch, view: str, values: Array) -> Batch:
    views: Mapping[str, NDArray[np.float32]] = {**batch.views, view: values.astype(np.float32)}
    observed = {**batch.observed, view: np.ones(values.shape, dtype=bool)}
    return replace(batch, views=views, observed=observed)
