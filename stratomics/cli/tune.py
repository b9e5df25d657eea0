"""``stratomics tune CONFIG``: tune the settings of an experiment, and estimate its performance without optimism."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from omics.common.errors import require_range
from stratomics.cli.run import add_config, parse_experiment, shipped_config
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.cli.screen.run_output import RunOutput
    from stratomics.tuning.nested import TunedDirectory

__all__ = ["build_parser", "tune"]


def tune(arguments: Sequence[str]) -> None:
    """Tune and print the result; the last line on stdout is its folder."""
    config, rest = parse_experiment(build_parser(), arguments)
    require_range("--trials", rest.trials, 1)
    from stratomics.tuning.search_space import read_search_space

    space = read_search_space(shipped_config(rest.search))
    from stratomics.cli.screen.run_output import RunOutput
    from stratomics.tracking.record_tuning import record_tuning
    from stratomics.tuning.nested import tune_experiment

    with RunOutput() as output:
        result = tune_experiment(
            config,
            space,
            rest.trials,
            Path(rest.runs),
            objective=[name.strip() for name in rest.objective.split(",")] if rest.objective else (),
            storage=rest.storage,
            again=rest.again,
            progress=output.step,
        )
    record_tuning(result.path, config.tracking)
    content = {"tuned": str(result.path), **result.tuned, "metrics": result.metrics}
    emit(content, lambda: _show(output, result))


def _show(output: RunOutput, result: TunedDirectory) -> None:
    from stratomics.tuning.nested import OPTIMISTIC

    tuned = result.tuned
    output.methods(result.metrics, tuned["kind"])
    for key, value in tuned["recommended"]["values"].items():
        print(f"{key}: {value}")
    for name, value in tuned["recommended"][OPTIMISTIC].items():
        print(f"{name} {value:.3f} ({OPTIMISTIC}; the unbiased estimate is in the table)")
    print(f"best    {result.path / 'best.yaml'}")
    print(result.path)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "tune",
        "COHORT | CONFIG [--search FILE] [--trials N] [--objective METRIC,...] [--cohort COHORT] [--runs DIR] "
        "[--storage URL] [--again] [--KEY VALUE ...]",
        "Tune the settings of an experiment with Optuna. A study in each outer training set gives an unbiased "
        "estimate of performance; a study on all patients gives the recommended settings.",
        "my_cohort --split.repeats 1 --trials 20",
    )
    add_config(parser)
    parser.add_argument(
        "--search", type=str, default="configs/search/default.yaml", help="search space, a yaml file"
    )
    parser.add_argument("--trials", type=int, default=30, help="trials in each study")
    parser.add_argument(
        "--objective",
        type=str,
        default="",
        help="metrics of the inner folds, such as ibs,harrell_c; the first one selects the settings",
    )
    parser.add_argument("--runs", type=str, default="runs", help="folder of run directories")
    parser.add_argument(
        "--storage", type=str, default=None, help="SQLite or PostgreSQL URL where studies are stored"
    )
    parser.add_argument("--again", action="store_true", help="tune again, even if the tuning is finished")
    return parser
