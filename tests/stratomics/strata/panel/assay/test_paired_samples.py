"""Paired samples: aligned by sample, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import InputError
from stratomics.strata.panel.assay.paired_samples import read_paired
from stratomics.strata.panel.values import AnalyteName

PANEL = [AnalyteName("rna", "a"), AnalyteName("rna", "b")]
HEAD = "view,analyte,sample,training,other\n"


def test_samples_are_aligned(tmp_path: Path) -> None:
    path = tmp_path / "paired.csv"
    path.write_text(HEAD + "rna,a,s1,1,10\nrna,a,s2,2,20\nrna,b,s2,3,\nrna,b,s3,4,40\n")
    other, training = read_paired(path, PANEL)
    np.testing.assert_array_equal(other, [[10, np.nan], [20, np.nan], [np.nan, 40]])
    np.testing.assert_array_equal(training, [[1, np.nan], [2, 3], [np.nan, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [("view,analyte\n", "no column 'sample'"), (HEAD + "rna,a,s1,1,2\n", "no sample of 'rna: b'")],
)
def test_a_wrong_table_is_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "paired.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_paired(path, PANEL)
