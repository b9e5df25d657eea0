"""Follow-up of a survival endpoint, and completeness of a response."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from written_run import people, written

from stratomics.report.section import Panel
from stratomics.report.sections.follow_up import follow_up_block


def test_follow_up_of_both_kinds(tmp_path: Path) -> None:
    panel = follow_up_block(written(tmp_path / "a", people(80, seed=2)))
    assert isinstance(panel, Panel)
    assert re.match(r"Median follow-up is \d+ months \(95% interval \d+ to \d+\)", panel.sentence)
    assert panel.table["at risk"].tolist()[0] == 80
    assert panel.table["events so far"].is_monotonic_increasing
    patients = people(40, "response")
    patients.loc[:9, "response"] = pd.NA
    text = follow_up_block(written(tmp_path / "b", patients, kind="response"))
    positive = int(patients["response"].sum())
    assert isinstance(text, str)
    assert f"recorded for 30 of 40 patients (75%) and positive in {positive} of them" in text
