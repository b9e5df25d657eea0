"""Time-dependent AUC: the saved curve with its interval, and times without enough patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_run import SavedRun
from section_text import panels_and_text

from stratomics.report.sections.time_auc import time_auc


@pytest.fixture
def saved(tmp_path: Path) -> SavedRun:
    return SavedRun(tmp_path / "run")


def test_the_auc_is_the_saved_one_within_its_interval(saved: SavedRun) -> None:
    run = saved.run("survival")
    panels, text = panels_and_text(time_auc(run))
    table = panels["time-auc"].table
    curve = run.metrics["curves"]["stratomics"]["time_auc"]
    known = dict(zip(curve["x"], curve["y"], strict=True))
    assert [known[t] for t in table["time in years"]] == table["stratomics"].tolist()
    assert (table["stratomics, low"] <= table["stratomics"]).all()
    assert (table["stratomics"] <= table["stratomics, high"]).all()
    for _, row in table.iterrows():
        assert row["events"] == (run.survival.event & (run.survival.time <= row["time in years"])).sum() >= 5
        assert row["at risk"] == (run.survival.time > row["time in years"]).sum()
    # stratomics has the full risk, the clinical baseline half of it.
    assert table["stratomics"].mean() > table["clinical Cox"].mean() > 0.5
    assert f"{len(curve['x']) - len(table)} other times" in text
    figure = run.metrics["differences"]["clinical_cox"]["end"]["time_auc"]
    assert f"the difference {figure['estimate']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})" in text


def test_too_few_events_give_a_sentence_instead_of_a_curve(saved: SavedRun) -> None:
    def two_events(arrays: dict[str, Any]) -> None:
        arrays["event"] = np.zeros(150, dtype=bool)
        arrays["event"][np.argsort(arrays["time"])[20:22]] = True

    section = time_auc(saved.run("survival", two_events))
    panels, text = panels_and_text(section)
    assert not panels
    assert "at no time have 5 patients had the event" in text
