import pytest

from omics.errors import CohortError
from omics.readers.matrix import cell, fields_under, patient_table, refuse_repeated


def test_texts_become_numbers_and_missing_becomes_nan() -> None:
    table = patient_table([["1e3", None], ["-2", "0.5"]], ["007", "P2"], ["a", "b"], "t")
    assert table["sample_id"].tolist() == ["007", "P2"]
    assert table["a"].tolist() == [1000.0, -2.0]
    assert table["b"].isna().tolist() == [True, False]
    assert (table.dtypes.iloc[1:] == "float64").all()


def test_a_feature_nobody_was_measured_for_is_float_too() -> None:
    table = patient_table([[None], [None]], ["P1", "P2"], ["a"], "t")
    assert table["a"].dtype == "float64"
    assert table["a"].isna().all()


def test_a_table_without_patients_keeps_its_features() -> None:
    assert list(patient_table([], [], ["a", "b"], "t").columns) == ["sample_id", "a", "b"]


def test_the_order_of_the_file_stays() -> None:
    table = patient_table([[1, 2, 3]], ["P1"], ["z", "a", "m"], "t")
    assert list(table.columns) == ["sample_id", "z", "a", "m"]


@pytest.mark.parametrize(
    ("value", "code"),
    [("<LOD", "text_for_number"), ("1,5", "text_for_number"), ("inf", "infinite_value")],
)
def test_what_is_no_number_is_refused_with_its_place(value: str, code: str) -> None:
    with pytest.raises(CohortError) as caught:
        patient_table([["1", "2"], ["3", value]], ["P1", "P2"], ["a", "b"], "t")
    assert (caught.value.code, caught.value.column, caught.value.patient) == (code, "b", "P2")


@pytest.mark.parametrize(
    ("names", "code"), [(["a", "b", "a"], "duplicate_column"), (["a", ""], "unnamed_column")]
)
def test_columns_need_names_of_their_own(names: list[str], code: str) -> None:
    with pytest.raises(CohortError) as caught:
        refuse_repeated(names, "t")
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", " ", "NA", "null", "NaN"])
def test_missing_texts(text: str) -> None:
    assert cell(text) is None


def test_a_row_may_end_in_empty_fields_only() -> None:
    assert fields_under(["a", "b"], ["1", "", "", " "], "t") == ["1", ""]
    for wrong in (["1"], ["1", "2", "3"], []):
        with pytest.raises(CohortError) as caught:
            fields_under(["a", "b"], wrong, "t")
        assert caught.value.code == "ragged_row"
