"""Group factor analysis: factors that say in which views they are active, fast and at home with missing values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.cross_view import Pulls, parted
from models.factors.gfa.data import Data, first_guesses, prepare
from models.factors.gfa.sweeps import INTERCEPT, Fit, ascend, resume
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS
from models.factors.linear_gaussian import LinearGaussian, LinearView
from models.factors.linear_model import LinearFactorModel
from omics.common.errors import FitError, nearest
from omics.common.seeds import named_generator

__all__ = ["GFA"]

Array = NDArray[np.float64]

FOLDS, FOLD_SWEEPS = 5, 8
FEWEST = 20
"""Patients, below which nobody is left out to see whether views share their factors."""


class GFA(LinearFactorModel):
    """Variational group factor analysis (Klami, Virtanen, Leppaaho and Kaski 2015, doi 10.1109/TNNLS.2014.2376974).

    Each factor has a prior variance of its own in each view, and leaves a view where the evidence does not fall by
    it; each feature has a noise of its own. A view or a value that a patient lacks takes no part. Restarts and several
    counts are fitted together, and the run of the highest evidence bound is kept. A factor of it that other views
    cannot foretell in a view, on patients left out of a short refit, is parted in two (see `cross_view`).

    Parameters
    ----------
    count
        Number of factors to begin with; those that explain nothing are dropped. More than patients - 1 or than features
        are cut to that.
    seed
        Of the restarts.
    counts
        Several numbers to choose among, in place of `count`.
    restarts
        Runs for each number of factors; the first begins at the principal axes, the others at random.
    likelihoods
        View -> bernoulli, poisson or gaussian, which is what a view is that is not named. Others than Gaussian need
        values as they were measured.
    device
        Where to compute.

    Attributes
    ----------
    runs
        After `fit`, a table with a row a run: count, restart, factors that were kept, evidence.
    evidence
        After `fit`, the bound after each sweep of the run that was kept.

    Notes
    -----
    A new patient's factors are the posterior given the mean loadings, where the uncertainty of the loadings counts as
    noise: ``x_j | z ~ N(w_j'z, 1 / tau_j + E[z' C_j z])``, with C_j the covariance of w_j. A feature that no training
    patient has gets loadings and precision 0; :meth:`reconstruct` gives it an infinite sd if it is Gaussian. Where the
    evidence supports no factor at all, one of loadings 0 is left.

    Examples
    --------
    >>> from datamodules.config import HarmonizeConfig
    >>> from datamodules.harmonizer import Harmonizer
    >>> from omics.cohort.read import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> batch = Harmonizer(HarmonizeConfig()).fit(cohort[:70]).transform(cohort)
    >>> model = GFA(3).fit([batch.take(np.arange(70))])
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

    def fit(self, batches: Iterable[Batch]) -> Self:
        """Learn loadings and noise from training patients.

        Raises
        ------
        FitError
            If a view has no values, no variance, or values that its likelihood cannot give; if the fit diverges.
        """
        batch = Batch.concatenate(batches)
        limit = min(len(batch) - 1, sum(x.shape[1] for x in batch.views.values()))
        if limit < 1:
            raise FitError(
                f"{len(batch)} patients cannot carry a factor; give two or more, and a view with features"
            )
        data, offsets = prepare(batch, self.likelihoods, torch.float32, self.device)
        counts = sorted({min(count, limit) for count in self.counts})
        fit = ascend(data, *first_guesses(data, counts, self.restarts, self.seed))
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
        if len(batch) >= FEWEST:
            linear = parted(linear, self._left_out(batch, data, fit.run(best), offsets))
        self._linear = _ordered(linear)
        return self

    def _left_out(self, batch: Batch, data: Data, fit: Fit, offsets: Mapping[str, Array]) -> Pulls:
        """How each view pulls at each patient, by a model that goes on from `fit` without a fifth of the patients."""
        k = int((fit.sd[0, :, 1:] > 0).any(dim=0).sum().clamp_min(1))
        pulls = {name: (np.zeros((len(batch), k, k)), np.zeros((len(batch), k))) for name in offsets}
        # As in `data`, patients stand in the order of their ids.
        by_id, drawn = batch.by_id(), named_generator(self.seed, "gfa", "folds").permutation(len(batch))
        for fold in range(FOLDS):
            rows = np.sort(drawn[fold::FOLDS])
            kept = torch.ones(len(batch), dtype=torch.bool)
            kept[rows] = False
            rest = data.keep(kept.to(self.device))
            linear = _linear(rest, resume(rest, fit, FOLD_SWEEPS), offsets, self.likelihoods)
            new = batch.take(by_id[rows])
            posterior = linear.posterior(new, new.observed)
            for name, (precision, pull) in pulls.items():
                precision[rows], pull[rows] = linear.pull(name, new, new.observed[name], *posterior)
        return pulls


def _linear(
    data: Data, fit: Fit, offsets: Mapping[str, Array], likelihoods: Mapping[str, str]
) -> LinearGaussian:
    """Put the blocks of a fit of one run together again, with the factors that are on in some view."""
    kept = (fit.sd[0, :, 1:] > 0).any(dim=0)
    kept[0] |= ~kept.any()
    found = {}
    for (name, offset), blocks, states in zip(offsets.items(), data.views, fit.states, strict=True):
        likelihood = likelihoods.get(name, GAUSSIAN)
        mean, loadings = offset.copy(), np.zeros((len(offset), int(kept.sum())))
        precision = np.full(len(offset), 0.0 if likelihood == GAUSSIAN else INTERCEPT)
        for block, state in zip(blocks, states, strict=True):
            columns = block.columns.cpu().numpy()
            weights = state.loadings.mean[0].double()
            # The uncertainty of the loadings, for a typical patient.
            noise = state.loadings.spread()[0].double()
            if likelihood == GAUSSIAN:
                noise = noise + 1 / block.precision(state)[0].double()
            mean[columns] += weights[:, 0].cpu().numpy()
            loadings[columns] = weights[:, 1:][:, kept].cpu().numpy()
            precision[columns] = 1 / noise.cpu().numpy()
        found[name] = LinearView(mean, loadings, precision, likelihood)
    return LinearGaussian(found, int(kept.sum()))


def _ordered(linear: LinearGaussian) -> LinearGaussian:
    """Factors of most variance first, each with its largest loading positive."""
    views = linear.views
    together = np.vstack([view.loadings for view in views.values()])
    strength = np.sum([view.explained() for view in views.values()], axis=0)
    order = np.argsort(-strength, kind="stable")
    peak = together[np.abs(together).argmax(axis=0), np.arange(together.shape[1])]
    sign = np.where(peak < 0, -1.0, 1.0)
    turned = {
        n: replace(view, loadings=np.ascontiguousarray((view.loadings * sign)[:, order]))
        for n, view in views.items()
    }
    return LinearGaussian(turned, together.shape[1])
