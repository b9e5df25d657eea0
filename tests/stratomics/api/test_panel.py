"""``st.Panel`` and ``Run.panel``: the locked panel in Python."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import stratomics as st


@pytest.mark.slow
def test_a_run_gives_a_panel_and_stores_it(response_run: Path, tmp_path: Path) -> None:
    run = st.open_run(shutil.copytree(response_run, tmp_path / response_run.name))
    found = run.panel([3], lock=3, form="rank", save=True)
    assert found.rows["analytes"].tolist() == [3]
    stored = st.Panel.load(run.path / "panel.json")
    assert stored.digest == found.panel.digest  # type: ignore[union-attr]  # it is locked above
