"""``stratomics dose MODEL``: the probability of a target exposure by dose, without and with levels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import ConfigError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "dose"]


def dose(arguments: Sequence[str]) -> None:
    """Print the probabilities below, within and above a target for each dose, and the most probable dose."""
    options = parse_arguments(build_parser(), list(arguments), "the command line")
    of_cohort = Path(options.model).is_dir()
    if options.target is None and not of_cohort:
        raise ConfigError("give --target MEASURE:LOW-HIGH, such as auc24:400-600")
    if options.covariates is None and options.events is None and not of_cohort:
        raise ConfigError("give the patient with --covariates NAME=VALUE ..., or patients with --events FILE")
    from stratomics.api.dose import dose as search
    from stratomics.cli.screen.dose_output import content_of, print_search

    found = search(
        options.model,
        options.doses,
        options.target,
        interval=options.interval,
        infusion=options.infusion,
        covariates=_covariates(options.covariates or []),
        events=options.events,
        patient=options.patient,
        per=options.per,
        value=options.value,
        draws=options.draws,
        seed=options.seed,
    )
    emit(content_of(found), lambda: print_search(found))


def _covariates(words: Sequence[str]) -> dict[str, float | str]:
    """Read ``NAME=VALUE``: a number, or the column of a table of events."""
    found: dict[str, float | str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals or not value:
            raise ConfigError(f"--covariates has '{word}'; write NAME=VALUE, such as WT=70")
        if name in found:
            raise ConfigError(f"--covariates has {name} twice; give one value")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "dose",
        "MODEL --target MEASURE:LOW-HIGH --doses DOSE ... --interval TIME [--infusion TIME] "
        "(--covariates NAME=VALUE ... | --events FILE [--patient ID]), or COHORT [--target MEASURE:LOW-HIGH] "
        "--doses DOSE ... --interval TIME",
        "Probability that the exposure of a patient, or of several, is within a target, for each of some doses; with a "
        "table of doses and levels also given the levels. All values have the units of the model (stratomics exposure "
        "--show MODEL). For research; not for dosing of patients.",
        "vancomycin_goti_2018 --covariates CRCL=90 WT=70 DIAL=0 --target auc24:400-600 --doses 500 750 1000 1250 "
        "--interval 12 --infusion 1",
    )
    add = parser.add_argument
    add(
        "model",
        type=str,
        help="name of a shipped model (stratomics exposure --list), or a yaml file; or the folder of a cohort",
    )
    add(
        "--target",
        type=str | None,
        help="such as auc24:400-600, cmin_ss:10-20 or auc24_first:300-500; steady state unless first is named; by "
        "default the target of the cohort",
    )
    add("--doses", type=str, nargs="+", required=True, help="doses in the unit of the model")
    add("--interval", type=float, required=True, help="time between doses")
    add("--infusion", type=float, default=0.0, help="length of an infusion; 0 for a bolus or an oral dose")
    add("--per", type=str | None, help="covariate that the doses are multiplied by, such as WT")
    add(
        "--covariates",
        type=str | None,
        nargs="+",
        help="NAME=VALUE of the patient; with --events also NAME=COLUMN",
    )
    add("--events", type=str | None, help="table of doses and levels in the layout of NONMEM")
    add("--patient", type=str | None, help="the only patient of --events that counts")
    add("--value", type=float | None, help="also print the dose whose median exposure is this value")
    add("--draws", type=int, default=4000, help="draws per patient")
    add("--seed", type=int, default=0, help="seed of the draws")
    return parser
