"""The report's section on the cohort: who they are, what was measured on whom."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratomics.report.response import response_facts
from stratomics.report.section import Section, Table
from stratomics.report.survival import survival_facts
from stratomics.run_directory import RunDirectory

__all__ = ["cohort"]

FACTS = {"survival": survival_facts, "response": response_facts}
"""Kind of the deciding endpoint -> what is said of it."""


def cohort(run: RunDirectory) -> Section:
    """Count patients, views and covariates."""
    patients = run.patients
    views = {
        c.removeprefix("view."): patients[c].to_numpy(bool) for c in patients.columns if c.startswith("view.")
    }
    covariates = [c.removeprefix("covariate.") for c in patients.columns if c.startswith("covariate.")]
    counts = np.sum(list(views.values()), axis=0)
    predicted, n = run.predictions["stratomics"].patients["sample_id"].nunique(), len(patients)
    said = (
        f"{n} patients, {FACTS[run.kind](run)}. {predicted} of {n} patients are predicted; nobody is dropped. "
        f"{(counts == len(views)).sum()} patients have every view, {(counts == 0).sum()} have none. "
        f"Covariates: {', '.join(covariates) or 'none'}."
    )
    table = pd.DataFrame(
        [(name, int(seen.sum()), int((~seen).sum())) for name, seen in views.items()],
        columns=["view", "measured", "missing"],
    )
    return Section(
        "cohort",
        "The cohort",
        [
            said,
            *(f"Note: {note}." for note in run.provenance["notes"]),
            Table("views", "Views, and how many patients have each", table),
        ],
    )
