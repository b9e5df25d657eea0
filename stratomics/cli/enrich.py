"""``stratomics enrich``: whom the next trial should enrol, from a run or from any table of scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonargparse
import numpy as np
import pandas as pd

from omics.common.errors import ConfigError, InputError
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.progress import ProgressBar
from stratomics.cli.run import parsed_words

__all__ = ["build_parser", "enrich"]


def enrich(arguments: Sequence[str]) -> None:
    """Print the threshold table and what remains of its best cut; of a run, keep rule, trial and report in it."""
    words = list(arguments)
    run = words.pop(0) if words and not words[0].startswith("-") else ""
    parser = build_parser()
    options = parsed_words(parser, words, "the command line")
    if bool(run) == bool(options.table):
        raise ConfigError(f"name either a RUN or a --table; usage: {parser.usage}")
    with ProgressBar("resampling"):
        answer = _of_run(Path(run), options) if run else _of_table(options)
    from stratomics.cli.enrich_output import show

    emit(answer, lambda: show(answer))


def _of_table(options: jsonargparse.Namespace) -> dict[str, Any]:
    from stratomics.enrichment import analysis
    from stratomics.enrichment.read_trial import column_of, numbers, trial_of, truth_of
    from stratomics.enrichment.selection.cuts import marker_cuts

    for key in ("score", "arm", "control"):
        if getattr(options, key) is None:
            raise ConfigError(f"--{key} is missing; usage: {build_parser().usage}")
    table = _read(Path(options.table))
    trial, rows = trial_of(
        table,
        options.arm,
        options.control,
        _words(options.treated),
        time=options.time,
        event=options.event,
        response=options.response,
        randomised=options.randomised or "yes",
    )
    everybody, table = len(table), table.iloc[rows]
    score = numbers(column_of(table, options.score), options.score)
    names = _words(options.covariates)
    x = np.column_stack([numbers(column_of(table, name), name) for name in names]) if names else None
    toxicity = options.toxicity
    toxic = None if toxicity is None else truth_of(column_of(table, toxicity), toxicity)
    marker = analysis.Score.marker(options.score, score)
    cuts = marker_cuts(trial, score, _numbers(options.cuts, "--cuts"))
    found = analysis.enrich(trial, marker, cuts, covariates=x, toxic=toxic, **_shared(options))
    found["warnings"] += analysis.left_out(everybody - len(trial))
    return found


def _of_run(path: Path, options: jsonargparse.Namespace) -> dict[str, Any]:
    from stratomics.enrichment.from_run import has_two_arms
    from stratomics.enrichment.run_analysis import enrich_run, enrich_run_of_one_arm
    from stratomics.enrichment.store import save_enrichment
    from stratomics.runs.run_directory import RunDirectory

    run = RunDirectory(path)
    if has_two_arms(run):
        answer = enrich_run(
            run,
            options.control,
            _words(options.treated),
            _numbers(options.cuts, "--cuts"),
            options.randomised,
            asked=_asked(options),
            markers=_words(options.markers),
            toxicity=options.toxicity,
            **_shared(options),
        )
    else:
        answer = enrich_run_of_one_arm(run, options.follow_up)
    not_written = save_enrichment(run, answer)
    answer["warnings"] += not_written
    if run.finished and not not_written:
        from omics.common.manifest import update_manifest
        from stratomics.report.page import write_report

        update_manifest(run.path, write_report(run).name)
    # A table for a page and not for a screen; explorer.json has it.
    answer.pop("explorer", None)
    return answer


def _asked(options: jsonargparse.Namespace) -> Any:
    from stratomics.enrichment.plan.trial_assumptions import TrialRequest

    costs = _numbers(options.costs, "--costs")
    price: dict[str, Any] = {} if costs is None else {"test": costs[0], "patient": costs[1]}
    names = (
        "plan_for",
        "accrual",
        "dropout",
        "sensitivity",
        "specificity",
        "power",
        "alpha",
        "design",
        "trials",
    )
    return TrialRequest(**price | {name: getattr(options, name) for name in names})


def _shared(options: jsonargparse.Namespace) -> dict[str, Any]:
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
        "seed": options.seed,
        "draws": options.draws,
    }


def _words(text: str | None) -> list[str]:
    return [] if text is None else text.split(",")


def _numbers(text: str | None, key: str) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ConfigError(f"{key} is '{text}'; write numbers with commas between, such as 11,14") from None


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such table; give a csv file with a row per patient")
    try:
        return pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a table ({error}); give a csv file with a row per patient") from None


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words; RUN stands before them."""
    parser = command_parser(
        "enrich",
        "RUN [--control VALUE], or stratomics enrich --table CSV --score COL --arm COL "
        "--control VALUE --time COL --event COL | --response COL [--cuts A,B,C]",
        "Whom the next trial should enrol by a score, what may be expected in them, and how sure that is.",
        "--table trial.csv --score ki67 --arm arm --control tamoxifen --time years --event relapse --cuts 8,11,14",
    )
    add = parser.add_argument
    add("--table", type=str | None, help="csv file with a row per patient, in place of RUN")
    add("--score", type=str | None, help="column of the score; higher for those who are to benefit")
    add("--arm", type=str | None, help="column of the arm, of two values")
    add("--control", type=str | None, help="its value in the control arm")
    add(
        "--treated",
        type=str | None,
        help="its values in the treated arm where there are more arms; several are pooled",
    )
    add("--time", type=str | None, help="column of the time, with --event")
    add("--event", type=str | None, help="column that is 1 where the event occurred")
    add("--response", type=str | None, help="column that is 1 where positive, in place of a time")
    add(
        "--cuts",
        type=str | None,
        help="raw values of the score, or shares of a run's benefit, with commas between",
    )
    add("--measure", type=str | None, help="hazard_ratio (the default), rmst or survival; response")
    add(
        "--horizon",
        type=float | None,
        help="time to which rmst and survival count; the furthest seen if left out",
    )
    add("--follow_up", type=float | None, help="of the coming trial; the median of this one if left out")
    add("--covariates", type=str | None, help="columns that adjust the mean benefit, with commas between")
    add(
        "--randomised",
        type=str | None,
        default=None,
        choices=["yes", "adaptive", "no"],
        help="how arms were allotted; as the run's cohort declared it, or yes, if left out",
    )
    add("--toxicity", type=str | None, help="column that is 1 where toxicity occurred")
    add("--costs", type=str | None, help="of screening and of a patient, such as 500,20000")
    add("--looked_at", type=int, default=1, help="scores looked at altogether, for multiplicity")
    add(
        "--markers",
        type=str | None,
        help="covariates of a run to look at beside its benefit, with commas between",
    )
    add(
        "--plan_for",
        type=float | None,
        help="effect inside to size the trial for; the honest one if left out",
    )
    add("--accrual", type=float | None, help="candidates of the coming trial a unit of time")
    add("--dropout", type=float | None, help="hazard of being lost, a unit of time")
    add("--sensitivity", type=float, default=1.0, help="of the assay that tells who is inside")
    add("--specificity", type=float, default=1.0, help="of that assay")
    add("--power", type=float, default=0.8, help="of the coming trial")
    add("--alpha", type=float, default=0.025, help="its level, one-sided")
    add("--design", type=str, default="enrichment", help="the one that design.json keeps")
    add("--trials", type=int, default=2000, help="virtual trials of each design under each truth")
    add("--seed", type=int, default=0, help="of resamples and permutations")
    add("--draws", type=int, default=1000, help="resamples and permutations")
    return parser
