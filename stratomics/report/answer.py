"""The report's first section: what a run says, in a minute."""

from __future__ import annotations

from stratomics.evaluation.summary import honest_sentences, metric_label
from stratomics.evaluation.trust import control_sentence, controls_fail
from stratomics.report.section import Section
from stratomics.run_directory import RunDirectory

__all__ = ["answer"]


def answer(run: RunDirectory) -> Section:
    """Say how ours compares, and whether the controls came out at chance."""
    metrics = run.metrics
    content = {
        "sentences": honest_sentences(metrics),
        "control": control_sentence(metrics),
        "controls_fail": controls_fail(metrics),
        "metric": metric_label(metrics["metric"]),
    }
    return Section("answer", "The answer in a minute", template="answer.html.j2", content=content)
