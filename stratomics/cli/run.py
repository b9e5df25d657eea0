"""``stratomics run CONFIG``: one experiment, from files to report."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonargparse
import yaml
from jsonargparse import ActionConfigFile  # type: ignore[attr-defined]  # public, but not listed

from models.config import migrated_head
from omics.common.errors import ConfigError, nearest_key
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.config import ExperimentConfig

__all__ = [
    "add_experiment",
    "add_run",
    "build_parser",
    "parse",
    "parsed_experiment",
    "parsed_words",
    "run",
    "shipped_config",
]


def run(arguments: Sequence[str]) -> None:
    """Parse, run, and show the result; the last line on stdout is the run directory."""
    config, runs, again = parse(arguments)
    from stratomics.cli.run_output import Screen
    from stratomics.experiment.run_experiment import run_experiment
    from stratomics.report.text.metrics import difference_sentences

    with Screen() as screen:
        finished = run_experiment(config, runs, again=again, progress=screen.step)
    content = {
        "run": str(finished.path),
        "report": str(finished.path / "report.html"),
        "mlflow": config.tracking.uri,
        "sentences": difference_sentences(finished.metrics),
        "metrics": finished.metrics,
    }
    emit(content, lambda: screen.result(finished, config))


def parse(arguments: Sequence[str]) -> tuple[ExperimentConfig, Path, bool]:
    """Turn ``CONFIG [--KEY VALUE ...]`` into a checked configuration, the folder of runs and `again`.

    Raises
    ------
    ConfigError
        An unknown key, a wrong type or a wrong choice, with the nearest right word.
    """
    config, rest = parsed_experiment(build_parser(), arguments)
    return config, Path(rest.runs), bool(rest.again)


def parsed_experiment(
    parser: jsonargparse.ArgumentParser, arguments: Sequence[str]
) -> tuple[ExperimentConfig, jsonargparse.Namespace]:
    """Parse ``CONFIG [--KEY VALUE ...]`` by what :func:`add_experiment` made: the experiment, and what is left."""
    words = list(arguments)
    source = ""
    if words and not words[0].startswith("-"):
        source = str(shipped_config(words[0]))
        words = ["--config", _migrated(source), *words[1:]]
    # The file alone first, so that a fault on the command line is not blamed on it.
    if words[:1] == ["--config"]:
        parsed_words(parser, words[:2], source)
    parsed = parsed_words(parser, words, "the command line")
    parsed.pop("config", None)
    built = parser.instantiate(parsed)
    config = ExperimentConfig(**{name: built.pop(name) for name in ExperimentConfig.__dataclass_fields__})
    from stratomics.experiment.check_config import check_config

    check_config(config)
    return config, built


def parsed_words(
    parser: jsonargparse.ArgumentParser, words: list[str], source: str
) -> jsonargparse.Namespace:
    """Parse a command's words; `source` stands before what is wrong with them."""
    try:
        return parser.parse_args(words)
    except argparse.ArgumentError as error:
        said = _explained(str(error.message), parser)
        missing = f"; usage: {parser.usage}" if "are required" in said else ""
        raise ConfigError(f"{source}: {said}{missing}") from None


def add_run(
    parser: jsonargparse.ArgumentParser, what: str = "a run directory, or the id of an MLflow run"
) -> None:
    """Let a command name a run as :func:`stratomics.tracking.find_run.open_run` finds it."""
    parser.add_argument("run", type=str, help=what)
    parser.add_argument(
        "--tracking.uri", dest="uri", type=str, help="MLflow's store, where RUN is an id; sqlite:///mlflow.db"
    )


def shipped_config(name: str) -> Path:
    """Find a configuration: the user's file, else one that ships (configs/experiment/tcga_acc.yaml)."""
    path = Path(name)
    if path.is_file():
        return path
    package = Path(__file__).parents[1]
    # In a checkout configs/ stands beside the packages, in a wheel inside this one.
    for root in (package, package.parent):
        if not path.is_absolute() and (root / path).is_file():
            return root / path
    raise ConfigError(f"{name}: no such configuration; give a yaml file, or configs/default.yaml")


def _migrated(path: str) -> str:
    """Give the path, or the content of a file of an older release as it would be written today."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        # The parser says what is wrong with it.
        return path
    head = content.get("head") if isinstance(content, dict) else None
    if not isinstance(head, dict) or migrated_head(head) == head:
        return path
    return yaml.safe_dump(content | {"head": migrated_head(head)}, sort_keys=False)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "run",
        "CONFIG [--cohort COHORT] [--runs DIR] [--again] [--KEY VALUE ...]",
        "One experiment, from files to report. One that was stopped goes on by the same command.",
        "configs/default.yaml --cohort my_cohort --split.repeats 10",
    )
    parser.add_argument("--runs", type=str, default="runs", help="folder of run directories")
    parser.add_argument("--again", action="store_true", help="repeat a finished run")
    add_experiment(parser)
    return parser


def add_experiment(parser: jsonargparse.ArgumentParser) -> None:
    """Let a command take a configuration, and any key of it as a word."""
    parser.add_argument("--config", action=ActionConfigFile, help="the same as CONFIG")
    parser.add_class_arguments(ExperimentConfig, None)


LONGEST = 200

_UNKNOWN = (
    re.compile(r"Group '(?P<group>[^']+)' does not accept option '(?P<key>[^']+)'"),
    re.compile(r"(?P<group>)Option '(?P<key>[^']+)' is not accepted"),
    re.compile(r"(?P<group>)unrecognized arguments: --(?P<key>[^\s=]+)"),
)


def _explained(message: str, parser: jsonargparse.ArgumentParser) -> str:
    message = " ".join(message.split()).replace("<class '", "").replace("'>", "")
    for pattern in _UNKNOWN:
        if found := pattern.search(message):
            key = ".".join(filter(None, [found["group"], found["key"]]))
            return f"unknown key '{key}'; {nearest_key(key, _keys(parser))}"
    # jsonargparse repeats what it could not read, which may be a whole file.
    short = message.replace("Parser key ", "key ")
    return short if len(short) <= LONGEST else f"{short[:LONGEST]} ..."


def _keys(parser: jsonargparse.ArgumentParser) -> list[str]:
    defaults: Any = parser.get_defaults()
    return [name for name in defaults.as_flat().__dict__ if name != "config"]
