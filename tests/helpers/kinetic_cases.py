"""Kinetic models and events for tests, and levels by numerical integration, which share no code with the project."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.integrate import solve_ivp

from datamodules.exposure.published.kinetic_model import KineticModel, Structure
from omics.events.event_table import DOSE, LEVEL, RESET_AND_DOSE, EventTable

TYPICAL = {
    1: {"CL": 4.0, "V": 70.0},
    2: {"CL": 4.0, "V1": 30.0, "Q": 6.0, "V2": 50.0},
    3: {"CL": 4.0, "V1": 12.0, "Q": 6.0, "V2": 30.0, "Q3": 1.5, "V3": 90.0},
}
"""Typical values of a linear disposition, by the number of compartments."""


def kinetic_model(
    compartments: int = 1,
    absorption: str = "none",
    *,
    transits: int = 0,
    more: dict[str, float] | None = None,
    random: dict[str, float] | None = None,
    effects: dict[str, list[dict[str, Any]]] | None = None,
    residual: dict[str, Any] | None = None,
    typical: dict[str, float] | None = None,
    **fields: Any,
) -> KineticModel:
    """A model; `random` has the variance of each random effect, `more` further typical values."""
    values = {**(typical or TYPICAL[compartments])}
    values |= {"none": {}, "first_order": {"KA": 1.0}, "transit": {"KTR": 2.0}}[absorption] | (more or {})
    effects = effects or {}
    used = {one["covariate"] for lines in effects.values() for one in lines} - {"TIME"}
    return KineticModel.model_validate(
        {
            "name": "simulated",
            "drug": "simulated",
            "population": "simulated patients",
            "source": {"citation": "none", "doi": "none", "checked": "none"},
            "time_unit": "hours",
            "dose_unit": "mg",
            "level_unit": "mg/L",
            "structure": {"compartments": compartments, "absorption": absorption, "transits": transits},
            "parameters": {
                name: {"typical": value, "unit": "-", "effects": effects.get(name, [])}
                for name, value in values.items()
            },
            "variability": [
                {"parameters": [name], "covariance": [[variance]]}
                for name, variance in (random or {"CL": 0.2}).items()
            ],
            "residual": residual or {"form": "proportional", "proportional": 0.2},
            "covariates": {name: {"unit": "-", "low": 0.0, "high": 1e6} for name in used},
            "typical_patient": {"covariates": {}, "parameters": {}},
            **fields,
        }
    )


GOTI = kinetic_model(
    2,
    typical={"CL": 4.5, "V1": 58.4, "Q": 6.5, "V2": 38.4},
    random={"CL": 0.14705, "V1": 0.51019, "V2": 0.28232},
    effects={
        "CL": [{"covariate": "CRCL", "form": "power", "reference": 120.0, "coefficient": 0.8}],
        "V1": [{"covariate": "WT", "form": "power", "reference": 70.0, "coefficient": 1.0}],
    },
    residual={"form": "combined_variance", "additive": 3.4, "proportional": 0.227},
)
"""Vancomycin as in Goti 2018."""

RUN_001 = kinetic_model(
    absorption="first_order",
    random={"CL": 0.2, "V": 0.2, "KA": 0.2},
    residual={"form": "proportional", "proportional": 0.05**0.5},
    dose_unit="ug",
    level_unit="ug/L",
)
"""As run001.mod of ../shared/pharmacology/nonmem_map."""


def event_table(lines: Sequence[dict[str, Any]], covariates: tuple[str, ...] = ()) -> EventTable:
    """Events from the fields that differ from a level that is not measured, patient "a"."""
    usual = {
        "patient": "a", "time": 0.0, "amount": np.nan, "rate": 0.0, "kind": LEVEL, "compartment": 0, "level": np.nan,
        "observed": False, "additional": 0, "interval": 0.0, "steady_state": 0, "censored": False, "limit": np.nan,
        "occasion": 0,
    }  # fmt: skip
    table = pd.DataFrame([{**usual, **line} for line in lines])
    return EventTable(table.assign(row=np.arange(1, len(table) + 1)), covariates)


def dose(time: float, amount: float, **fields: Any) -> dict[str, Any]:
    return {"time": time, "amount": amount, "kind": DOSE, **fields}


def reset_and_dose(time: float, amount: float, **fields: Any) -> dict[str, Any]:
    return {"time": time, "amount": amount, "kind": RESET_AND_DOSE, **fields}


def level(time: float, measured: float | None = None, **fields: Any) -> dict[str, Any]:
    known = {} if measured is None else {"level": measured, "observed": True}
    return {"time": time, **known, **fields}


def nonmem_table(data: pd.DataFrame, covariates: tuple[str, ...] = (), **fields: Any) -> EventTable:
    """Events from a data set with NONMEM's columns in any case; fields replace columns."""
    data = data.rename(columns=str.lower)
    number = data["dv"] if "dv" in data else pd.Series(np.nan, data.index)
    measured = pd.to_numeric(number, errors="coerce")
    kind = data["evid"]
    table = pd.DataFrame(
        {
            "patient": data["id"].astype(int).astype(str),
            "time": data["time"].astype(float),
            "amount": data["amt"].where(kind.isin([DOSE, RESET_AND_DOSE])).astype(float),
            "rate": data["rate"].astype(float) if "rate" in data else 0.0,
            "kind": kind,
            "compartment": data["cmt"],
            "level": measured,
            "observed": (kind == LEVEL) & measured.notna(),
            "additional": data.get("addl", 0),
            "interval": data["ii"].astype(float) if "ii" in data else 0.0,
            "steady_state": data.get("ss", 0),
            "censored": False,
            "limit": np.nan,
            "occasion": 0,
            "row": np.arange(1, len(data) + 1),
        }
    )
    names = [name.lower() for name in covariates]
    columns = data[names].astype(float).set_axis(list(covariates), axis=1)
    return EventTable(table.assign(**fields).join(columns).reset_index(drop=True), covariates)


