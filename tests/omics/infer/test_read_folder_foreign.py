"""Folders as other people lay them out: Xena, a series matrix of GEO, an export of REDCap with labels."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from guess_tables import ROWS, column, counts, outcomes, patients, write

from omics.cohort.read import cohort_endpoints, read_cohort
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.write_yaml import as_yaml

BARCODES = [f"TCGA-A1-{1000 + i}-01" for i in range(ROWS)]


def test_files_of_xena_without_a_telling_ending_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clinical = pd.DataFrame({"sampleID": BARCODES, "age": column(50, 60), "gender": column("MALE", "FEMALE")})
    survival = pd.DataFrame({"sample": BARCODES, "OS": column(0, 1), "OS.time": column(30, 500)})
    clinical.merge(survival, left_on="sampleID", right_on="sample").drop(columns="sample").to_csv(
        tmp_path / "ACC_clinicalMatrix", sep="\t", index=False
    )
    survival.to_csv(tmp_path / "survival_ACC.txt", sep="\t", index=False)
    values = pd.DataFrame(rng.normal(8, 2, (6, ROWS)), columns=BARCODES, index=[f"GENE{i}" for i in range(6)])
    values.rename_axis("sample").to_csv(tmp_path / "HiSeqV2.gz", sep="\t")
    (tmp_path / "README").write_text("This folder has data.\nIt is small.\n")
    guess = guess_cohort(tmp_path)
    content = guess.as_dict()
    assert content["samples"] == {"file": "ACC_clinicalMatrix", "format": ".tsv", "id": "sampleID"}
    (view,) = content["views"].values()
    assert (view["file"], view["format"], view["orient"]) == ("HiSeqV2.gz", ".tsv.gz", "features_in_rows")
    assert "columns of an outcome, which a view must not have" in guess.roles.unmatched["survival_ACC.txt"]
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    cohort = read_cohort(tmp_path)
    np.testing.assert_allclose(next(cohort[name].X for name in content["views"]), values.T)


def test_a_table_with_outcomes_is_never_a_view(tmp_path: Path) -> None:
    clinical = outcomes().assign(age=column(50, 60), stage=column("I", "II"))
    guess = guess_cohort(write(tmp_path, clinical=clinical, survival=outcomes(), rna=counts()))
    assert guess.as_dict()["samples"]["file"] == "clinical.csv"
    assert list(guess.as_dict()["views"]) == ["rna"]


def series(names: Sequence[str]) -> str:
    def row(key: str, values: Sequence[object]) -> str:
        return "\t".join([key, *(f'"{value}"' for value in values)])

    lines = [
        '!Series_title\t"A study"',
        "",
        row("!Sample_title", [f"tumour {i}" for i in range(ROWS)]),
        row("!Sample_geo_accession", names),
        *(
            row("!Sample_characteristics_ch1", [f"{key}: {value}" for value in values])
            for key, values in {
                "age": column(50, 60),
                "os.months": column(2, 40),
                "os.event": column(0, 1),
            }.items()
        ),
        "!series_matrix_table_begin",
        row('"ID_REF"', names),
        *(row(f'"{1000 + i}_at"', []) + "\t" + "\t".join(map(str, column(5.5 + i, 7.25))) for i in range(4)),
        "!series_matrix_table_end",
    ]
    return "\n".join(lines) + "\n"


def test_a_series_matrix_is_samples_and_a_view(tmp_path: Path) -> None:
    names = [f"GSM{i}" for i in range(ROWS)]
    (tmp_path / "GSE1_series_matrix.txt.gz").write_bytes(gzip.compress(series(names).encode()))
    guess = guess_cohort(tmp_path)
    content = guess.as_dict()
    assert content["samples"]["format"] == "series_clinical"
    view = content["views"]["gse1_series_matrix"]
    assert (view["modality"], view["scale"], view["format"]) == ("transcriptomics", "log", "series_matrix")
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    cohort = read_cohort(tmp_path)
    assert list(cohort.obs_names) == names
    survival = cohort_endpoints(cohort).named["survival"]
    np.testing.assert_array_equal(survival.time, column(2, 40))
    assert list(cohort["gse1_series_matrix"].var_names) == [f"{1000 + i}_at" for i in range(4)]


def test_labels_of_redcap(tmp_path: Path) -> None:
    best = ["Complete response", "Partial response", "Stable disease", "Progressive disease", "Not evaluable"]
    export = pd.DataFrame(
        {
            "Record ID": patients(),
            "Smoking status": column("Never", "Former", "Current"),
            "Best overall response": column(*best),
            "Survival time (days)": column(30, 500),
            "Vital status": column("Dead", "Alive"),
        }
    )
    guess = guess_cohort(write(tmp_path, STUDY_DATA_LABELS=export, rna=counts()))
    assert guess.endpoints.notes == []
    response = guess.as_dict()["endpoints"]["response"]
    assert response["levels"] == best[3::-1]
    assert response["positive"] == best[1::-1]
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    observed = cohort_endpoints(read_cohort(tmp_path)).named["response"].observed
    np.testing.assert_array_equal(observed, export["Best overall response"] != "Not evaluable")
