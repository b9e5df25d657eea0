"""Sets of a panel: found where its analytes belong to a set, and not because its analytes are the score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from claims import at_most, repetitions

import stratomics as st
from stratomics.strata.biology.one_view import FeatureTable
from stratomics.strata.biology.panel_sets import PanelScores, analyse_panel, panel_scores
from stratomics.strata.biology.result import PANEL_SCORE
from stratomics.strata.biology.sets import SetCollection
from stratomics.strata.panel.values import AnalyteName

N, SETS, SIZE = 80, 12, 15
NAMES = [f"g{number}" for number in range(SETS * SIZE + 420)]
MEMBERS = {f"set{one}": tuple(NAMES[one * SIZE : (one + 1) * SIZE]) for one in range(SETS)}
GIVEN = SetCollection("mine", MEMBERS, {name: name for name in MEMBERS})


def table_of(rng: np.random.Generator) -> FeatureTable:
    """Twelve sets of features, each with a factor of its own, and 420 features in no set."""
    factors = np.repeat(rng.normal(size=(N, SETS)), SIZE, axis=1)
    x = rng.normal(size=(N, len(NAMES)))
    x[:, : SETS * SIZE] += 0.5 * factors
    values = pd.DataFrame(x, [f"p{row}" for row in range(N)], NAMES)
    return FeatureTable("rna", "transcriptomics", values, pd.DataFrame(index=NAMES))


def scores_of(table: FeatureTable, features: list[str]) -> PanelScores:
    return PanelScores(table.values[features].sum(axis=1), tuple(AnalyteName("rna", one) for one in features))


def test_the_sets_of_the_analytes_are_found_with_their_analytes() -> None:
    table = table_of(np.random.default_rng(0))
    found = analyse_panel([table], scores_of(table, ["g0", "g1", "g2", "g180"]), GIVEN)
    assert found.tests["contrast"].unique().tolist() == [PANEL_SCORE]
    assert found.found["set"].tolist() == ["set0"]
    # Three of its fifteen features are analytes, and are left out.
    assert found.found["n"].item() == SIZE - 3
    assert found.found["direction"].item() == "up"
    assert found.notes[0].startswith("Without the analytes of the panel: View 'rna'")
    assert found.panel == tuple(f"rna: {name} is in set0." for name in ("g0", "g1", "g2"))


def test_an_exchangeable_feature_stands_for_its_analyte() -> None:
    table = table_of(np.random.default_rng(1))
    # A feature in no set that is nearly a copy of one in a set.
    rng = np.random.default_rng(2)
    table.values["g180"] = table.values["g0"] + 0.3 * rng.normal(size=N)
    table.values["g181"] = table.values["g1"] + 0.3 * rng.normal(size=N)
    found = analyse_panel([table], scores_of(table, ["g180", "g181"]), GIVEN)
    assert found.found["set"].tolist() == ["set0"]
    assert found.panel[0] == "rna: g180 or the feature exchangeable with it is in set0."


@repetitions(20, 200, quick=True)
def test_analytes_of_no_set_rarely_give_one(repetitions: int) -> None:
    """The score of five features that are related to nothing: ``docs/claims.md``."""
    some = 0
    for seed in range(repetitions):
        table = table_of(np.random.default_rng(seed))
        some += len(analyse_panel([table], scores_of(table, NAMES[-5:]), GIVEN).found) > 0
    assert some <= at_most(0.05, repetitions)


def test_a_patient_without_the_analytes_has_no_score() -> None:
    cohort = st.simulate(patients=100, features={"rna": 30, "protein": 10}, arm=False, seed=3)
    panel = st.Panel.fit(cohort, analytes=3)
    views = {one.view for one in panel.analytes}
    scores = panel_scores(panel, cohort)
    assert scores.analytes == panel.analytes
    absent = ~np.any([cohort.obs_names.isin(cohort[view].obs_names) for view in views], axis=0)
    assert scores.score.isna().to_numpy()[absent].all()
    assert scores.score.notna().mean() > 0.5


def test_biology_of_a_cohort_takes_a_panel() -> None:
    cohort = st.simulate(patients=100, features={"rna": 40, "protein": 12}, arm=False, seed=4)
    panel = st.Panel.fit(cohort, analytes=3)
    sets = {"odd": [f"gene{number}" for number in range(1, 40, 2)], "low": [f"gene{n}" for n in range(1, 20)]}
    with pytest.raises(st.InputError, match="factors"):
        st.tl.biology(cohort, sets)
    st.tl.biology(cohort, sets, panel=panel)
    assert set(st.get.biology(cohort)["contrast"]) == {PANEL_SCORE}
