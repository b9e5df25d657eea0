"""Tables of a run as later code reads them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.common.files import write_parquet
from stratomics.runs.run_directory import RunDirectory


def test_the_uncertainty_of_a_factor_is_no_factor(tmp_path: Path) -> None:
    assert RunDirectory(tmp_path).factor_scores is None
    (tmp_path / "factors").mkdir()
    table = pd.DataFrame({"sample_id": ["a", "b"], "factor1": [1.0, 2.0], "factor1_sd": [0.1, 0.2]})
    write_parquet(tmp_path / "factors" / "factors.parquet", table)
    scores = RunDirectory(tmp_path).factor_scores
    assert scores is not None
    assert scores.to_dict() == {"factor1": {"a": 1.0, "b": 2.0}}
