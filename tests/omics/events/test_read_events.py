"""Tables in the layout of NONMEM: defaults, spelling, real tables, and the sentence of each error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from event_files import ROWS, changed, write_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omics.common.errors import CohortError
from omics.events.event_table import COLUMNS, DOSE, LEVEL, OTHER, RESET_AND_DOSE
from omics.events.read_events import read_events
from omics.readers.notes import notes_of

Shared = Callable[[str], Path]


def error_of(path: Path, **options: Any) -> CohortError:
    with pytest.raises(CohortError) as caught:
        read_events(path, **options)
    assert caught.value.file == str(path)
    return caught.value


def test_each_column_has_its_value(tmp_path: Path) -> None:
    events = read_events(write_rows(tmp_path), {"WT": "WT"})
    table = events.table
    assert list(table) == [*COLUMNS, "WT"]
    assert table["patient"].to_list() == ["a", "a", "a", "b", "b"]
    assert table["time"].to_list() == [0, 2, 12, 0, 24]
    assert table["kind"].to_list() == [DOSE, LEVEL, DOSE, DOSE, LEVEL]
    np.testing.assert_array_equal(table["amount"], [100, np.nan, 100, 50, np.nan])
    np.testing.assert_array_equal(table["level"], [np.nan, 5.5, np.nan, np.nan, 1.25])
    assert table["observed"].to_list() == [False, True, False, False, True]
    assert table["WT"].to_list() == [70, 71, 72, 50, 50]
    assert table["row"].to_list() == [1, 2, 3, 4, 5]
    for name in ("rate", "compartment", "additional", "interval", "steady_state", "occasion"):
        assert (table[name] == 0).all(), name
    assert not table["censored"].any()
    assert events.time_unit == "hours"
    assert notes_of(table) == []


@pytest.mark.parametrize("name", ["events.csv", "events.tsv", "events.csv.gz", "events.tsv.gz"])
def test_each_format_gives_the_same_table(name: str, tmp_path: Path) -> None:
    expected = read_events(write_rows(tmp_path, name="plain.csv")).table
    pd.testing.assert_frame_equal(read_events(write_rows(tmp_path, name=name)).table, expected)


@given(
    order=st.permutations(list(ROWS[0])),
    upper=st.lists(st.booleans(), min_size=6, max_size=6),
    extra=st.lists(st.sampled_from(["AGE", "C", "comment", "TAD"]), unique=True),
    places=st.lists(st.integers(0, 6), min_size=4, max_size=4),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_case_and_further_columns_do_not_matter(
    order: list[str], upper: list[bool], extra: list[str], places: list[int], tmp_path: Path
) -> None:
    frame = pd.DataFrame(ROWS)[order]
    for name, place in zip(extra, places, strict=False):
        frame.insert(min(place, frame.shape[1]), name, 1)
    spelled = {name: name if is_upper else name.lower() for name, is_upper in zip(order, upper, strict=True)}
    path = tmp_path / "shuffled.csv"
    frame.rename(columns=spelled).to_csv(path, index=False)
    expected = read_events(write_rows(tmp_path), {"WT": "WT"}).table
    pd.testing.assert_frame_equal(read_events(path, {"WT": spelled["WT"]}).table, expected)


def test_events_without_evid_and_mdv_have_the_defaults_of_nonmem(tmp_path: Path) -> None:
    rows = [
        {"ID": 1, "TIME": 0, "AMT": 10, "DV": 0, "MDV": 1},
        {"ID": 1, "TIME": 1, "AMT": ".", "DV": 3, "MDV": 0},
        {"ID": 1, "TIME": 2, "AMT": 0, "DV": 0, "MDV": 1},
        {"ID": 1, "TIME": 3, "AMT": 0, "DV": "", "MDV": "."},
    ]
    table = read_events(write_rows(tmp_path, rows)).table
    assert table["kind"].to_list() == [DOSE, LEVEL, OTHER, LEVEL]
    assert table["observed"].to_list() == [False, True, False, False]


def test_a_constant_infusion_and_a_reset_with_a_dose_are_read(tmp_path: Path) -> None:
    rows = [
        {"ID": 1, "TIME": 0, "AMT": 0, "EVID": 1, "SS": 1, "RATE": 100},
        {"ID": 1, "TIME": 8, "AMT": 50, "EVID": 4, "SS": 0, "RATE": -2},
        {"ID": 1, "TIME": 9, "AMT": 50, "EVID": 1, "SS": 2, "RATE": 10, "II": 12, "ADDL": 3},
    ]
    table = read_events(write_rows(tmp_path, rows)).table
    assert table["kind"].to_list() == [DOSE, RESET_AND_DOSE, DOSE]
    assert table["amount"].to_list() == [0, 50, 50]
    assert table["rate"].to_list() == [100, -2, 10]
    assert table.loc[2, ["steady_state", "interval", "additional"]].to_list() == [2, 12, 3]


def test_ids_stay_text_and_rows_of_a_patient_come_together(tmp_path: Path) -> None:
    rows = [{"ID": one, "TIME": time, "AMT": 1} for one, time in [("007", 0), ("1.10", 0), ("007", 5)]]
    table = read_events(write_rows(tmp_path, rows)).table
    assert table["patient"].to_list() == ["007", "007", "1.10"]
    assert table["row"].to_list() == [1, 3, 2]


def test_occasions_are_numbered_from_0_within_a_patient(tmp_path: Path) -> None:
    occasions = [2, 2, 5, 1, 7]
    rows = [{**row, "OCC": occasion} for row, occasion in zip(ROWS, occasions, strict=True)]
    assert read_events(write_rows(tmp_path, rows)).table["occasion"].to_list() == [0, 0, 1, 0, 1]
    error = error_of(write_rows(tmp_path, [*rows[:4], {**rows[4], "OCC": "."}]))
    assert (error.code, error.patient) == ("missing_occasion", "b")


def test_a_covariate_that_the_table_lacks_is_taken_from_the_samples_table(tmp_path: Path) -> None:
    samples = pd.DataFrame({"crcl": [90.0, 60.0]}, index=["b", "a"])
    table = read_events(write_rows(tmp_path), {"CRCL": "crcl", "WT": "WT"}, samples=samples).table
    assert table["CRCL"].to_list() == [60, 60, 60, 90, 90]
    samples.loc["b", "crcl"] = np.nan
    error = error_of(write_rows(tmp_path), covariates={"CRCL": "crcl"}, samples=samples)
    assert (error.code, error.patient) == ("missing_covariate", "b")


def test_a_covariate_must_be_there_in_every_row(tmp_path: Path) -> None:
    error = error_of(write_rows(tmp_path, changed(2, WT=".")), covariates={"WEIGHT": "WT"})
    assert (error.code, error.patient) == ("missing_covariate", "a")
    assert "row 2: the covariate WEIGHT is missing" in str(error)
    error = error_of(write_rows(tmp_path), covariates={"WT": "wt_kg"})
    assert (error.code, error.column) == ("missing_column", "wt_kg")
    error = error_of(write_rows(tmp_path, changed(1, WT="70 kg")), covariates={"WT": "WT"})
    assert (error.code, error.column, error.patient) == ("text_for_number", "WT", "a")
    error = error_of(write_rows(tmp_path), covariates={"limit": "WT"})
    assert error.code == "reserved_name"


@pytest.mark.parametrize("column", ["ID", "TIME", "AMT"])
def test_a_required_column_is_named(column: str, tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != column} for row in ROWS]
    error = error_of(write_rows(tmp_path, rows))
    assert (error.code, error.column) == ("missing_column", column)


def test_a_column_that_appears_twice_or_is_not_read_is_refused(tmp_path: Path) -> None:
    twice = error_of(write_rows(tmp_path, [{**row, "time": 1} for row in ROWS]))
    assert (twice.code, twice.column) == ("duplicate_column", "time")
    path = write_rows(tmp_path, [{**row, "TINF": 1} for row in ROWS])
    error = error_of(path)
    assert (error.code, error.column) == ("other_event_column", "TINF")
    assert "RATE" in str(error)
    assert len(read_events(path, {"TINF": "TINF"}).table) == len(ROWS)


def test_text_in_place_of_a_number_names_row_and_patient(tmp_path: Path) -> None:
    error = error_of(write_rows(tmp_path, changed(5, DV="1,25")))
    assert (error.code, error.column, error.patient) == ("text_for_number", "DV", "b")
    assert "row 5: '1,25' is not a number; write decimals with a point" in str(error)
    assert error_of(write_rows(tmp_path, changed(5, TIME="inf"))).code == "infinite_value"


def test_levels_of_several_kinds_are_refused(tmp_path: Path) -> None:
    kinds = ["cp", "cp", "cp", "cp", "pca"]
    path = write_rows(tmp_path, [{**row, "DVID": kind} for row, kind in zip(ROWS, kinds, strict=True)])
    error = error_of(path)
    assert (error.code, error.patient) == ("several_kinds_of_levels", "b")
    same = write_rows(tmp_path, [{**row, "DVID": "cp"} for row in ROWS])
    assert len(read_events(same).table) == len(ROWS)


def test_theophylline_has_132_levels_after_its_codes_are_mapped(shared: Shared, tmp_path: Path) -> None:
    path = shared("pharmacology/theophylline/theo_sd.csv")
    error = error_of(path)
    assert (error.code, error.patient) == ("old_event_code", "1")
    assert "row 1: EVID 101 is an old code of rxode2 for a dose; write EVID 1 and CMT 1" in str(error)
    mapped = tmp_path / "theo.csv"
    pd.read_csv(path).replace({"EVID": {101: 1}}).to_csv(mapped, index=False)
    events = read_events(mapped, {"WT": "WT"})
    assert (len(events.patients), events.is_dose.sum(), events.table["observed"].sum()) == (12, 12, 132)
    # The dose of the first patient is 4.02 mg/kg in the help of the data set.
    first = events.table.iloc[0]
    assert first["amount"] / first["WT"] == pytest.approx(4.02)


@pytest.mark.parametrize(
    ("name", "patients", "doses", "levels"),
    [
        ("insightrx/nm_vanco.csv", 10, 30, 50),
        ("insightrx/nm_busulfan.csv", 10, 40, 200),
        ("map_posterior/data_001.csv", 20, 40, 50),
        ("map_posterior/data_003.csv", 20, 40, 49),
        ("map_posterior/data_006.csv", 20, 80, 50),
        ("map_posterior/data_101.csv", 20, 40, 50),
        ("map_posterior/data_201.csv", 20, 40, 50),
        ("map_posterior/data_207.csv", 20, 40, 50),
        ("map_posterior/data_301.csv", 20, 160, 50),
        ("map_posterior/data_405.csv", 20, 40, 50),
        ("map_posterior/data_504.csv", 20, 40, 50),
        ("map_posterior/data_513.csv", 20, 40, 50),
        ("nonmem_map/data_001.csv.gz", 8, 16, 20),
        ("nonmem_events/nmtest.csv.gz", 54, 81, 0),
        ("nlmixr2data/pheno_sd.csv", 59, 589, 155),
    ],
)
def test_real_tables_have_their_doses_and_levels(
    name: str, patients: int, doses: int, levels: int, shared: Shared
) -> None:
    events = read_events(shared(f"pharmacology/{name}"))
    found = (len(events.patients), int(events.is_dose.sum()), int(events.table["observed"].sum()))
    assert found == (patients, doses, levels)


def test_the_scenarios_of_nonmem_keep_what_they_say(shared: Shared) -> None:
    path = shared("pharmacology/nonmem_events/nmtest.csv.gz")
    raw, table = pd.read_csv(path), read_events(path).table
    assert (table["patient"].astype(int) == raw["id"]).all()
    dose = raw["evid"].isin([1, 4])
    for name, column in [("time", "time"), ("kind", "evid"), ("rate", "rate"), ("steady_state", "ss")]:
        np.testing.assert_array_equal(table[name], raw[column])
    np.testing.assert_array_equal(table["amount"].dropna(), raw["amt"][dose])
    np.testing.assert_array_equal(table["additional"], raw["addl"])
    # Scenario 26: an infusion at steady state, without an amount.
    endless = table[table["patient"] == "26"].iloc[0]
    assert endless[["amount", "rate", "steady_state"]].to_list() == [0, 100, 1]


@pytest.mark.parametrize(
    ("name", "code", "patient"),
    [
        ("warfarin/warfarin.csv", "several_kinds_of_levels", "1"),
        ("nlmixr2data/wbcSim.csv", "old_event_code", "1"),
        ("nlmixr2data/mavoglurant.csv.gz", "unsorted_times", "829"),
        ("nlmixr2data/nimoData.csv", "negative_level", "13"),
    ],
)
def test_real_tables_with_a_fault_are_refused(name: str, code: str, patient: str, shared: Shared) -> None:
    error = error_of(shared(f"pharmacology/{name}"))
    assert (error.code, error.patient) == (code, patient)


CELLS = st.sampled_from(
    [
        "",
        ".",
        "0",
        "1",
        "2",
        "-1",
        "100",
        "1e400",
        "0.5",
        "<0.5",
        "x",
        "10:30",
        "2024-03-01",
        "nan",
        "{0}",
        "TRUE",
    ]
)
NAMES = [
    "RATE",
    "EVID",
    "CMT",
    "DV",
    "MDV",
    "ADDL",
    "II",
    "SS",
    "BLQ",
    "CENS",
    "LLOQ",
    "OCC",
    "DATE",
    "DVID",
    "WT",
]


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_is_read_or_refused_with_a_sentence(data: st.DataObject, tmp_path: Path) -> None:
    names = ["ID", "TIME", "AMT", *data.draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=6))]
    row = st.fixed_dictionaries(dict.fromkeys(names, CELLS) | {"ID": st.sampled_from(["a", "b", "1"])})
    path = write_rows(tmp_path, data.draw(st.lists(row, min_size=1, max_size=5)))
    try:
        events = read_events(path, {"WT": "WT"} if "WT" in names else {})
    except CohortError as error:
        assert str(error).isprintable()  # noqa: PT017  # either outcome is right
    else:
        table = events.table
        assert (table["amount"].notna() == events.is_dose).all()
        assert table["level"][table["observed"]].notna().all()
        assert (table["limit"][table["censored"]] > 0).all()
        assert (table["time"].groupby(table["patient"]).diff().fillna(0) >= 0).all()
