"""What is missing, and whether that hangs together with the outcome or the arm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratomics.evaluation.missingness import FEWEST, missing_covariates, missingness
from stratomics.evaluation.multiplicity import holm
from stratomics.report.section import Block, Table
from stratomics.runs.run_directory import RunDirectory

__all__ = ["missing", "missing_sentences"]

SURE = 0.05

EFFECT = {"survival": "hazard ratio", "response": "odds ratio"}
TEST = {"survival": "the log-rank test", "response": "Fisher's exact test"}
DIRECTION = {
    "survival": ("the event comes earlier", "the event comes later"),
    "response": ("the response is more often positive", "the response is less often positive"),
}
"""Kind of endpoint -> what an effect above 1, and one below it, means in those who lack the view."""


def missing(run: RunDirectory) -> list[Block]:
    """Tell shares missing, and whether they are tied to anything."""
    views, covariates = missingness(run.patients, run.outcome), missing_covariates(run.patients, run.outcome)
    parts = [views.rename(columns={"view": "name"}), covariates.rename(columns={"covariate": "name"})]
    found = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    if not len(found):
        return []
    if not found["missing"].any():
        return ["Nothing is missing: every patient has every view and every covariate."]
    what = ["view"] * len(views) + ["covariate"] * len(covariates)
    found.insert(0, "what", what)
    table = _table(found, _adjusted(found), run)
    return [Table("missing", _caption(run), table), missing_sentences(found, run.kind)]


def missing_sentences(found: pd.DataFrame, kind: str) -> list[str]:
    """Say which absence is tied to the endpoint or the arm, after Holm over all that was asked.

    Parameters
    ----------
    found
        Columns of :func:`stratomics.evaluation.missingness.missingness`, with ``name``, and ``what`` it is.
    kind
        Of the endpoint.
    """
    adjusted = _adjusted(found)
    asked = int(np.isfinite(adjusted.to_numpy()).sum())
    if not asked:
        few = f"fewer than {FEWEST} patients lack each of them, or have it"
        return [f"Whether an absence is tied to the endpoint cannot be asked here: {few}."]
    said = []
    for (_, row), p in zip(found.iterrows(), adjusted["endpoint_p"], strict=True):
        if p < SURE:
            words = DIRECTION[kind][0 if row["endpoint_effect"] > 1 else 1]
            said.append(
                f"Without the {row['what']} {row['name']}, {words} ({EFFECT[kind]} "
                f"{row['endpoint_effect']:.2f}, p {row['endpoint_p']:.2g}, {p:.2g} after Holm for {asked} questions): "
                "its absence tells something by itself, and a model may read it."
            )
    for (_, row), p in zip(found.iterrows(), adjusted["arm_p"], strict=True):
        if p < SURE:
            said.append(
                f"The {row['what']} {row['name']} is missing more often in some arms (p {row['arm_p']:.2g}, {p:.2g} "
                f"after Holm for {asked} questions), so that arms differ in what is known of their patients."
            )
    smallest = float(np.nanmin(found[["endpoint_p", "arm_p"]].to_numpy(dtype=np.float64)))
    whom = "the endpoint or the arm" if found["arm_p"].notna().any() else "the endpoint"
    nothing = (
        f"No absence is tied to {whom} beyond chance (smallest p {smallest:.2g} of {asked} questions, "
        f"{min(1.0, smallest * asked):.2g} after Holm). That is no evidence that patients are missing at random."
    )
    return said or [nothing]


def _adjusted(found: pd.DataFrame) -> pd.DataFrame:
    """P values of both questions, adjusted together."""
    p = found[["endpoint_p", "arm_p"]].to_numpy(dtype=np.float64)
    return pd.DataFrame(holm(p.ravel()).reshape(p.shape), columns=["endpoint_p", "arm_p"])


def _caption(run: RunDirectory) -> str:
    arm = ", of the arm by Fisher's exact or the chi-squared test" if "arm" in run.patients else ""
    return (
        f"What is missing. The {EFFECT[run.kind]} is of those who lack it to those who have it (one-step estimate); p "
        f"by {TEST[run.kind]}{arm}, each for itself, and in brackets after Holm"
    )


def _table(found: pd.DataFrame, adjusted: pd.DataFrame, run: RunDirectory) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "name": found["name"],
            "what": found["what"],
            "patients without": found["missing"],
            "share": [f"{share:.1%}" for share in found["share"]],
            EFFECT[run.kind]: found["endpoint_effect"],
            "p, endpoint": _both(found["endpoint_p"], adjusted["endpoint_p"]),
        }
    )
    if "arm" in run.patients:
        table["p, arm"] = _both(found["arm_p"], adjusted["arm_p"])
    return table


def _both(p: pd.Series[float], adjusted: pd.Series[float]) -> list[str]:
    pairs = zip(p, adjusted, strict=True)
    return ["not asked" if np.isnan(one) else f"{one:.2g} ({two:.2g})" for one, two in pairs]
