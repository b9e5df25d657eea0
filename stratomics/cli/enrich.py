"""``stratomics enrich``: find the patients to enrol in the next trial, from a run or a table of scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import jsonargparse
import pandas as pd

from omics.common.errors import ConfigError, InputError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.cli.screen.progress import ProgressBar

if TYPE_CHECKING:
    from stratomics.enrichment.analysis import EnrichOptions
    from stratomics.enrichment.plan.trial_assumptions import TrialRequest
    from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult

__all__ = ["build_parser", "enrich"]

OF_A_RUN = (
    *("markers", "panel", "plan_for", "accrual", "dropout", "sensitivity", "specificity"),
    *("power", "alpha", "design", "trials"),
)
OF_A_TABLE = ("where", "id", "score", "arm", "time", "event", "response", "covariates")
"""Options without effect on the other kind of input."""


def enrich(arguments: Sequence[str]) -> None:
    """Print the threshold table and the corrected effect of its best cut; store rule, trial and report in a run."""
    words = list(arguments)
    run = words.pop(0) if words and not words[0].startswith("-") else ""
    parser = build_parser()
    options = parse_arguments(parser, words, "the command line")
    if bool(run) == bool(options.table):
        raise ConfigError(f"name either a RUN or a --table; usage: {parser.usage}")
    if options.cuts is not None and options.shares is not None:
        raise ConfigError(
            "--cuts and --shares exclude each other; give raw values of the score, or shares of the patients"
        )
    if options.table:
        _refuse_ignored(
            parser, options, OF_A_RUN, "a RUN, which is planned as a trial; leave it out with --table"
        )
    else:
        _refuse_ignored(parser, options, OF_A_TABLE, "a --table; a RUN has its own columns")
    with ProgressBar("resampling"):
        result = _of_run(Path(run), options) if run else _of_table(options)
    from omics.common.json_objects import to_json
    from stratomics.cli.screen.enrich_output import show

    emit(to_json(result), lambda: show(result))


def _refuse_ignored(
    parser: jsonargparse.ArgumentParser, options: jsonargparse.Namespace, keys: Sequence[str], where: str
) -> None:
    """Refuse an option that would have no effect."""
    for key in keys:
        if getattr(options, key) != parser.get_default(key):
            raise ConfigError(f"--{key} belongs to {where}")


def _of_table(options: jsonargparse.Namespace) -> EnrichmentResult:
    from stratomics.enrichment.one_row_per_patient import rows_where
    from stratomics.enrichment.table_analysis import TrialColumns, enrich_table

    for key in ("score", "arm", "control"):
        if getattr(options, key) is None:
            raise ConfigError(f"--{key} is missing; usage: {build_parser().usage}")
    columns = TrialColumns(
        score=options.score,
        arm=options.arm,
        control=options.control,
        treated=_words(options.treated),
        time=options.time,
        event=options.event,
        response=options.response,
        covariates=_words(options.covariates),
        toxicity=options.toxicity,
        randomised=options.randomised or "yes",
        id=options.id,
    )
    cuts, shares = _numbers(options.cuts, "--cuts"), _shares(options.shares)
    table = _read(Path(options.table))
    if options.where is not None:
        table = rows_where(table, options.where)
    return enrich_table(table, columns, cuts, shares, **_shared(options))


def _of_run(path: Path, options: jsonargparse.Namespace) -> AnyEnrichment:
    from stratomics.enrichment.from_run import has_two_arms
    from stratomics.enrichment.run_analysis import enrich_run, enrich_run_of_one_arm
    from stratomics.report.page import save_with_report
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.tracking.update_record import update_record

    if options.cuts is not None:
        raise ConfigError(
            "--cuts takes raw values of a score, and the models of a run's folds have no common scale; write shares of "
            "the patients of highest predicted benefit, such as --shares 0.3,0.5"
        )
    run = RunDirectory(path)
    result: AnyEnrichment
    if has_two_arms(run):
        result = enrich_run(
            run,
            options.control,
            _words(options.treated),
            _shares(options.shares),
            options.randomised,
            request=_request(options),
            markers=_words(options.markers),
            toxicity=options.toxicity,
            panel=options.panel,
            **_shared(options),
        )
    else:
        if options.panel:
            raise ConfigError(f"--panel needs patients of two arms, and {path} has one; leave it out")
        result = enrich_run_of_one_arm(run, options.follow_up)
    result = save_with_report(run, result)
    update_record(run)
    return result


def _request(options: jsonargparse.Namespace) -> TrialRequest:
    from stratomics.enrichment.plan.trial_assumptions import TrialRequest

    request = TrialRequest(
        plan_for=options.plan_for,
        accrual=options.accrual,
        dropout=options.dropout,
        sensitivity=options.sensitivity,
        specificity=options.specificity,
        power=options.power,
        alpha=options.alpha,
        design=options.design,
        trials=options.trials,
    )
    costs = _numbers(options.costs, "--costs")
    return request if costs is None else dataclasses.replace(request, test=costs[0], patient=costs[1])


def _shared(options: jsonargparse.Namespace) -> EnrichOptions:
    from stratomics.enrichment.selection.threshold_table import Costs

    costs = _numbers(options.costs, "--costs")
    if costs is not None and len(costs) != 2:  # noqa: PLR2004  # screening, patient
        raise ConfigError("--costs takes two numbers, of screening and of a patient: --costs 500,20000")
    return {
        "measure": options.measure,
        "horizon": options.horizon,
        "follow_up": options.follow_up,
        "costs": None if costs is None else Costs(*costs),
        "looked_at": options.looked_at,
        "signature": options.signature,
        "seed": options.seed,
        "draws": options.draws,
    }


def _shares(text: str | None) -> list[float] | None:
    shares = _numbers(text, "--shares")
    if shares is not None and not all(0.0 < share < 1.0 for share in shares):
        raise ConfigError(
            f"--shares is '{text}'; shares of patients lie between 0 and 1, such as 0.3,0.5; raw values of a score are "
            "given with --cuts"
        )
    return shares


def _words(text: str | None) -> list[str]:
    return [] if text is None else text.split(",")


def _numbers(text: str | None, key: str) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ConfigError(f"{key} is '{text}'; write numbers separated by commas, such as 11,14") from None


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such table; give a csv file with one row per patient")
    try:
        return pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a table ({error}); give a csv file with one row per patient") from None


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the options; RUN comes before them."""
    parser = command_parser(
        "enrich",
        "RUN [--control VALUE], or stratomics enrich --table CSV --score COL --arm COL "
        "--control VALUE --time COL --event COL | --response COL [--cuts A,B,C | --shares A,B,C]",
        "Find the patients to enrol in the next trial, the effect to expect in them, and the evidence for it.",
        "--table trial.csv --score ki67 --arm arm --control tamoxifen --time years --event relapse --cuts 8,11,14",
    )
    add = parser.add_argument
    add("--table", type=str | None, help="csv file with one row per patient, instead of RUN")
    add("--where", type=str | None, help="rows of the --table to use, such as etype=1")
    add(
        "--id", type=str | None, help="column of the ids of patients in the --table, each of whom has one row"
    )
    add("--score", type=str | None, help="column of the score; higher for patients expected to benefit more")
    add("--arm", type=str | None, help="column of the arm")
    add("--control", type=str | None, help="value of the control arm")
    add(
        "--treated",
        type=str | None,
        help="values of the treated arm where there are more than two arms; several are pooled",
    )
    add("--time", type=str | None, help="column of the time, with --event")
    add("--event", type=str | None, help="column that is 1 where the event occurred")
    add("--response", type=str | None, help="column that is 1 where positive, instead of a time and an event")
    add(
        "--cuts",
        type=str | None,
        help="raw values of the score of a --table to cut at, separated by commas, such as 8,11,14",
    )
    add(
        "--shares",
        type=str | None,
        help="shares of the patients of highest score, or of highest predicted benefit of a RUN, such as 0.3,0.5; "
        "0.2 to 0.8 if left out",
    )
    add("--measure", type=str | None, help="hazard_ratio (the default), rmst or survival; response")
    add(
        "--horizon",
        type=float | None,
        help="time up to which rmst and survival count; that of the report of a RUN if left out, or the follow-up",
    )
    add(
        "--follow_up",
        type=float | None,
        help="follow-up of the coming trial; the median of this one if left out",
    )
    add("--covariates", type=str | None, help="columns that adjust the mean benefit, separated by commas")
    add(
        "--signature",
        type=float | None,
        help="also run an adaptive signature design: a ridge regression on the covariates selects this share of the "
        "patients, and its whole fit is repeated in each permutation; takes about a minute",
    )
    add(
        "--randomised",
        type=Literal["yes", "adaptive", "no"] | None,
        default=None,
        help="how patients were allocated; as the cohort of the run declares it, or yes, if left out",
    )
    add("--toxicity", type=str | None, help="column that is 1 where toxicity occurred")
    add("--costs", type=str | None, help="costs of screening and of a patient, such as 500,20000")
    add("--looked_at", type=int, default=1, help="number of scores examined, for the adjustment of p values")
    add(
        "--markers",
        type=str | None,
        help="covariates of a run to examine beside its predicted benefit, separated by commas",
    )
    add(
        "--panel",
        type=bool,
        default=False,
        help="enrich by the locked panel of a run, whose noise gives sensitivity and specificity",
    )
    add(
        "--plan_for",
        type=float | None,
        help="effect inside to size the trial for; the corrected effect if left out",
    )
    add("--accrual", type=float | None, help="candidates of the coming trial per unit of time")
    add("--dropout", type=float | None, help="hazard of loss to follow-up, per unit of time")
    add("--sensitivity", type=float, default=1.0, help="of the assay that decides who is inside")
    add("--specificity", type=float, default=1.0, help="of that assay")
    add("--power", type=float, default=0.8, help="of the coming trial")
    add("--alpha", type=float, default=0.025, help="its significance level, one-sided")
    add("--design", type=str, default="enrichment", help="name of the design that design.json stores")
    add("--trials", type=int, default=2000, help="virtual trials of each design under each scenario")
    add("--seed", type=int, default=0, help="seed of resamples and permutations")
    add("--draws", type=int, default=1000, help="number of resamples and of permutations")
    return parser
