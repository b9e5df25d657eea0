"""What a rule means: units, warnings, and trees that say nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.selection.surrogate_tree import SurrogateTree
from stratomics.report.text.rule_meaning import approximates, rule_sentences

TREE = SurrogateTree(("age above 62",), 0.57, 0.5, 0.5, Effect(0.5, 0.4, 0.6, 0.1), None)


def test_a_negative_threshold_enrols_patients_predicted_to_lose() -> None:
    (mostly_gain,) = rule_sentences(Subgroup("benefit", -28.0), np.array([-20.0, 100.0, -50.0]), "days")
    assert (
        "predicted to lose up to 28 days of mean survival time by treatment, and all who are" in mostly_gain
    )
    lose = rule_sentences(Subgroup("benefit", -28.0), np.array([-20.0, -10.0, -50.0]), "days")
    assert (
        lose[1]
        == "Warning: the mean predicted benefit of the patients enrolled is negative, a loss of 15 days."
    )


def test_a_response_is_written_in_percentage_points() -> None:
    (sentence,) = rule_sentences(Subgroup("benefit", 0.05), np.array([0.1]), "")
    assert "gain more than 5.0 percentage points in the probability of a response" in sentence


def test_other_scores_have_no_unit() -> None:
    assert rule_sentences(Subgroup("ki67", 14.0), np.array([20.0]), "days") == []


@pytest.mark.parametrize(
    ("agreement", "share", "of_tree", "shown"),
    [(0.57, 0.5, 0.5, False), (0.8, 0.5, 0.5, True), (0.9, 0.9, 1.0, False), (1.0, 1.0, 1.0, False)],
)
def test_a_tree_near_chance_is_not_shown(agreement: float, share: float, of_tree: float, shown: bool) -> None:
    tree = dataclasses.replace(TREE, agreement=agreement, share=share, share_of_tree=of_tree)
    assert approximates(tree) == shown
