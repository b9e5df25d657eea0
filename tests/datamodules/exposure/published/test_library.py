"""Shipped models: the typical patients, equations and variability of their papers, typed again from the papers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from datamodules.exposure.published.kinetic_model import KineticModel, typical_values
from datamodules.exposure.published.library import find_model, list_models
from omics.common.errors import ConfigError

Values = dict[str, float]

NAMES = [model.name for model in list_models()]

TYPICAL: dict[str, tuple[Values, Values]] = {
    # Abstract: 7.6 L/h; 32.2 L in men, 29.1 L in women of 65 kg.
    "busulfan_choe_2012": ({"WT": 65, "FEMALE": 1}, {"CL": 7.6, "V": 29.1}),
    # Abstract: 14.3 L/h and 347 L.
    "imatinib_widmer_2006": ({}, {"CL": 14.3, "V": 347, "KA": 0.61}),
    # 5.42 and 2.26 mL/kg/day, 52.4 and 19.6 mL/kg, at 65 kg.
    "infliximab_fasanmade_2011": (
        {"WT": 65, "ALB": 4.1, "ADA": 1, "IMMUNOMODULATOR": 0},
        {"CL": 0.4552, "V1": 3.406, "Q": 0.1469, "V2": 1.274},
    ),
    # DDMoRe: 35 years, 83 mL/min, 70 kg.
    "meropenem_li_2006": (
        {"CRCL": 83, "AGE": 35, "WT": 70},
        {"CL": 14.6, "V1": 10.8, "Q": 18.6, "V2": 12.6},
    ),
    # Table 2.
    "methotrexate_taylor_2026": (
        {"EGFR": 76, "ALB": 4},
        {"CL": 11.8, "V1": 42.2, "Q": 0.35, "V2": 6.67},
    ),
    # Table 1: a white woman of 80 kg; 9.4 and 32.1 mL/h; the abstract has a clearance 24.5% lower in the end.
    "nivolumab_bajaj_2017": (
        {"WT": 80, "EGFR": 90, "ECOG": 0, "MALE": 0, "ASIAN": 0, "TIME": 1e6},
        {"CL": 0.0094 * 0.745, "V1": 3.63, "Q": 0.0321, "V2": 2.78},
    ),
    # Discussion: 42 L/h in carriers of CYP3A5*1, 21 L/h in others.
    "tacrolimus_woillard_2011": (
        {"HCT": 35, "CYP3A5": 1, "PROGRAF": 0},
        {"CL": 42.4, "V1": 486, "Q": 79, "V2": 271, "KTR": 3.34},
    ),
    # The reference fit of the project.
    "theophylline_boeckmann_1994": ({}, {"CL": 2.752, "V": 31.81, "KA": 1.590}),
    # CL = 1.08 CRCL in L/h; V = 0.98 L/kg.
    "vancomycin_buelga_2005": ({"CRCL": 100, "WT": 70}, {"CL": 1.08 * 6, "V": 68.6}),
    # Abstract: 35 years, 70 kg, 0.83 mg/dL; not 5.31 L/h, which a public library has.
    "vancomycin_colin_2019": (
        {"AGE": 35, "WT": 70, "SCR": 0.83},
        {"CL": 4.10, "V1": 42.9, "Q": 3.22, "V2": 41.7},
    ),
    # At the age of half maturation.
    "vancomycin_dao_2020": ({"WT": 2, "SCR": 54, "PMA_WEEKS": 46.4}, {"CL": 0.1849, "V": 1.256}),
    # The project's reference: 90 mL/min, 70 kg.
    "vancomycin_goti_2018": (
        {"CRCL": 90, "WT": 70, "DIAL": 0},
        {"CL": 3.5748805, "V1": 58.4, "Q": 6.5, "V2": 38.4},
    ),
    # 66 mL/min: 2.99 L/h.
    "vancomycin_thomson_2009": (
        {"CRCL": 66, "WT": 80},
        {"CL": 2.99, "V1": 54.0, "Q": 2.28, "V2": 58.56},
    ),
    "warfarin_oreilly_1963": ({}, {"CL": 0.133, "V": 7.97, "KA": 1.36, "LAG": 0.966}),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_typical_patient_of_the_paper(name: str) -> None:
    covariates, expected = TYPICAL[name]
    values = typical_values(find_model(name), covariates)
    for parameter, value in expected.items():
        assert values[parameter] == pytest.approx(value, rel=0.005), parameter


def _colin(c: Values) -> Values:
    age = c["AGE"] + 280 / 365.25
    mature = age**2.89 / (age**2.89 + 0.893**2.89)
    decline = 1 / (1 + (age / 61.6) ** 2.24)
    standard = math.exp(-1.22839 + math.log10(age) * 0.6719 + 6.27017 * math.exp(-3.1094 * age))
    size = c["WT"] / 70
    return {
        "CL": 5.31 * size**0.75 * mature * decline * math.exp(-0.649 * (c["SCR"] - standard)),
        "V1": 42.9 * size,
        "Q": 3.22 * size**0.75,
        "V2": 41.7 * size,
    }


def _nivolumab(c: Values) -> Values:
    change = math.exp(-0.295 * c["TIME"] ** 3.15 / (1410**3.15 + c["TIME"] ** 3.15))
    person = math.exp(0.172 * c["ECOG"] + 0.165 * c["MALE"] - 0.125 * c["ASIAN"])
    return {
        "CL": 9.4e-3 * (c["WT"] / 80) ** 0.566 * (c["EGFR"] / 90) ** 0.186 * person * change,
        "V1": 3.63 * (c["WT"] / 80) ** 0.597 * math.exp(0.152 * c["MALE"]),
    }


def _infliximab(c: Values) -> Values:
    size = c["WT"] / 65
    people = 1.292 ** c["ADA"] * 0.863 ** c["IMMUNOMODULATOR"]
    return {
        "CL": 5.42e-3 * c["WT"] * size**-0.313 * (c["ALB"] / 4.1) ** -0.855 * people,
        "V1": 52.4e-3 * c["WT"] * size**-0.233,
        "Q": 2.26e-3 * c["WT"],
        "V2": 19.6e-3 * c["WT"] * size**-0.588,
    }


EQUATIONS: dict[str, Callable[[Values], Values]] = {
    "busulfan_choe_2012": lambda c: {
        "CL": 0.947 * c["WT"] ** 0.5,
        "V": 3.610 * c["WT"] ** 0.5 * (1 + 0.105 * (1 - c["FEMALE"])),
    },
    "infliximab_fasanmade_2011": _infliximab,
    "meropenem_li_2006": lambda c: {
        "CL": 14.6 * (c["CRCL"] / 83) ** 0.62 * (c["AGE"] / 35) ** -0.34,
        "V1": 10.8 * (c["WT"] / 70) ** 0.99,
    },
    "methotrexate_taylor_2026": lambda c: {"CL": 11.8 * (c["EGFR"] / 76) ** 0.8 * (c["ALB"] / 4) ** 0.69},
    "nivolumab_bajaj_2017": _nivolumab,
    "tacrolimus_woillard_2011": lambda c: {
        "CL": 21.2 * (c["HCT"] / 35) ** -1.14 * 2.0 ** c["CYP3A5"],
        "V1": 486 * 0.29 ** c["PROGRAF"],
        "KTR": 3.34 * 1.53 ** c["PROGRAF"],
    },
    "vancomycin_buelga_2005": lambda c: {"CL": 1.08 * c["CRCL"] * 60 / 1000, "V": 0.98 * c["WT"]},
    "vancomycin_colin_2019": _colin,
    "vancomycin_dao_2020": lambda c: {
        "CL": 0.273 * c["WT"] ** 0.438 * (54 / c["SCR"]) ** 0.473 / (1 + (46.4 / c["PMA_WEEKS"]) ** 3.54),
        "V": 0.628 * c["WT"],
    },
    "vancomycin_goti_2018": lambda c: {
        "CL": 4.5 * (c["CRCL"] / 120) ** 0.8 * 0.7 ** c["DIAL"],
        "V1": 58.4 * c["WT"] / 70 * 0.5 ** c["DIAL"],
        "V2": 38.4,
    },
    "vancomycin_thomson_2009": lambda c: {
        "CL": 2.99 * (1 + 0.0154 * (c["CRCL"] - 66)),
        "V1": 0.675 * c["WT"],
        "V2": 0.732 * c["WT"],
    },
}
"""The equations as the papers write them."""


def _drawn(model: KineticModel, draw: Callable[[float, float], float]) -> Values:
    """Covariates within the range of the model; 0 or 1 for a covariate that is one of both."""
    binary = {name for name, covariate in model.covariates.items() if covariate.unit.startswith("1 ")}
    values = {
        name: round(draw(0, 1)) if name in binary else draw(covariate.low, covariate.high)
        for name, covariate in model.covariates.items()
    }
    if "PMA" in values:
        values = {"WT": values["WT"], "SCR": values["SCR"], "AGE": draw(0, 95)}
    if model.structure.clearance_change == "sigmoid":
        values["TIME"] = draw(0, 5000)
    return values


@pytest.mark.parametrize("name", EQUATIONS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_model_has_the_equations_of_its_paper(name: str, data: st.DataObject) -> None:
    model = find_model(name)
    covariates = _drawn(model, lambda low, high: data.draw(st.floats(low, high)))
    values = typical_values(model, covariates)
    for parameter, value in EQUATIONS[name](covariates).items():
        assert values[parameter] == pytest.approx(value, rel=0.005), parameter


def test_models_with_covariates_have_equations_in_this_test() -> None:
    assert set(EQUATIONS) == {model.name for model in list_models() if model.covariates}
    assert set(TYPICAL) == set(NAMES)
    assert len(NAMES) >= 10


def _of_variance(variance: float) -> float:
    return 100 * math.sqrt(math.expm1(variance))


def _of_deviation(variance: float) -> float:
    return 100 * math.sqrt(variance)


PERCENTAGES: dict[str, tuple[Callable[[float], float], Values]] = {
    "busulfan_choe_2012": (_of_deviation, {"CL": 16, "V": 9}),
    "imatinib_widmer_2006": (_of_deviation, {"CL": 36, "V": 63}),
    "infliximab_fasanmade_2011": (_of_deviation, {"CL": 30.7, "V1": 12.6, "V2": 55.3}),
    "meropenem_li_2006": (_of_deviation, {"CL": 34.3, "V1": 37.8, "Q": 53.9, "V2": 31.9}),
    "tacrolimus_woillard_2011": (_of_deviation, {"CL": 28, "V1": 31, "Q": 54, "V2": 60, "KTR": 24}),
    "vancomycin_buelga_2005": (_of_deviation, {"CL": 28.16, "V": 37.15}),
    "vancomycin_dao_2020": (_of_deviation, {"CL": 22.6}),
    "vancomycin_goti_2018": (_of_variance, {"CL": 39.8, "V1": 81.6, "V2": 57.1}),
    "vancomycin_thomson_2009": (_of_deviation, {"CL": 27, "V1": 15, "Q": 49, "V2": 130}),
}
"""Coefficients of variation as the papers print them, with what they mean."""


@pytest.mark.parametrize("name", PERCENTAGES)
def test_variances_are_the_percentages_of_the_paper(name: str) -> None:
    model = find_model(name)
    percentage, expected = PERCENTAGES[name]
    found = dict(zip(model.random_parameters, np.diag(model.omega), strict=True))
    assert set(found) == set(expected)
    for parameter, value in expected.items():
        assert percentage(found[parameter]) == pytest.approx(value, abs=0.2), parameter


def test_variances_between_occasions_of_tacrolimus() -> None:
    model = find_model("tacrolimus_woillard_2011")
    found = dict(zip(model.occasion_parameters, np.sqrt(np.diag(model.occasion_omega)), strict=True))
    assert found == pytest.approx({"CL": 0.31, "V1": 0.75, "KTR": 0.33})


def test_the_random_effects_of_colin_are_those_of_linked_parameters() -> None:
    """CL = CL1 (V1 / 42.9) ** 0.75 and Q = Q1 (V2 / 41.7) ** 0.75 for a patient's own V1 and V2."""
    cl, v1, v2 = 0.0749, 0.0721, 0.672
    loading = np.array([[1, 0.75, 0], [0, 1, 0], [0, 0, 0.75], [0, 0, 1]])
    expected = loading @ np.diag([cl, v1, v2]) @ loading.T
    model = find_model("vancomycin_colin_2019")
    assert model.random_parameters == ("CL", "V1", "Q", "V2")
    np.testing.assert_allclose(model.omega, expected + np.diag([0, 0, 1e-4, 0]), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_model_says_where_its_values_are_from(name: str) -> None:
    model = find_model(name)
    assert model.name == name
    assert model.source.doi.startswith("10.")
    assert len(model.source.checked) > 30
    assert len(model.notes) > 50


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_the_values_and_the_source_of_a_model(name: str) -> None:
    model = find_model(name)
    page = (ROOT / "docs" / "exposure.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}`"))
    assert model.source.doi in row
    for parameter, value in model.parameters.items():
        assert f"{parameter} {value.typical:g}" in row


