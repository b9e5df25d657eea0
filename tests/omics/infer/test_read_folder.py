"""An h5mu of scverse becomes a cohort: a view for each modality, the patients and outcomes from ``obs``."""

from __future__ import annotations

from pathlib import Path

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest

from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.write_yaml import as_yaml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    ids = [f"P{i:02d}" for i in range(30)]
    counts = rng.poisson(80, (30, 8))

    def part(values: np.ndarray, rows: slice, prefix: str) -> anndata.AnnData:
        var = pd.DataFrame(index=[f"{prefix}{i}" for i in range(values.shape[1])])
        obs = pd.DataFrame({"depth": values[rows].sum(axis=1)}, index=ids[rows])
        return anndata.AnnData(values[rows], obs=obs, var=var)

    rna = part(np.log1p(counts), slice(0, 30), "GENE")
    rna.layers["counts"] = counts
    data = mudata.MuData({"rna": rna, "prot": part(rng.normal(size=(30, 5)), slice(0, 20), "P")})
    data.obs["os_days"], data.obs["os_event"] = rng.integers(1, 900, 30), rng.integers(0, 2, 30)
    data.obs["stage"] = pd.Categorical(["I", "II", "III"] * 10)
    data.write_h5mu(tmp_path / "study.h5mu")
    return tmp_path


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_modalities_are_views(folder: Path) -> None:
    guess = guess_cohort(folder)
    views = guess.as_dict()["views"]
    assert {name: (view["file"], view["mod"]) for name, view in views.items()} == {
        "rna": ("study.h5mu", "rna"),
        "prot": ("study.h5mu", "prot"),
    }
    (folder / "cohort.yaml").write_text(as_yaml(guess))
    cohort = read_cohort(folder)
    stored = mudata.read_h5mu(folder / "study.h5mu")
    assert cohort["rna"].shape == (30, 8)
    assert cohort["prot"].shape == (20, 5)
    np.testing.assert_allclose(cohort["prot"].X, stored["prot"].X)
    survival = cohort_endpoints(cohort).named["survival"]
    np.testing.assert_array_equal(survival.time, stored.obs["os_days"])
    assert set(cohort.obs["stage"]) == {"I", "II", "III"}


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_modality_that_is_absent_is_an_error(folder: Path) -> None:
    text = as_yaml(guess_cohort(folder))
    (folder / "cohort.yaml").write_text(text.replace("mod: rna", "mod: rnaa"))
    with pytest.raises(CohortError, match="no modality 'rnaa'; did you mean 'rna'"):
        read_cohort(folder)
