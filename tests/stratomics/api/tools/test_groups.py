"""Groups written into a cohort, and that they survive a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from grouped_cohort import grouped_cohort

from omics.cohort.read import read_cohort
from omics.cohort.write import write_cohort
from omics.common.errors import ConfigError
from stratomics.api import tl
from stratomics.strata.groups import existence


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HALVES", 2), ("DRAWS", 3), ("DRAW_HALVES", 2), ("NEARLY", 2.0)):
        monkeypatch.setattr(existence, name, value)


@pytest.mark.slow
def test_groups_are_written_and_survive_a_file(tmp_path: Path) -> None:
    cohort = grouped_cohort()
    assert tl.subtypes(cohort, 2, numbers=[2], model="pca", count=3) is None
    groups = cohort.obs["subtype"].astype(str).to_numpy()
    assert {len(set(groups[:36])), len(set(groups[36:]))} == {1}
    np.testing.assert_allclose(cohort.obs[["subtype_p_S1", "subtype_p_S2"]].sum(axis=1), 1.0)
    again = read_cohort(write_cohort(cohort, tmp_path / "two.h5mu"))
    assert again.obs["subtype"].astype(str).tolist() == groups.tolist()
    assert json.loads(cohort.uns["subtype"])["sizes"] == {"S1": 36, "S2": 36}


def test_gradients_leave_the_column_empty_and_a_column_is_not_replaced() -> None:
    copied = tl.subtypes(grouped_cohort(), numbers=[2], model="pca", count=3, copy=True)
    assert copied is not None
    assert copied.obs["subtype"].isna().all()
    with pytest.raises(ConfigError, match="key_added is 'kind', which is a column of the samples table"):
        tl.subtypes(grouped_cohort(), 2, numbers=[2], model="pca", count=3, key_added="kind")
