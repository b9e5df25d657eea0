"""Exposure of a run as it is saved, made without a kinetic model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratomics.pharmacology.run_exposure import GoodnessOfFit, ResidualSummary, RunExposure

__all__ = ["saved_exposure"]


def saved_exposure(
    sample_ids: list[str], log_auc: np.ndarray, *, dose: np.ndarray, fit: bool = True, shrinkage: float = 0.4
) -> RunExposure:
    """Two measures of the patients: an AUC, and a share of time that falls with it."""
    share = 1 / (1 + np.exp(log_auc - log_auc.mean()))
    table = pd.DataFrame(
        {
            "sample_id": sample_ids,
            "auc24_ss": np.exp(log_auc),
            "auc24_ss_sd": 0.2 * np.exp(log_auc),
            "t_above_4_ss": share,
            "t_above_4_ss_sd": 0.1,
            "levels": 2,
            "effective_draws": 1500.0,
            "pareto_shape": 0.1,
            "log_auc24_ss": log_auc,
            "log_auc24_ss_sd": 0.2,
            "dose": dose,
            "dose_interval": 12.0,
        }
    )
    return RunExposure(
        table=table,
        model="drug_2020",
        drug="drug",
        doi="10.1000/xyz",
        level_unit="mg/L",
        time_unit="hours",
        dose_unit="mg",
        window="first_cycle",
        measures=("auc24_ss", "t_above_4_ss"),
        shrinkage={"CL": shrinkage, "V": 0.1},
        notes=("p000: <b>no level</b>.",),
        endpoints={"survival": ("survival", "months"), "toxicity": ("toxicity", "")},
        fit=_fit() if fit else None,
    )


def _fit() -> GoodnessOfFit:
    levels = pd.DataFrame(
        {
            "time": [1.0, 2.0, 3.0],
            "observed": [10.0, 5.0, 2.0],
            "population": [9.0, 6.0, 3.0],
            "individual": [10.5, 5.2, 2.1],
            "residual": [0.5, -0.4, -0.2],
        }
    )
    ends = {
        f"{kind}_{level}{end}": [level / 10 + shift]
        for level in (5, 50, 95)
        for kind, end, shift in (
            ("observed", "", 0.0),
            ("simulated", "", 0.1),
            ("simulated", "_low", -0.5),
            ("simulated", "_high", 0.5),
        )
    }
    check = pd.DataFrame({"start": [1.0], "end": [3.0], "middle": [2.0], "levels": [3.0], **ends})
    return GoodnessOfFit(levels, ResidualSummary(3, -0.03, 0.4, 0.0), check)
