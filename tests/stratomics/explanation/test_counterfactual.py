"""The smallest change that changes the decision: it does so for a patient who has the changed value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from explained_model import ExplainedModel, explained_model

from models.ensemble.inputs import FACTORS
from stratomics.explanation.counterfactual import decision_of, smallest_changes


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ExplainedModel:
    return explained_model(tmp_path_factory.mktemp("model"))


def test_a_changed_covariate_changes_the_decision(model: ExplainedModel) -> None:
    fitted, cohort, patients, reference = model
    risk = fitted.predict(cohort).patients["risk"].to_numpy()
    decision = decision_of(["risk"], reference)
    median = float(np.median(reference.quantiles["prediction"]))
    found = 0
    for row in np.argsort(np.abs(risk - median))[:6]:
        one = patients.take(np.array([row]))
        changes = smallest_changes(fitted, one, reference, decision, ["age", "stage"])
        assert [change.size for change in changes] == sorted(change.size for change in changes)
        for change in (one for one in changes if not one.name.startswith("factor")):
            changed = cohort[[row]].copy()
            changed.obs[change.name] = [change.changed]
            after = fitted.predict(changed).patients
            assert decision.of(after)[0] == change.after != change.before
            found += 1
    assert found


def test_no_smaller_change_of_a_factor_on_the_grid(model: ExplainedModel) -> None:
    fitted, cohort, patients, reference = model
    risk = fitted.predict(cohort).patients["risk"].to_numpy()
    median = float(np.median(reference.quantiles["prediction"]))
    row = int(np.argmin(np.abs(risk - median)))
    one = patients.take(np.array([row]))
    changes = smallest_changes(fitted, one, reference, decision_of(["risk"], reference))
    for change in changes:
        k = list(reference.factors).index(change.name)
        for share, crossed in ((1.0, True), (0.0, False)):
            moved = patients.take(np.array([row]))
            distance = (float(change.changed) - float(change.value)) * share
            for member, match in zip(moved.members, reference.members, strict=True):
                if match.partner[k] >= 0:
                    member.blocks[FACTORS][:, match.partner[k]] += match.sign[k] * distance
            side = fitted.predict_encoded(moved).patients["risk"].item() > median
            assert (side != (risk[row] > median)) == crossed


def test_other_decisions(model: ExplainedModel) -> None:
    decision = decision_of(["response_probability", "response_set"], model.reference)
    table = pd.DataFrame({"response_set": ["positive", "negative|positive"]})
    assert decision.of(table).tolist() == ["positive", "negative|positive"]
    side = decision_of(["response_probability"], model.reference)
    assert set(side.of(pd.DataFrame({"response_probability": [0.0001, 0.9999]}))) == {
        "at or below the median",
        "above the median",
    }
