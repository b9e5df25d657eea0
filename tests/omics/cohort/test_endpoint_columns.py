"""Endpoints read from the samples table: times of zero, missing events, no events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.checks.check_cohort import cohort_notes
from omics.cohort.read import (
    cohort_endpoints,
    read_cohort,
)
from omics.common.errors import DataError


def test_time_zero_is_half_a_day_and_stays_an_event(acc: Any) -> None:
    row = acc.obs_names.get_loc("TCGA-P6-A5OH")
    survival = cohort_endpoints(acc).survival()
    assert survival.time[row] == 0.5
    assert survival.event[row]
    (note,) = cohort_notes(acc)
    assert "1 patient(s) have time 0; they stay" in note
    assert "TCGA-" not in note


def test_an_event_without_time_is_not_observed(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"].loc[3, ["time", "event"]] = [np.nan, 1]
        frames["outcome"].loc[4, "event"] = np.nan

    cohort = read_cohort(write_small(change))
    survival = cohort_endpoints(cohort).survival()
    assert list(np.flatnonzero(~survival.observed)) == [3, 4]
    assert not survival.event[[3, 4]].any()
    assert cohort_notes(cohort) == [
        "survival: 2 patient(s) lack either time or event and are not evaluated by it"
    ]


def test_no_events_is_said(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(
        write_small(lambda frames, _: frames["outcome"].update(pd.DataFrame({"event": [0] * 40})))
    )
    with pytest.raises(DataError, match="no events"):
        cohort_endpoints(cohort).survival()
