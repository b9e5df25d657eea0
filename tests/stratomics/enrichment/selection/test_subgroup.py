"""The locked rule: stored and read back, and applied to new patients."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import ConfigError, DataError, InputError
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.selection.subgroup import SelectionRate, Subgroup, selection_rates
from stratomics.enrichment.store import load_subgroup, save_subgroup


def test_a_locked_rule_is_read_back_as_it_was_stored(tmp_path: Path) -> None:
    rule = Subgroup(
        "benefit", 0.1, model="abc", prevalence=0.3, effects={"apparent": Effect(0.5, 0.4, 0.6, 0.1)}
    )
    save_subgroup(tmp_path / "subgroup.json", rule)
    assert load_subgroup(tmp_path / "subgroup.json") == rule
    content = json.loads((tmp_path / "subgroup.json").read_text())
    assert content["schema_version"] == 1
    assert content["status"].startswith("exploratory")
    content["colour"] = "red"
    (tmp_path / "subgroup.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"subgroup\.json: not a Subgroup: colour missing or unknown"):
        load_subgroup(tmp_path / "subgroup.json")
    with pytest.raises(ConfigError, match="direction is 'over'"):
        Subgroup("benefit", 0.1, direction="over")
    with pytest.raises(DataError, match="not a finite number"):
        Subgroup("benefit", float("nan"))


def test_eligible_patients_abstentions_and_the_agreement_of_the_ensemble() -> None:
    score, sd = np.array([1.0, 3.0, np.nan, 3.0]), np.array([1.0, 1.0, 1.0, 0.0])
    observed = np.array([True, False, True, True])
    rule = Subgroup("benefit", 2.0)
    table = rule.eligible(score, sd, observed)
    assert table["eligible"].tolist() == [False, False, False, True]
    assert table["abstain"].tolist() == [False, True, True, False]
    assert table["agreement"].tolist() == pytest.approx([0.8413447, np.nan, np.nan, 1.0], nan_ok=True)
    lenient = Subgroup("benefit", 2.0, missing="score").eligible(score, sd, observed)
    assert lenient["eligible"].tolist() == [False, True, False, True]
    below = Subgroup("risk", 2.0, direction="below").eligible(score)
    assert below["eligible"].tolist() == [True, False, False, False]
    rates = selection_rates(table, np.array(["a", "a", "b", "b"]))
    assert rates == {"a": SelectionRate(2, 0.0, 0.5), "b": SelectionRate(2, 0.5, 0.5)}
