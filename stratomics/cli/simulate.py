"""``stratomics simulate DIR``: a cohort with known factors, responders and treatment effect, to try things on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.errors import ConfigError, InputError
from omics.files import set_aside
from omics.simulation.config import SimulationConfig
from stratomics.cli.run import parsed_words

__all__ = ["simulate"]


def simulate(arguments: Sequence[str]) -> None:
    """Write the cohort; the last line on stdout is its folder."""
    words = list(arguments)
    place = words.pop(0) if words and not words[0].startswith("-") else ""
    parser = _parser()
    config = SimulationConfig(**vars(parsed_words(parser, words, "the command line")))
    if not place:
        raise ConfigError(f"no folder is named; usage: {parser.usage}")
    folder = Path(place)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"{folder}: it is there and not empty; name a new folder, or empty this one")
    from omics.simulate import simulate as drawn
    from omics.simulate import write_cohort

    with set_aside(folder) as aside:
        write_cohort(drawn(config), aside)
    print(f"{config.patients} patients; its folder truth/ says what nobody knows of a real cohort")
    print(folder)


def _parser() -> jsonargparse.ArgumentParser:
    parser = jsonargparse.ArgumentParser(
        prog="stratomics simulate",
        usage="stratomics simulate DIR [--patients N] [--seed N] [--KEY VALUE ...]",
        description="A cohort of up to seven views with known factors, responders and treatment effect. Example: "
        "stratomics simulate my_cohort --patients 200 --features '{rna: 500, protein: 100}' --seed 1",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_class_arguments(SimulationConfig, None)
    return parser
