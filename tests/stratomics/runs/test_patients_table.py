"""Endpoints are read from the table of patients as they were written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omics.cohort.endpoints import Response, Survival
from stratomics.runs.patients_table import endpoint_columns, read_endpoint


def test_endpoints_are_read_from_their_columns() -> None:
    seen = np.array([True, True, False])
    survival = Survival(
        np.array([5.0, 7.0, np.nan]),
        np.array([True, False, False]),
        seen,
        "days",
        entry=np.array([0.0, 1.0, 0.0]),
    )
    response = Response(np.array([True, False, False]), seen)
    patients = pd.DataFrame(endpoint_columns("os", survival) | endpoint_columns("orr", response))
    read = read_endpoint(patients, "os", "days")
    assert isinstance(read, Survival)
    for name in ("time", "event", "observed", "entry"):
        np.testing.assert_array_equal(getattr(read, name), getattr(survival, name))
    again = read_endpoint(patients, "orr", "")
    assert isinstance(again, Response)
    np.testing.assert_array_equal(again.positive, response.positive)
    np.testing.assert_array_equal(again.observed, seen)