@pytest.mark.parametrize("name", NAMES)
def test_the_variability_of_a_shipped_model_can_be_inverted(name: str) -> None:
    omega = find_model(name).omega
    assert np.linalg.cond(omega) < 1e5
    np.testing.assert_allclose(omega @ np.linalg.inv(omega), np.eye(len(omega)), atol=1e-9)


def test_a_clearance_below_zero_is_an_error() -> None:
    """The line of Thomson's clearance is below 0 under 1.07 mL/min."""
    with pytest.raises(
        ConfigError, match="vancomycin_thomson_2009 has no positive parameters for CRCL 1, WT 70"
    ):
        typical_values(find_model("vancomycin_thomson_2009"), {"CRCL": 1, "WT": 70})


def test_a_file_is_found_by_its_path(tmp_path: Path) -> None:
    source = ROOT / "datamodules" / "exposure" / "published" / "library" / "meropenem_li_2006.yaml"
    path = tmp_path / "mine.yaml"
    path.write_text(source.read_text(encoding="utf-8").replace("meropenem_li_2006", "mine"), encoding="utf-8")
    assert find_model(path).name == "mine"
    assert find_model(str(path)).parameters == find_model("meropenem_li_2006").parameters


def test_an_unknown_name_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="unknown model 'vancomycin_gotti_2018'; did you mean 'vancomycin_goti_2018'"
    ):
        find_model("vancomycin_gotti_2018")
    with pytest.raises(ConfigError, match="choose one of busulfan_choe_2012, "):
        find_model("zzz")
    with pytest.raises(ConfigError, match=r"there is no file .*none\.yaml"):
        find_model(tmp_path / "none.yaml")
