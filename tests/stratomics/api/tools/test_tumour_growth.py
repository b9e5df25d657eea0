"""``st.tl.tumour_growth``: one sentence for wrong input; `stratomics tumour` tests the fit that it shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import small
from sized_cohort import write_run, write_sized

import stratomics as st
from omics.common.errors import CohortError, ConfigError
from stratomics.pharmacology import tumour_growth as fit
from stratomics.pharmacology.tumour_inputs import TumourInputs


def test_the_fit_gets_the_cohort_and_the_seed_of_the_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "run", write_sized(tmp_path / "cohort"))
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    draws = []

    def fake(curve: str, inputs: TumourInputs, generator: np.random.Generator) -> tuple[str, int]:
        draws.append(generator.random())
        return curve, len(inputs.patients)

    monkeypatch.setattr(fit, "tumour_growth", fake)
    curves = ("stein", "claret")
    assert [st.tl.tumour_growth(run.path, curve) for curve in curves] == [(curve, 40) for curve in curves]
    assert st.tl.tumour_growth(str(run.path)) == ("stein", 40)
    assert draws[0] == draws[2] != draws[1]
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_wrong_input_is_one_sentence(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", small.write(tmp_path / "cohort"))
    with pytest.raises(ConfigError, match="unknown curve 'gompertz'"):
        st.tl.tumour_growth(run.path, "gompertz")
    with pytest.raises(CohortError, match="no block 'tumour_size'"):
        st.tl.tumour_growth(run.path)
