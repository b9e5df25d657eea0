"""``stratomics tune CONFIG``: the experiment again and again, and honestly what that is worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.errors import require_range
from stratomics.cli.run import experiment_parser, parsed_experiment, shipped_config

__all__ = ["tune"]


def tune(arguments: Sequence[str]) -> None:
    """Parse, tune, and show the result; the last line on stdout is its folder."""
    config, rest = parsed_experiment(_parser(), arguments)
    require_range("--trials", rest.trials, 1)
    from stratomics.search_space import read_search_space

    space = read_search_space(shipped_config(rest.search))
    from stratomics.cli.screen import Screen
    from stratomics.nested_tuning import OPTIMISTIC, tune_experiment

    with Screen() as screen:
        result = tune_experiment(
            config,
            space,
            rest.trials,
            Path(rest.runs),
            objective=[name.strip() for name in rest.objective.split(",")] if rest.objective else (),
            storage=rest.storage,
            again=rest.again,
            progress=screen.step,
        )
    tuned, metrics = result.tuned, result.metrics
    screen.methods(metrics, tuned["kind"])
    best = tuned["recommended"]
    for key, value in best["values"].items():
        print(f"{key}: {value}")
    for name, value in best[OPTIMISTIC].items():
        print(f"{name} {value:.3f} ({OPTIMISTIC}; the honest one is in the table)")
    print(f"best    {result.path / 'best.yaml'}")
    print(result.path)


def _parser() -> jsonargparse.ArgumentParser:
    parser = experiment_parser(
        "stratomics tune",
        "CONFIG [--search FILE] [--trials N] [--objective METRIC,...] [--cohort COHORT] [--runs DIR] [--storage URL] "
        "[--again] [--KEY VALUE ...]",
        "The experiment again and again, by Optuna: in each outer training part alone for the honest score, and on all "
        "patients for what is recommended. Example: "
        "stratomics tune configs/default.yaml --cohort my_cohort --split.repeats 1 --trials 20",
    )
    parser.add_argument("--search", type=str, default="configs/search/default.yaml", help="the search space")
    parser.add_argument("--trials", type=int, default=30, help="in each study")
    parser.add_argument(
        "--objective",
        type=str,
        default="",
        help="metrics of inner folds, such as ibs,harrell_c; the first decides",
    )
    parser.add_argument("--runs", type=str, default="runs", help="folder of run directories")
    parser.add_argument("--storage", type=str, default=None, help="SQLite or PostgreSQL URL of the studies")
    parser.add_argument("--again", action="store_true", help="repeat a finished tuning")
    return parser
