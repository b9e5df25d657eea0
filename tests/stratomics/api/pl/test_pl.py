"""All plots: names, lazy import, Axes in and out, and no trace in what they are given."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import stratomics as st
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


def test_types_are_declared_for_each_name() -> None:
    stub = Path(st.pl.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    assert [line.split()[-1] for line in stub.splitlines()] == re.findall(r"import (\w+) as", stub)
    assert set(re.findall(r"import (\w+) as", stub)) == set(_PLOTS)
