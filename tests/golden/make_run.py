"""Make the frozen run ``run_v2`` and the predictions of its model, ``run_v2_predicted``, as release 0.2.0.

Later releases read these files and compute the same numbers. Make them again only for a new format, under a new name.

PYTHONPATH=tests/helpers python tests/golden/make_run.py tests/golden/run_v2
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from small import UNRECORDED

from omics.cohort.read import read_cohort
from omics.common.files import read_json
from omics.common.manifest import MANIFEST, write_manifest
from stratomics.cli.run import parse
from stratomics.experiment.run_experiment import run_experiment
from stratomics.fitting.fit import Fitted

FEW = [
    "--split.inner_folds=2",
    "--harmonize.max_features=40",
    "--factors.per_view=1",
    "--baselines=[clinical_cox]",
]


def main(target: Path) -> None:
    """Run small, predict the bundled cohort with the final model, and copy both to `target`."""
    config, _, _ = parse(["configs/experiment/tcga_acc.yaml", *UNRECORDED, *FEW])
    with tempfile.TemporaryDirectory() as folder:
        run = run_experiment(config, Path(folder) / "runs")
        shutil.copytree(run.path, target)
    predicted = Fitted.load(target / "model").predict(read_cohort("bundled:tcga_acc"))
    predicted.save(target.with_name(target.name + "_predicted"))
    shrink(target)


def shrink(run: Path) -> None:
    """Empty the report, which tests write again, and remove the factor model of all patients and the log."""
    (run / "report.html").write_text("<!doctype html><title>Adrenocortical carcinoma</title>\n")
    for path in [run / "run.log", *(run / "factors").glob("reference.*")]:
        path.unlink()
    manifest = read_json(run / MANIFEST)
    (run / MANIFEST).unlink()
    write_manifest(run, {key: value for key, value in manifest.items() if key != "files"})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
