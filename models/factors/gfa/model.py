"""Group factor analysis: each factor is active in some of the views; fast, and with missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.cross_view import split_unshared_factors
from models.factors.gfa.data import GfaData, initial_factors, prepare_data
from models.factors.gfa.sweeps import GfaFit, continue_fit, fit_runs
from models.factors.gfa.updates import INTERCEPT
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS
from models.factors.linear_gaussian import LinearGaussian, LinearView, NaturalParameters
from models.factors.linear_model import LinearFactorModel
from omics.common.errors import FitError, nearest
from omics.common.seeds import named_generator

__all__ = ["GFA"]

Array = NDArray[np.float64]

FOLDS, FOLD_SWEEPS = 5, 8
MIN_PATIENTS = 20
"""With fewer patients, none are held out to check whether views share their factors."""


class GFA(LinearFactorModel):
    """Variational group factor analysis (Klami, Virtanen, Leppaaho and Kaski 2015, doi 10.1109/TNNLS.2014.2376974).

    Each factor has a separate prior variance in each view, and is switched off in a view if the evidence does not
    decrease; each feature has a separate noise variance. Missing views and missing values are ignored. Restarts and
    several counts are fitted stacked, and the run with the highest evidence bound is kept. A factor that the other
    views do not predict in a view, on patients held out of a short refit, is split in two (see `cross_view`).

    Parameters
    ----------
    count
        Number of factors to start with; factors that explain nothing are dropped. The number is limited to
        patients - 1 and to the number of features.
    seed
        Of the restarts.
    counts
        Several numbers to choose from, instead of `count`.
    restarts
        Runs for each number of factors; the first starts at the principal axes, the others at random.
    likelihoods
        View -> bernoulli, poisson or gaussian; gaussian for views that are not named. The others need values as they
        were measured.
    device
        Device of torch for the computation.

    Attributes
    ----------
    runs
        After `fit`, a table with one row per run: count, restart, number of factors kept, evidence.
    evidence
        After `fit`, the bound after each sweep of the best run.

    Notes
    -----
    The factors of a new patient are the posterior given the mean loadings, with the uncertainty of the loadings as
    additional noise: ``x_j | z ~ N(w_j'z, 1 / tau_j + E[z' C_j z])``, where C_j is the covariance of w_j. A feature
    that no training patient has gets loadings and precision 0, and an infinite sd in :meth:`reconstruct` if it is
    Gaussian. If the evidence supports no factor, one factor with loadings 0 remains.

    Examples
    --------
    >>> from datamodules.config import HarmonizeConfig
    >>> from datamodules.harmonizer import Harmonizer
    >>> from omics.cohort.read import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> batch = Harmonizer(HarmonizeConfig()).fit(cohort[:70]).transform(cohort)
    >>> model = GFA(3).fit(batch.take(np.arange(70)))
    >>> mean, sd = model.reconstruct("rppa", batch.take(np.arange(70, 92)))
    >>> mean.shape, sd.shape
    ((22, 33), (22, 33))
    """

    def __init__(
        self,
        count: int,
        seed: int = 0,
        *,
        counts: Sequence[int] | None = None,
        restarts: int = 1,
        likelihoods: Mapping[str, str] | None = None,
        device: str = "cpu",
    ) -> None:
        super().__init__(count, seed)
        self.counts, self.restarts, self.device = tuple(counts or (count,)), restarts, torch.device(device)
        self.likelihoods = dict(likelihoods or {})
        for view, name in self.likelihoods.items():
            if name not in {GAUSSIAN, *LIKELIHOODS}:
                known = nearest(name, [GAUSSIAN, *LIKELIHOODS])
                raise FitError(f"view {view}: no likelihood is called {name!r}; {known}")

    def fit(self, batch: Batch) -> Self:
        """Learn loadings and noise from training patients.

        Raises
        ------
        FitError
            If a view has no values, no variance, or values that its likelihood cannot produce; if the fit diverges.
        """
        limit = min(len(batch) - 1, sum(x.shape[1] for x in batch.views.values()))
        if limit < 1:
            raise FitError(
                f"{len(batch)} patients cannot carry a factor; give two or more, and a view with features"
            )
        data, offsets = prepare_data(batch, self.likelihoods, torch.float32, self.device)
        counts = sorted({min(count, limit) for count in self.counts})
        fit = fit_runs(data, *initial_factors(data, counts, self.restarts, self.seed))
        evidence = fit.evidence.cpu().numpy()
        best = int(evidence[-1].argmax())
        kept = (fit.sd[..., 1:] > 0).any(dim=1).sum(dim=-1).cpu().numpy()
        self.evidence = evidence[:, best]
        self.runs = pd.DataFrame(
            {
                "count": np.repeat(counts, self.restarts),
                "restart": np.tile(np.arange(self.restarts), len(counts)),
                "kept": kept,
                "evidence": evidence[-1],
            }
        )
        linear = _linear(data, fit.run(best), offsets, self.likelihoods)
        if len(batch) >= MIN_PATIENTS:
            linear = split_unshared_factors(linear, self._held_out(batch, data, fit.run(best), offsets))
        self._linear = _ordered(linear)
        return self

    def _held_out(
        self, batch: Batch, data: GfaData, fit: GfaFit, offsets: Mapping[str, Array]
    ) -> dict[str, NaturalParameters]:
        """Natural parameters of each view and patient, from a model that continues `fit` without the patient's fold."""
        k = int((fit.sd[0, :, 1:] > 0).any(dim=0).sum().clamp_min(1))
        parameters = {name: (np.zeros((len(batch), k, k)), np.zeros((len(batch), k))) for name in offsets}
        # As in `data`, patients are sorted by id.
        by_id, shuffled = batch.by_id(), named_generator(self.seed, "gfa", "folds").permutation(len(batch))
        for fold in range(FOLDS):
            rows = np.sort(shuffled[fold::FOLDS])
            kept = torch.ones(len(batch), dtype=torch.bool)
            kept[rows] = False
            rest = data.keep(kept.to(self.device))
            linear = _linear(rest, continue_fit(rest, fit, FOLD_SWEEPS), offsets, self.likelihoods)
            new = batch.take(by_id[rows])
            posterior = linear.posterior(new, new.observed)
            for name, (precision, linear_term) in parameters.items():
                precision[rows], linear_term[rows] = linear.natural_parameters(
                    name, new, new.observed[name], *posterior
                )
        return parameters


