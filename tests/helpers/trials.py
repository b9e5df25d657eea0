"""Real trials of ../shared for the tests of enrichment, small simulated ones, and results as they are stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import places

from omics.cohort.endpoints import Response, Survival
from omics.common.files import write_json, write_parquet
from stratomics.enrichment.design.trial_design import Assumption, Estimand, TrialDesign
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.read_trial import trial_of
from stratomics.enrichment.result import EnrichmentResult, MeanBenefit, RunFindings
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.enrichment.selection.heterogeneity import HeterogeneityEvidence
from stratomics.enrichment.selection.subgroup import SelectionRate, Subgroup
from stratomics.enrichment.selection.targeting_curve import Rate
from stratomics.enrichment.selection.threshold_table import ThresholdRow

GOLDEN: dict[str, Any] = json.loads((places.GOLDEN / "enrichment.json").read_text())

Find = Callable[[str], Path]


def actg175(shared: Find) -> pd.DataFrame:
    """Any drug against ZDV alone; response: 50 CD4 cells more in week 20."""
    table = pd.read_csv(shared("trials/actg175.csv"))
    drug, response = (table["arms"] > 0).astype(int), (table["cd420"] - table["cd40"] >= 50).astype(int)
    return table.assign(drug=drug, response=response)


def big198(shared: Find) -> tuple[Trial, Any]:
    """Letrozole (1) against tamoxifen (2), and Ki-67."""
    table = pd.read_csv(shared("trials/big198_ki67.csv"))
    trial = trial_of(table, "trt", "2", time="time", event="event")[0]
    return trial, table["ki67"].to_numpy(dtype=np.float64)


def survival_trial(seed: int, n: int = 120, *, ties: bool = False) -> Trial:
    """Exponential times, about a third censored."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(n) % 2 == 0
    time, censored = rng.exponential(np.where(treated, 1.5, 1.0)), rng.exponential(2.5, n)
    event, seen = time < censored, np.minimum(time, censored)
    if ties:
        seen = np.ceil(4 * seen) / 4
    return Trial(treated, Survival(seen, event, np.ones(n, dtype=np.bool_)), np.full(n, 0.5))


def response_trial(seed: int, n: int = 200) -> Trial:
    rng = np.random.default_rng(seed)
    treated = rng.permutation(n) % 2 == 0
    positive = rng.random(n) < np.where(treated, 0.5, 0.3)
    return Trial(treated, Response(positive, np.ones(n, dtype=np.bool_)), np.full(n, 0.5))


def with_arms(run: Path, response: bool = False) -> Path:
    """Add curves under each arm to a written run; with `response`, an endpoint that follows the benefit."""
    table = pd.read_parquet(run / "predictions.parquet")
    keys = table[["sample_id", "repeat", "fold"]]
    curves = [
        keys.loc[keys.index.repeat(4)]
        .assign(time=np.tile([0.5, 1.0, 2.0, 4.0], len(keys)), arm=arm)
        .assign(survival=np.tile(np.exp(-rate * np.array([0.5, 1.0, 2.0, 4.0])), len(keys)))
        for arm, rate in (("received", 0.8), ("control", 1.0), ("treated", 0.7))
    ]
    write_parquet(run / "survival.parquet", pd.concat(curves, ignore_index=True))
    if response:
        patients = pd.read_parquet(run / "patients.parquet")
        benefit = table.groupby("sample_id")["benefit"].mean().loc[patients["sample_id"]].to_numpy()
        chance = 0.3 + 0.35 * ((patients["arm"] == "b").to_numpy() & (benefit > 0))
        answered = np.random.default_rng(5).random(len(patients)) < chance
        write_parquet(
            run / "patients.parquet", patients.assign(cr=answered).drop(columns=["os.time", "os.event"])
        )
        write_json(run / "provenance.json", {"endpoint": "cr", "kind": "response", "unit": ""})
        long = keys.assign(endpoint="cr", response_class="positive", probability=0.5)
        write_parquet(run / "response.parquet", long.rename(columns={"response_class": "class"}))
        write_parquet(run / "predictions.parquet", table.rename(columns={"risk": "response_probability"}))
    return run


def trial_design() -> TrialDesign:
    """A trial of letrozole in patients of high Ki-67, with one look."""
    estimand = Estimand(
        "positive for: Ki-67 above 14", "1 against 2", "survival", "treatment policy", "hazard ratio"
    )
    return TrialDesign(
        name="enrichment",
        estimand=estimand,
        alpha=0.025,
        power=0.8,
        allocation=0.5,
        multiplicity="one test",
        patients=342,
        tested=933,
        events=(66,),
        efficacy=(1.96,),
        futility=(None,),
        duration=1826.0,
        cost=342.0,
        assumptions=(Assumption("hazard ratio inside", 0.5, "BIG 1-98"),),
    )


NO_EFFECT = Effect(0.0, -0.1, 0.1, 0.05)


def cut_search(corrected: Effect, p_adjusted: float = 0.01) -> CutSearch:
    """A search of one cut with that corrected effect."""
    return CutSearch(
        best=0,
        cut=0.3,
        z=0.0,
        p=0.5,
        apparent=corrected,
        at_once=corrected,
        out_of_bag=corrected,
        harrell=corrected,
        p_adjusted=p_adjusted,
        false_positives=0.1,
        chosen={"0.3": 1.0},
        simultaneous=2.0,
        draws=20,
        usable=1.0,
        verdict="a verdict",
    )


def enrichment_result(
    inside: Effect = NO_EFFECT,
    search: CutSearch | None = None,
    measure: str = "hazard_ratio",
    randomised: str = "yes",
    groups: dict[str, dict[str, SelectionRate]] | None = None,
) -> EnrichmentResult:
    """The enrichment of a run whose only cut takes 30% of the patients, as far as reports need it."""
    overall = ThresholdRow(None, 1.0, 100.0, 50.0, NO_EFFECT, None, None, None, 0.5, None, None, None, None)
    row = ThresholdRow(0.3, 0.3, 30.0, 15.0, inside, NO_EFFECT, 0.0, 0.5, 0.5, None, None, None, None)
    return EnrichmentResult(
        score="benefit",
        patients=100,
        treated=50,
        events=50,
        interpretation="randomised",
        measure=measure,
        measure_label=measure.replace("_", " "),
        follow_up=1.0,
        rows=(overall, row),
        best=0,
        search=search,
        benefit=MeanBenefit(NO_EFFECT, 1.0, 0.0, 50.0, 50.0),
        rate=Rate(NO_EFFECT, NO_EFFECT, 0.5, 0.5, 0.0),
        evidence=HeterogeneityEvidence("benefit", 0.5, 0.5, "no evidence"),
        subgroup=Subgroup("benefit", 1.0, prevalence=0.3),
        run=RunFindings(
            repeats=20,
            randomised=randomised,
            interaction=None,
            evidence_grade="evidence for this subgroup is weak (3 of 6 hold), for it: x",
            groups=groups or {},
            surrogate_tree=None,
            arms="b against a",
            markers={},
            doses=(),
            plan=PlannedTrials({}),
            truth=None,
        ),
    )
