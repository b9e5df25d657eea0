"""Prognostic enrichment randomises fewer patients and screens more."""

from __future__ import annotations

import numpy as np
import pytest
from trials import survival_trial

from omics.common.errors import DataError
from stratomics.enrichment.selection.prognostic import prognostic_table


def test_prognostic_enrichment_saves_patients_and_screens_more() -> None:
    trial = survival_trial(0, n=400)
    rng = np.random.default_rng(0)
    risk = (-np.log(trial.survival.time) + rng.normal(size=400))[None]
    rows = prognostic_table(trial.outcome, risk, np.zeros((1, 400), dtype=np.int64), 1.0)
    rates = [row.rate for row in rows]
    assert rates == sorted(rates)
    assert rows[0].patients is not None
    assert rows[-1].patients is not None
    assert rows[-1].screened is not None
    assert rows[-1].patients < rows[0].patients < rows[-1].screened
    with pytest.raises(DataError, match="needs the time"):
        prognostic_table(trial.outcome, risk, np.zeros((1, 400), dtype=np.int64))
