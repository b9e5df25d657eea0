"""``st.tl.dose``: the same numbers as the command, populations, and what levels buy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stratomics as st

MODEL = "vancomycin_goti_2018"


def test_a_population_has_the_mean_of_its_patients() -> None:
    table = pd.DataFrame({"CRCL": [40.0, 90.0, 140.0], "WT": 70.0, "DIAL": 0.0}, index=["a", "b", "c"])
    whole = st.tl.dose(MODEL, [750, 1000], "auc24:400-600", interval=12, infusion=1, covariates=table)
    alone = [
        st.tl.dose(MODEL, [750, 1000], "auc24:400-600", interval=12, infusion=1, covariates=dict(row)).rows[
            "within"
        ]
        for _, row in table.iterrows()
    ]
    assert np.allclose(whole.rows["within"], np.mean(alone, axis=0))
    assert whole.prior.own["dose"].is_monotonic_increasing
    assert list(whole.patients) == ["a", "b", "c"]
    # The covariates give every patient the probability of the typical patient with their own dose.
    assert whole.prior.own["within"].to_numpy() == pytest.approx([0.403] * 3, abs=1e-4)
    assert whole.prior.best.within < 0.403


def test_levels_of_events(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(
        "ID,TIME,AMT,RATE,DV,ADDL,II,CRCL,WT\n1,0,1000,1000,.,3,12,90,70\n1,47.5,.,.,25,.,.,90,70\n"
    )
    found = st.tl.dose(
        MODEL,
        [1000],
        "auc24:400-600",
        interval=12,
        infusion=1,
        covariates={"DIAL": 0},
        events=file,
        draws=1000,
    )
    assert found.posterior is not None
    assert found.posterior.best.dose < found.prior.best.dose
    assert found.notes == ()


def test_what_levels_buy() -> None:
    found = st.tl.dose(
        MODEL,
        [750, 1000],
        "auc24:400-600",
        interval=12,
        infusion=1,
        covariates={"CRCL": 90, "WT": 70, "DIAL": 0},
    )
    table = found.value_of_levels([[47.5]], patients=40, draws=500, seed=3)
    assert table["levels"].tolist() == ["none, one dose for all", "47.5"]
    assert table["predicted"].iloc[1] > table["predicted"].iloc[0]


def test_a_wrong_target_is_one_sentence() -> None:
    with pytest.raises(st.InputError, match="write MEASURE:LOW-HIGH"):
        st.tl.dose(MODEL, [1000], "auc24", interval=12, covariates={"CRCL": 90, "WT": 70, "DIAL": 0})
