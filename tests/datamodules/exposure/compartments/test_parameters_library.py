"""Parameters of many patients at once, against the typical values of one patient in plain Python."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from datamodules.exposure.compartments.parameters import effects_size, individual_values, typical_values_at
from datamodules.exposure.compartments.records import Records, records_of
from datamodules.exposure.published.kinetic_model import KineticModel, typical_values
from datamodules.exposure.published.library import find_model, list_models
from datamodules.exposure.regimen import Regimen, regimen_events

SIZE = 12
TIMES = np.array([1.0, 500.0, 1410.0, 9000.0])


def patients_of(model: KineticModel, generator: np.random.Generator) -> pd.DataFrame:
    """Covariates within the ranges of a model: 0 or 1 for one that is one of both, AGE for one that is computed."""
    ranges = {name: (one.low, one.high) for name, one in model.covariates.items()}
    if "PMA" in ranges:
        ranges = {"WT": ranges["WT"], "SCR": ranges["SCR"], "AGE": (0.0, 90.0)}
    drawn = {
        name: generator.integers(0, 2, SIZE) if (low, high) == (0, 1) else generator.uniform(low, high, SIZE)
        for name, (low, high) in ranges.items()
    }
    return pd.DataFrame(drawn, index=[f"p{i}" for i in range(SIZE)], dtype=float)


def records_at(covariates: pd.DataFrame) -> Records:
    doses = Regimen(amount=100, interval=24, infusion=0).doses(covariates)
    times = np.repeat(TIMES[None], SIZE, 0)
    return records_of(regimen_events(doses, covariates, times, steady_state=False))


@pytest.mark.parametrize("name", [model.name for model in list_models()])
def test_the_two_programs_agree(name: str) -> None:
    model = find_model(name)
    covariates = patients_of(model, np.random.default_rng(3))
    records = records_at(covariates)
    none = torch.zeros(SIZE, effects_size(model, records), dtype=torch.float64)
    values = individual_values(model, records, typical_values_at(model, records), none)
    for place, (_, row) in enumerate(covariates.iterrows()):
        for at in range(records.time.shape[1]):
            time = float(records.time[place, at])
            expected = typical_values(model, {**row.to_dict(), "TIME": time})
            found = {parameter: float(value[place, at]) for parameter, value in values.items()}
            assert found == pytest.approx(expected, rel=1e-12)


def test_a_late_clearance_of_a_patients_own() -> None:
    """The effect on CLLATE is that of the paper's EMAX: it is added to -0.295."""
    model = find_model("nivolumab_bajaj_2017")
    covariates = pd.DataFrame({"WT": 80.0, "EGFR": 90.0, "ECOG": 0.0, "MALE": 0.0, "ASIAN": 0.0}, index=["p"])
    doses = Regimen(amount=240, interval=336, infusion=1).doses(covariates)
    records = records_of(regimen_events(doses, covariates, np.array([[0.0, 700.0, 1e7]]), steady_state=False))
    effects = torch.zeros(1, 4, dtype=torch.float64)
    effects[0, model.random_parameters.index("CLLATE")] = 0.2
    values = individual_values(model, records, typical_values_at(model, records), effects)
    time = records.time[0].numpy()
    share = time**3.15 / (time**3.15 + 1410**3.15)
    np.testing.assert_allclose(values["CL"][0].numpy(), 0.0094 * np.exp((-0.295 + 0.2) * share), rtol=1e-6)
