"""vae, pca and gfa: held-out views of real cohorts, new patients, held-out factors, number of epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._factor_data import COHORTS, cohort, simulated, without_view
from benchmarks.clock import cpu
from benchmarks.factors import mean_of
from datamodules.batch import Batch
from models.config import TrainerConfig
from models.factors.gfa.model import GFA
from models.factors.pca import PCA
from models.factors.vae.model import VAE

COUNT, SEEDS, NEW = 15, 3, 400
MODELS: dict[str, Callable[[], Any]] = {
    "pca": lambda: PCA(COUNT),
    "gfa": lambda: GFA(COUNT),
    "vae": lambda: VAE(COUNT),
    "vae, 16 units": lambda: VAE(COUNT, hidden=16),
}


def rows() -> Iterator[str]:
    names = ("tcga_acc", "race_septic_shock") if COHORTS.exists() else ()
    for batch, name in [
        (simulated(0, 125, 1000, factors=5)[0], "simulated"),
        *((cohort(n), n) for n in names),
    ]:
        yield epochs(batch, name)
    for name, make in MODELS.items():
        yield new_patients(name, make)
        for real in names:
            yield hidden_views(name, make, real)


def new_patients(name: str, make: Callable[[], Any], n: int = 100) -> str:
    """Fit 100 patients x 4 views x 1,000 features with 5 factors; align factors on half of the new patients."""
    results = []
    for seed in range(SEEDS):
        batch, z = simulated(seed, n + NEW, 1000, factors=5, active=1.0)
        train, new = batch.take(np.arange(n)), batch.take(np.arange(n, n + NEW))
        model = make()
        seconds = cpu(lambda: model.fit(train))  # noqa: B023  # called at once
        in_training, of_new, held_out = (
            model.transform(train),
            model.transform(new),
            model.fit_transform(train),
        )
        variance = of_new.mean.var(axis=0).sum()
        half = np.column_stack([of_new.mean, np.ones(NEW)])[: NEW // 2]
        coefficients = np.linalg.lstsq(half, z[n:][: NEW // 2], rcond=None)[0]
        results.append(
            [
                seconds,
                *_performance(
                    of_new.mean[NEW // 2 :], of_new.sd[NEW // 2 :], z[n:][NEW // 2 :], coefficients
                ),
                *_performance(held_out.mean, held_out.sd, z[:n], coefficients),
                in_training.mean.var(axis=0).sum() / variance,
                held_out.mean.var(axis=0).sum() / variance,
            ]
        )
    return (
        f"100 x 4 x 1000, {name}: %.1f CPU s; variance explained and coverage of 90%% intervals: new %.3f %.2f, "
        "held-out training %.3f %.2f; variance relative to new patients: training %.2f, held-out training %.2f"
        % tuple(np.median(results, axis=0))
    )


def _performance(
    mean: NDArray[np.float64], sd: NDArray[np.float64], z: NDArray[np.float64], alignment: NDArray[np.float64]
) -> tuple[float, float]:
    error = mean @ alignment[:-1] + alignment[-1] - z
    covered = np.abs(error) < 1.645 * np.sqrt(sd**2 @ alignment[:-1] ** 2)
    return float(1 - (error**2).mean() / z.var()), float(covered.mean())


def hidden_views(name: str, make: Callable[[], Any], real: str) -> str:
    """Hold out each view of a fifth of the patients, for all five fifths."""
    batch = cohort(real)
    order = np.random.default_rng(0).permutation(len(batch))
    squares = {view: np.zeros(2) for view in batch.views}
    for fold in range(5):
        test = np.sort(order[fold::5])
        train, new = batch.take(np.setdiff1d(order, test)), batch.take(test)
        model = make().fit(train)
        for view, x in new.views.items():
            rest = without_view(new, view)
            known = np.any([rest.present(other) for other in rest.views], axis=0)
            seen = new.observed[view] & known[:, None]
            errors = (model.reconstruct(view, rest)[0] - x, mean_of(train, view) - x)
            squares[view] += [(error[seen] ** 2).sum() for error in errors]
    ratios = ", ".join(f"{view} {np.sqrt(a / b):.3f}" for view, (a, b) in squares.items())
    return f"{real}, {name}: rmse of held-out views relative to the feature mean, {ratios}"


def epochs(batch: Batch, name: str) -> str:
    """Evidence bound of a held-out fifth of the patients, by the number of epochs."""
    order = np.random.default_rng(1).permutation(len(batch))
    cut = len(order) // 5
    held_out, train = batch.take(np.sort(order[:cut])), batch.take(np.sort(order[cut:]))
    bounds = []
    for count in (25, 50, 100, 150, 300):
        model = VAE(COUNT, trainer=TrainerConfig(epochs=count, batch_size=512)).fit(train)
        with torch.no_grad():
            inputs = model.fitted.inputs(held_out)
            posterior = model.fitted.network.posterior(inputs)
            bound = model.fitted.network.bound(inputs, posterior, torch.zeros_like(posterior.mean))
        bounds.append(f"{count}: {float((bound.likelihood - bound.divergence).mean()):.1f}")
    return f"{name}: bound per held-out patient by epochs, " + ", ".join(bounds)
