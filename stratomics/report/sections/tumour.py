"""The report's section on growth of tumours: what factors and exposure change in it, and errors of forecasts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from datamodules.exposure import NOT_FOR_DOSING
from stratomics.pharmacology.tumour_store import NO_SLOPE, StoredGrowth, forecast_errors, load_growth
from stratomics.report.figures.forest import ForestRow, forest
from stratomics.report.figures.style import COLOURS, GREY
from stratomics.report.section import Block, Details, Panel, Section, Table
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ASSOCIATED", "IMMORTAL", "tumour"]

SHOWN = 10
"""Slopes in the table and the figure."""

NAMED = 3
"""Factors named in the sentence."""

LETTERS = 24
"""Letters of a label in the figure; longer ones are cut."""

WITH, WITHOUT = "with factors", "without factors"
"""The two models."""

RATE = "growth rate"
EXPOSED = {"claret": "effect of the drug"}
"""Curve -> what changes with exposure, if not the growth rate."""

IMMORTAL = (
    "Growth after baseline does not predict survival: only patients who live long enough have later sizes (immortal "
    "time). No cohort reads the growth of a patient as a covariate or a feature."
)
ASSOCIATED = "Slopes are associations; that of exposure is causal only where the dose was assigned at random."
HOW = (
    "Ratios are per standard deviation of a factor or covariate, and per doubling of exposure. All come from one "
    "likelihood of the sizes. Slopes of factors without support shrink to 0 and are not shown."
)


def tumour(run: RunDirectory) -> Section | None:
    """Show the growth that ``stratomics tumour`` found; None for a run to which it was not applied."""
    growth = load_growth(run)
    if growth is None:
        return None
    slopes = _slopes(growth)
    rows = _largest_first(slopes[(slopes["model"] == WITH) & ~_shrunk(slopes)]).head(SHOWN)
    blocks: list[Block] = [_introduction(growth), _factor_sentence(slopes)]
    if growth.exposure:
        blocks.append(f"{_exposure_sentence(slopes)} {NOT_FOR_DOSING}")
    if len(rows):
        caption = "Ratios with 95% intervals, the largest slopes first"
        blocks += [HOW, Table("tumour-slopes", caption, _slopes_table(rows, slopes)), _panel(rows)]
    errors = "Typical relative error of forecasts of later sizes of held-out patients"
    blocks += [
        Table("tumour-errors", errors, _errors_table(growth)),
        _gain_sentence(growth),
        [ASSOCIATED, IMMORTAL],
        Details("Show typical growth, and what was left out", _details(growth)),
    ]
    return Section("tumour", "Growth of tumours", blocks)


def _slopes(growth: StoredGrowth) -> pd.DataFrame:
    """Slopes, that of exposure per doubling, with ``exposure``, ``name``, ``changed`` (what changes) and ``text``."""
    table = growth.slopes.assign(exposure=False, changed=RATE)
    table["factor"] = table["factor"].astype(bool)
    if growth.exposure:
        last = table.groupby("model").tail(1).index
        table.loc[last, ["slope", "low", "high"]] *= np.log(2.0)
        table.loc[last, "exposure"] = True
        table.loc[last, "changed"] = EXPOSED.get(growth.curve, RATE)
    pairs = zip(table["predictor"].astype(str), table["factor"], strict=True)
    names = [_name(name, factor=factor) for name, factor in pairs]
    ratios = np.exp(table[["slope", "low", "high"]].to_numpy())
    texts = [f"{ratio:.2f} ({low:.2f} to {high:.2f})" for ratio, low, high in ratios]
    return table.assign(name=names, text=texts)


def _introduction(growth: StoredGrowth) -> str:
    return (
        f"Curves ({growth.curve}) were fitted to the tumour sizes of {len(growth.patients)} patients, in two models: "
        "with the factors of this run and without them."
    )


def _factor_sentence(slopes: pd.DataFrame) -> str:
    factors = slopes[slopes["factor"] & (slopes["model"] == WITH)]
    clear = _largest_first(factors[_clear(factors) & ~_shrunk(factors)])
    if clear.empty:
        return f"No clear change of the growth rate with any of {len(factors)} factors."
    named = "; ".join(
        f"{row['text']} times with {row['name']}" for row in clear.head(NAMED).to_dict("records")
    )
    largest = ", the largest" if len(clear) > NAMED else ""
    return (
        f"Per standard deviation, the growth rate clearly changes with {len(clear)} of {len(factors)} factors"
        f"{largest}: {named} (95% intervals)."
    )


def _exposure_sentence(slopes: pd.DataFrame) -> str:
    exposed = slopes[slopes["exposure"]].set_index("model")
    verb = "changes" if _clear(exposed)[WITH] else "does not clearly change"
    text, changed = exposed["text"], exposed["changed"].iloc[0]
    return (
        f"The {changed} {verb} with exposure: per doubling it is {text[WITH]} times as large in the model with "
        f"factors, which may hold part of exposure, and {text[WITHOUT]} times in that without (95% interval)."
    )


def _slopes_table(rows: pd.DataFrame, slopes: pd.DataFrame) -> pd.DataFrame:
    other = slopes[slopes["model"] == WITHOUT]
    without = dict(zip(zip(other["predictor"], other["exposure"], strict=True), other["text"], strict=True))
    return pd.DataFrame(
        [
            {
                "predictor": row["name"],
                "ratio of the": row["changed"],
                "per": "doubling" if row["exposure"] else "standard deviation",
                WITH: row["text"],
                WITHOUT: "" if row["factor"] else without[row["predictor"], row["exposure"]],
            }
            for row in rows.to_dict("records")
        ]
    )


def _panel(rows: pd.DataFrame) -> Panel:
    names = ["ratio", "low", "high"]
    values = np.exp(rows[["slope", "low", "high"]].to_numpy(float))
    drawn = [
        ForestRow(_short(row["name"]), ratio, low, high, row["text"], _colour(row))
        for row, (ratio, low, high) in zip(rows.to_dict("records"), values.tolist(), strict=True)
    ]
    figure = forest(drawn, "Ratio", "ratio (95% interval)", reference=1.0, ratio=True)
    exposed = rows["changed"][rows["exposure"]].unique().tolist()
    text = "Slopes in the model with factors: blue for factors, grey for covariates"
    text += f", red for exposure (ratio of the {exposed[0]}). {NOT_FOR_DOSING}" if exposed else "."
    table = pd.DataFrame({"predictor": rows["name"], "ratio of the": rows["changed"]})
    table[names] = values
    return Panel("tumour-forest", "What the growth of tumours changes with", figure, text, table)


def _colour(row: Mapping[Hashable, Any]) -> str:
    if row["factor"]:
        return COLOURS[0]
    return COLOURS[2] if row["exposure"] else GREY


def _errors_table(growth: StoredGrowth) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "sizes known until": row["landmark"],
                "later sizes": row["sizes"],
                WITH: _share(row["with_factors"]),
                WITHOUT: _share(row["without_factors"]),
                "last size": _share(row["last"]),
            }
            for row in forecast_errors(growth.forecasts).to_dict("records")
        ]
    )


def _gain_sentence(growth: StoredGrowth) -> str:
    if np.isnan(growth.gain_se):
        return "Too few patients are held out to tell whether factors improve forecasts."
    verb = "improve" if growth.gain > 2 * growth.gain_se else "do not clearly improve"
    return (
        f"Factors {verb} the log likelihood of the sizes of held-out patients: {growth.gain:+.3f} per patient (SE "
        f"{growth.gain_se:.3f})."
    )


def _details(growth: StoredGrowth) -> list[Block]:
    table = pd.DataFrame(
        [
            {
                "parameter": row["parameter"],
                "typical (95% interval)": f"{row['typical']:.3g} ({row['low']:.3g} to {row['high']:.3g})",
                "sd of the logarithm between patients": f"{row['spread']:.2f}",
            }
            for row in growth.typical.to_dict("records")
        ]
    )
    error = (
        f"The error of a size has the standard deviations {growth.additive:.2g} mm and {growth.proportional:.0%} of "
        "the size, whose squares are added."
    )
    caption = "Typical values: rates per week, size in mm"
    return [Table("tumour-typical", caption, table), error, *([list(growth.notes)] if growth.notes else [])]


def _clear(slopes: pd.DataFrame) -> pd.Series[bool]:
    """Whether the interval excludes no change."""
    return (slopes["low"] > 0) | (slopes["high"] < 0)


def _shrunk(slopes: pd.DataFrame) -> pd.Series[bool]:
    return slopes["factor"] & (slopes["slope"].abs() < NO_SLOPE)


def _largest_first(slopes: pd.DataFrame) -> pd.DataFrame:
    return slopes.sort_values("slope", key=np.abs, ascending=False, kind="stable")


def _name(predictor: str, *, factor: bool) -> str:
    number = predictor.removeprefix("factor")
    return f"factor {number}" if factor and number.isdigit() else predictor


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1].rstrip()}…"


def _share(error: float) -> str:
    return "not available" if np.isnan(error) else f"{np.expm1(error):.1%}"
