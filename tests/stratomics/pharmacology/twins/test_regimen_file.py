"""Regimens are strict files: an unknown key and other units are errors of one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from dosed import LOW

from datamodules.exposure.published.library import find_model
from datamodules.exposure.regimen import Regimen
from omics.common.errors import ConfigError
from stratomics.pharmacology.twins.regimen_file import RegimenFile, read_regimens

MODEL = find_model("vancomycin_goti_2018")


def test_a_file_a_mapping_and_a_regimen_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "low.yaml"
    path.write_text(yaml.safe_dump(LOW))
    (of_file,) = read_regimens([path])
    assert [of_file] == read_regimens([LOW]) == read_regimens([RegimenFile(**LOW)])
    assert of_file.regimen(MODEL) == Regimen(500, 12, 1)


def test_a_dose_per_weight_has_the_covariate() -> None:
    (one,) = read_regimens([LOW | {"per": "WT", "dose": 15, "interval_unit": "hours"}])
    assert one.regimen(MODEL) == Regimen(15, 12, 1, "WT")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"unit": "g"},
            "regimen 'low' has its dose in g, but vancomycin_goti_2018 is in mg; convert the dose",
        ),
        ({"interval_unit": "days"}, "has its interval in days, but vancomycin_goti_2018 is in hours"),
    ],
)
def test_other_units_are_refused(change: dict[str, Any], sentence: str) -> None:
    (one,) = read_regimens([LOW | change])
    with pytest.raises(ConfigError, match=sentence):
        one.regimen(MODEL)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"doze": 1}, "the regimen: 'doze' is not a known key; .*/twins.md lists the keys"),
        ({"dose": 0}, "the regimen: dose: .* greater than 0"),
        ({"dose": float("nan")}, "the regimen: dose: "),
        ({"interval": -1}, "the regimen: interval: "),
        ({"infusion": -1}, "the regimen: infusion: "),
        ({"name": ""}, "the regimen: name: "),
    ],
)
def test_a_wrong_key_or_value_is_named(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_regimens([LOW | change])


def test_a_missing_key_a_missing_file_and_no_regimen(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'unit' is missing"):
        read_regimens([{key: value for key, value in LOW.items() if key != "unit"}])
    with pytest.raises(ConfigError, match="no such file"):
        read_regimens([tmp_path / "absent.yaml"])
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConfigError, match="not a regimen"):
        read_regimens([tmp_path / "list.yaml"])
    with pytest.raises(ConfigError, match="there is no regimen"):
        read_regimens([])


def test_two_regimens_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two regimens have the name 'low'"):
        read_regimens([LOW, LOW])
