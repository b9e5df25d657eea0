"""A mixture of methods, learned from what they predict of patients that inner folds leave out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.prediction import Prediction
from omics.common.seeds import named_seed
from stratomics.evaluation.cases import ResponseCases, SurvivalCases, cases_of
from stratomics.fitting.mixture import CurveMixture, OddsMixture
from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["stacked"]

Methods = Callable[[NewPatients], Mapping[str, Prediction]]


def stacked(part: TrainingPart, predictions: Mapping[str, Prediction], methods: Methods) -> Prediction:
    """Mix `predictions`, which methods fitted on `part` made of new patients.

    The weights are learned from patients of the inner folds, whom the same `methods` predict after a fit on the others
    (van der Laan et al. 2007, doi 10.2202/1544-6115.1309): by the IPCW Brier score of S(t) over time, or the log loss.
    """
    parts: dict[str, list[Prediction]] = {name: [] for name in predictions}
    for fold in part.folds:
        seed = named_seed(part.seed, "stack", fold.number)
        left_out = NewPatients.of_fold(part.cohort, fold, part.config, seed)
        for name, own in methods(left_out).items():
            parts[name].append(own.at(0, fold.number))
    ids = part.cohort.obs_names.to_numpy(dtype=str)
    cases = [cases_of(Prediction.concatenate(own), ids, part.endpoint) for own in parts.values()]
    survival = [own for own in cases if isinstance(own, SurvivalCases)]
    if survival:
        return CurveMixture.fit(survival).mixed(list(predictions.values()))
    response = [own for own in cases if isinstance(own, ResponseCases)]
    return OddsMixture.fit(response).mixed(list(predictions.values()), part.name)
