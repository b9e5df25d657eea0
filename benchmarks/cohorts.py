"""All cohorts, 1 x 5 folds: the mixture, each candidate alone, and single views.

Targets: the mean primary loss of the mixture is at most 1.005 times that of the best single candidate of each cohort,
its mean C or AUROC is at least that of late fusion plus 0.010, and its loss is nowhere more than 1% above that of the
clinical covariates.
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
from stratomics.evaluation.comparison import clinical_baseline
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
        tracking=TrackingConfig(uri=f"sqlite:///{folder}/mlflow.db"),
        workers=1,
    )
    run = run_experiment(config, folder)
    return run.metrics | {"mixture": _mixture(run), "cohort": name}


def _mixture(run: RunDirectory) -> str:
    """Difference between the mixture and the best single candidate."""
    metrics = run.metrics
    endpoint, metric = metrics["endpoint"], metrics["metric"]
    single = {name: scores[endpoint][metric]["estimate"] for name, scores in metrics["baselines"].items()}
    best = min(single, key=lambda name: single[name])
    difference = metrics["differences"][best][endpoint][metric]
    span = f"{difference['low']:+.4f} to {difference['high']:+.4f}"
    return f"mixture minus {best} {difference['estimate']:+.4f} ({span})"


def _lines(metrics: dict[str, Any]) -> Iterator[str]:
    endpoint, metric = metrics["endpoint"], metrics["metric"]
    for method, scores in {"stratomics": metrics, **metrics["baselines"]}.items():
        estimates = scores[endpoint]
        difference = metrics["differences"].get(method, {}).get(endpoint, {}).get(metric)
        text = (
            ""
            if difference is None
            else "mixture minus candidate {estimate:+.4f} ({low:+.4f} to {high:+.4f})".format(**difference)
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
    """Means over cohorts; the best candidate is chosen in each cohort."""
    table, clinical = [], {}
    for metrics in results:
        endpoint, metric = metrics["endpoint"], metrics["metric"]
        alone = {name: scores[endpoint] for name, scores in metrics["baselines"].items()}
        ours, rank = metrics[endpoint], RANK[metric]
        best = min(scores[metric]["estimate"] for scores in alone.values())
        late = alone["late_fusion"]
        table.append((ours[metric]["estimate"], best, ours[rank]["estimate"], late[rank]["estimate"]))
        name = clinical_baseline(alone)
        assert name is not None
        clinical[metrics["cohort"]] = ours[metric]["estimate"] / alone[name][metric]["estimate"]
    ours, best, rank, late = np.mean(table, axis=0)
    ratios = [row[0] / row[1] for row in table]
    yield f"mean primary loss: mixture {ours:.4f}, best candidate {best:.4f} (ratio {ours / best:.4f})"
    yield f"mean of the ratios {np.mean(ratios):.4f}, largest {max(ratios):.3f}"
    yield f"mean C or AUROC: mixture {rank:.4f}, late fusion {late:.4f} (difference {rank - late:+.4f})"
    worst = max(clinical, key=lambda name: clinical[name])
    yield f"loss divided by that of clinical covariates: at most {clinical[worst]:.3f} ({worst})"
