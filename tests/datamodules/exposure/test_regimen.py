"""The events of a regimen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from datamodules.exposure.regimen import Regimen, regimen_events
from omics.events.event_table import DOSE, OTHER

COVARIATES = pd.DataFrame({"WT": [50.0, 80.0]}, index=["a", "b"])


def test_a_dose_by_weight_is_infused_and_repeated():
    doses = Regimen(10, 12, 2, per="WT").doses(COVARIATES)
    events = regimen_events(doses, COVARIATES, np.array([[6.0, 36.0]] * 2), steady_state=False)
    table = events.table
    assert table["patient"].tolist() == ["a"] * 3 + ["b"] * 3
    assert table["kind"].tolist() == [DOSE, OTHER, OTHER] * 2
    assert table["amount"].dropna().tolist() == [500, 800]
    assert table["rate"].tolist() == [250, 0, 0, 400, 0, 0]
    assert table["time"].tolist() == [0, 6, 36] * 2
    assert table["additional"].tolist() == [2, 0, 0] * 2
    assert events.covariates == ("WT",)
    assert table["WT"].tolist() == [50] * 3 + [80] * 3


def test_at_steady_state_one_dose_stands_for_all_before_it():
    doses = Regimen(100, 12).doses(COVARIATES)
    table = regimen_events(doses, COVARIATES, np.array([[12.0]] * 2), steady_state=True).table
    assert table["steady_state"].tolist() == [1, 0] * 2
    assert table["additional"].tolist() == [0] * 4
    assert table["interval"].tolist() == [12, 0] * 2
