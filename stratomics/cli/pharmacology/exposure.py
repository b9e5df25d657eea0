"""``stratomics exposure COHORT``: exposure of patients; ``--list``, ``--show NAME``: the published kinetic models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse
import pandas as pd

from datamodules.exposure import NOT_FOR_DOSING
from omics.common.errors import CohortError, ConfigError, InputError
from omics.common.pages import page_link
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel
    from datamodules.exposure.refit import KineticRefit
    from omics.events.event_table import EventTable
    from stratomics.pharmacology.hybrid_forecasts import FactorsAndExposure
    from stratomics.pharmacology.run_exposure import RefitSummary

__all__ = ["build_parser", "exposure"]


def exposure(arguments: Sequence[str]) -> None:
    """Print the shipped kinetic models, or one model with its values and its source."""
    parser = build_parser()
    words = list(arguments)
    cohort = words.pop(0) if words and not words[0].startswith("-") else ""
    options = parse_arguments(parser, words, "the command line")
    if sum([bool(cohort), options.list, options.show is not None]) != 1:
        raise ConfigError(f"give one of COHORT, --list and --show NAME; usage: {parser.usage}")
    if not cohort and (options.out is not None or options.run is not None):
        raise ConfigError("--out and --run belong to a COHORT; leave them out")
    if cohort:
        _estimate(cohort, options.out, options.run)
    elif options.list:
        _list()
    else:
        _show(options.show)


def _estimate(source: str, out: str | None, run: str | None) -> None:
    from datamodules.exposure.cohort_exposure import cohort_exposure, cohort_model, range_notes
    from omics.cohort.read import events_of, read_cohort
    from omics.events.event_notes import event_notes
    from stratomics.cli.screen.exposure_output import print_exposure, print_factors, print_refit

    cohort = read_cohort(source)
    model, events = cohort_model(cohort), events_of(cohort)
    if model is None or events is None:
        raise CohortError(
            f"the cohort has no block 'exposure'; add one to cohort.yaml, see {page_link('exposure')}",
            "no_exposure",
            file=source,
        )
    notes = [*event_notes(events), *range_notes(events.in_unit(model.time_unit), model)]
    of_run = None if run is None else _of_run(model, events.in_unit(model.time_unit), run)
    kinetics = None if of_run is None else of_run.kinetics
    exposure = cohort_exposure(cohort, None if kinetics is None else kinetics.model)
    assert exposure is not None
    refit, follows = (None, None) if of_run is None else (of_run.refit, of_run.factors)
    table = exposure.table()
    written = _write(out, table.reset_index())
    content = {
        "model": model.name,
        "patients": table.reset_index().to_dict("records"),
        "shrinkage": exposure.shrinkage.to_dict(),
        "forecasts": None if follows is None else follows.forecasts().to_dict("records"),
        "slopes": None if follows is None else follows.slopes().to_dict("records"),
        "refit": None if refit is None else refit.to_json(),
        "notes": [f"{note.patient}: {note.sentence}" for note in notes],
        "table": written,
        "note": NOT_FOR_DOSING,
    }

    def show() -> None:
        if follows is not None:
            print_factors(model, follows)
        if refit is not None:
            print_refit(model, refit)
        print_exposure(model, exposure, notes, written)

    emit(content, show)


@dataclass(frozen=True)
class _OfRun:
    """What a run adds: slopes of its factors on the published model, and its refitted model."""

    factors: FactorsAndExposure
    kinetics: KineticRefit | None
    refit: RefitSummary | None


def _of_run(model: KineticModel, events: EventTable, place: str) -> _OfRun:
    """Read the refitted model of a run, and fit slopes of its factors on the parameters of the published model."""
    from datamodules.exposure.refit import KineticRefit
    from omics.common.seeds import named_generator
    from stratomics.pharmacology.hybrid_forecasts import factors_and_exposure
    from stratomics.pharmacology.run_exposure import load_exposure
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.tracking.find_run import open_run

    with open_run(place, None) as run:
        kinetics, saved = KineticRefit.load(run / "model"), load_exposure(run)
        factors = RunDirectory(run).factor_scores
        if factors is None:
            raise InputError(f"{run}: this run has no factors; run it again, or leave out --run")
    if kinetics is not None and kinetics.published != model.name:
        raise InputError(
            f"{place}: this run refitted {kinetics.published}, and the cohort names {model.name}"
        )
    generator = named_generator(0, "factors and exposure", model.name)
    follows = factors_and_exposure(model, events, factors, generator)
    return _OfRun(follows, kinetics, None if saved is None else saved.refit)


def _write(out: str | None, table: pd.DataFrame) -> str | None:
    if out is None:
        return None
    from omics.common.table_writer import table_writer

    with table_writer(Path(out)) as writer:
        writer.add(table)
    return out


def _list() -> None:
    from datamodules.exposure.published.library import list_models
    from stratomics.cli.screen.exposure_output import model_row, print_models

    models = list_models()
    emit(
        {"models": [model_row(model) for model in models], "note": NOT_FOR_DOSING},
        lambda: print_models(models),
    )


def _show(name: str) -> None:
    from datamodules.exposure.published.library import find_model
    from stratomics.cli.screen.exposure_output import print_model

    model = find_model(name)
    emit({"model": model.model_dump(mode="json"), "note": NOT_FOR_DOSING}, lambda: print_model(model))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the options."""
    parser = command_parser(
        "exposure",
        "COHORT [--run RUN] [--out TABLE], or --list, or --show NAME",
        "Exposure of each patient of a cohort whose cohort.yaml has the block 'exposure', from doses and levels; or "
        "the published population models, with their values, sources and ranges. For research; not for dosing of "
        "patients.",
        "--show vancomycin_goti_2018",
    )
    parser.add_argument("--list", action="store_true", help="list the models")
    parser.add_argument(
        "--show",
        type=str | None,
        help="name of a model, or path of a yaml file: print its values and its source",
    )
    parser.add_argument(
        "--run",
        type=str | None,
        help="a run with factors of the same patients: whether they explain clearance, and improve forecasts of "
        "levels; with exposure under its refitted model, if it has one",
    )
    parser.add_argument("--out", type=str | None, help="write the exposure of all patients: .csv or .parquet")
    return parser
