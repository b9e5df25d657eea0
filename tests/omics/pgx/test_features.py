"""Features: the same columns in every cohort, one patient at a time, NaN where indeterminate."""

import numpy as np
import pandas as pd

from omics.pgx.features import RESULT_COLUMNS, features_of, results_of
from omics.pgx.gene_call import GeneCall

CALLS = {
    "P1": {
        "CYP2D6": GeneCall("CYP2D6", "table", {"*1/*4": 1.0}),
        "HLA-B": GeneCall("HLA-B", "table", {"*15:02/*57:01": 1.0}),
    },
    "P2": {"CYP2D6": GeneCall("CYP2D6", "table", {"*1/*22": 1.0})},
    "P3": {"CYP2D6": GeneCall("CYP2D6", "table", {"*4/*4": 0.5, "*1/*4": 0.5})},
}


def test_features_are_scores_and_weights_of_phenotypes():
    features = features_of(CALLS)
    assert features.loc["P1", ["CYP2D6 score", "CYP2D6 score sd"]].tolist() == [1.0, 0.0]
    assert features.loc["P1", "HLA-B *15:02 positive"] == features.loc["P1", "HLA-B *57:01 positive"] == 1.0
    assert features.loc["P1", "HLA-B *58:01 positive"] == 0.0
    assert features.loc["P2"].isna().all()
    expected = {"CYP2D6 score": 0.5, "CYP2D6 score sd": 0.5, "CYP2D6 Poor Metabolizer": 0.5}
    assert {name: features.loc["P3", name] for name in expected} == expected
    assert np.isnan(features.loc["P3", "HLA-B *57:01 positive"])


def test_a_patient_has_the_same_features_in_every_company():
    together = features_of(CALLS)
    for patient, calls in CALLS.items():
        alone = features_of({patient: calls})
        pd.testing.assert_frame_equal(alone, together.loc[[patient], list(alone.columns)])


def test_results_have_a_row_per_patient_and_gene():
    results = results_of(CALLS)
    assert tuple(results.columns) == RESULT_COLUMNS
    assert len(results) == 4
    third = results.set_index("patient").loc["P3"]
    assert (third["weight"], third["alternatives"], third["date"]) == (0.5, "*1/*4 0.5", "2026-10-11")
