"""``stratomics simulate DIR``: simulate a cohort with known factors, responders and treatment effect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import ConfigError, InputError
from omics.common.files import staged_folder
from omics.simulate.config import SimulationConfig
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "simulate"]


def simulate(arguments: Sequence[str]) -> None:
    """Write the cohort; the last line on stdout is its folder."""
    words = list(arguments)
    place = words.pop(0) if words and not words[0].startswith("-") else ""
    parser = build_parser()
    config = SimulationConfig(**vars(parse_arguments(parser, words, "the command line")))
    if not place:
        raise ConfigError(f"the folder is missing; usage: {parser.usage}")
    folder = Path(place)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"{folder}: it exists and is not empty; name a new folder, or empty this one")
    from omics.simulate.simulate_cohort import simulate as simulate_cohort
    from omics.simulate.simulate_cohort import write_simulated

    with staged_folder(folder) as staged:
        write_simulated(simulate_cohort(config), staged)
    content = {"folder": str(folder), "patients": config.patients, "truth": str(folder / "truth")}
    emit(content, lambda: _show(folder, config.patients))


def _show(folder: Path, patients: int) -> None:
    print(
        f"{patients} patients; the folder truth/ has the true factors and effects, unknown in a real cohort"
    )
    print(folder)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the options, which follow DIR."""
    parser = command_parser(
        "simulate",
        "DIR [--patients N] [--seed N] [--KEY VALUE ...]",
        "Simulate a cohort of up to seven views with known factors, responders and treatment effect.",
        "my_cohort --patients 200 --features '{rna: 500, protein: 100}' --seed 1",
    )
    parser.add_class_arguments(SimulationConfig, None)
    return parser
