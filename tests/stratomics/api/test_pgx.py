"""``st.pgx``: the public names give what the modules below compute."""

import pandas as pd
import pytest
from pgx_cohort import write_pgx_cohort

import stratomics as st


def test_results_guidance_and_comparison_of_a_cohort(tmp_path):
    cohort = st.read_cohort(write_pgx_cohort(tmp_path))
    results = st.pgx.results(cohort).set_index(["patient", "gene"])
    assert results.loc[("P1", "CYP2D6"), "phenotype"] == "Intermediate Metabolizer"
    table = st.pgx.guidance(cohort, pd.DataFrame({"patient": ["P2"], "drug": ["clopidogrel"]}))
    assert table["recommendation"].tolist() == ["alternative drug"]
    assert len(st.pgx.guidance(cohort)) > 100
    assert st.pgx.compare("2025-11-05", "2026-10-11", cohort)["patient"].tolist() == ["P3"]
    assert len(st.pgx.compare("2025-11-05", "2026-10-11")) == 741


def test_one_diplotype_and_trials():
    found = st.pgx.phenotype("CYP2D6", "*2 (*35)/*9")
    assert found["weight"].tolist() == [0.5, 0.5]
    assert st.pgx.phenotype("CYP2D6", "").empty
    assert st.pgx.trials(0.3, 0.5)["events"].round(1).tolist()[1:] == [65.3, 311.2]
    with pytest.raises(st.InputError, match="did you mean 'CYP2D6'"):
        st.pgx.phenotype("CYP2D66", "*1/*1")
