"""gfa and mofapy2 (medium convergence, float32): CPU seconds, recovery of factors, held-out values, size."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._factor_data import (
    COHORTS,
    NAMES,
    cohort,
    noise,
    simulated,
    without_values,
    without_view,
)
from benchmarks.clock import cpu
from datamodules.batch import Batch
from models.factors.gfa.model import GFA

Array = NDArray[np.float64]

COUNT, SEEDS, STARTS, THEIR_STARTS = 15, 5, 3, 3
LARGE_COUNT = 25
COST = Path(__file__).parents[1] / "docs" / "gfa_cost.svg"

SCENES: dict[str, dict[str, Any]] = {
    "dense": {},
    "sparse": {"sparse": True},
    "dense, every factor in every view": {"active": 1.0},
    "sparse, every factor in every view": {"sparse": True, "active": 1.0},
    "Bernoulli": {"likelihood": "bernoulli"},
    "Poisson": {"likelihood": "poisson"},
}


def rows() -> Iterator[str]:
    yield from speed()
    if COHORTS.exists():
        for name in NAMES:
            yield from real(name)
    yield from sizes()
    for name, scene in SCENES.items():
        yield recovery(name, scene)


def sizes() -> Iterator[str]:
    """Cost and memory of one fit by its size, each in a separate process; with a plot in ``docs/gfa_cost.svg``."""
    points = []
    for patients, features in ((500, 5000), (1000, 5000), (1000, 10000), (2000, 10000), (2000, 20000)):
        output = subprocess.run(
            [sys.executable, "-c", f"import benchmarks.factors as b; print(b.large({patients}, {features}))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        seconds, peak, data = json.loads(output)
        points.append((patients * features, seconds))
        yield (
            f"{patients} x 4 x {features}, K {LARGE_COUNT}: {seconds:.1f} CPU s, "
            f"{seconds / (patients * features) * 1e6:.2f} us per patient and feature, "
            f"peak {peak:.2f} GB, of which {data:.2f} data"
        )
    yield f"cost is proportional to (patients x features)^{draw_cost(np.array(points)):.2f}"


def draw_cost(points: Array) -> float:
    """Plot seconds against size with a line of proportional cost, and return the slope on the logarithmic scale."""
    from matplotlib.figure import Figure

    size, seconds = points.T
    figure = Figure(figsize=(5, 3.5))
    axes = figure.add_subplot()
    axes.loglog(size, seconds, "o", color="#0072B2", label="measured")
    axes.loglog(size, seconds[-1] * size / size[-1], color="#999999", label="proportional")
    axes.set_xlabel("patients x features per view (four views)")
    axes.set_ylabel("CPU seconds of one fit")
    axes.legend(frameon=False)
    figure.savefig(COST, metadata={"Date": None}, bbox_inches="tight")
    return float(np.polyfit(np.log(size), np.log(seconds), 1)[0])


def speed() -> Iterator[str]:
    """Time of one run, and of a search over restarts and counts, compared with one run of mofapy2."""
    ours, search, theirs = [], [], []
    GFA(COUNT).fit(simulated(99)[0])
    for seed in range(SEEDS):
        batch, _ = simulated(seed)
        ours.append(cpu(lambda: GFA(COUNT).fit(batch)))  # noqa: B023  # called at once
        search.append(cpu(lambda: GFA(COUNT, counts=(10, 15, 20), restarts=STARTS).fit(batch)))  # noqa: B023  # called at once
        theirs.append(cpu(mofa(batch, 0).run))
    one = median(a / b for a, b in zip(theirs, ours, strict=True))
    yield (
        f"200 x 4 x 2000, K {COUNT}: gfa {median(ours):.2f} CPU s, 3 counts x 3 restarts {median(search):.2f}, "
        f"mofapy2 {median(theirs):.1f}: ratio of single runs {one:.0f}"
    )


def recovery(name: str, scene: dict[str, Any]) -> str:
    """Recovery of the factors by the best of three starts of each method."""
    results = []
    for seed in range(SEEDS):
        batch, z = simulated(seed, **scene)
        likelihood = scene.get("likelihood", "gaussian")
        model = GFA(COUNT, restarts=STARTS, likelihoods=dict.fromkeys(batch.views, likelihood)).fit(batch)
        entries = [mofa(batch, start, likelihood) for start in range(THEIR_STARTS)]
        seconds = [cpu(entry.run) for entry in entries]
        best = max(entries, key=lambda entry: np.nanmax(entry.model.getTrainingStats()["elbo"]))
        theirs = best.model.nodes["Z"].getExpectation()
        results.append((agreement(z, model.transform(batch).mean), agreement(z, theirs), median(seconds)))
    ours, theirs, seconds = (median(column) for column in zip(*results, strict=True))
    worst = min(a - b for a, b, _ in results)
    return (
        f"mean max|corr|, {name}: gfa {ours:.4f}, mofapy2 {theirs:.4f} ({seconds:.0f} CPU s per start); "
        f"smallest difference of {SEEDS} seeds {worst:+.4f}"
    )


def agreement(z: Array, estimate: Array) -> float:
    estimate = estimate[:, estimate.std(axis=0) > 1e-8]
    return float(np.abs(np.corrcoef(z.T, estimate.T)[: z.shape[1], z.shape[1] :]).max(axis=1).mean())


def real(name: str) -> Iterator[str]:
    """Hold out a tenth of the values of a real cohort, then whole views of a fifth of its patients."""
    batch = cohort(name)
    ours, theirs = [], []
    for seed in range(SEEDS):
        masked, hidden = without_values(batch, 0.1, seed)
        model = GFA(COUNT)
        z = model.fit_transform(masked).mean
        views = model.linear.views
        predictions = {v: view.mean + z @ view.loadings.T for v, view in views.items()}
        ours.append(rmse({v: predictions[v] - x for v, x in batch.views.items()}, hidden))
        entry = mofa(masked, seed)
        entry.run()
        z = entry.model.nodes["Z"].getExpectation()
        weights = dict(zip(batch.views, entry.model.nodes["W"].getExpectation(), strict=True))
        means = {v: mean_of(masked, v) for v in batch.views}
        theirs.append(rmse({v: z @ weights[v].T + means[v] - x for v, x in batch.views.items()}, hidden))
    yield f"{name}: rmse of held-out values, gfa {median(ours):.4f}, mofapy2 {median(theirs):.4f}"
    order = np.random.default_rng(0).permutation(len(batch))
    squares: dict[str, list[tuple[float, float]]] = {view: [] for view in batch.views}
    for fold in range(5):
        test = np.sort(order[fold::5])
        training, new = batch.take(np.setdiff1d(order, test)), batch.take(test)
        model = GFA(COUNT).fit(training)
        for view, x in new.views.items():
            rest = without_view(new, view)
            known = np.any([rest.present(other) for other in rest.views], axis=0)
            seen = new.observed[view] & known[:, None]
            errors = (model.reconstruct(view, rest)[0] - x, mean_of(training, view) - x)
            squares[view].append(tuple(float((e[seen] ** 2).sum()) for e in errors))
    ratios = {v: np.sqrt(sum(a for a, _ in s) / sum(b for _, b in s)) for v, s in squares.items()}
    yield f"{name}: rmse of held-out views relative to the feature mean, " + ", ".join(
        f"{view} {ratio:.3f}" for view, ratio in ratios.items()
    )


def rmse(errors: dict[str, Array], hidden: dict[str, NDArray[np.bool_]]) -> float:
    return float(np.sqrt(np.mean(np.concatenate([errors[v][hidden[v]] for v in errors]) ** 2)))


def mean_of(batch: Batch, view: str) -> Array:
    seen = batch.observed[view]
    mean: Array = np.where(seen, batch.views[view], 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return mean


def large(patients: int, features: int) -> list[float]:
    """CPU seconds of one fit, peak memory and memory of the data in GB."""
    import resource

    batch = noise(patients, features, LARGE_COUNT)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = cpu(lambda: GFA(LARGE_COUNT).fit(batch))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return [seconds, peak / 2**20, before / 2**20]


def mofa(batch: Batch, seed: int, likelihood: str = "gaussian") -> Any:
    """Model of mofapy2, ready to run."""
    data = []
    for view, x in batch.views.items():
        data.append([np.where(batch.observed[view], x, np.nan).astype(np.float64)])
    from mofapy2.run.entry_point import entry_point

    entry = Quiet(Quiet.quietly(entry_point)())
    entry.set_data_options(scale_views=False, use_float32=True)
    entry.set_data_matrix(data, likelihoods=[likelihood] * len(data), views_names=list(batch.views))
    entry.set_model_options(factors=COUNT, spikeslab_weights=False, ard_weights=True)
    entry.set_train_options(iter=1000, convergence_mode="medium", seed=seed, quiet=True, verbose=False)
    entry.build()
    return entry


class Quiet:
    """Suppresses the output and the warnings of mofapy2, which has both even in quiet mode."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.entry, name)
        return self.quietly(attribute) if callable(attribute) else attribute

    @staticmethod
    def quietly(call: Any) -> Any:
        def quiet(*args: Any, **kwargs: Any) -> Any:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return call(*args, **kwargs)

        return quiet
