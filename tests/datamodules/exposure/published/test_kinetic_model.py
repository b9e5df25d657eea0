"""Schema of a kinetic model: what a file must hold, and one sentence for each way to get it wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from datamodules.exposure.published.kinetic_model import KineticModel, load_model, typical_values
from omics.common.errors import ConfigError, InputError

BASE: dict[str, Any] = {
    "name": "drug_author_2020",
    "drug": "drug",
    "population": "10 adults",
    "source": {"citation": "Author. Journal 2020", "doi": "10.1/x", "checked": "a second reading"},
    "time_unit": "hours",
    "dose_unit": "mg",
    "level_unit": "mg/L",
    "structure": {"compartments": 2},
    "parameters": {
        "CL": {
            "typical": 4.0,
            "unit": "L/h",
            "effects": [{"covariate": "WT", "form": "power", "reference": 70, "coefficient": 0.75}],
        },
        "V1": {"typical": 50.0, "unit": "L"},
        "Q": {"typical": 6.0, "unit": "L/h"},
        "V2": {"typical": 40.0, "unit": "L"},
    },
    "variability": [
        {"parameters": ["CL", "V1"], "covariance": [[0.09, 0.01], [0.01, 0.04]]},
        {"parameters": ["V2"], "covariance": [[0.16]]},
    ],
    "residual": {"form": "proportional", "proportional": 0.2},
    "covariates": {"WT": {"unit": "kg", "low": 40, "high": 120}},
    "typical_patient": {"covariates": {"WT": 70}, "parameters": {"CL": 4.0, "V1": 50}},
}


def written(folder: Path, content: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def changed(**keys: object) -> dict[str, Any]:
    """The model with other values; a dotted key is written with two underscores, and None removes it."""
    content = copy.deepcopy(BASE)
    for key, value in keys.items():
        *way, last = key.split("__")
        place = content
        for part in way:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return content


def model_of(**keys: object) -> KineticModel:
    return KineticModel.model_validate(changed(**keys))


def test_a_valid_file_is_read(tmp_path: Path) -> None:
    model = load_model(written(tmp_path, BASE))
    assert model.random_parameters == ("CL", "V1", "V2")
    np.testing.assert_allclose(model.omega, [[0.09, 0.01, 0], [0.01, 0.04, 0], [0, 0, 0.16]])
    assert model.occasion_parameters == ()
    assert model.occasion_omega.shape == (0, 0)
    assert model.level_factor == 1.0


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": (changed(volume=3), "mine.yaml: 'volume' is not a known key"),
    "misspelt key": (
        changed(parameters__V1={"typcal": 50, "unit": "L"}),
        "'parameters.V1.typcal' is not a known key",
    ),
    "no source": (changed(source__doi=None), "'source.doi' is missing"),
    "no unit": (changed(parameters__V1={"typical": 50}), "'parameters.V1.unit' is missing"),
    "cv for a variance": (
        changed(variability=[{"parameters": ["CL"], "covariance": [[27]]}]),
        "a variance of 27 looks like a percentage; write the variance of the logarithm",
    ),
    "a key for a cv": (
        changed(variability=[{"parameters": ["CL"], "covariance": [[0.09]], "cv": 30}]),
        "'variability.0.cv' is not a known key",
    ),
    "negative definite": (
        changed(variability=[{"parameters": ["CL", "V1"], "covariance": [[0.09, 0.09], [0.09, 0.04]]}]),
        "the covariance of CL, V1 is not positive definite",
    ),
    "singular": (
        changed(variability=[{"parameters": ["CL", "V1"], "covariance": [[0.09, 0.06], [0.06, 0.04]]}]),
        "the covariance of CL, V1 is not positive definite",
    ),
    "no variance": (
        changed(variability=[{"parameters": ["CL"], "covariance": [[0.0]]}]),
        "the covariance of CL is not positive definite",
    ),
    "not symmetric": (
        changed(variability=[{"parameters": ["CL", "V1"], "covariance": [[0.09, 0.01], [0.02, 0.04]]}]),
        "the covariance of CL, V1 is not positive definite",
    ),
    "wrong size": (
        changed(variability=[{"parameters": ["CL", "V1"], "covariance": [[0.09]]}]),
        "the covariance of CL, V1 is not 2 x 2",
    ),
    "variability of nothing": (
        changed(variability=[{"parameters": ["V"], "covariance": [[0.09]]}]),
        "variability names V, which parameters lacks",
    ),
    "twice": (
        changed(variability=[{"parameters": ["CL"], "covariance": [[0.09]]}] * 2),
        "variability has CL twice",
    ),
    "unused parameter": (
        changed(parameters__KA={"typical": 1, "unit": "1/h"}),
        "parameters has KA, which this structure does not use",
    ),
    "missing parameter": (changed(structure={"compartments": 1}), "parameters lacks V"),
    "no rate of absorption": (
        changed(structure={"compartments": 2, "absorption": "first_order"}),
        "parameters lacks KA",
    ),
    "no transits": (
        changed(
            structure={"compartments": 2, "absorption": "transit"},
            parameters__KTR={"typical": 2, "unit": "1/h"},
        ),
        "structure has absorption: transit; give transits",
    ),
    "transits of no use": (
        changed(structure={"compartments": 2, "transits": 2}),
        "structure: transits is the number of further compartments",
    ),
    "four compartments": (changed(structure={"compartments": 4}), "structure.compartments: "),
    "no change": (
        changed(structure={"compartments": 2, "clearance_change": "sigmoid"}),
        "parameters lacks CLLATE, T50, HILL",
    ),
    "unknown form": (
        changed(
            parameters__V1={
                "typical": 50,
                "unit": "L",
                "effects": [{"covariate": "WT", "form": "log", "reference": 70, "coefficient": 1}],
            }
        ),
        "parameters.V1.effects.0.form: ",
    ),
    "unused covariate": (
        changed(covariates__AGE={"unit": "years", "low": 18, "high": 90}),
        "covariates must be those used in parameters: WT",
    ),
    "undeclared covariate": (changed(covariates={}), "covariates must be those used in parameters: WT"),
    "empty range": (
        changed(covariates__WT={"unit": "kg", "low": 120, "high": 40}),
        "covariates.WT: low is 120, not below high, 40",
    ),
    "negative clearance": (changed(parameters__Q={"typical": -6, "unit": "L/h"}), "parameters.Q.typical: "),
    "no number": (changed(parameters__Q={"typical": float("nan"), "unit": "L/h"}), "parameters.Q.typical: "),
    "another patient": (
        changed(typical_patient__parameters={"CL": 5.2}),
        "typical_patient has CL 5.2, but the model gives 4",
    ),
    "no patient": (changed(typical_patient__covariates={}), "needs the covariate WT; give values in kg"),
    "a patient of another model": (
        changed(typical_patient__parameters={"V": 50}),
        "typical_patient names V, which parameters lacks",
    ),
    "umol without mass": (changed(level_unit="umol/L"), "molar_mass \\(g/mol\\) belongs to levels in umol/L"),
    "mass without umol": (changed(molar_mass=400), "molar_mass \\(g/mol\\) belongs to levels in umol/L"),
    "minutes": (changed(time_unit="minutes"), "time_unit: "),
    "capital letters": (changed(name="Drug 2020"), "name: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_sentence(case: str, tmp_path: Path) -> None:
    content, sentence = WRONG[case]
    with pytest.raises(ConfigError, match=sentence) as raised:
        load_model(written(tmp_path, content))
    assert str(raised.value).startswith("mine.yaml: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "just words\n", "a: [\n", "name: x\nname: y\n", ""])
def test_other_yaml_is_an_input_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.yaml"):
        load_model(path)


UNITS: dict[tuple[str, str], float] = {
    ("mg", "mg/L"): 1,
    ("mg", "ng/mL"): 1000,
    ("mg", "ug/L"): 1000,
    ("ug", "ng/mL"): 1,
    ("g", "ug/mL"): 1000,
}


@pytest.mark.parametrize("units", UNITS)
def test_levels_are_in_the_unit_of_the_model(units: tuple[str, str]) -> None:
    assert model_of(dose_unit=units[0], level_unit=units[1]).level_factor == pytest.approx(UNITS[units])


def test_levels_in_umol() -> None:
    """1 mg/L of a substance of 500 g/mol is 2 umol/L."""
    assert model_of(level_unit="umol/L", molar_mass=500).level_factor == pytest.approx(2.0)
    assert model_of(level_unit="umol/L", molar_mass=500, dose_unit="g").level_factor == pytest.approx(2000.0)


def sigmoid(late: float) -> KineticModel:
    parameters = copy.deepcopy(BASE["parameters"])
    for name, typical in (("CLLATE", late), ("T50", 100.0), ("HILL", 2.0)):
        parameters[name] = {"typical": typical, "unit": "-"}
    return model_of(structure={"compartments": 2, "clearance_change": "sigmoid"}, parameters=parameters)


@pytest.mark.parametrize(
    ("time", "expected"), [(0.0, 4.0), (100.0, 4.0 * 0.25**0.5), (1e9, 1.0)], ids=["start", "half", "end"]
)
def test_a_clearance_that_changes_with_time(time: float, expected: float) -> None:
    assert typical_values(sigmoid(0.25), {"WT": 70, "TIME": time})["CL"] == pytest.approx(expected)


def test_an_effect_of_time() -> None:
    effect = {"covariate": "TIME", "form": "after", "reference": 24, "coefficient": 0.8}
    model = model_of(parameters__V1={"typical": 50, "unit": "L", "effects": [effect]})
    assert typical_values(model, {"WT": 70})["V1"] == 50
    assert typical_values(model, {"WT": 70, "TIME": 24})["V1"] == 50
    assert typical_values(model, {"WT": 70, "TIME": 24.1})["V1"] == pytest.approx(40)


def _missing(model: KineticModel) -> object:
    return typical_values(model, {"AGE": 50})


def _zero(model: KineticModel) -> object:
    return typical_values(model, {"WT": -70})


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (_missing, "drug_author_2020 needs the covariate WT; give values in kg"),
        (_zero, "drug_author_2020 has no positive parameters for WT -70"),
    ],
)
def test_wrong_covariates_are_errors(call: Callable[[KineticModel], object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        call(model_of())
