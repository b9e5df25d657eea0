"""Lines of the card on patients: who lacks views, where they come from, and how many they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.missingness import missingness
from stratomics.evaluation.multiplicity import holm
from stratomics.evaluation.patient_groups import patient_groups
from stratomics.evaluation.site_effects import explained_by_site
from stratomics.evaluation.subgroup_performance import group_figures
from stratomics.evaluation.view_contributions import RANKS
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line, graded, known, worst

__all__ = ["missing", "missing_line", "sites", "size"]

TIED = (0.05, 0.001)
"""Smallest p of missingness, adjusted by Holm for all that were asked: by chance one run in twenty is to be
watched and one in a thousand fails."""

SHARE = 0.05
"""Of the patients: where more lack a view, and nothing can be asked, that is to be watched."""

BY_SITE = (0.25, 0.50)
"""Share of the order of patients that their site explains: from half on, most of what is
predicted is where somebody was treated. Conventions of ours."""

APART = 0.05
"""p of the test that sites perform alike."""

CHANCE = 0.5
FEWEST, ENOUGH = 20, 100
"""Events, or patients of the rarer class. With fewer than 100 performance and calibration are uncertain (Collins et al.
2016, doi 10.1002/sim.6787; Vergouwe et al. 2005, doi 10.1016/j.jclinepi.2004.06.017). With 20 of each class the
95% interval of an AUROC of .75 reaches .15 each way (Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747)."""


def missing(run: EvaluatedRun) -> Line:
    """Ask whether views are missing in those who fare differently, or in one arm more than another."""
    return missing_line(missingness(run.patients, run.outcome))


def missing_line(table: pd.DataFrame) -> Line:
    """Judge a table of :func:`stratomics.evaluation.missingness.missingness`."""
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
    said = f"{len(lacking)} of {len(table)} views are missing in some patients, "
    said += f"at most {most['view']} ({most['share']:.0%})."
    adjusted = pd.Series(holm(np.array(list(tested.values()))), index=list(tested)).dropna()
    if not len(adjusted):
        return Line(
            name, check, WATCH, f"{said} Too few lack them to ask whether it is tied to anything.", section
        )
    smallest = float(adjusted.min())
    if smallest < TIED[0]:
        verdict = FAIL if smallest < TIED[1] else WATCH
        said += f" It is tied: {adjusted.idxmin()}, p {smallest:.2g}"
    else:
        verdict = PASS
        said += f" No evidence that it is tied to the outcome{' or the arm' if arms else ''}: smallest p {smallest:.2f}"
    said += f", adjusted for {len(adjusted)} asked."
    if len(adjusted) < len(tested):
        said += f" Of {len(tested) - len(adjusted)} more too few are known to ask."
        unasked = lacking["endpoint_p"].isna() | (lacking["arm_p"].isna() if arms else False)
        verdict = worst([verdict, WATCH if (lacking["share"][unasked] > SHARE).any() else PASS])
    return Line(name, check, verdict, said, section)


def sites(run: EvaluatedRun) -> Line:
    """Ask whether sites perform alike, and whether predictions say little more than the site."""
    name, check, section = "sites", "Sites", "differs"
    patients = run.evaluated
    where = patients["site"].to_numpy(dtype=str) if "site" in patients else np.array([], dtype=str)
    if len(np.unique(where)) < 2:  # noqa: PLR2004  # two to compare
        said = "No sites are named" if not len(where) else "All patients are of one site"
        return Line(name, check, WATCH, f"{said}: how it does elsewhere is not known.", section)
    cases, label = run.cases["stratomics"], find_metric(RANKS[run.kind]).label
    found = group_figures(cases, {"site": patient_groups(patients)["site"]}, run.resamples)
    evaluated = found.rows.dropna(subset=["rank", "low", "high"])
    told = explained_by_site(cases, where)
    verdicts = [graded(told, *BY_SITE)]
    if len(evaluated) < 2:  # noqa: PLR2004
        verdicts.append(WATCH)
        said = "Fewer than two sites have patients enough to be evaluated by themselves."
    else:
        p = float(found.tests["p"].iloc[0])
        verdicts.append(WATCH if not known(p) or p < APART else PASS)
        verdicts += [FAIL] if (evaluated["high"] < CHANCE).any() else []
        ordered = evaluated.sort_values("rank", kind="stable")
        low, high = _site(ordered.iloc[0]), _site(ordered.iloc[-1])
        said = f"{label} is from {low} to {high}; {len(evaluated)} of {len(found.rows)} sites evaluated, "
        said += (
            f"p {p:.2g} that they are alike." if known(p) else "whether they are alike could not be tested."
        )
    said += (
        " How much of the prediction the site explains is not known."
        if told is None
        else f" The site explains {told:.0%} of the order of patients."
    )
    return Line(name, check, worst(verdicts), said, section)


def _site(row: pd.Series[Any]) -> str:
    return f"{row['rank']:.2f} ({row['low']:.2f} to {row['high']:.2f}) at {row['level']}"


def size(run: EvaluatedRun) -> Line:
    """Count events, or the patients of the rarer class."""
    outcome = run.outcome
    n, label = int(outcome.observed.sum()), outcome.label[outcome.observed]
    events = int(label.sum())
    fewer = events if run.kind == "survival" else min(events, n - events)
    what = "events" if run.kind == "survival" else "patients of the rarer class"
    verdict = FAIL if fewer < FEWEST else WATCH if fewer < ENOUGH else PASS
    said = f"{fewer} {what} among {n} patients"
    said += "." if verdict == PASS else f"; below {ENOUGH}, performance and calibration are uncertain."
    return Line("size", "Sample size", verdict, said, "sample_size")
