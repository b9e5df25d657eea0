"""``stratomics init FOLDER``: a first ``cohort.yaml`` for a folder of tables, with a reason for each guess."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.write_yaml import as_yaml, unsure
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.run import parsed_words

__all__ = ["build_parser", "init"]


def init(arguments: Sequence[str]) -> None:
    """Write ``cohort.yaml``; the last line on stdout is its path."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    place = Path(given.folder) / "cohort.yaml"
    if place.exists():
        raise CohortError(
            "it is there already and stays as it is; move it away to have another written",
            "cohort_exists",
            file=str(place),
        )
    cohort = guess_cohort(Path(given.folder), given.samples, given.id)
    with place.open("x", encoding="utf-8") as file:
        file.write(as_yaml(cohort))
    doubtful = unsure(cohort)
    content = {"cohort": cohort.as_dict(), "check": doubtful, "file": str(place)}
    emit(content, lambda: _show(place, doubtful, given.folder))


def _show(place: Path, doubtful: Sequence[str], folder: str) -> None:
    if doubtful:
        print(f"Look at these, each is marked with 'check this': {', '.join(doubtful)}")
    print(f"Then: stratomics check {folder}")
    print(place)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "init",
        "FOLDER [--samples FILE] [--id COLUMN]",
        "A first cohort.yaml for a folder of tables: which holds the patients, what the others measured and on which "
        "scale, endpoints, arm, covariates; above each line stands why.",
        "my_cohort",
    )
    parser.add_argument("folder", type=str, help="where the tables lie: csv, tsv, parquet, xlsx, ...")
    parser.add_argument("--samples", type=str | None, help="the table of patients, where two could be it")
    parser.add_argument("--id", type=str | None, help="its column of ids, where it is not found")
    return parser
