"""Checks of the patients: missing views, sites and sample size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.missingness import view_missingness
from stratomics.evaluation.p_values import holm
from stratomics.evaluation.patient_groups import patient_groups
from stratomics.evaluation.site_effects import explained_by_site
from stratomics.evaluation.subgroup_performance import subgroup_performance
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line, all_finite, graded, worst

__all__ = ["missing_views", "missing_views_line", "sample_size", "sites"]

ASSOCIATED = (0.05, 0.001)
"""Smallest Holm-adjusted p of missingness that gives WATCH, and FAIL: by chance one run in 20, and one in 1000."""

SHARE = 0.05
"""Share of patients without a view above which the verdict is WATCH if the association cannot be tested."""

BY_SITE = (0.25, 0.50)
"""Share of the variance of predicted ranks that the site explains and that gives WATCH, and FAIL. From half on, most of
the prediction is the place of treatment. These values are conventions of this project."""

SIGNIFICANCE = 0.05
"""p of the test that performance is equal at all sites, below which the verdict is WATCH."""

CHANCE = 0.5
FEWEST, ENOUGH = 20, 100
"""Events, or patients in the smaller class. With fewer than 100, performance and calibration are uncertain (Collins et
al. 2016, doi 10.1002/sim.6787; Vergouwe et al. 2005, doi 10.1016/j.jclinepi.2004.06.017). With 20 of each class the 95%
interval of an AUROC of 0.75 extends by 0.15 on each side (Hanley and McNeil 1982,
doi 10.1148/radiology.143.1.7063747)."""


def missing_views(run: EvaluatedRun) -> Line:
    """Evaluate whether missing views are associated with the endpoint or the arm."""
    return missing_views_line(view_missingness(run.patients, run.outcome))


def missing_views_line(table: pd.DataFrame) -> Line:
    """Evaluate a table of :func:`stratomics.evaluation.missingness.view_missingness`."""
    name, check, section = "missing", "Missing views", "cohort"
    lacking = table[table["missing"] > 0]
    if not len(lacking):
        return Line(name, check, PASS, "Every patient has every view.", section)
    arms = bool(lacking["arm_p"].notna().any())
    tested = {
        f"{row['view']} and {what}": float(row[column])
        for row in lacking.to_dict("records")
        for what, column in (("the outcome", "endpoint_p"), *((("the arm", "arm_p"),) if arms else ()))
    }
    most = lacking.loc[lacking["share"].idxmax()]
    text = f"{len(lacking)} of {len(table)} views are missing in some patients, "
    text += f"most often {most['view']} ({most['share']:.0%})."
    adjusted = pd.Series(holm(np.array(list(tested.values()))), index=list(tested)).dropna()
    if not len(adjusted):
        return Line(name, check, WATCH, f"{text} Too few patients lack them to test associations.", section)
    smallest = float(adjusted.min())
    if smallest < ASSOCIATED[0]:
        verdict = FAIL if smallest < ASSOCIATED[1] else WATCH
        text += f" Missingness is associated: {adjusted.idxmin()}, p {smallest:.2g}"
    else:
        verdict = PASS
        text += (
            f" No evidence that missingness is associated with the outcome{' or the arm' if arms else ''}: "
        )
        text += f"smallest p {smallest:.2f}"
    text += f", adjusted for {len(adjusted)} tests."
    if len(adjusted) < len(tested):
        text += f" Associations that could not be tested: {len(tested) - len(adjusted)}."
        untested = lacking["endpoint_p"].isna() | (lacking["arm_p"].isna() if arms else False)
        verdict = worst([verdict, WATCH if (lacking["share"][untested] > SHARE).any() else PASS])
    return Line(name, check, verdict, text, section)


def sites(run: EvaluatedRun) -> Line:
    """Evaluate whether performance differs between sites, and how much of the prediction the site explains."""
    name, check, section = "sites", "Sites", "subgroup_performance"
    patients = run.evaluated
    where = patients["site"].to_numpy(dtype=str) if "site" in patients else np.array([], dtype=str)
    if len(np.unique(where)) < 2:  # noqa: PLR2004  # two to compare
        text = "No sites are declared" if not len(where) else "All patients are from one site"
        return Line(name, check, WATCH, f"{text}: performance at other sites is unknown.", section)
    cases, label = run.cases["stratomics"], find_metric(DISCRIMINATION[run.kind]).label
    result = subgroup_performance(cases, {"site": patient_groups(patients)["site"]}, run.resamples)
    evaluated = result.rows.dropna(subset=["rank", "low", "high"])
    explained = explained_by_site(cases, where)
    verdicts = [graded(explained, *BY_SITE)]
    if len(evaluated) < 2:  # noqa: PLR2004  # a comparison needs two sites
        verdicts.append(WATCH)
        text = "Fewer than two sites have enough patients to be evaluated."
    else:
        p = float(result.tests["p"].iloc[0])
        verdicts.append(WATCH if not all_finite(p) or p < SIGNIFICANCE else PASS)
        verdicts += [FAIL] if (evaluated["high"] < CHANCE).any() else []
        ordered = evaluated.sort_values("rank", kind="stable")
        low, high = _site(ordered.iloc[0]), _site(ordered.iloc[-1])
        text = f"{label} ranges from {low} to {high}; {len(evaluated)} of {len(result.rows)} sites were evaluated. "
        text += (
            f"Test of equal performance: p {p:.2g}."
            if all_finite(p)
            else "Equal performance of the sites could not be tested."
        )
    text += (
        " The share of the prediction that the site explains is not available."
        if explained is None
        else f" The site explains {explained:.0%} of the variance of the predicted ranks."
    )
    return Line(name, check, worst(verdicts), text, section)


def _site(row: pd.Series[Any]) -> str:
    return f"{row['rank']:.2f} ({row['low']:.2f} to {row['high']:.2f}) at {row['level']}"


def sample_size(run: EvaluatedRun) -> Line:
    """Count events, or the patients in the smaller class."""
    outcome = run.outcome
    n, label = int(outcome.observed.sum()), outcome.label[outcome.observed]
    events = int(label.sum())
    fewer = events if run.kind == "survival" else min(events, n - events)
    what = "events" if run.kind == "survival" else "patients in the smaller class"
    verdict = FAIL if fewer < FEWEST else WATCH if fewer < ENOUGH else PASS
    text = f"{fewer} {what} among {n} patients"
    text += (
        "." if verdict == PASS else f"; with fewer than {ENOUGH}, performance and calibration are uncertain."
    )
    return Line("size", "Sample size", verdict, text, "sample_size")
