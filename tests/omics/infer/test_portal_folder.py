from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import CohortError
from omics.infer.portal_folder import read_portal
from stratomics.cli import main

N = 30


def clinical(path: Path, columns: dict[str, list[object]]) -> None:
    names = list(columns)
    lines = ["#" + "\t".join(names)] * 4 + ["\t".join(names)]
    lines += ["\t".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def portal(tmp_path: Path) -> Path:
    """A made-up study with two samples of the first patient, and files that repeat others."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "made_up_study"
    folder.mkdir()
    patients = [f"MU-{i:04d}" for i in range(N)]
    samples = [f"{patient}-T01" for patient in patients] + [f"{patients[0]}-T02"]
    dead = rng.random(N) < 0.5
    months = rng.exponential(30, N).round(2)
    clinical(
        folder / "data_clinical_patient.txt",
        {
            "PATIENT_ID": patients,
            "OS_STATUS": ["1:DECEASED" if one else "0:LIVING" for one in dead],
            "OS_MONTHS": list(months),
            "AGE": list(rng.integers(40, 80, N)),
            "SEX": ["Female", "Male"] * (N // 2),
        },
    )
    owners = [*patients, patients[0]]
    clinical(folder / "data_clinical_sample.txt", {"PATIENT_ID": owners, "SAMPLE_ID": samples})
    values = pd.DataFrame(rng.integers(50, 9000, (40, N + 1)) / 1.7, columns=samples)
    values.insert(0, "Hugo_Symbol", [f"GENE{i}" for i in range(40)])
    values.insert(1, "Entrez_Gene_Id", range(40))
    values.loc[1, "Hugo_Symbol"] = "GENE0"
    values.to_csv(folder / "data_mrna_seq_v2_rsem.txt", sep="\t", index=False)
    values.to_csv(folder / "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt", sep="\t", index=False)
    copies = values.copy()
    copies[samples] = rng.integers(-2, 3, (40, N + 1))
    copies.to_csv(folder / "data_cna.txt", sep="\t", index=False)
    mutations = pd.DataFrame(
        {
            "Hugo_Symbol": rng.choice(["TP53", "KRAS", "EGFR"], 60),
            "Tumor_Sample_Barcode": rng.choice(samples[:20], 60),
            "Variant_Classification": "Missense_Mutation",
        }
    )
    mutations.to_csv(folder / "data_mutations.txt", sep="\t", index=False)
    (folder / "data_gene_panel_matrix.txt").write_text(
        "SAMPLE_ID\tmutations\n" + "".join(f"{one}\tSMALL\n" for one in samples)
    )
    (folder / "data_gene_panel_SMALL.txt").write_text("stable_id: SMALL\ngene_list: TP53\tKRAS\n")
    (folder / "meta_study.txt").write_text("cancer_study_identifier: made_up\n")
    return folder


def test_a_case_list_says_who_was_sequenced(portal: Path) -> None:
    (portal / "data_gene_panel_matrix.txt").unlink()
    (portal / "case_lists").mkdir()
    samples = "\t".join(f"MU-{i:04d}-T01" for i in range(25))
    (portal / "case_lists/cases_sequenced.txt").write_text(
        f"stable_id: made_up_sequenced\ncase_list_ids: {samples}\n"
    )
    assert main(["init", str(portal), "--quiet"]) == 0
    (view,) = (
        v
        for v in yaml.safe_load((portal / "cohort.yaml").read_text())["views"].values()
        if v["format"] == "maf"
    )
    assert view["sequenced"] == "case_lists/cases_sequenced.txt"
    cohort = read_cohort(portal)
    mutations = next(cohort[name] for name in cohort.mod if "mutations" in name)
    assert set(mutations.obs_names) == {f"MU-{i:04d}" for i in range(25)}
    assert "not_in_mutations" not in {finding.code for finding in check_cohort(portal)}


def test_a_complete_specification_of_a_folder_of_cbioportal(
    portal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(portal)]) == 0
    out = capsys.readouterr().out
    assert "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt is not used" in out
    spec = yaml.safe_load((portal / "cohort.yaml").read_text())
    assert spec["samples"] == {"file": "data_clinical_patient.txt", "id": "PATIENT_ID"}
    assert spec["endpoints"]["survival"] == {
        "time": "OS_MONTHS",
        "event": {"column": "OS_STATUS", "is": ["1:DECEASED"]},
        "unit": "months",
    }
    assert {view["file"] for view in spec["views"].values()} == {
        "data_mrna_seq_v2_rsem.txt",
        "data_cna.txt",
        "data_mutations.txt",
    }
    (mutations,) = (view for view in spec["views"].values() if view["file"] == "data_mutations.txt")
    assert mutations["format"] == "maf"
    assert mutations["panels"] == "data_gene_panel_matrix.txt"
    assert spec["covariates"] == ["AGE", "SEX"]

    assert not [f for f in check_cohort(portal) if f.severity == ERROR]
    cohort = read_cohort(portal)
    assert cohort.n_obs == N
    assert cohort_endpoints(cohort).survival().observed.all()
    (rna,) = (name for name, view in spec["views"].items() if "mrna" in view["file"])
    assert cohort[rna].shape == (N, 40)
    assert {"GENE0_0", "GENE0_1"} < set(cohort[rna].var_names)
    (name,) = (name for name, view in spec["views"].items() if view is mutations)
    assert cohort[name].n_obs == N
    egfr = np.asarray(cohort[name][:, "EGFR"].X)
    assert np.isnan(egfr).all()


def test_a_folder_with_clinical_files_only_is_refused(portal: Path) -> None:
    for path in portal.glob("data_[mg]*.txt"):
        path.unlink()
    (portal / "data_cna.txt").unlink()
    with pytest.raises(CohortError) as raised:
        read_portal(portal)
    assert raised.value.code == "no_table"
