"""Files as people have them: each folder of ``../shared/cases`` gives its right value or its stated refusal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from places import SHARED
from small import QUICK

from datamodules.shift import shift_findings
from datamodules.split import patient_groups, stratified_folds
from omics.checks.check_cohort import check_cohort
from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import cohort_endpoints, cohort_spec, read_cohort
from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort
from stratomics.cli import main
from stratomics.cli.run import parse
from stratomics.fitting.fit import fit

CASES = SHARED / "cases"
NAMES = sorted(path.name for path in CASES.iterdir()) if CASES.is_dir() else []

Spec = dict[str, Any]


class Case:
    """One folder; `changed` is a copy of it with another specification."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder, self._place = folder, place

    def changed(self, change: Callable[[Spec], Any]) -> Case:
        shutil.copytree(self.folder, self._place, dirs_exist_ok=True)
        for path in (self._place, *self._place.rglob("*")):
            path.chmod(0o755)
        yaml_file = self._place / "cohort.yaml"
        spec = yaml.safe_load((self.folder / "cohort.yaml").read_text())
        change(spec)
        yaml_file.write_text(yaml.safe_dump(spec))
        return Case(self._place, self._place / "again")

    def view(self, **keys: Any) -> Case:
        return self.changed(lambda spec: next(iter(spec["views"].values())).update(keys))

    def endpoint(self, **keys: Any) -> Case:
        return self.changed(lambda spec: next(iter(spec["endpoints"].values())).update(keys))

    def top(self, **keys: Any) -> Case:
        return self.changed(lambda spec: spec.update(keys))

    @property
    def cohort(self) -> Any:
        return read_cohort(self.folder)

    def table(self) -> pd.DataFrame:
        """Values of the first view."""
        cohort = self.cohort
        view = cohort[next(iter(cohort_spec(cohort).views))]
        return pd.DataFrame(np.asarray(view.X), view.obs_names, view.var_names)

    def endpoint_values(self) -> Any:
        return next(iter(cohort_endpoints(self.cohort).named.values()))

    def finds(self, code: str, *texts: str, severity: str | None = None) -> None:
        findings = check_cohort(self.folder)
        mine = [f for f in findings if f.code == code]
        assert mine, [(f.code, f.sentence) for f in findings]
        said = " ".join(f"{f.place} {f.sentence}" for f in mine)
        for text in texts:
            assert text in said, said
        assert severity is None or severity in {f.severity for f in mine}

    def refuses(self, code: str, *texts: str) -> None:
        with pytest.raises(CohortError) as raised:
            read_cohort(self.folder)
        assert raised.value.code == code, raised.value
        for text in texts:
            assert text in str(raised.value), str(raised.value)

    def guess(self) -> Any:
        return guess_cohort(self.folder).as_dict()


def _star_summary_rows(case: Case) -> None:
    table = case.table()
    assert table.shape == (24, 30)
    assert table.columns.str.startswith("ENSG").all()
    case.finds("left_out", "4 row(s) of totals", "N_unmapped")
    assert case.guess()["views"]["counts"]["scale"] == "counts"


def _counts_in_raw(case: Case) -> None:
    case.refuses("wrong_scale", "layer: counts", "layer: raw")
    for layer in ("counts", "raw"):
        values = case.view(layer=layer).table().to_numpy()
        assert (values.min(), values.max()) == (59, 1424)
    assert case.guess()["views"]["x"]["layer"] == "counts"


def _not_available(case: Case) -> None:
    assert case.endpoint_values().observed.sum() == 21
    assert case.cohort.n_obs == 24
    case.finds("half_endpoint", "3 patient(s)")


def _pfs_after_os(case: Case) -> None:
    case.finds("after_death", "4 patient(s)", "P001, P002, P003, P004", severity="warning")


def _metaphlan_levels(case: Case) -> None:
    table = case.table()
    assert {"g__G|s__B", "g__H|s__B", "s__A", "UNCLASSIFIED"} == set(table.columns)
    assert np.allclose(table.sum(axis=1), 1)


def _excel_genes(case: Case) -> None:
    assert case.table().shape[1] == 30
    case.finds("spreadsheet_names", "1-Mar", "MARCH1", "2-Sep", "SEPT2", "43891", severity="warning")


def _olink_qc(case: Case) -> None:
    assert case.table().notna().all(axis=None)
    case.finds("left_out", "5 of 24 sample(s) have a warning of quality control")
    assert case.view(qc_warning="missing").table().isna().all(axis=1).sum() == 5


