"""``stratomics explain RUN COHORT``: why the final model of a run predicts what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from stratomics.cli.run import add_run, parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.explanation.from_run import RunExplanation
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["build_parser", "explain"]


def explain(arguments: Sequence[str]) -> None:
    """Print the rationale of a patient, or of a few; write contributions, and those of a run's own cohort into it."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    from stratomics.explanation.from_run import ExplainRequest, explain_run, to_store
    from stratomics.explanation.table import write_contributions
    from stratomics.predict import find_model
    from stratomics.report.explanation_files import store_in_run
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.runtime.logs import quiet_libraries
    from stratomics.tracking.find_run import open_run
    from stratomics.tracking.update_record import update_record

    quiet_libraries()
    with open_run(given.run, given.uri) as place:
        run = RunDirectory(place)
        find_model(place)
        modifiable = tuple(name.strip() for name in given.modifiable.split(",") if name.strip())
        request = ExplainRequest(given.patient, modifiable, given.neighbours, given.endpoint)
        found = explain_run(run, given.cohort, request)
        files = [] if given.out is None else [write_contributions(Path(given.out), found.explanation)]
        if found.importance is not None and place == Path(given.run):
            files.append(store_in_run(run, to_store(found, found.importance)))
            update_record(run)
        content = {
            "patients": len(found.explanation.sample_ids),
            "endpoint": found.endpoint,
            "scale": found.explanation.scale,
            "reference": found.explanation.reference,
            "reference_patients": found.explanation.reference_patients,
            "outer_folds": int(found.explanation.folds.max(initial=0)),
            "trained": found.trained,
            "details": [asdict(one) for one in found.details],
            "importance": None if found.importance is None else found.importance.table.to_dict("records"),
            "files": [str(file) for file in files],
        }
        emit(content, lambda: _show(run, found, files))


def _show(run: RunDirectory, found: RunExplanation, files: Sequence[Path]) -> None:
    import textwrap

    from models.survival.time_unit import survival_unit
    from stratomics.report.text.rationale import folds_sentence, rationale_lines, reference_sentence

    explanation = found.explanation
    other = found.endpoint != run.endpoint
    if other:
        print(f"Endpoint {found.endpoint}, which the network of the model predicts alone.")
    folds = int(explanation.folds.max(initial=0))
    print(reference_sentence(explanation.reference_patients, explanation.scale, folds))
    if (why := folds_sentence(folds, own=found.own, primary=not other)) is not None:
        print(why)
    if found.trained:
        count = len(explanation.sample_ids)
        who = "this patient" if count == 1 else f"{found.trained} of these {count} patients"
        print(f"The model was fitted to {who}, so that predictions are too good for them.")
    unit = survival_unit(run.survival) if run.kind == "survival" else None
    for one in found.details:
        print(f"\n{one.rationale.sample_id}")
        for line in rationale_lines(one, unit, found.informative):
            print(textwrap.fill(line, 100, initial_indent="- ", subsequent_indent="  "))
    if len(found.details) < len(explanation.sample_ids):
        print(
            f"\nShown are the highest, middle and lowest of {len(explanation.sample_ids)} predictions; --patient ID "
            "shows another, and --out writes all contributions."
        )
    print(*files, sep="\n")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "explain",
        "RUN COHORT [--patient ID] [--modifiable NAMES] [--out TABLE]",
        "Explain the predictions of the final model: reasons for and against, how stable they are over the members of "
        "the ensemble and the outer folds, similar training patients, what a missing view could change. Contributions "
        "add up to the prediction. For the cohort of the run itself, importance and examples are written into its "
        "report.",
        "runs/tcga_acc-0123456789 new_patients --patient P017",
    )
    add_run(parser, "run directory, or id of an MLflow run")
    add = parser.add_argument
    add("cohort", type=str, help="folder with cohort.yaml, the yaml file, or an .h5mu file")
    add("--patient", type=str | None, help="id of one patient; by default three examples are shown")
    add("--endpoint", type=str | None, help="endpoint of the model; by default the primary endpoint")
    add("--modifiable", type=str, default="", help="covariates that can be changed, separated by commas")
    add("--neighbours", type=int, default=5, help="number of similar training patients")
    add("--out", type=str | None, help="table of all contributions, .parquet or .csv")
    return parser
