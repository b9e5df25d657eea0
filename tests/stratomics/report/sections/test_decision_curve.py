"""Decision curves: where stratomics has the highest net benefit, and caveats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_run import SavedRun
from section_text import panels_and_text

from stratomics.report.sections.decision_curve import caveats, decision_curve, spans


@pytest.fixture
def saved(tmp_path: Path) -> SavedRun:
    return SavedRun(tmp_path / "run")


def test_thresholds_with_the_highest_net_benefit_are_listed(saved: SavedRun) -> None:
    panels, _ = panels_and_text(decision_curve(saved.run("survival")))
    table, gains = panels["decision_curve"].table, panels["decision_curve_gain"].table
    best = table["stratomics"] > table[["treat all", "treat none"]].max(axis=1) + 1e-12
    best &= table["stratomics"] >= table["clinical Cox"] - 0.001
    assert best.any()
    expected_text = (
        f"the highest net benefit, or one within 0.001 of it, at {best.sum()} of the {len(table)} thresholds"
    )
    assert expected_text in panels["decision_curve"].sentence
    default = "the better of treating all and treating none"
    expected = table["stratomics"] - table[["treat all", "treat none"]].max(axis=1)
    np.testing.assert_allclose(gains[f"minus {default}"], expected)
    np.testing.assert_allclose(gains["minus clinical Cox"], table["stratomics"] - table["clinical Cox"])
    above = (gains[f"{default}, low"] > 1e-12).to_numpy()
    whole = np.array([float(t.rstrip("%")) / 100 for t in gains["threshold"]])
    assert above.any()
    assert f"over {default}, above 0 at {spans(whole, above)}" in panels["decision_curve_gain"].sentence


def test_an_uninformative_prediction_has_no_gain(saved: SavedRun) -> None:
    def useless(arrays: dict[str, Any]) -> None:
        arrays["linear"] = {"stratomics": np.zeros(150), "clinical_": np.zeros(150)}

    panels, _ = panels_and_text(decision_curve(saved.run("response", useless)))
    assert panels["decision_curve"].sentence.startswith("At none of the")
    assert "above 0 at no threshold" in panels["decision_curve_gain"].sentence


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ([1, 1, 1, 1, 1, 1, 1, 1, 1], "1% to 9%"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 1], "9%"),
        ([1, 0, 1, 0, 1, 1, 0, 0, 1], "1%, 3%, 5% to 6% and 9%"),
        ([1, 0, 1, 0, 1, 0, 1, 0, 1], "5 thresholds between 1% and 9%"),
        ([0] * 9, ""),
    ],
)
def test_thresholds_in_words(where: list[int], words: str) -> None:
    assert spans(np.arange(1, 10) / 100, np.array(where, dtype=bool)) == words


def test_competing_causes_and_delayed_entry_are_stated(saved: SavedRun) -> None:
    def late(arrays: dict[str, Any]) -> None:
        arrays["patients"] |= {"end.cause": arrays["event"].astype(int), "end.entry": np.zeros(150)}

    run = saved.run("survival", late)
    first, second = caveats(run)
    assert "any cause" in first
    assert "delayed entry" in second
    assert decision_curve(run).blocks[-2:] == [first, second]
