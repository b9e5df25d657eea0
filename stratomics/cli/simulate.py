"""``stratomics simulate DIR``: a cohort with known factors, responders and treatment effect, to try things on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import ConfigError, InputError
from omics.common.files import staged_folder
from omics.simulate.config import SimulationConfig
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.run import parsed_words

__all__ = ["build_parser", "simulate"]


def simulate(arguments: Sequence[str]) -> None:
    """Write the cohort; the last line on stdout is its folder."""
    words = list(arguments)
    place = words.pop(0) if words and not words[0].startswith("-") else ""
    parser = build_parser()
    config = SimulationConfig(**vars(parsed_words(parser, words, "the command line")))
    if not place:
        raise ConfigError(f"no folder is named; usage: {parser.usage}")
    folder = Path(place)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"{folder}: it is there and not empty; name a new folder, or empty this one")
    from omics.simulate.simulate_cohort import simulate as drawn
    from omics.simulate.simulate_cohort import write_cohort

    with staged_folder(folder) as aside:
        write_cohort(drawn(config), aside)
    content = {"folder": str(folder), "patients": config.patients, "truth": str(folder / "truth")}
    emit(content, lambda: _show(folder, config.patients))


def _show(folder: Path, patients: int) -> None:
    print(f"{patients} patients; its folder truth/ says what nobody knows of a real cohort")
    print(folder)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words; DIR stands before them."""
    parser = command_parser(
        "simulate",
        "DIR [--patients N] [--seed N] [--KEY VALUE ...]",
        "A cohort of up to seven views with known factors, responders and treatment effect.",
        "my_cohort --patients 200 --features '{rna: 500, protein: 100}' --seed 1",
    )
    parser.add_class_arguments(SimulationConfig, None)
    return parser
