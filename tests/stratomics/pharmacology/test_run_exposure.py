"""The exposure of a run is read as it was written; a run without exposure has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from saved_exposure import saved_exposure

from stratomics.pharmacology.run_exposure import load_exposure, save_exposure


def test_what_is_saved_is_read(tmp_path: Path) -> None:
    for fit in (True, False):
        saved = saved_exposure(["a", "b"], np.array([5.0, 6.0]), dose=np.array([500.0, np.nan]), fit=fit)
        save_exposure(tmp_path, saved)
        read = load_exposure(tmp_path)
        assert read is not None
        pd.testing.assert_frame_equal(read.table, saved.table)
        for name in ("model", "doi", "window", "measures", "shrinkage", "notes", "endpoints"):
            assert getattr(read, name) == getattr(saved, name)
        if saved.fit is None:
            assert read.fit is None
        else:
            assert read.fit is not None
            assert read.fit.residuals == saved.fit.residuals
            pd.testing.assert_frame_equal(read.fit.levels, saved.fit.levels)
            pd.testing.assert_frame_equal(read.fit.check, saved.fit.check)


def test_a_run_without_exposure(tmp_path: Path) -> None:
    assert load_exposure(tmp_path) is None
