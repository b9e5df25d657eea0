import pytest

from omics.common.errors import CohortError
from omics.readers.delimited import fit_to_header, missing_to_none
from omics.readers.matrix import patient_table


def test_texts_become_numbers_and_missing_becomes_nan() -> None:
    table = patient_table(["007", "P2"], ["a", "b"], [["1e3", None], ["-2", "0.5"]], "t")
    assert table["sample_id"].tolist() == ["007", "P2"]
    assert table["a"].tolist() == [1000.0, -2.0]
    assert table["b"].isna().tolist() == [True, False]
    assert (table.dtypes.iloc[1:] == "float64").all()


def test_a_feature_nobody_was_measured_for_is_float_too() -> None:
    table = patient_table(["P1", "P2"], ["a"], [[None], [None]], "t")
    assert table["a"].dtype == "float64"
    assert table["a"].isna().all()


@pytest.mark.parametrize(("ids", "features", "code"), [([], ["a"], "no_patient"), (["P1"], [], "no_feature")])
def test_nobody_and_nothing_measured_is_no_table(ids: list[str], features: list[str], code: str) -> None:
    with pytest.raises(CohortError) as caught:
        patient_table(ids, features, [], "t")
    assert caught.value.code == code


def test_the_order_of_the_file_stays() -> None:
    table = patient_table(["P1"], ["z", "a", "m"], [[1, 2, 3]], "t")
    assert list(table.columns) == ["sample_id", "z", "a", "m"]


@pytest.mark.parametrize(
    ("value", "code"),
    [("<LOD", "text_for_number"), ("1,5", "text_for_number"), ("inf", "infinite_value")],
)
def test_what_is_no_number_is_refused_with_its_place(value: str, code: str) -> None:
    with pytest.raises(CohortError) as caught:
        patient_table(["P1", "P2"], ["a", "b"], [["1", "2"], ["3", value]], "t")
    assert (caught.value.code, caught.value.column, caught.value.patient) == (code, "b", "P2")


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a", "b", "a"], "duplicate_column"),
        (["a", "", ""], "empty_feature"),
        (["sample_id"], "duplicate_column"),
    ],
)
def test_features_need_names_of_their_own(names: list[str], code: str) -> None:
    with pytest.raises(CohortError) as caught:
        patient_table(["P1"], names, [names], "t")
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["", " ", "NA", " N/A ", "null", "NaN"])
def test_missing_texts(text: str) -> None:
    assert missing_to_none(text) is None


def test_patients_need_names() -> None:
    with pytest.raises(CohortError, match="patient 2") as caught:
        patient_table(["P1", ""], ["a"], [[1], [2]], "t")
    assert caught.value.code == "empty_id"


def test_a_row_may_end_in_empty_fields_only() -> None:
    assert fit_to_header(["a", "b"], ["1", "", "", " "], "t") == ["1", ""]
    for wrong in (["1"], ["1", "2", "3"], []):
        with pytest.raises(CohortError) as caught:
            fit_to_header(["a", "b"], wrong, "t")
        assert caught.value.code == "ragged_row"
