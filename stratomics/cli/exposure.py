"""``stratomics exposure``: ``--list`` and ``--show NAME`` print the published kinetic models."""

from __future__ import annotations

from collections.abc import Sequence

import jsonargparse

from omics.common.errors import ConfigError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "exposure"]


def exposure(arguments: Sequence[str]) -> None:
    """Print the shipped kinetic models, or one model with its values and its source."""
    parser = build_parser()
    options = parse_arguments(parser, list(arguments), "the command line")
    if options.list == (options.show is not None):
        raise ConfigError(f"give either --list or --show NAME; usage: {parser.usage}")
    if options.list:
        _list()
    else:
        _show(options.show)


def _list() -> None:
    from datamodules.exposure.library import list_models
    from stratomics.cli.screen.exposure_output import RESEARCH_USE, model_row, print_models

    models = list_models()
    emit(
        {"models": [model_row(model) for model in models], "note": RESEARCH_USE}, lambda: print_models(models)
    )


def _show(name: str) -> None:
    from datamodules.exposure.library import find_model
    from stratomics.cli.screen.exposure_output import RESEARCH_USE, print_model

    model = find_model(name)
    emit({"model": model.model_dump(mode="json"), "note": RESEARCH_USE}, lambda: print_model(model))


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the options."""
    parser = command_parser(
        "exposure",
        "--list, or stratomics exposure --show NAME",
        "Published population models of the pharmacokinetics of drugs, with their values, sources and ranges. For "
        "research; not for dosing of patients.",
        "--show vancomycin_goti_2018",
    )
    parser.add_argument("--list", action="store_true", help="list the models")
    parser.add_argument(
        "--show",
        type=str | None,
        help="name of a model, or path of a yaml file: print its values and its source",
    )
    return parser
