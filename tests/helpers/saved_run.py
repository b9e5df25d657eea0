"""Saved results of a run with known risks, for sections of the report that need predictions and metrics."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.prediction import Prediction
from omics.common.files import write_json, write_parquet, write_text
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.coverage_tables import bound_coverage_table, coverage_groups, set_coverage_table
from stratomics.runs.run_directory import RunDirectory

TIMES = np.linspace(0.5, 10, 20)
Change = Callable[[dict[str, Any]], None]


@dataclasses.dataclass
class SavedRun:
    """Saved results for patients with a known risk, of which stratomics has all and the clinical baseline half."""

    folder: Path
    n: int = 150
    repeats: int = 2
    draws: int = 100
    seed: int = 0

    def run(self, kind: str, change: Change | None = None) -> RunDirectory:
        """Write the run; `change` may modify its arrays: event, time, positive, linear and patients."""
        rng = np.random.default_rng(self.seed)
        logit = rng.normal(size=self.n)
        time, censored = rng.exponential(5 * np.exp(-logit)), rng.uniform(2, 12, self.n)
        chance = 1 / (1 + np.exp(-logit))
        arrays: dict[str, Any] = {
            "event": time < censored,
            "time": np.minimum(time, censored),
            "positive": rng.random(self.n) < chance,
            "linear": {"stratomics": logit, "clinical_": 0.5 * logit + 0.5 * rng.normal(size=self.n)},
            "patients": {
                "site": np.where(np.arange(self.n) % 3 == 0, "<b>Lyon</b>", "Leeds"),
                "view.rna": np.arange(self.n) % 4 > 0,
                "view.$protein$": np.arange(self.n) % 50 > 0,
                "view.dna": np.arange(self.n) != 3,
            },
        }
        if change is not None:
            change(arrays)
        return self._write(kind, arrays, rng)

    def _write(self, kind: str, arrays: dict[str, Any], rng: np.random.Generator) -> RunDirectory:
        ids = np.array([f"p{i:03d}" for i in range(self.n)])
        outcome = (
            {"end.time": arrays["time"], "end.event": arrays["event"]}
            if kind == "survival"
            else {"end": arrays["positive"]}
        )
        self.folder.mkdir()
        write_parquet(
            self.folder / "patients.parquet", pd.DataFrame({"sample_id": ids} | outcome | arrays["patients"])
        )
        clinical = "clinical_cox" if kind == "survival" else "clinical_logistic"
        for name, linear in arrays["linear"].items():
            ours = name == "stratomics"
            parts = [
                self._part(kind, ids, linear + 0.1 * repeat * ours, ours, rng).at(repeat, 0)
                for repeat in range(self.repeats)
            ]
            Prediction.concatenate(parts).save(self.folder if ours else self.folder / "baselines" / clinical)
        write_json(
            self.folder / "provenance.json", {"endpoint": "end", "kind": kind, "unit": "years", "seed": 1}
        )
        write_text(self.folder / "config.yaml", f"evaluation: {{draws: {self.draws}}}\n")
        run = RunDirectory(self.folder)
        metric = "ibs" if kind == "survival" else "log_loss"
        metrics = compare(run.cases, "end", kind, metric, self.draws, 1).to_json()
        cases, groups = run.cases["stratomics"], coverage_groups(run.evaluated)
        table = (bound_coverage_table if isinstance(cases, SurvivalCases) else set_coverage_table)(
            cases, groups
        )
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        write_json(self.folder / "metrics.json", metrics | {"coverage": records})
        return RunDirectory(self.folder)

    def _part(
        self, kind: str, ids: np.ndarray, linear: np.ndarray, ours: bool, rng: np.random.Generator
    ) -> Prediction:
        p = 1 / (1 + np.exp(-linear))
        if kind == "survival":
            curves = np.exp(-TIMES * np.exp(linear)[:, None] / 5)
            part = Prediction.of_survival(ids, linear, TIMES, curves, np.ones(len(ids)) if ours else None)
            more = {"survival_bound": np.exp(-linear) / 2}
        else:
            part = Prediction.of_response(ids, "end", p, p * (1 - p) if ours else None)
            both = np.where(p < 0.8, np.where(p > 0.2, "negative|positive", "negative"), "positive")
            more = {"response_set": both, "response_set_marginal": np.where(p > 0.5, "positive", "negative")}
        ood = rng.random(len(ids))
        return (
            part.with_columns(more | {"ood": ood, "abstain": (ood > 0.95) | (rng.random(len(ids)) < 0.1)})
            if ours
            else part
        )
