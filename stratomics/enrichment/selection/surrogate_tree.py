"""Approximate a score by a shallow tree that a person can read, and measure what the approximation loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.enrichment.effects.effect import Effect, Measure, effect_of
from stratomics.enrichment.effects.trial_folds import FOLDS, balanced_folds

__all__ = ["SurrogateTree", "surrogate_tree"]

Array = NDArray[np.float64]

DEEPEST = 3
SMALLEST_LEAF = 0.05


@dataclass(frozen=True)
class SurrogateTree:
    """A tree that approximates which patients are chosen.

    Attributes
    ----------
    sentences
        Which patients are chosen, one sentence per leaf; empty where the tree chooses no patient.
    agreement
        Share of the patients for whom a tree grown without them agrees with the score.
    share, share_of_tree
        Shares of patients chosen by the score, and by those trees.
    effect, effect_of_tree
        Effects in the chosen patients of both; None where the trees choose too few patients. Their difference is the
        loss. Neither is corrected for anything that the approximated choice was not corrected for.
    """

    sentences: tuple[str, ...]
    agreement: float
    share: float
    share_of_tree: float
    effect: Effect
    effect_of_tree: Effect | None


def surrogate_tree(
    measure: Measure, covariates: pd.DataFrame, chosen: NDArray[np.bool_], depth: int = 2, seed: int = 0
) -> SurrogateTree:
    """Approximate a choice of patients by a tree on numeric covariates.

    Outcomes are not used: the tree is fitted to the choice.

    Parameters
    ----------
    measure
        Measure of effect in the trial.
    covariates
        n rows of numbers without gaps.
    chosen
        (n,) whether the score chooses a patient.
    depth
        Largest number of questions to a patient, 1 to 3.
    seed
        Seed of the folds.

    Returns
    -------
    SurrogateTree
        The rule in words, its agreement with the score, and the effects of both.

    Raises
    ------
    DataError
        If covariates have gaps, or `depth` is out of range.
    """
    from sklearn.tree import DecisionTreeClassifier

    if not 1 <= depth <= DEEPEST:
        raise DataError(f"a tree of {depth} questions is hard to read; choose a depth of 1 to {DEEPEST}")
    x = covariates.to_numpy(dtype=np.float64)
    if not np.isfinite(x).all():
        raise DataError("covariates of a surrogate tree have gaps; complete them or leave them out")

    def grown(rows: NDArray[np.bool_]) -> DecisionTreeClassifier:
        tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=SMALLEST_LEAF, random_state=0)
        return tree.fit(x[rows], chosen[rows])

    fold = balanced_folds(chosen.astype(np.int64), FOLDS, 1, named_generator(seed, "tree"))[0]
    predicted = np.zeros(len(chosen), dtype=np.bool_)
    for number in range(FOLDS):
        predicted[fold == number] = grown(fold != number).predict(x[fold == number])
    value, se = measure.effects(predicted[None].astype(np.float64))
    known = np.isfinite(value[0]) and np.isfinite(se[0])
    return SurrogateTree(
        _sentences(grown(np.ones(len(chosen), dtype=np.bool_)), list(map(str, covariates.columns))),
        float((predicted == chosen).mean()),
        float(chosen.mean()),
        float(predicted.mean()),
        effect_of(measure, chosen.astype(np.float64), "the patients whom the score chooses"),
        measure.effect(float(value[0]), float(se[0])) if known else None,
    )


def _sentences(tree: object, names: Sequence[str]) -> tuple[str, ...]:
    """Walk from the root to each leaf whose patients are mostly chosen."""
    inner = tree.tree_  # type: ignore[attr-defined]  # scikit-learn ships no types
    classes = list(tree.classes_)  # type: ignore[attr-defined]  # scikit-learn sets it in fit
    rules: list[str] = []

    def verdicts(node: int) -> set[bool]:
        if inner.children_left[node] == -1:
            return {bool(classes[int(inner.value[node][0].argmax())])}
        return verdicts(inner.children_left[node]) | verdicts(inner.children_right[node])

    def walk(node: int, answers: list[str]) -> None:
        # A question is left out if all its answers lead to the same verdict.
        if len(verdict := verdicts(node)) == 1:
            if verdict == {True}:
                rules.append(" and ".join(answers) or "all patients")
            return
        name, at = names[inner.feature[node]], inner.threshold[node]
        walk(inner.children_left[node], [*answers, f"{name} at most {at:.4g}"])
        walk(inner.children_right[node], [*answers, f"{name} above {at:.4g}"])

    walk(0, [])
    return tuple(rules)
