"""All plots: names, lazy import, Axes in and out, and no trace in what they are given."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import stratomics as st
from omics.common.errors import InputError
from omics.common.registry import resolve
from stratomics.api.pl import _PLOTS


def test_names_are_loaded_when_used() -> None:
    script = "import stratomics.api.pl, sys; print('matplotlib' in sys.modules, 'scanpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    assert dir(st.pl) == sorted(_PLOTS)


@pytest.mark.parametrize("name", sorted(_PLOTS))
def test_a_name_is_a_function_also_the_second_time(name: str) -> None:
    # A file with the name of its function would take its place once it is imported.
    function = resolve(_PLOTS, name, "plot")
    assert getattr(st.pl, name) is getattr(st.pl, name) is function
    assert function.__name__ == name


def test_a_wrong_name_suggests_the_right_one() -> None:
    with pytest.raises(AttributeError, match="did you mean 'calibration'"):
        _ = st.pl.calibraton  # type: ignore[attr-defined]


OTHERS = ("dose", "project", "reconstruct", "tumour_growth", "twin", "twin_trial")
"""Tools and plots that need more than a cohort, or none."""


@pytest.mark.parametrize(
    "other", [AnnData(np.ones((2, 1))), pd.DataFrame({"a": [1]}), "cohort.h5mu", Path("c")]
)
@pytest.mark.parametrize(
    "function",
    [
        *(resolve(_PLOTS, name, "plot") for name in sorted(_PLOTS) if name not in OTHERS),
        *(getattr(st.tl, name) for name in st.tl.__all__ if name not in OTHERS),
        *(getattr(st.get, name) for name in st.get.__all__),
        lambda other: st.tl.project(other, other),
        lambda other: st.tl.reconstruct(other, other, "rna"),
        st.pp.copy_clinical,
    ],
)
def test_what_is_no_cohort_is_one_sentence(function: Callable[[object], object], other: object) -> None:
    with pytest.raises(InputError, match=r"need.*(is of type|time= and event=)|has no curves"):
        function(other)


@pytest.mark.parametrize("module", [st.tl, st.get, st.pp])
def test_modules_list_public_names_and_suggest_them(module: ModuleType) -> None:
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match=f"did you mean '{module.__all__[0]}'"):
        getattr(module, module.__all__[0] + "x")


def test_types_are_declared_for_each_name() -> None:
    stub = Path(st.pl.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert [line.split()[-1] for line in stub.splitlines()] == re.findall(r"import (\w+) as", stub)
    assert set(re.findall(r"import (\w+) as", stub)) == set(_PLOTS)
