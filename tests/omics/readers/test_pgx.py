"""The format pgx in a cohort: features, results that stay with the view, and prevalence that drops no rare carrier."""

import io

import numpy as np
import pandas as pd
import pytest
import yaml

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.cohort.read import inspect_cohort, read_cohort
from omics.cohort.write import write_cohort
from omics.common.errors import CohortError
from omics.readers import PGX_RESULTS
from omics.readers.gene_results import gene_results
from omics.readers.pgx import read_pgx

VIEW = {"modality": "genomics", "scale": "activity", "format": "pgx", "file": "pgx.csv"}


def cohort_folder(folder, diplotypes, view=VIEW):
    """Write a cohort with a table of DPYD diplotypes and a response."""
    ids = [f"P{number:03d}" for number in range(len(diplotypes))]
    rng = np.random.default_rng(0)
    outcome = pd.DataFrame(
        {"sample_id": ids, "response": rng.integers(0, 2, len(ids)), "age": rng.normal(60, 9, len(ids))}
    )
    outcome.to_csv(folder / "outcome.csv", index=False)
    pd.DataFrame({"sample_id": ids, "DPYD": diplotypes}).to_csv(folder / "pgx.csv", index=False)
    spec = {
        "name": "genes",
        "samples": {"file": "outcome.csv", "id": "sample_id"},
        "views": {"pgx": view},
        "endpoints": {"response": {"column": "response", "positive": 1}},
        "covariates": ["age"],
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
    return folder


CARRIER, NORMAL = "Reference/c.1905+1G>A (*2A)", "Reference/Reference"


def test_rare_carriers_survive_min_prevalence(tmp_path):
    """4 carriers in 100; a tenth of the patients is needed on scales with a zero."""
    cohort = read_cohort(cohort_folder(tmp_path, [CARRIER] * 4 + [NORMAL] * 96))
    config = HarmonizeConfig(min_prevalence=0.1)
    harmonizer = Harmonizer(config).fit(cohort)
    features = list(harmonizer.features["pgx"])
    assert "DPYD score" in features
    assert "DPYD Intermediate Metabolizer" in features
    score = harmonizer.transform(cohort).views["pgx"][:, features.index("DPYD score")]
    assert score[:4].max() < score[4:].min()


def test_the_results_stay_with_the_view_and_in_a_file(tmp_path):
    cohort = read_cohort(cohort_folder(tmp_path, [CARRIER, NORMAL, NORMAL, ""]))
    results = pd.read_csv(io.StringIO(cohort["pgx"].uns[PGX_RESULTS]), keep_default_na=False)
    assert results["phenotype"].tolist() == [
        "Intermediate Metabolizer",
        *["Normal Metabolizer"] * 2,
        "Indeterminate",
    ]
    write_cohort(cohort, tmp_path / "stored.h5mu")
    assert read_cohort(tmp_path / "stored.h5mu")["pgx"].uns[PGX_RESULTS] == cohort["pgx"].uns[PGX_RESULTS]


def test_features_of_a_patient_do_not_depend_on_others(tmp_path):
    """The view is stateless: reading a part of the file gives the same rows."""
    names = [CARRIER, NORMAL, "c.2846A>T/c.2846A>T", ""]
    table = pd.DataFrame({"id": list("abcd"), "DPYD": names})
    table.to_csv(tmp_path / "all.csv", index=False)
    together = read_pgx(tmp_path / "all.csv").set_index("sample_id")
    for row in range(4):
        table.iloc[[row]].to_csv(tmp_path / "one.csv", index=False)
        alone = read_pgx(tmp_path / "one.csv").set_index("sample_id")
        pd.testing.assert_frame_equal(alone, together.iloc[[row]])


@pytest.mark.parametrize("scale", ["dosage", "numeric"])
def test_the_scale_must_be_activity(tmp_path, scale):
    folder = cohort_folder(tmp_path, [NORMAL] * 3, VIEW | {"scale": scale})
    with pytest.raises(CohortError, match="scale: activity"):
        read_cohort(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("orient", "features_in_rows"),
        ("id", "sample_id"),
        ("samples_per_patient", "first"),
        ("thousands", ","),
        ("below", "half"),
    ],
)
def test_each_patient_has_one_row(tmp_path, key, value):
    folder = cohort_folder(tmp_path, [NORMAL] * 3, VIEW | {key: value})
    with pytest.raises(CohortError, match=f"remove '{key}'"):
        read_cohort(folder)


def test_patients_who_are_not_in_the_cohort_have_no_results(tmp_path):
    folder = cohort_folder(tmp_path, [NORMAL] * 5 + [CARRIER])
    samples = pd.read_csv(folder / "outcome.csv")
    samples.iloc[:-1].assign(response=[0, 1, 0, 1, 0]).to_csv(folder / "outcome.csv", index=False)
    results = gene_results(read_cohort(folder))
    assert results["patient"].tolist() == [f"P{number:03d}" for number in range(5)]


def test_an_error_in_the_file_is_an_error_of_the_cohort(tmp_path):
    _, errors = inspect_cohort(cohort_folder(tmp_path, [NORMAL, "*1/*99", NORMAL]))
    assert [error.code for error in errors] == ["unknown_allele"]
    assert errors[0].patient == "P001"


@pytest.mark.parametrize("name", ["a.json", "a.zip"])
def test_another_json_or_archive_is_an_error(tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(CohortError, match="no result of PharmCAT"):
        read_pgx(tmp_path / name)
