"""All cohorts, 1 x 5 folds: the model and every baseline, single views and their fusion, and the mixture.

Targets: the mean primary loss of the model is at most 1% above that of the best single view, that of the mixture at
most 1% above that of the best single baseline, and the mean C or AUROC of the model is at least that of late fusion
minus 0.005.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clock import SHARED
from stratomics.config import ExperimentConfig, SplitConfig, TrackingConfig
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.experiment.run_experiment import run_experiment
from stratomics.runs.run_directory import RunDirectory
from stratomics.runtime.logs import quiet_libraries

COHORTS = SHARED / "cohorts"
RANK = {"ibs": "harrell_c", "log_loss": "auroc"}


def rows() -> Iterator[str]:
    if not COHORTS.is_dir():
        yield f"absent: {COHORTS}"
        return
    quiet_libraries()
    results = []
    for name in sorted(path.name for path in COHORTS.iterdir() if (path / "cohort.yaml").is_file()):
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            results.append(_evaluate(name, Path(folder)))
        yield f"{name}, {results[-1]['metric']}, {time.process_time() - start:.0f} CPU s"
        yield from _lines(results[-1])
    yield from _means(results)


def _evaluate(name: str, folder: Path) -> dict[str, Any]:
    config = ExperimentConfig(
        cohort=str(COHORTS / name),
        split=SplitConfig(repeats=1),
        stack=True,
        tracking=TrackingConfig(uri=f"sqlite:///{folder}/mlflow.db"),
        workers=1,
    )
    run = run_experiment(config, folder)
    return run.metrics | {"mixture": _mixture(run)}


def _mixture(run: RunDirectory) -> str:
    """Difference between the mixture and the best single baseline, with the resamples of the run."""
    metrics = run.metrics
    endpoint, metric = metrics["endpoint"], metrics["metric"]
    single = {
        name: scores[endpoint][metric]["estimate"]
        for name, scores in metrics["baselines"].items()
        if name != "stack"
    }
    best = min(single, key=lambda name: single[name])
    score = find_metric(metric).function
    difference = score(run.cases["stack"], run.resamples) - score(run.cases[best], run.resamples)
    low, high = np.nanquantile(difference[1:], [0.025, 0.975])
    return f"mixture minus {best} {difference[0]:+.4f} ({low:+.4f} to {high:+.4f})"


def _lines(metrics: dict[str, Any]) -> Iterator[str]:
    endpoint, metric = metrics["endpoint"], metrics["metric"]
    for method, scores in {"stratomics": metrics, **metrics["baselines"]}.items():
        estimates = scores[endpoint]
        difference = metrics["differences"].get(method, {}).get(endpoint, {}).get(metric)
        text = (
            ""
            if difference is None
            else "model minus baseline {estimate:+.4f} ({low:+.4f} to {high:+.4f})".format(**difference)
        )
        yield (
            f"  {method:22s} {estimates[metric]['estimate']:.4f} {estimates[RANK[metric]]['estimate']:.3f}  {text}"
        )
    yield f"  {metrics['mixture']}"
    for row in metrics["ledger"]:
        gain = (
            ""
            if row["gain"] is None
            else "gain {estimate:+.4f} ({low:+.4f} to {high:+.4f})".format(**row["gain"])
        )
        yield (
            f"  {row['view']:22s} {row['alone']['estimate']:.4f} {row['rank']['estimate']:.3f}  {gain} {row['verdict']}"
        )
    for control, row in metrics["controls"].items():
        yield (
            f"  {control:22s} {row['estimate']:.3f} ({row['low']:.3f} to {row['high']:.3f}) off: {row['off']}"
        )


def _means(results: list[dict[str, Any]]) -> Iterator[str]:
    """Means over cohorts; the best single view and the best baseline are chosen in each cohort."""
    table = []
    for metrics in results:
        endpoint, metric = metrics["endpoint"], metrics["metric"]
        baselines = {name: scores[endpoint] for name, scores in metrics["baselines"].items()}
        single = [row["alone"]["estimate"] for row in metrics["ledger"]]
        mixed = baselines.pop("stack")[metric]["estimate"]
        ours, late, rank = metrics[endpoint], baselines["late_fusion"], RANK[metric]
        table.append(
            (
                ours[metric]["estimate"],
                min(single),
                mixed,
                min(scores[metric]["estimate"] for scores in baselines.values()),
                ours[rank]["estimate"],
                late[rank]["estimate"],
            )
        )
    ours, single, mixed, best, rank, late = np.mean(table, axis=0)
    yield (f"mean primary loss: model {ours:.4f}, best single view {single:.4f} (ratio {ours / single:.3f})")
    yield (
        f"mean primary loss: mixture {mixed:.4f}, best single baseline {best:.4f} (ratio {mixed / best:.3f})"
    )
    yield (f"mean C or AUROC: model {rank:.4f}, late fusion {late:.4f} (difference {rank - late:+.4f})")