@dataclass(frozen=True)
class Given:
    """A dose as it arrives: from `start` for `length` (0: at once) into compartment 1 (depot) or 2 (central)."""

    start: float
    amount: float
    length: float = 0.0
    compartment: int = 2


def integrated(
    structure: Structure,
    values: Callable[[float], dict[str, float]],
    doses: Sequence[Given],
    times: Sequence[float],
    resets: Sequence[float] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Levels and areas at `times` by DOP853; parameters may change at `times` and are asked for between them."""
    before = {"none": 0, "first_order": 1, "transit": structure.transits + 1}[structure.absorption]
    count = before + structure.compartments
    ends = [one.start + one.length for one in doses]
    marks = sorted({0.0, *times, *resets, *(one.start for one in doses), *ends})
    state, found = np.zeros(count + 1), {}
    for i, now in enumerate(marks):
        if now in resets:
            state[:count] = 0
        for one in doses:
            if one.start == now and not one.length:
                state[_target(one, before)] += one.amount
        volume = _volume(values(now))
        found[now] = (state[before] / volume, state[-1])
        if i + 1 == len(marks):
            break
        middle = (now + marks[i + 1]) / 2
        current = values(middle)
        inflow = np.zeros(count + 1)
        for one in doses:
            stopped = any(one.start < reset <= now for reset in resets)
            if one.start <= now and now < one.start + one.length and not stopped:
                inflow[_target(one, before)] += one.amount / one.length
        matrix = _matrix(structure, current, before)
        solved = solve_ivp(
            lambda _, y, m=matrix, u=inflow: m @ y + u, (now, marks[i + 1]), state,
            method="DOP853", rtol=1e-11, atol=1e-12,
        )  # fmt: skip
        state = solved.y[:, -1]
    levels, areas = np.array([found[time] for time in times]).T
    return levels, areas


def carried_backward(
    times: Sequence[float], rows: Sequence[dict[str, float]]
) -> Callable[[float], dict[str, float]]:
    """Parameters at a time: those of the next of `times`."""
    return lambda time: rows[min(bisect_left(times, time), len(rows) - 1)]


def _target(one: Given, before: int) -> int:
    return 0 if one.compartment == 1 else before


def _volume(values: dict[str, float]) -> float:
    return values["V"] if "V" in values else values["V1"]


def _matrix(structure: Structure, v: dict[str, float], before: int) -> np.ndarray:
    """Changes per amount; the last row integrates the level in the central compartment."""
    count = before + structure.compartments
    matrix = np.zeros((count + 1, count + 1))
    rate = v.get("KA", v.get("KTR", 0.0))
    for i in range(before):
        matrix[i, i] -= rate
        matrix[i + 1, i] += rate
    volume = _volume(v)
    matrix[before, before] -= v["CL"] / volume
    for k, (flow, peripheral) in enumerate((("Q", "V2"), ("Q3", "V3"))[: structure.compartments - 1], 1):
        matrix[before, before] -= v[flow] / volume
        matrix[before + k, before] += v[flow] / volume
        matrix[before + k, before + k] -= v[flow] / v[peripheral]
        matrix[before, before + k] += v[flow] / v[peripheral]
    matrix[count, before] = 1 / volume
    return matrix


def tensors(values: dict[str, float], shape: tuple[int, ...] = ()) -> dict[str, torch.Tensor]:
    """Constant parameters of one shape in float64."""
    return {name: torch.full(shape, value, dtype=torch.float64) for name, value in values.items()}
