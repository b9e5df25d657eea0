"""A rule that a person can read: a shallow tree in place of a score, and what that loses."""

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
    """A tree that approximates who is chosen.

    Attributes
    ----------
    sentences
        Who is chosen, a sentence a leaf; no sentence where the tree chooses nobody.
    agreement
        Share of the patients for whom trees grown without them say the same as the score.
    share, share_of_tree
        Chosen by the score, and by those trees.
    effect, effect_of_tree
        Effects in both, None where those trees choose too few to tell; the difference is what is lost, and both are as
        honest as the choice that was approximated.
    """

    sentences: list[str]
    agreement: float
    share: float
    share_of_tree: float
    effect: Effect
    effect_of_tree: Effect | None


def surrogate_tree(
    measure: Measure, covariates: pd.DataFrame, chosen: NDArray[np.bool_], depth: int = 2, seed: int = 0
) -> SurrogateTree:
    """Approximate a choice (n,) by a tree of at most `depth` questions on numeric covariates.

    Outcomes do not enter: the tree learns who was chosen, not who fared well.

    Raises
    ------
    DataError
        If covariates have gaps, or more than three questions are asked for.
    """
    from sklearn.tree import DecisionTreeClassifier

    if not 1 <= depth <= DEEPEST:
        raise DataError(f"a tree of {depth} questions is not read at a glance; ask for 1 to {DEEPEST}")
    x = covariates.to_numpy(dtype=np.float64)
    if not np.isfinite(x).all():
        raise DataError(
            "covariates of a readable rule have gaps, at which a person could not answer; complete them"
        )

    def grown(rows: NDArray[np.bool_]) -> DecisionTreeClassifier:
        tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=SMALLEST_LEAF, random_state=0)
        return tree.fit(x[rows], chosen[rows])

    fold = balanced_folds(chosen.astype(np.int64), FOLDS, 1, named_generator(seed, "tree"))[0]
    told = np.zeros(len(chosen), dtype=np.bool_)
    for number in range(FOLDS):
        told[fold == number] = grown(fold != number).predict(x[fold == number])
    value, se = measure.effects(told[None].astype(np.float64))
    known = np.isfinite(value[0]) and np.isfinite(se[0])
    return SurrogateTree(
        _sentences(grown(np.ones(len(chosen), dtype=np.bool_)), list(map(str, covariates.columns))),
        float((told == chosen).mean()),
        float(chosen.mean()),
        float(told.mean()),
        effect_of(measure, chosen.astype(np.float64), "those whom the score chooses"),
        measure.effect(float(value[0]), float(se[0])) if known else None,
    )


def _sentences(tree: object, names: Sequence[str]) -> list[str]:
    """Walk from the root to each leaf whose patients are mostly chosen."""
    inner = tree.tree_  # type: ignore[attr-defined]  # of scikit-learn, which ships no types
    classes = list(tree.classes_)  # type: ignore[attr-defined]
    found: list[str] = []

    def verdicts(node: int) -> set[bool]:
        if inner.children_left[node] == -1:
            return {bool(classes[int(inner.value[node][0].argmax())])}
        return verdicts(inner.children_left[node]) | verdicts(inner.children_right[node])

    def walk(node: int, said: list[str]) -> None:
        # A question whose answers lead to one verdict is not asked.
        if len(verdict := verdicts(node)) == 1:
            if verdict == {True}:
                found.append(" and ".join(said) or "everybody")
            return
        name, at = names[inner.feature[node]], inner.threshold[node]
        walk(inner.children_left[node], [*said, f"{name} at most {at:.4g}"])
        walk(inner.children_right[node], [*said, f"{name} above {at:.4g}"])

    walk(0, [])
    return found
