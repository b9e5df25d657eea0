"""``stratomics run COHORT`` or ``stratomics run CONFIG``: run one experiment, from files to report."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import jsonargparse
from jsonargparse import ActionConfigFile  # type: ignore[attr-defined]  # public, but not listed

from omics.common.errors import ConfigError, InputError
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.config import ExperimentConfig
from stratomics.experiment.parse_config import add_experiment, experiment_of, explain

__all__ = [
    "add_config",
    "add_run",
    "build_parser",
    "parse",
    "parse_arguments",
    "parse_experiment",
    "run",
    "shipped_config",
]


def run(arguments: Sequence[str]) -> None:
    """Run the experiment and print the result; the last line on stdout is the run directory."""
    config, runs, again = parse(arguments)
    from stratomics.cli.screen.run_output import RunOutput
    from stratomics.experiment.run_experiment import run_experiment
    from stratomics.report.text.metrics import difference_sentences

    with RunOutput() as output:
        finished = run_experiment(config, runs, again=again, progress=output.step)
    content = {
        "run": str(finished.path),
        "report": str(finished.path / "report.html"),
        "mlflow": config.tracking.uri,
        "sentences": difference_sentences(finished.metrics),
        "metrics": finished.metrics,
    }
    emit(content, lambda: output.result(finished, config))


def parse(arguments: Sequence[str]) -> tuple[ExperimentConfig, Path, bool]:
    """Parse ``COHORT or CONFIG [--KEY VALUE ...]`` into a checked configuration, the folder of runs, and `again`.

    Raises
    ------
    ConfigError
        If a key is unknown, or a value has the wrong type or is not a valid choice; with the nearest valid name.
    """
    config, rest = parse_experiment(build_parser(), arguments)
    return config, Path(rest.runs), bool(rest.again)


def parse_experiment(
    parser: jsonargparse.ArgumentParser, arguments: Sequence[str]
) -> tuple[ExperimentConfig, jsonargparse.Namespace]:
    """Parse ``COHORT or CONFIG [--KEY VALUE ...]`` with the options added by :func:`add_config`.

    Parameters
    ----------
    parser
        Parser of the command.
    arguments
        Arguments of the command.

    Returns
    -------
    tuple
        The configuration, and the other options of the command.
    """
    words = list(arguments)
    if words and not words[0].startswith("-"):
        words = [*_source(words[0], words[1:]), *words[1:]]
    # The file is parsed alone first, so that an error on the command line is not attributed to it.
    if words[:1] == ["--config"]:
        parse_arguments(parser, words[:2], "".join(words[1:2]))
    parsed = parse_arguments(parser, words, "the command line")
    parsed.pop("config", None)
    built = parser.instantiate(parsed)
    config = experiment_of(built)
    from stratomics.experiment.check_config import check_config

    check_config(config)
    return config, built


def _source(word: str, others: Sequence[str]) -> list[str]:
    """Options that stand for the first argument: it names a cohort or a configuration."""
    if not _is_cohort(word):
        try:
            return ["--config", str(shipped_config(word))]
        except ConfigError:
            raise ConfigError(
                f"{word}: no such cohort or configuration; name a folder with cohort.yaml, or a yaml file such as "
                "configs/default.yaml"
            ) from None
    if any(other == "--cohort" or other.startswith("--cohort=") for other in others):
        raise ConfigError(f"{word} is a cohort, and --cohort names another one; name one of them")
    return ["--cohort", word]


def _is_cohort(word: str) -> bool:
    """Whether a word names a cohort: a folder, an h5mu file, a bundled cohort, or a yaml file that declares views."""
    path = Path(word)
    if word.startswith("bundled:") or path.is_dir() or path.suffix == ".h5mu":
        return True
    if not path.is_file():
        return False
    from omics.common.yaml import load_yaml

    try:
        content = load_yaml(path)
    except InputError:
        return False  # the parser of configurations describes the error
    return isinstance(content, Mapping) and "views" in content


def parse_arguments(
    parser: jsonargparse.ArgumentParser, words: list[str], source: str
) -> jsonargparse.Namespace:
    """Parse the arguments of a command.

    Parameters
    ----------
    parser
        Parser of the command.
    words
        Arguments of the command.
    source
        Origin of the arguments, which starts an error message.

    Returns
    -------
    jsonargparse.Namespace
        The options.

    Raises
    ------
    ConfigError
        If an argument is unknown, missing or invalid.
    """
    try:
        return parser.parse_args(words)
    except argparse.ArgumentError as error:
        text = explain(str(error.message), parser)
        usage = f"; usage: {parser.usage}" if "are required" in text else ""
        raise ConfigError(f"{source}: {text}{usage}") from None


def add_run(parser: jsonargparse.ArgumentParser, text: str = "run directory, or id of an MLflow run") -> None:
    """Add the options that select a run, for :func:`stratomics.tracking.find_run.open_run`.

    Parameters
    ----------
    parser
        Parser of the command.
    text
        Help of the argument RUN.
    """
    parser.add_argument("run", type=str, help=text)
    parser.add_argument(
        "--tracking.uri",
        dest="uri",
        type=str,
        help="MLflow tracking store, if RUN is an id; default: sqlite:///mlflow.db",
    )


def shipped_config(name: str) -> Path:
    """Find a configuration: a file of the user, or one shipped with stratomics (configs/experiment/tcga_acc.yaml)."""
    path = Path(name)
    if path.is_file():
        return path
    package = Path(__file__).parents[1]
    # In a checkout configs/ is next to the packages; in a wheel it is inside this package.
    for root in (package, package.parent):
        if not path.is_absolute() and (root / path).is_file():
            return root / path
    raise ConfigError(f"{name}: no such file; name a yaml file, such as configs/default.yaml")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "run",
        "COHORT | CONFIG [--cohort COHORT] [--runs DIR] [--again] [--KEY VALUE ...]",
        "Run one experiment, from files to report, on a cohort with the default configuration or with that of a yaml "
        "file. The same command continues an experiment that was stopped.",
        "my_cohort --split.repeats 10",
    )
    parser.add_argument("--runs", type=str, default="runs", help="folder of run directories")
    parser.add_argument("--again", action="store_true", help="run again, even if the run is finished")
    add_config(parser)
    return parser


def add_config(parser: jsonargparse.ArgumentParser) -> None:
    """Add the options of a configuration: a file, and every key."""
    parser.add_argument("--config", action=ActionConfigFile, help="same as CONFIG")
    add_experiment(parser)
