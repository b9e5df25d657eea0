"""``stratomics predict RUN COHORT --out TABLE``: new patients through a finished run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from omics.common.errors import ConfigError, nearest
from omics.common.table_writer import TABLE_WRITERS
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.progress import ProgressBar
from stratomics.cli.run import add_run, parsed_words

if TYPE_CHECKING:
    from models.prediction import Prediction

__all__ = ["build_parser", "predict"]


def predict(arguments: Sequence[str]) -> None:
    """Print the paths of the tables; what is new about the patients goes to stderr."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    out = Path(given.out)
    if out.suffix not in TABLE_WRITERS:
        raise ConfigError(f"--out {out}: unknown ending '{out.suffix}'; {nearest(out.suffix, TABLE_WRITERS)}")
    from datamodules.shift import shift_findings
    from omics.cohort.new_patients import read_new_patients
    from stratomics.fitting.fitted import Fitted
    from stratomics.predict import find_model, locked_rule, predict_blocks, with_rule, write_predictions
    from stratomics.tracking.find_run import open_run

    with open_run(given.run, given.uri) as run:
        folder = find_model(run)
        model = Fitted.load(folder)
        patients = read_new_patients(given.cohort)
        for finding in shift_findings(model.encoders[0].harmonizer, patients):
            print(f"{finding.severity}: {finding.place}: {finding.sentence}", file=sys.stderr)
        blocks = _shown(predict_blocks(model, patients), patients.n_obs)
        first = next(blocks)
        everybody: Iterator[Prediction] = chain([first], blocks)
        if (locked := locked_rule(folder, map(str, first.patients))) is not None:
            everybody = with_rule(everybody, *locked)
        written = write_predictions(out, everybody)
    print(
        f"{written.patients} patients predicted; the model abstains about {written.abstained}",
        file=sys.stderr,
    )
    content = {
        "tables": [str(path) for path in written.tables],
        "patients": written.patients,
        "abstained": written.abstained,
    }
    emit(content, lambda: print(*written.tables, sep="\n"))


def _shown(blocks: Iterator[Prediction], patients: int) -> Iterator[Prediction]:
    """Hand blocks on, and show how many patients they were."""
    done = 0
    with ProgressBar("predicting") as bar:
        for block in blocks:
            done += len(block.patients)
            # Of the last block the result speaks.
            if done < patients:
                bar.show(done, patients, "patients predicted")
            yield block


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "predict",
        "RUN COHORT --out TABLE [--tracking.uri URI]",
        "New patients through a finished run. No outcome is read. Features may be missing, more or in another order, "
        "views absent. Where `stratomics enrich RUN` locked a rule, the table says who is eligible by it, and how far "
        "the ensemble agrees.",
        "runs/tcga_acc-0123456789 new_patients --out predicted.parquet",
    )
    add_run(parser, "a run directory, the folder of a model, or the id of an MLflow run")
    parser.add_argument(
        "cohort", type=str, help="a folder with cohort.yaml, the yaml itself, or an .h5mu file"
    )
    parser.add_argument(
        "--out", type=str, required=True, help="a row a patient, .parquet or .csv; long tables go beside it"
    )
    return parser
