"""Tables of noise: coefficients of variation, replicates, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import InputError
from stratomics.strata.panel.assay.noise import AnalyteNoise
from stratomics.strata.panel.assay.noise_table import read_noise
from stratomics.strata.panel.values import AnalyteName

KNOWN = [AnalyteName("rna", "a"), AnalyteName("rna", "b"), AnalyteName("lab", "c")]
SCALES = {"rna": "log", "lab": "numeric"}


def read(tmp_path: Path, text: str, panel: tuple[int, ...] = (0, 1, 2)) -> AnalyteNoise:
    path = tmp_path / "noise.csv"
    path.write_text(text)
    return read_noise(path, [KNOWN[i] for i in panel], SCALES, KNOWN)


def test_coefficients_and_limits(tmp_path: Path) -> None:
    noise = read(tmp_path, "view,analyte,cv,lod\nrna,*,0.1,\nrna,b,0.3,2.5\nlab,c,0.2,0\n")
    np.testing.assert_allclose(noise.sd, [0.1439, 0.4235, 0.0], atol=1e-4)
    np.testing.assert_allclose(noise.relative, [0, 0, 0.2])
    np.testing.assert_array_equal(noise.limit, [np.nan, 2.5, 0.0])
    assert noise.names[2] == "lab: c"


def test_replicates_give_the_deviation_within_samples(tmp_path: Path) -> None:
    rows = "rna,a,s1,1\nrna,a,s1,3\nrna,a,s2,5\nrna,a,s2,5\nrna,a,s3,9\n"
    noise = read(tmp_path, "view,analyte,sample,value\n" + rows, (0,))
    assert noise.sd.tolist() == [1.0]
    assert np.isnan(noise.limit).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("view,analyte\n", "the columns must be view, analyte, cv"),
        ("view,analyte,cv\nrna,*,15\nlab,c,0.1\n", "is 15.0; write 0.15 for 15%"),
        ("view,analyte,cv\nrna,*,x\nlab,c,0.1\n", "is x; write 0.15"),
        ("view,analyte,cv\nrna,*,0.1\n", "no line for 'lab: c'"),
        ("view,analyte,cv\nrna,z,0.1\n", "view 'rna' has no analyte 'z'"),
        ("view,analyte,cv\nran,a,0.1\n", "no view 'ran'; did you mean 'rna'"),
        ("view,analyte,sample,value\nrna,*,s,1\nlab,c,s,1\n", "no sample of 'rna: a' was measured twice"),
    ],
)
def test_a_wrong_table_is_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)
