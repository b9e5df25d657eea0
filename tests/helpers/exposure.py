"""A vancomycin model for tests: Goti 2018, doi 10.1097/FTD.0000000000000490, without dialysis."""

from __future__ import annotations

from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["vancomycin"]


def vancomycin() -> KineticModel:
    """Two compartments; clearance by creatinine clearance, central volume by weight."""
    return KineticModel.model_validate(
        {
            "name": "vancomycin_test",
            "drug": "vancomycin",
            "population": "adults in hospital",
            "source": {"citation": "Goti 2018", "doi": "10.1097/FTD.0000000000000490", "checked": "tests"},
            "time_unit": "hours",
            "dose_unit": "mg",
            "level_unit": "mg/L",
            "structure": {"compartments": 2},
            "parameters": {
                "CL": {"typical": 4.5, "unit": "L/h", "effects": [_power("CRCL", 120, 0.8)]},
                "V1": {"typical": 58.4, "unit": "L", "effects": [_power("WT", 70, 1)]},
                "Q": {"typical": 6.5, "unit": "L/h"},
                "V2": {"typical": 38.4, "unit": "L"},
            },
            "variability": [
                {"parameters": ["CL"], "covariance": [[0.14705]]},
                {"parameters": ["V1"], "covariance": [[0.51019]]},
                {"parameters": ["V2"], "covariance": [[0.28232]]},
            ],
            "residual": {"form": "combined_variance", "additive": 3.4, "proportional": 0.227},
            "covariates": {
                "CRCL": {"unit": "mL/min", "low": 5, "high": 250},
                "WT": {"unit": "kg", "low": 30, "high": 200},
            },
            "typical_patient": {
                "covariates": {"CRCL": 120, "WT": 70},
                "parameters": {"CL": 4.5, "V1": 58.4, "Q": 6.5, "V2": 38.4},
            },
        }
    )


def _power(covariate: str, reference: float, coefficient: float) -> dict[str, object]:
    return {"covariate": covariate, "form": "power", "reference": reference, "coefficient": coefficient}
