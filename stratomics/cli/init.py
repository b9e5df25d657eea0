"""``stratomics init FOLDER``: write a first ``cohort.yaml`` for a folder of tables, with the reason for each guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.found_events import KnownModel
from omics.infer.write_yaml import NOT_USED, as_yaml, unsure
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "init"]


def init(arguments: Sequence[str]) -> None:
    """Write ``cohort.yaml``; the last line on stdout is its path."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    place = Path(given.folder) / "cohort.yaml"
    if place.exists():
        raise CohortError(
            "it already exists and is not overwritten; move it away to write another one",
            "cohort_exists",
            file=str(place),
        )
    cohort = guess_cohort(Path(given.folder), given.samples, given.id, _models)
    with place.open("x", encoding="utf-8") as file:
        file.write(as_yaml(cohort))
    doubtful = unsure(cohort)
    unused = cohort.roles.unmatched
    content = {"cohort": cohort.as_dict(), "check": doubtful, "not_used": dict(unused), "file": str(place)}
    emit(content, lambda: _show(place, doubtful, unused, given.folder))


def _models() -> list[KnownModel]:
    """Kinetic models that ship with the package; read only for a folder with doses."""
    from datamodules.exposure.published.computed_covariates import COMPUTED
    from datamodules.exposure.published.library import list_models

    return [
        KnownModel(model.name, model.drug, tuple(name for name in model.covariates if name not in COMPUTED))
        for model in list_models()
    ]


def _show(place: Path, doubtful: Sequence[str], unused: Mapping[str, str], folder: str) -> None:
    for file, why in unused.items():
        print(f"{file} is not used: {why}")
    keys = [part for part in doubtful if part.removesuffix(NOT_USED) not in unused]
    if keys:
        print(f"Please check these keys, marked with 'check this' in the file: {', '.join(keys)}")
    print(f"Then: stratomics check {folder}")
    print(place)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "init",
        "FOLDER [--samples FILE] [--id COLUMN]",
        "Write a first cohort.yaml for a folder of tables. It guesses the table of patients, the modality and scale of "
        "the other tables, endpoints, arm and covariates. A comment above each line gives the reason.",
        "my_cohort",
    )
    parser.add_argument("folder", type=str, help="folder of the tables: csv, tsv, parquet, xlsx, ...")
    parser.add_argument("--samples", type=str | None, help="table of patients, if it is not found")
    parser.add_argument("--id", type=str | None, help="column of patient ids, if it is not found")
    return parser
