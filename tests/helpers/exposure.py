"""A vancomycin model for tests: Goti 2018, doi 10.1097/FTD.0000000000000490, without dialysis; its patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.metrics import draws_at
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import Regimen, regimen_events
from omics.events.event_table import LEVEL, EventTable

__all__ = ["REGIMEN", "simulated", "vancomycin"]

REGIMEN = Regimen(amount=1000, interval=12, infusion=1)


def vancomycin() -> KineticModel:
    """Two compartments; clearance by creatinine clearance, central volume by weight."""
    return KineticModel.model_validate(
        {
            "name": "vancomycin_test",
            "drug": "vancomycin",
            "population": "adults in hospital",
            "source": {"citation": "Goti 2018", "doi": "10.1097/FTD.0000000000000490", "checked": "tests"},
            "time_unit": "hours",
            "dose_unit": "mg",
            "level_unit": "mg/L",
            "structure": {"compartments": 2},
            "parameters": {
                "CL": {"typical": 4.5, "unit": "L/h", "effects": [_power("CRCL", 120, 0.8)]},
                "V1": {"typical": 58.4, "unit": "L", "effects": [_power("WT", 70, 1)]},
                "Q": {"typical": 6.5, "unit": "L/h"},
                "V2": {"typical": 38.4, "unit": "L"},
            },
            "variability": [
                {"parameters": ["CL"], "covariance": [[0.14705]]},
                {"parameters": ["V1"], "covariance": [[0.51019]]},
                {"parameters": ["V2"], "covariance": [[0.28232]]},
            ],
            "residual": {"form": "combined_variance", "additive": 3.4, "proportional": 0.227},
            "covariates": {
                "CRCL": {"unit": "mL/min", "low": 5, "high": 250},
                "WT": {"unit": "kg", "low": 30, "high": 200},
            },
            "typical_patient": {
                "covariates": {"CRCL": 120, "WT": 70},
                "parameters": {"CL": 4.5, "V1": 58.4, "Q": 6.5, "V2": 38.4},
            },
        }
    )


def _power(covariate: str, reference: float, coefficient: float) -> dict[str, object]:
    return {"covariate": covariate, "form": "power", "reference": reference, "coefficient": coefficient}


def simulated(
    model: KineticModel, size: int, seed: int, levels: tuple[float, ...] = (26.0, 47.5)
) -> tuple[EventTable, torch.Tensor]:
    """Patients with levels at some hours, and their true effects."""
    generator = np.random.default_rng(seed)
    covariates = pd.DataFrame({"CRCL": 90.0, "WT": 70.0}, index=[f"p{i}" for i in range(size)])
    truth = torch.from_numpy(generator.multivariate_normal(np.zeros(3), model.omega, size))[:, None]
    events = regimen_events(
        REGIMEN.doses(covariates), covariates, np.repeat([[*levels, 48.0]], size, 0), steady_state=False
    )
    level = draws_at(model, records_of(events), truth).level[:, 0].numpy()
    error = np.sqrt(model.residual.additive**2 + (model.residual.proportional * level) ** 2)
    noisy = np.maximum(level + error * generator.standard_normal(level.shape), 0.5)
    counts = events.table["time"].isin(levels)
    table = events.table.assign(
        level=np.where(counts, noisy.reshape(-1), np.nan),
        observed=counts,
        kind=np.where(counts, LEVEL, events.table["kind"]),
    )
    return EventTable(table, events.covariates), truth