def _linear(
    data: GfaData, fit: GfaFit, offsets: Mapping[str, Array], likelihoods: Mapping[str, str]
) -> LinearGaussian:
    """Linear Gaussian model of one run, with the factors that are active in some view."""
    kept = (fit.sd[0, :, 1:] > 0).any(dim=0)
    kept[0] |= ~kept.any()
    views = {}
    for (name, offset), blocks, states in zip(offsets.items(), data.views, fit.states, strict=True):
        likelihood = likelihoods.get(name, GAUSSIAN)
        mean, loadings = offset.copy(), np.zeros((len(offset), int(kept.sum())))
        precision = np.full(len(offset), 0.0 if likelihood == GAUSSIAN else INTERCEPT)
        for block, state in zip(blocks, states, strict=True):
            columns = block.columns.cpu().numpy()
            weights = state.loadings.mean[0].double()
            # Variance from the uncertainty of the loadings, for a typical patient.
            noise = state.loadings.variance()[0].double()
            if likelihood == GAUSSIAN:
                noise = noise + 1 / block.precision(state)[0].double()
            mean[columns] += weights[:, 0].cpu().numpy()
            loadings[columns] = weights[:, 1:][:, kept].cpu().numpy()
            precision[columns] = 1 / noise.cpu().numpy()
        views[name] = LinearView(mean, loadings, precision, likelihood)
    return LinearGaussian(views, int(kept.sum()))


def _ordered(linear: LinearGaussian) -> LinearGaussian:
    """Sort the factors by explained variance, the largest first, with the largest loading of each positive."""
    views = linear.views
    stacked = np.vstack([view.loadings for view in views.values()])
    strength = np.sum([view.explained() for view in views.values()], axis=0)
    order = np.argsort(-strength, kind="stable")
    peak = stacked[np.abs(stacked).argmax(axis=0), np.arange(stacked.shape[1])]
    sign = np.where(peak < 0, -1.0, 1.0)
    ordered = {
        n: replace(view, loadings=np.ascontiguousarray((view.loadings * sign)[:, order]))
        for n, view in views.items()
    }
    return LinearGaussian(ordered, stacked.shape[1])
