"""Most probable random effects of 4,000 patients per model against NONMEM, and their time.

The patients and NONMEM's results are those of github.com/FelicienLL/mapbayr-CPTPSP-2021 (no licence, so that nothing of
it is here). Set NONMEM_VALIDATION to a folder with its ``data`` and ``nonmem output``; RUNS may name some of the runs.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from datamodules.exposure.compartments.records import Records, records_of, up_to_last_level
from datamodules.exposure.estimation.map_estimate import derivatives, map_estimate, objective_of
from datamodules.exposure.estimation.starts import jumps_of_slope, timed_positions
from datamodules.exposure.published.kinetic_model import KineticModel
from omics.events.event_table import DOSE, RESET_AND_DOSE, EventTable

ONE = {"CL": 4.0, "V": 70.0, "KA": 1.0}
TWO = {"CL": 4.0, "V1": 70.0, "KA": 1.0, "V2": 50.0}
SATURABLE = {"VMAX": 10000.0, "V": 70.0, "KA": 1.0, "KM": 2500.0}
WITH_CLEARANCE = {**ONE, "KM": 2500.0}
WEIGHT_AND_SEX = (
    ("BW", "power", 75.0, 1.5),
    ("SEX", "factor", 1.0, 0.75),
)

SAME, FLAT, AT_JUMP = 1e-6, 1e-2, 1e-3
"""Difference of objectives that are equal, slope of a minimum, and distance of an effect from a jump of the slope."""


@dataclass(frozen=True)
class Run:
    """How a control stream is written as a KineticModel; effects on CL, and a factor of the amounts by compartment."""

    random: dict[str, float]
    fixed: dict[str, float] | None = None
    variance: tuple[float, ...] = (0.2,) * 6
    proportional: float = 0.05
    additive: float = 0.0
    form: str = "proportional"
    absorption: str = "first_order"
    effects: tuple[tuple[str, str, float, float], ...] = ()
    available: dict[int, float] | None = None
    elimination: str = "linear"


RUNS = {
    "001": Run(ONE),
    "002": Run(ONE),
    "003": Run({**ONE, "LAG": 1.0}),
    "004": Run({"CL": 4.0, "V": 70.0, "DURATION": 4.0}, absorption="none"),
    "005": Run({**ONE, "DURATION": 1.0}),
    "006": Run({**ONE, "DURATION": 4.0}, available={1: 0.2, 2: 0.8}),
    "101": Run(TWO, {"Q": 4.0}),
    "102": Run(TWO, {"Q": 4.0}),
    "201": Run(SATURABLE, elimination="michaelis_menten"),
    "202": Run(SATURABLE, elimination="michaelis_menten"),
    "203": Run(WITH_CLEARANCE, {"VMAX": 10000.0}, elimination="michaelis_menten"),
    "204": Run(WITH_CLEARANCE, {"VMAX": 10000.0}, elimination="michaelis_menten"),
    "205": Run({**ONE, "VMAX": 10000.0}, {"KM": 2500.0}, elimination="michaelis_menten"),
    "206": Run({**ONE, "VMAX": 10000.0}, {"KM": 2500.0}, elimination="michaelis_menten"),
    "207": Run({**SATURABLE, "CL": 4.0}, elimination="michaelis_menten"),
    "208": Run({**SATURABLE, "CL": 4.0}, elimination="michaelis_menten"),
    "301": Run(ONE, effects=WEIGHT_AND_SEX),
    "302": Run(ONE, effects=WEIGHT_AND_SEX),
    "403": Run(ONE, form="additive", additive=5000),
    "404": Run(ONE, form="additive", additive=5000),
    "405": Run(ONE, form="combined_variance", additive=5000),
    "406": Run(ONE, form="combined_variance", additive=5000),
    "407": Run(ONE, form="lognormal"),
    "408": Run(ONE, form="lognormal"),
    "501": Run(ONE, variance=(0.4,) * 3),
    "502": Run(ONE, variance=(0.6,) * 3),
    "503": Run(ONE, variance=(0.8,) * 3),
    "504": Run(ONE, variance=(1.0,) * 3),
    "511": Run(ONE, variance=(2.0, 0.2, 0.2)),
    "512": Run(ONE, variance=(2.0, 0.2, 2.0)),
    "513": Run(ONE, variance=(2.0, 2.0, 2.0)),
}


def rows() -> Iterator[str]:
    torch.set_num_threads(1)
    if "NONMEM_VALIDATION" not in os.environ:
        yield "not run: set NONMEM_VALIDATION to the folder with the data and results"
        return
    folder = Path(os.environ["NONMEM_VALIDATION"])
    yield (
        "run: patients; |eta - NONMEM| largest, median, above 1e-3; of these NONMEM lower, equal, higher; "
        "of the last NONMEM is at another minimum, at a jump of the slope, on a slope; sd ratio; CPU s"
    )
    for name in os.environ.get("RUNS", " ".join([*RUNS, "901", "951"])).split():
        yield compared(name, folder)


def compared(name: str, folder: Path) -> str:
    model = model_of(name)
    events = events_of(name, pd.read_csv(folder / "data" / f"data_to_fit{name}.csv", na_values="."))
    start = time.process_time()
    records = records_of(up_to_last_level(events))
    found = map_estimate(model, records)
    seconds = time.process_time() - start
    phi = results_of(name, folder)
    assert (phi["ID"].astype(str) == records.patients).all()
    size = found.effects.shape[1]
    eta = phi[[f"ETA({k})" for k in range(1, size + 1)]].to_numpy()
    apart = np.abs(found.effects.numpy() - eta).max(1)
    variance = phi[[f"ETC({k},{k})" for k in range(1, size + 1)]].to_numpy()
    theirs = objective_of(model, records)(torch.from_numpy(eta)).numpy()
    more = theirs - found.objective.numpy()
    far = apart > 1e-3
    split = [int((far & one).sum()) for one in (more < -SAME, np.abs(more) <= SAME, more > SAME)]
    reasons = reasons_of(model, records, torch.from_numpy(eta), np.flatnonzero(far & (more > SAME)))
    ratio = np.sqrt(variance / torch.diagonal(found.covariance, dim1=1, dim2=2).numpy())
    return (
        f"{name}: {len(records)}; {apart.max():.1e}, {np.median(apart):.1e}, {far.sum()}; "
        f"{', '.join(map(str, split))}; {', '.join(map(str, reasons))}; {np.median(ratio):.3f}; {seconds:.1f}"
    )


def reasons_of(model: KineticModel, records: Records, eta: torch.Tensor, rows: np.ndarray) -> list[int]:
    """Count the solutions of NONMEM that are another minimum, at a jump of the slope, or on a slope: stopped early."""
    if not len(rows):
        return [0, 0, 0]
    chosen = torch.from_numpy(rows)
    part, eta = records.take(chosen), eta[chosen]
    flat = derivatives(objective_of(model, part), eta)[0].abs().amax(1) < FLAT
    near = torch.zeros(len(rows), dtype=torch.bool)
    for k in timed_positions(model):
        near |= (jumps_of_slope(model, part, eta, k).abs() < AT_JUMP).flatten(1).any(1)
    return [int(one.sum()) for one in (flat, ~flat & near, ~flat & ~near)]


def results_of(name: str, folder: Path) -> pd.DataFrame:
    with (
        zipfile.ZipFile(folder / "nonmem output" / f"run{name}.zip") as archive,
        archive.open(f"run{name}/run{name}.phi") as file,
    ):
        return pd.read_csv(file, skiprows=1, sep=r"\s+")


def events_of(name: str, data: pd.DataFrame) -> EventTable:
    """Read a data set; compartments of single-compartment models count from the depot, as in the engine."""
    run = RUNS.get(name)
    factor = data["cmt"].map(run.available) if run and run.available else 1.0
    covariates = [column for column in ("BW", "SEX", "BSA", "AGE", "SCR") if column in data]
    table = pd.DataFrame(
        {
            "patient": data["ID"].astype(str),
            "time": data["time"].astype(float),
            "amount": (data["amt"] * factor).where(data["evid"].isin([DOSE, RESET_AND_DOSE])),
            "rate": data["rate"].astype(float) if "rate" in data else 0.0,
            "kind": data["evid"],
            "compartment": data["cmt"],
            "level": data["DV"],
            "observed": (data["mdv"] == 0) & data["DV"].notna(),
            "additional": data.get("addl", 0),
            "interval": data["ii"].astype(float) if "ii" in data else 0.0,
            "steady_state": 0,
            "censored": False,
            "limit": np.nan,
            "occasion": data["CYCLE"] - 1 if "CYCLE" in data else 0,
            "row": np.arange(1, len(data) + 1),
        }
    )
    return EventTable(table.join(data[covariates].astype(float)), tuple(covariates))


def model_of(name: str) -> KineticModel:
    if name == "901":
        return carboplatin()
    if name == "951":
        return methotrexate()
    run = RUNS[name]
    typical = {**run.random, **(run.fixed or {})}
    parameters = {key: {"typical": value, "unit": "-"} for key, value in typical.items()}
    if run.effects:
        parameters["CL"]["effects"] = [effect(*line) for line in run.effects]
    return model(
        compartments=1 if "V" in typical else 2,
        absorption=run.absorption,
        elimination=run.elimination,
        parameters=parameters,
        variability=[
            {"parameters": [key], "covariance": [[value]]}
            for key, value in zip(run.random, run.variance, strict=False)
        ],
        residual={
            "form": run.form, "proportional": run.proportional**0.5, "additive": run.additive**0.5,
        },
        covariates={line[0]: covariate() for line in run.effects},
        units=("ug", "ug/L"),
    )  # fmt: skip


def carboplatin() -> KineticModel:
    return model(
        compartments=2,
        parameters={
            "CL": {"typical": 6.38, "unit": "L/h"},
            "V1": {"typical": 9.5, "unit": "L", "effects": [effect("BSA", "power", 1.0, 1.0)]},
            "V2": {"typical": 9.56, "unit": "L"},
            "Q": {"typical": 2.7, "unit": "L/h"},
        },
        variability=[
            {"parameters": [key], "covariance": [[value]]}
            for key, value in (("CL", 0.105), ("V1", 0.0378), ("V2", 0.026))
        ],
        residual={"form": "proportional", "proportional": 0.0381**0.5},
        covariates={"BSA": covariate()},
    )


def methotrexate() -> KineticModel:
    clearance = [effect("SCR", "power", 67.0, -0.43), effect("AGE", "power", 62.0, -0.22)]
    return model(
        compartments=2,
        parameters={
            "CL": {"typical": 7.1 / 2.2, "unit": "L/h", "effects": clearance},
            "V1": {"typical": 25.1 / 2.2, "unit": "L"},
            "Q": {"typical": 0.15 / 2.2, "unit": "L/h"},
            "V2": {"typical": 2.7 / 2.2, "unit": "L"},
        },
        variability=[
            {"parameters": ["CL", "V1"], "covariance": [[0.266256, 0.002401], [0.002401, 0.233289]]},
            {"parameters": ["Q", "V2"], "covariance": [[0.430336, 0.084164], [0.084164, 0.4096]]},
        ],
        occasion_variability=[{"parameters": ["CL"], "covariance": [[0.027225]]}],
        residual={"form": "combined_variance", "proportional": 0.2116**0.5, "additive": 15.0},
        covariates={"AGE": covariate(), "SCR": covariate()},
    )


def model(compartments, parameters, variability, residual, covariates, absorption="none", elimination="linear",
          occasion_variability=(), units=("mg", "mg/L")) -> KineticModel:  # fmt: skip
    return KineticModel.model_validate(
        {
            "name": "validation",
            "drug": "simulated",
            "population": "simulated patients",
            "source": {
                "citation": "Le Louedec 2021",
                "doi": "10.1002/psp4.12689",
                "checked": "control stream",
            },
            "time_unit": "hours",
            "dose_unit": units[0],
            "level_unit": units[1],
            "structure": {
                "compartments": compartments,
                "absorption": absorption,
                "elimination": elimination,
            },
            "parameters": parameters,
            "variability": variability,
            "occasion_variability": occasion_variability,
            "residual": residual,
            "covariates": covariates,
            "typical_patient": {"covariates": {}, "parameters": {}},
        }
    )


def effect(name: str, form: str, reference: float, coefficient: float) -> dict[str, str | float]:
    return {"covariate": name, "form": form, "reference": reference, "coefficient": coefficient}


def covariate() -> dict[str, str | float]:
    return {"unit": "-", "low": 0.0, "high": 1e6}