def _fragpipe(case: Case) -> None:
    case.refuses("other_format", "format: fragpipe")
    table = case.changed(_fragpipe_format).table()
    assert len(table) == 24
    assert "P001" in table.index
    assert table.isna().any(axis=None)
    assert table.min(axis=None) > 0
    (entry,) = case.guess()["views"].values()
    assert entry["format"] == "fragpipe"
    assert "orient" not in entry


def _fragpipe_format(spec: Spec) -> None:
    spec["views"]["v"] |= {"format": "fragpipe"}
    del spec["views"]["v"]["orient"]


def _event_012(case: Case) -> None:
    case.refuses("event_not_binary", "cause: event")


def _copy_under_other_id(case: Case) -> None:
    case.finds("copies", "P001", "P024", severity="warning")
    _never_parted(case.cohort, ["P001", "P024"])


def _never_parted(cohort: Any, ids: list[str]) -> None:
    groups = patient_groups(cohort)
    rows = cohort.obs_names.get_indexer(ids)
    assert groups is not None
    assert len(set(groups[rows])) == 1
    for fold in stratified_folds(cohort, 3, 2, 0, "outer"):
        assert len(set(np.isin(rows, fold.test))) == 1


def _geo_series_matrix(case: Case) -> None:
    case.refuses("foreign_key", "remove orient")
    case = case.changed(_geo_format)
    table = case.table()
    assert table.shape == (24, 30)
    assert list(table.index[:2]) == ["P001", "P002"]
    case.finds("left_out", "titles")


def _geo_format(spec: Spec) -> None:
    spec["views"]["v"].pop("orient", None)


def _long_barcodes(case: Case) -> None:
    case.refuses("no_shared_ids", "P001-01A-11D", "'P001'", "pattern", "samples_per_patient")
    pattern = {"pattern": "^([^-]+)"}
    case.view(id=pattern).refuses("several_samples", "P001", "samples_per_patient")
    first = case.view(id=pattern, samples_per_patient="first").table()
    assert list(first.index) == ["P001", "P002", "P003"]
    assert first.loc["P001"].to_dict() == {"TP53": 1, "KRAS": 0, "TTN": 0}


def _samples_of_one_patient(case: Case) -> None:
    assert case.guess()["group"] == "_PATIENT"
    case.finds("rows_of_one_patient", "55 patient(s)", "50 row(s)", severity="warning")
    _never_parted(case.cohort, ["TCGA-ZZ-0001-01", "TCGA-ZZ-0001-11"])


def _days_to_death(case: Case) -> None:
    both = ["days_to_death", "days_to_last_followup"]
    assert case.guess()["endpoints"]["survival"]["time"] == both
    case.finds("only_events", "18", severity="error")
    survival = case.endpoint(time=both).endpoint_values()
    assert (survival.observed.sum(), survival.event.sum()) == (40, 22)


def _censorship(case: Case) -> None:
    case.finds("censoring_as_event", "is: 0", severity="warning")
    said = {"column": "censorship", "is": 0}
    assert case.endpoint(event=said).endpoint_values().event.sum() == 26
    assert case.guess()["endpoints"]["survival"]["event"] == said


def _response_ne(case: Case) -> None:
    response = case.endpoint_values()
    assert (response.observed.sum(), response.positive.sum()) == (33, 11)
    case.finds("endpoint", "NE 7 not evaluable", "negative")
    counted = case.endpoint(negative=["SD", "PD", "NE"]).endpoint_values()
    assert (counted.observed.sum(), counted.positive.sum()) == (40, 11)


def _gene_panels(case: Case) -> None:
    case.finds("gene_panels", "panels: data_gene_panel_matrix.txt", severity="warning")
    table = case.view(panels="data_gene_panel_matrix.txt").table()
    assert table.shape == (40, 20)
    assert table.isna().sum().sum() == 160


def _vcf_filter(case: Case) -> None:
    table = case.table()
    assert table.shape[1] == 8
    assert table.isna().sum().sum() == 18
    case.finds("left_out", "4 variant(s)", "LowQual", "18 genotype(s)")
    assert case.view(filter="keep").table().shape[1] == 12


def _adat_controls(case: Case) -> None:
    assert case.table().shape[1] == 5
    case.finds("left_out", "Hybridization Control Elution 2", "Mouse 1")


