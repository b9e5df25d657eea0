"""How ``run_v1`` was made, once, by release 0.1.0; never make it anew, since it stands for old files.

python tests/golden/make_run_v1.py FOLDER
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from small import QUICK

from omics.cohort.read import read_cohort
from stratomics.cli.run import parse
from stratomics.experiment.run_experiment import run_experiment
from stratomics.fitting.fit import Fitted

FEW = ["--harmonize.max_features=40", "--baselines=[clinical_cox]"]


def main(target: Path) -> None:
    """Run small, predict the bundled cohort with the final model, and copy both to `target`."""
    config, _, _ = parse(["configs/experiment/tcga_acc.yaml", *QUICK, *FEW])
    with tempfile.TemporaryDirectory() as folder:
        run = run_experiment(config, Path(folder) / "runs")
        shutil.copytree(run.path, target)
    predicted = Fitted.load(target / "model").predict(read_cohort("bundled:tcga_acc"))
    predicted.save(target.with_name(target.name + "_predicted"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
