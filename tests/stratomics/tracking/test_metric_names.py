"""Names of metrics in MLflow, and the figures of an enrichment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from trials import with_arms

from omics.common.files import read_json
from stratomics.cli import main
from stratomics.enrichment.store import load_enrichment
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.metric_names import enrichment_metrics, evaluation_metrics, loss_metrics


def test_a_name_is_the_path_of_the_number() -> None:
    figure = {"estimate": 0.2, "low": 0.1, "high": 0.3}
    metrics = {
        "os": {"ibs": figure, "ici": {"estimate": 0.01}, "words": "none"},
        "baselines": {"clinical_cox": {"os": {"ibs": figure}}},
        "differences": {"clinical_cox": {"os": {"ibs": figure}}},
        "curves": {"x": [1, 2]},
    }
    assert dict(evaluation_metrics(metrics, "os")) == {
        "os/ibs": 0.2,
        "interval/os/ibs_low": 0.1,
        "interval/os/ibs_high": 0.3,
        "os/ici": 0.01,
        "baselines/clinical_cox/os/ibs": 0.2,
        "interval/baselines/clinical_cox/os/ibs_low": 0.1,
        "interval/baselines/clinical_cox/os/ibs_high": 0.3,
        "differences/clinical_cox/os/ibs": 0.2,
        "interval/differences/clinical_cox/os/ibs_low": 0.1,
        "interval/differences/clinical_cox/os/ibs_high": 0.3,
    }


def test_losses_have_their_epoch() -> None:
    history = pd.DataFrame(
        {"member": [0, 1], "epoch": [3, 5], "training_loss": [1.0, 2.0], "validation_loss": [1.5, 2.5]}
    )
    assert list(loss_metrics(history)) == [
        ("loss/training_member0", 1.0, 3),
        ("loss/validation_member0", 1.5, 3),
        ("loss/training_member1", 2.0, 5),
        ("loss/validation_member1", 2.5, 5),
    ]


@pytest.mark.parametrize("response", [False, True])
def test_the_figures_of_an_enrichment_are_those_of_its_files(
    write_run: Callable[..., Path], response: bool
) -> None:
    run = with_arms(write_run(), response)
    assert main(["enrich", str(run), "--control=a", "--shares=0.4,0.6", "--trials=100", "--draws=20"]) == 0
    content, result = read_json(run / "enrichment.json"), load_enrichment(RunDirectory(run))
    assert result is not None
    found = dict(enrichment_metrics(result))
    corrected, chosen = content["search"]["out_of_bag"], content["rows"][1 + content["best"]]
    assert found["enrichment/effect_inside"] == corrected["estimate"]
    assert found["interval/enrichment/effect_inside_high"] == corrected["high"]
    assert found["enrichment/effect_all"] == content["rows"][0]["inside"]["estimate"]
    assert found["enrichment/patients_inside"] == chosen["n"]
    design = read_json(run / "design.json")
    assert found["trial/patients"] == design["patients"]
    assert ("trial/events" in found) == (not response)
