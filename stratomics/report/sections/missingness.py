"""Missing views and covariates, and whether missingness is associated with the endpoint or the arm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratomics.evaluation.missingness import FEWEST, covariate_missingness, view_missingness
from stratomics.evaluation.p_values import holm
from stratomics.report.section import Block, Table
from stratomics.report.text.numbers import p_cell, p_value
from stratomics.runs.run_directory import RunDirectory

__all__ = ["missing_data", "missing_sentences"]

SIGNIFICANCE = 0.05

EFFECT = {"survival": "hazard ratio", "response": "odds ratio"}
TEST = {"survival": "the log-rank test", "response": "Fisher's exact test"}
DIRECTION = {
    "survival": ("the event comes earlier", "the event comes later"),
    "response": ("the response is more often positive", "the response is less often positive"),
}
"""Kind of endpoint -> meaning of an effect above 1, and below 1, in patients who lack the view."""


def missing_data(run: RunDirectory) -> list[Block]:
    """Show the shares missing, and tests of association with the endpoint and the arm."""
    views, covariates = (
        view_missingness(run.patients, run.outcome),
        covariate_missingness(run.patients, run.outcome),
    )
    parts = [views.rename(columns={"view": "name"}), covariates.rename(columns={"covariate": "name"})]
    result = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    if not len(result):
        return []
    if not result["missing"].any():
        return ["No data are missing: every patient has every view and every covariate."]
    what = ["view"] * len(views) + ["covariate"] * len(covariates)
    result.insert(0, "what", what)
    table = _table(result, _adjusted(result), run)
    return [Table("missing", _caption(run), table), missing_sentences(result, run.kind)]


def missing_sentences(result: pd.DataFrame, kind: str) -> list[str]:
    """State which missingness is associated with the endpoint or the arm, after Holm adjustment for all tests.

    Parameters
    ----------
    result
        Columns of :func:`stratomics.evaluation.missingness.view_missingness`, with ``name`` and ``what`` (view or
        covariate).
    kind
        Kind of the endpoint.

    Returns
    -------
    list of str
    """
    adjusted = _adjusted(result)
    tests = int(np.isfinite(adjusted.to_numpy()).sum())
    if not tests:
        few = f"each is missing, or present, in fewer than {FEWEST} patients"
        return [f"The association of missingness with the endpoint cannot be tested: {few}."]
    sentences = []
    for (_, row), p in zip(result.iterrows(), adjusted["endpoint_p"], strict=True):
        if p < SIGNIFICANCE:
            direction = DIRECTION[kind][0 if row["endpoint_effect"] > 1 else 1]
            sentences.append(
                f"In patients without the {row['what']} {row['name']}, {direction} ({EFFECT[kind]} "
                f"{row['endpoint_effect']:.2f}, {p_value(row['endpoint_p'])}, {p_value(p)} after Holm "
                f"adjustment for {tests} tests): missingness is informative, and a model may use it."
            )
    for (_, row), p in zip(result.iterrows(), adjusted["arm_p"], strict=True):
        if p < SIGNIFICANCE:
            sentences.append(
                f"The {row['what']} {row['name']} is missing more often in some arms ({p_value(row['arm_p'])}, "
                f"{p_value(p)} after Holm adjustment for {tests} tests), so that arms differ in the data available."
            )
    smallest = float(np.nanmin(result[["endpoint_p", "arm_p"]].to_numpy(dtype=np.float64)))
    targets = "the endpoint or the arm" if result["arm_p"].notna().any() else "the endpoint"
    none = (
        f"No evidence that missingness is associated with {targets} (smallest of {tests} tests {p_value(smallest)}, "
        f"{p_value(min(1.0, smallest * tests))} after Holm adjustment). This does not show that data are "
        "missing at random."
    )
    return sentences or [none]


def _adjusted(result: pd.DataFrame) -> pd.DataFrame:
    """P values of both tests, adjusted together."""
    p = result[["endpoint_p", "arm_p"]].to_numpy(dtype=np.float64)
    return pd.DataFrame(holm(p.ravel()).reshape(p.shape), columns=["endpoint_p", "arm_p"])


def _caption(run: RunDirectory) -> str:
    arm = (
        " (endpoint), and from Fisher's exact or the chi-squared test (arm)" if "arm" in run.patients else ""
    )
    return (
        f"Missing data. The {EFFECT[run.kind]} compares patients without it to patients with it (one-step estimate). "
        f"p from {TEST[run.kind]}{arm}, unadjusted and, in brackets, after Holm adjustment"
    )


def _table(result: pd.DataFrame, adjusted: pd.DataFrame, run: RunDirectory) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "name": result["name"],
            "what": result["what"],
            "patients without": result["missing"],
            "share": [f"{share:.1%}" for share in result["share"]],
            EFFECT[run.kind]: result["endpoint_effect"].round(2),
            "p, endpoint": _both(result["endpoint_p"], adjusted["endpoint_p"]),
        }
    )
    if "arm" in run.patients:
        table["p, arm"] = _both(result["arm_p"], adjusted["arm_p"])
    return table


def _both(p: pd.Series[float], adjusted: pd.Series[float]) -> list[str]:
    pairs = zip(p, adjusted, strict=True)
    return ["not tested" if np.isnan(one) else f"{p_cell(one)} ({p_cell(two)})" for one, two in pairs]