def _unknown_as_9999(case: Case) -> None:
    case.finds("codes_of_unknown", "survival_months", "9999", "age", "999", "grade", severity="warning")
    declared = case.top(missing={"survival_months": 9999, "age": 999, "grade": 9})
    assert declared.endpoint_values().observed.sum() == 36
    assert declared.cohort.obs["age"].isna().sum() == 3


def _north_america(case: Case) -> None:
    case.finds("na_in_codes", "14", "region", severity="warning")
    sites = case.top(missing={"region": []}).cohort.obs["region"].value_counts()
    assert sites.to_dict() == {"EU": 16, "NA": 14, "AS": 10}


def _merged_cells(case: Case) -> None:
    obs = case.cohort.obs
    assert sorted(obs["hospital"].value_counts()) == [20, 20]
    assert sorted(obs["stage"].value_counts()) == [15, 25]


def _all_ranks(case: Case) -> None:
    table = case.table()
    assert table.shape == (40, 4)
    assert table.loc["P001"].sum() == 4713
    case.finds("left_out", "5 ", "d__Bacteria")


def _level_table(case: Case) -> None:
    assert case.table().shape == (40, 6)
    case.finds("left_out", "age_years", "days_since_start", "bmi")


def _race_as_number(case: Case) -> None:
    case.finds("category_as_number", "race", "categories: [race]", severity="warning")
    assert set(case.top(categories=["race", "gender"]).cohort.obs["race"]) == {"1", "2", "3", "4", "5"}


def _icd_o_code(case: Case) -> None:
    case.finds("category_as_number", "histology", severity="warning")


def _late_entry(case: Case) -> None:
    guess = case.guess()
    assert guess["endpoints"]["survival"]["entry"] == "entry_days"
    assert "entry_days" not in guess["covariates"]


def _new_patients_under_other_names(case: Case) -> None:
    config, _, _ = parse(["--cohort", "x", *QUICK, "--trainer.epochs=2"])
    model = fit(read_cohort(case.folder / "train"), config, 3)
    cohorts = {name: read_new_patients(case.folder / name) for name in ("new_versions", "new_alleles")}
    tables = {name: model.predict(cohort).patients for name, cohort in cohorts.items()}
    pd.testing.assert_frame_equal(tables["new_versions"], tables["new_alleles"])
    assert (tables["new_versions"]["measured_share.rna"] == 1).all()
    notes = {
        finding.sentence.partition(" (")[0]
        for cohort in cohorts.values()
        for finding in shift_findings(model.encoders[0].harmonizer, cohort)
        if finding.code == "other_names"
    }
    assert notes == {
        "24 feature(s) have another version or prefix in their name and are matched",
        "10 variant(s) count the other allele, so that 2 minus the value is used",
    }


def _biom_tsv(case: Case) -> None:
    assert case.table().shape == (40, 10)
    case.finds("left_out", "taxonomy")


def _supplementary_sheet(case: Case) -> None:
    assert case.table().shape == (40, 24)
    case.finds("left_out", "Supplementary Table 3", "CPM, counts per million")


def _line_break(case: Case) -> None:
    assert "os (days)" in case.cohort.obs
    assert case.endpoint_values().observed.all()


def _write_table(case: Case) -> None:
    assert case.table().shape == (40, 24)


def _yaml_yes(case: Case) -> None:
    response = case.endpoint_values()
    words = pd.read_csv(case.folder / "outcome.csv")
    assert response.positive.sum() == (words["responder"] == "yes").sum()
    case.finds("arms", "control is off")


def _text_digits(case: Case) -> None:
    assert 0 < case.endpoint_values().positive.sum() < 40


def _plink_dots(case: Case) -> None:
    assert list(case.table().columns[:2]) == ["1:100:A:G_A", "1:200:A:G_A"]


def _forty_counts(case: Case) -> None:
    table = case.table()
    assert len(table) == 40
    assert table.index[0] == "P001"


def _ids_in_obs(case: Case) -> None:
    case.refuses("no_shared_ids", "obs['donor_id']", "id: donor_id")
    assert len(case.view(id="donor_id").table()) == 40


def _cells_of_donors(case: Case) -> None:
    case.refuses("no_shared_ids", "5 rows per patient", "samples_per_patient: sum")
    sums = case.view(id="donor_id", samples_per_patient="sum").table()
    assert len(sums) == 40
    assert (sums.to_numpy() % 1 == 0).all()


