"""The exposure of a run is read as it was written; a run without exposure has none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from saved_exposure import saved_exposure

from stratomics.pharmacology.run_exposure import RefitSummary, load_exposure, save_exposure


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


def test_a_refit_and_targets_are_read_and_leave_other_runs_as_they_were(tmp_path: Path) -> None:
    plain = saved_exposure(["a", "b"], np.array([5.0, 6.0]), dose=np.array([500.0, 600.0]))
    save_exposure(tmp_path, plain)
    text = (tmp_path / "exposure.json").read_text()
    assert '"refit"' not in text
    assert '"target"' not in text
    values = pd.DataFrame({"value": ["CL", "Q"], "refitted": [4.5, 6.5], "relative_error": [0.1, np.nan]})
    refit = RefitSummary(12, 24, "", values)
    save_exposure(tmp_path, replace(plain, refit=refit, target={"auc24_ss": (400.0, 600.0)}))
    read = load_exposure(tmp_path)
    assert read is not None
    assert read.target == {"auc24_ss": (400.0, 600.0)}
    assert read.refit is not None
    assert (read.refit.patients, read.refit.levels, read.refit.note) == (12, 24, "")
    pd.testing.assert_frame_equal(read.refit.values, values)


def test_a_run_without_exposure(tmp_path: Path) -> None:
    assert load_exposure(tmp_path) is None
