"""Stacking: mix the predictions of several methods by weights fitted on inner folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.prediction import Prediction
from omics.common.seeds import named_seed
from stratomics.evaluation.cases import ResponseCases, SurvivalCases, cases_of
from stratomics.fitting.mixture import CurveMixture, OddsMixture
from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["stack_methods"]

Methods = Callable[[NewPatients], Mapping[str, Prediction]]


def stack_methods(part: TrainingPart, predictions: Mapping[str, Prediction], methods: Methods) -> Prediction:
    """Mix the predictions of several methods for new patients.

    The weights minimize the loss of out-of-fold predictions on the inner folds (van der Laan et al. 2007, doi
    10.2202/1544-6115.1309): the IPCW Brier score of S(t) over time, or the log loss of a response.

    Parameters
    ----------
    part
        The training part.
    predictions
        Method -> predictions of new patients, by the method fitted on `part`.
    methods
        Fits and predicts by the same methods; it is called once per inner fold.

    Returns
    -------
    Prediction
        The mixture, for the new patients.
    """
    parts: dict[str, list[Prediction]] = {name: [] for name in predictions}
    for fold in part.folds:
        seed = named_seed(part.seed, "stack", fold.number)
        held_out = NewPatients.of_fold(part.cohort, fold, part.config, seed)
        for name, prediction in methods(held_out).items():
            parts[name].append(prediction.at(0, fold.number))
    ids = part.cohort.obs_names.to_numpy(dtype=str)
    cases = [cases_of(Prediction.concatenate(folds), ids, part.endpoint) for folds in parts.values()]
    survival = [method for method in cases if isinstance(method, SurvivalCases)]
    if survival:
        return CurveMixture.fit(survival).mix(list(predictions.values()))
    response = [method for method in cases if isinstance(method, ResponseCases)]
    return OddsMixture.fit(response).mix(list(predictions.values()), part.name)