def _not_reported(case: Case) -> None:
    stage = case.cohort.obs["stage"]
    assert stage.nunique() == 3
    assert stage.isna().sum() == 8
    case.finds("words_for_missing", "not reported", "Unavailable", severity="warning")


def _gdc_dashes(case: Case) -> None:
    stage = case.cohort.obs["stage"]
    assert stage.nunique() == 2
    assert stage.isna().sum() == 12


def _thousands(case: Case) -> None:
    case.refuses("text_for_number", "8130 or 8.130", 'thousands: ","')
    assert case.view(thousands=",").table().loc["P001", "M0"] == 8130


def _forty_patients(case: Case) -> None:
    cohort = case.cohort
    assert cohort.n_obs == 40
    assert cohort["rna"].n_obs == 40


def _diann_report(case: Case) -> None:
    table = case.table()
    assert table.shape == (40, 8)
    assert table.loc["P001", "P10000"] == 182058.6


def _gct_with_id(case: Case) -> None:
    table = case.table()
    assert table.shape == (40, 24)
    assert table.columns[0] == "ENSG00000100000"


def _no_patient_censored(case: Case) -> None:
    assert case.endpoint_values().event.all()
    assert main(["check", str(case.folder)]) == 0


EXPECTED: dict[str, Callable[[Case], None]] = {
    "01-star-summary-rows": _star_summary_rows,
    "03-h5ad-counts-in-raw": _counts_in_raw,
    "04-not-available": _not_available,
    "05-pfs-after-os": _pfs_after_os,
    "06-metaphlan-levels": _metaphlan_levels,
    "08b-excel-genes-unique": _excel_genes,
    "11-olink-qc": _olink_qc,
    "12-fragpipe": _fragpipe,
    "13-event-012": _event_012,
    "19-copy-under-other-id": _copy_under_other_id,
    "20-geo-series-matrix": _geo_series_matrix,
    "21-maf-long-barcodes": _long_barcodes,
    "23-samples-of-one-patient": _samples_of_one_patient,
    "24-days-to-death": _days_to_death,
    "25-censorship-as-event": _censorship,
    "26-response-ne": _response_ne,
    "27-gene-panels": _gene_panels,
    "28-vcf-filter": _vcf_filter,
    "29-adat-controls": _adat_controls,
    "30-unknown-as-9999": _unknown_as_9999,
    "31-na-is-north-america": _north_america,
    "32-merged-cells": _merged_cells,
    "33-kraken-all-ranks": _all_ranks,
    "34-qiime-level-table": _level_table,
    "35-race-as-number": _race_as_number,
    "35b-icd-o-code": _icd_o_code,
    "37-late-entry": _late_entry,
    "38-new-patients-other-names": _new_patients_under_other_names,
    "39-biom-tsv": _biom_tsv,
    "39c-supplementary-sheet": _supplementary_sheet,
    "39d-line-break-in-header": _line_break,
    "40-r-write-table": _write_table,
    "41-yaml-yes": _yaml_yes,
    "41b-text-digits": _text_digits,
    "42-plink-dots": _plink_dots,
    "43-featurecounts-star": _forty_counts,
    "43b-featurecounts-folders": _forty_counts,
    "44-h5ad-ids-in-obs": _ids_in_obs,
    "44b-cells-of-donors": _cells_of_donors,
    "45-not-reported": _not_reported,
    "45b-gdc-dashes": _gdc_dashes,
    "46-thousands-comma": _thousands,
    "47-ids-1-10": _forty_patients,
    "47b-ids-1e2": _forty_patients,
    "48-diann-long-report": _diann_report,
    "48b-gct-with-id": _gct_with_id,
    "49-nobody-censored": _no_patient_censored,
}

ELSEWHERE = {
    "36-two-rows-a-patient": "about `enrich --table`: tests/stratomics/enrichment/test_one_row_per_patient.py",
}
"""Cases whose right value is a matter of other commands."""


@pytest.mark.parametrize("name", NAMES)
def test_a_case_gives_its_right_value(name: str, tmp_path: Path) -> None:
    assert name in EXPECTED or name in ELSEWHERE, (
        f"{name} has no expectation; read its README.md and write one"
    )
    if name in EXPECTED:
        EXPECTED[name](Case(CASES / name, tmp_path / name))


def test_no_expectation_is_without_its_case() -> None:
    if not NAMES:
        pytest.skip("../shared/cases is absent")
    assert set(EXPECTED) | set(ELSEWHERE) <= set(NAMES)
