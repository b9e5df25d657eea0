"""``stratomics predict RUN COHORT --out TABLE``: predict new patients with a finished run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from omics.common.errors import ConfigError, nearest
from omics.common.table_writer import TABLE_WRITERS
from stratomics.cli.run import add_run, parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.cli.screen.progress import ProgressBar

if TYPE_CHECKING:
    import pandas as pd

    from models.prediction import Prediction
    from stratomics.predict import Written

__all__ = ["build_panel_parser", "build_parser", "predict", "warn_of_training_patients"]


def predict(arguments: Sequence[str]) -> None:
    """Predict and print the paths of the tables; differences from the training patients go to stderr."""
    by_panel = any(word == "--panel" or word.startswith("--panel=") for word in arguments)
    if by_panel:
        _predict_by_panel(parse_arguments(build_panel_parser(), list(arguments), "the command line"))
        return
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    out = _table(given.out)
    from datamodules.exposure.exposure_view import with_exposure
    from datamodules.shift import shift_findings
    from models.prediction import MEASURED_SHARE
    from omics.cohort.new_patients import read_new_patients
    from stratomics.fitting.fitted import Fitted
    from stratomics.predict import find_model, locked_rule, predict_blocks, with_rule, write_predictions
    from stratomics.tracking.find_run import open_run
    from stratomics.tracking.update_record import PredictionSummary, record_predictions

    with open_run(given.run, given.uri) as run:
        folder = find_model(run)
        model = Fitted.load(folder)
        patients = model.prepared(with_exposure(read_new_patients(given.cohort)))
        warn_of_training_patients(run, patients.obs_names)
        findings = list(shift_findings(model.encoders[0].harmonizer, patients))
        for finding in findings:
            print(f"{finding.severity}: {finding.place}: {finding.sentence}", file=sys.stderr)
        blocks = _with_progress(predict_blocks(model, patients, method=given.method), patients.n_obs)
        first = next(blocks)
        predictions: Iterator[Prediction] = chain([first], blocks)
        if (locked := locked_rule(folder, map(str, first.patients))) is not None:
            predictions = with_rule(predictions, *locked)
        written = write_predictions(out, predictions)
    numbers = {
        "patients": written.patients,
        "abstained": written.abstained,
        "differences_from_training": len(findings),
    }
    record_predictions(
        given.run, given.uri, PredictionSummary(given.cohort, given.method, numbers, written.means)
    )
    print(_summary(written, abstains="abstain" in first.patients), file=sys.stderr)
    content = {
        "tables": [str(path) for path in written.tables],
        "patients": written.patients,
        "abstained": written.abstained,
        "differences": [finding.as_dict() for finding in findings],
        "measured_share": {
            column.removeprefix(MEASURED_SHARE): mean
            for column, mean in written.means.items()
            if column.startswith(MEASURED_SHARE)
        },
    }
    emit(content, lambda: print(*written.tables, sep="\n"))


def _summary(written: Written, *, abstains: bool) -> str:
    """Say how many patients were predicted, and for how many the model abstains."""
    predicted = f"{written.patients} patients predicted"
    if not abstains:
        return predicted
    if written.abstained == written.patients:
        return (
            f"{predicted}; the model abstains for all of them, so none of these predictions should be acted upon: "
            "the column abstain_reason says why"
        )
    return f"{predicted}; the model abstains for {written.abstained} of them"


def warn_of_training_patients(run: Path, patients: pd.Index) -> None:
    """Warn where patients have ids of the patients that the model was fitted to.

    Parameters
    ----------
    run
        Run directory; without its table of patients nothing is known of them.
    patients
        Ids of the patients to predict.
    """
    table = run / "patients.parquet"
    if not table.is_file():
        return
    from omics.common.files import read_parquet

    known = patients.isin(read_parquet(table)["sample_id"].astype(str))
    if known.any():
        print(
            f"warning: {known.sum()} of {len(patients)} patients have ids of patients of the run; the final model was "
            "fitted to those, so that its predictions for them are too good. The run has out-of-fold predictions",
            file=sys.stderr,
        )


def _table(word: str) -> Path:
    out = Path(word)
    if out.suffix not in TABLE_WRITERS:
        raise ConfigError(f"--out {out}: unknown ending '{out.suffix}'; {nearest(out.suffix, TABLE_WRITERS)}")
    return out


def _predict_by_panel(given: jsonargparse.Namespace) -> None:
    """Predict by a locked panel, without the run that it came from."""
    out = _table(given.out)
    from datamodules.exposure.exposure_view import with_exposure
    from omics.cohort.new_patients import read_new_patients
    from stratomics.predict import write_predictions
    from stratomics.strata.panel.panel import LockedPanel

    locked = LockedPanel.load(Path(given.panel))
    patients = with_exposure(read_new_patients(given.cohort))
    written = write_predictions(out, iter([locked.predict(patients, given.platform)]))
    print(f"{written.patients} patients predicted by a panel of {len(locked.analytes)}", file=sys.stderr)
    content = {
        "tables": [str(path) for path in written.tables],
        "patients": written.patients,
        "panel": locked.digest,
    }
    emit(content, lambda: print(*written.tables, sep="\n"))


def _with_progress(blocks: Iterator[Prediction], patients: int) -> Iterator[Prediction]:
    """Pass blocks on, and show the number of predicted patients."""
    done = 0
    with ProgressBar("predicting") as bar:
        for block in blocks:
            done += len(block.patients)
            # After the last block the result is printed.
            if done < patients:
                bar.show(done, patients, "patients predicted")
            yield block


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "predict",
        "RUN COHORT --out TABLE [--method NAME] [--tracking.uri URI], or stratomics predict COHORT --panel PANEL.json "
        "--out TABLE",
        "Predict new patients with a finished run. Outcomes are not read. Features may be missing, additional or in "
        "another order, and views may be absent. If `stratomics enrich RUN` has locked a rule, the table shows which "
        "patients are eligible, and the agreement of the ensemble.",
        "runs/tcga_acc-0123456789 new_patients --out predicted.parquet",
    )
    add_run(parser, "run directory, folder of a model, or id of an MLflow run")
    parser.add_argument("cohort", type=str, help="folder with cohort.yaml, the yaml file, or an .h5mu file")
    parser.add_argument(
        "--out",
        type=str,
        required=True,
        help="table with one row per patient, .parquet or .csv; long tables are written next to it",
    )
    parser.add_argument(
        "--method",
        type=str,
        default="stratomics",
        help="one of the candidates of the mixture, which predicts alone, such as the clinical model; "
        "it has no bounds, sets or abstention",
    )
    return parser


def build_panel_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command for a locked panel."""
    parser = command_parser(
        "predict",
        "COHORT --panel PANEL.json --out TABLE [--platform NAME]",
        "Predict new patients by a locked panel of `stratomics panel`. Outcomes are not read. Other features may be "
        "absent; a panel that was edited is refused.",
        "new_patients --panel runs/tcga_acc-0123456789/panel.json --out predicted.csv",
    )
    parser.add_argument("cohort", type=str, help="folder with cohort.yaml, the yaml file, or an .h5mu file")
    parser.add_argument("--panel", type=str, required=True, help="the file that `stratomics panel` wrote")
    parser.add_argument(
        "--out", type=str, required=True, help="table with one row per patient, .parquet or .csv"
    )
    parser.add_argument(
        "--platform",
        type=str,
        default="training",
        help="where the values were measured; the name of a bridge",
    )
    return parser
