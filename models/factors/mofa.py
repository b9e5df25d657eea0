"""MOFA by mofapy2, with a projection of new patients, which mofapy2 does not have."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.linear_gaussian import LinearGaussian, LinearView
from models.factors.linear_model import LinearFactorModel

__all__ = ["MOFA"]

ITERATIONS = 300


class MOFA(LinearFactorModel):
    """Multi-omics factor analysis (Argelaguet et al. 2020, doi 10.1186/s13059-020-02015-1).

    mofapy2 estimates the posterior means of W and tau in float32, and may drop inactive factors. The factors of all
    patients, training patients included, are the Gaussian posterior given W and tau.
    """

    def fit(self, batch: Batch) -> Self:
        """Learn loadings and noise from training patients who have at least one view."""
        names = [name for name, x in batch.views.items() if x.shape[1]]
        rows = np.flatnonzero(np.column_stack([batch.present(name) for name in names]).any(axis=1))
        batch = batch.take(rows)
        means, data = {}, {}
        for name in names:
            x = np.where(batch.observed[name], batch.views[name].astype(np.float64), np.nan)
            # A feature that no training patient has gets mean 0 and loadings 0.
            seen = batch.observed[name].any(axis=0)
            means[name] = np.where(
                seen, np.nansum(x, axis=0) / np.maximum(batch.observed[name].sum(axis=0), 1), 0.0
            )
            data[name] = x - means[name]
        nodes = _train(data, min(self.count, len(batch) - 1), self.seed % 2**31)
        # The factors of mofapy2 do not have the prior variance of 1; the loadings are rescaled accordingly.
        size = np.sqrt(np.asarray(nodes["Z"].getExpectations()["E2"], dtype=np.float64).mean(axis=0))
        views = {}
        for index, name in enumerate(names):
            loadings = np.asarray(nodes["W"].getExpectation()[index], dtype=np.float64) * size
            precision = np.asarray(nodes["Tau"].getExpectation()[index], dtype=np.float64)
            views[name] = LinearView(means[name], loadings, precision[0] if precision.ndim > 1 else precision)
        self._linear = LinearGaussian(views, loadings.shape[1])
        return self


def _train(data: dict[str, NDArray[np.float64]], count: int, seed: int) -> Any:
    # mofapy2 prints even in quiet mode, and warns about its internals.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mofapy2.run.entry_point import entry_point

        entry = entry_point()
        entry.set_data_options(scale_views=False, use_float32=True)
        entry.set_data_matrix([[x] for x in data.values()], views_names=list(data))
        entry.set_model_options(factors=count, spikeslab_weights=False, ard_weights=True)
        entry.set_train_options(
            iter=ITERATIONS, convergence_mode="fast", seed=seed, quiet=True, verbose=False
        )
        entry.build()
        entry.run()
    return entry.model.nodes
