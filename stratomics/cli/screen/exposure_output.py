"""Print kinetic models: the list of the library, or the values of one model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamodules.exposure import NOT_FOR_DOSING
from datamodules.exposure.individual import IndividualExposure
from datamodules.exposure.metrics import measure_unit
from datamodules.exposure.published.computed_covariates import COMPUTED
from datamodules.exposure.published.covariate_effect import CovariateEffect
from datamodules.exposure.published.kinetic_model import Block, KineticModel, ResidualError, Structure
from omics.events.event_notes import EventNote
from stratomics.pharmacology.hybrid_forecasts import FactorsAndExposure
from stratomics.pharmacology.run_exposure import RefitSummary
from stratomics.report.text.kinetic_refit import refit_table

__all__ = ["model_row", "print_exposure", "print_factors", "print_model", "print_models", "print_refit"]

SHOWN = 20
"""Patients on the screen; `--out` writes all."""

FEW_DRAWS = 1000
LARGE_SHRINKAGE = 0.3

CLEAR = 2.0
"""Standard deviations that a slope is away from 0 to be printed."""

EFFECTS = {
    "power": "({covariate} / {reference:g}) ^ {coefficient:g}",
    "linear": "1 + {coefficient:g} ({covariate} - {reference:g})",
    "exp": "exp({coefficient:g} ({covariate} - {reference:g}))",
    "factor": "{coefficient:g} where {covariate} is {reference:g}",
    "hill": "{covariate} ^ {coefficient:g} / ({covariate} ^ {coefficient:g} + {reference:g} ^ {coefficient:g})",
    "after": "{coefficient:g} after a time of {reference:g}",
}
RESIDUALS = {
    "additive": "{additive:g} {unit}",
    "proportional": "{proportional:.1%} of the level",
    "combined_variance": "root of ({additive:g} {unit}) ^ 2 + ({proportional:.1%} of the level) ^ 2",
    "combined_sd": "{additive:g} {unit} + {proportional:.1%} of the level",
    "lognormal": "{proportional:g} of the logarithm of the level",
}
ROUTES = {"none": "into the central compartment", "first_order": "first-order absorption"}


def model_row(model: KineticModel) -> dict[str, str]:
    """Describe a model in one row: name, drug, structure, population, DOI."""
    return {
        "name": model.name,
        "drug": model.drug,
        "structure": _structure(model.structure),
        "population": model.population,
        "doi": model.source.doi,
    }


def print_models(models: Sequence[KineticModel]) -> None:
    """Print the list of models."""
    rows = [model_row(model) for model in models]
    _print(_table("Kinetic models", rows[0], (row.values() for row in rows)))
    print(NOT_FOR_DOSING)


def print_exposure(
    model: KineticModel, exposure: IndividualExposure, notes: Sequence[EventNote], written: str | None
) -> None:
    """Print the exposure of the first patients, the shrinkage of the model's parameters, and notes.

    Parameters
    ----------
    model
        The population model.
    exposure
        Exposure of all patients.
    notes
        What to know about single patients.
    written
        The table that was written, or None.
    """
    table = exposure.table().head(SHOWN)
    measures = {name: measure_unit(model, name) for name in map(str, exposure.mean)}
    shown = [
        [_short(mean, sd) for mean, sd in zip(table[name], table[f"{name}_sd"], strict=True)]
        for name in measures
    ]
    rows = list(zip(table.index.astype(str), table["levels"].astype(str), *shown, strict=True))
    columns = ["patient", "levels", *(f"{name}, {unit}" for name, unit in measures.items())]
    _print(_table(f"Exposure by {model.name}: mean (sd)", columns, rows))
    if len(exposure.mean) > SHOWN:
        print(f"The first {SHOWN} of {len(exposure.mean)} patients; --out FILE.csv writes all.")
    print("Shrinkage: " + ", ".join(f"{name} {value:.0%}" for name, value in exposure.shrinkage.items()))
    if (exposure.shrinkage > LARGE_SHRINKAGE).any():
        print("A shrinkage above 30% means that the levels say little about this parameter in many patients.")
    if few := int((exposure.posterior.effective < FEW_DRAWS).sum()):
        print(f"{few} patient(s) have fewer than {FEW_DRAWS} effective draws; their sd is less certain.")
    _print_notes(notes)
    if written:
        print(written)
    print(NOT_FOR_DOSING)


def print_factors(model: KineticModel, found: FactorsAndExposure) -> None:
    """Print forecasts with and without factors, and the slopes that are clear.

    Parameters
    ----------
    model
        The population model.
    found
        Slopes and errors of forecasts.
    """
    rows = [
        [str(row["number"]), str(row["levels"]), f"{row['published']:.3g}", f"{row['hybrid']:.3g}"]
        for row in found.forecasts().to_dict("records")
    ]
    columns = ["level", "patients", "published model", "with factors"]
    _print(
        _table(
            f"Error of forecasts (root mean square, {model.level_unit}) of held-out patients", columns, rows
        )
    )
    slopes = found.slopes()
    clear = slopes[slopes["slope"].abs() > CLEAR * slopes["sd"]]
    for row in clear.to_dict("records"):
        change = math.expm1(row["slope"])
        print(f"{row['parameter']}: {change:+.0%} per standard deviation of {row['factor']}")
    if clear.empty:
        print("No factor explains a parameter of the model.")


def print_refit(model: KineticModel, refit: RefitSummary) -> None:
    """Print published beside refitted values, or why the published model is used.

    Parameters
    ----------
    model
        The published model.
    refit
        The kinetic model of the final model of a run.
    """
    if refit.note:
        print(refit.note)
        return
    table = refit_table(refit)
    title = f"{model.name}, refitted by the run to {refit.levels} levels of {refit.patients} patients"
    _print(_table(title, table.columns, table.to_numpy().tolist()))
    print("The exposure below is that of the refitted model.")


def _short(mean: float, sd: float) -> str:
    digits = max(0, 1 - math.floor(math.log10(sd))) if sd > 0 else 1
    return f"{mean:.{digits}f} ({sd:.{digits}f})"


def _print_notes(notes: Sequence[EventNote]) -> None:
    """Print each kind of note once, with the number of patients and an example."""
    for code in dict.fromkeys(note.code for note in notes):
        same = [note for note in notes if note.code == code]
        print(f"{len(same)} patient(s), such as {same[0].patient}: {same[0].sentence}")


def print_model(model: KineticModel) -> None:
    """Print the values of a model, its covariates and its source."""
    print(f"{model.name}: {model.drug}, {_structure(model.structure)}; {model.population}")
    print(f"time in {model.time_unit}, doses in {model.dose_unit}, levels in {model.level_unit}")
    _print(
        _table(
            "Parameters", ("parameter", "typical value", "unit", "covariate effects"), _parameter_rows(model)
        )
    )
    if model.random_parameters:
        _print(
            _table(
                "Variability, of logarithms", ("parameter", "of", "variance", "CV%"), _variance_rows(model)
            )
        )
    for name, other, value in _covariances(model.variability):
        print(f"covariance of {name} and {other}: {value:g}")
    print(f"residual error, standard deviation: {_residual(model.residual, model.level_unit)}")
    if model.covariates:
        _print(_table("Covariates", ("covariate", "unit", "range"), _covariate_rows(model)))
    for label, text in (
        ("source", f"{model.source.citation}, doi {model.source.doi}"),
        ("checked", model.source.checked),
        ("notes", model.notes),
    ):
        if text:
            print(f"{label}: {' '.join(text.split())}")
    print(NOT_FOR_DOSING)


def _structure(structure: Structure) -> str:
    compartments = f"{structure.compartments} compartment{'s' if structure.compartments > 1 else ''}"
    route = ROUTES.get(structure.absorption, f"absorption through {structure.transits} transit compartments")
    parts = [compartments, route]
    if structure.elimination == "michaelis_menten":
        parts.append("saturable elimination")
    if structure.clearance_change == "sigmoid":
        parts.append("clearance that changes with time")
    return ", ".join(parts)


def _parameter_rows(model: KineticModel) -> Iterable[Sequence[str]]:
    for name, parameter in model.parameters.items():
        yield name, f"{parameter.typical:g}", parameter.unit, " x ".join(map(_effect, parameter.effects))


def _effect(effect: CovariateEffect) -> str:
    return EFFECTS[effect.form].format(**effect.model_dump())


def _variance_rows(model: KineticModel) -> Iterable[Sequence[str]]:
    for of, blocks in (("patients", model.variability), ("occasions", model.occasion_variability)):
        for block in blocks:
            for place, name in enumerate(block.parameters):
                variance = block.covariance[place][place]
                yield name, of, f"{variance:g}", f"{100 * math.sqrt(math.expm1(variance)):.1f}"


def _covariances(blocks: Iterable[Block]) -> Iterable[tuple[str, str, float]]:
    for block in blocks:
        for row, name in enumerate(block.parameters):
            for column in range(row):
                yield block.parameters[column], name, block.covariance[row][column]


def _residual(residual: ResidualError, unit: str) -> str:
    return RESIDUALS[residual.form].format(unit=unit, **residual.model_dump())


def _covariate_rows(model: KineticModel) -> Iterable[Sequence[str]]:
    for name, covariate in model.covariates.items():
        computed = (
            f"; computed from {', '.join(COMPUTED[name].inputs)} if missing" if name in COMPUTED else ""
        )
        yield name, covariate.unit + computed, f"{covariate.low:g} to {covariate.high:g}"


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _print(table: Table) -> None:
    Console(width=None if Console().is_terminal else 160).print(table)
