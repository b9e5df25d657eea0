"""The panel of a finished run: its curve beside the full model, and the locked panel of the chosen size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.config import SplitConfig
from datamodules.exposure.exposure_view import with_exposure
from datamodules.resampling import Design, design_of
from datamodules.split import Fold, patient_groups
from omics.cohort.arms import arm_codes
from omics.cohort.read import cohort_endpoints, cohort_spec, read_cohort
from omics.common.errors import ConfigError, InputError
from omics.common.registry import check_choice
from omics.common.seeds import named_generator
from stratomics.evaluation.comparison import OURS, clinical_baseline
from stratomics.runs.patients_table import endpoint_columns
from stratomics.strata.panel.agreement import exchangeable
from stratomics.strata.panel.assay.noise import AnalyteNoise, noise_effect
from stratomics.strata.panel.assay.noise_table import read_noise
from stratomics.strata.panel.assay.prices import PriceList, read_prices
from stratomics.strata.panel.benefit_curve import benefit_curve
from stratomics.strata.panel.benefit_references import CLINICAL_EFFECT, clinical_effects, model_effects
from stratomics.strata.panel.curve import PanelCurve, panel_curve
from stratomics.strata.panel.details import PanelAnalyte, PanelDetails
from stratomics.strata.panel.false_selections import stability_settings
from stratomics.strata.panel.learn import Learning
from stratomics.strata.panel.nested import FoldScores, NestedDesign, nested_scores
from stratomics.strata.panel.panel import LockedPanel, lock_panel
from stratomics.strata.panel.scaling import AnalyteScaling
from stratomics.strata.panel.score_path import PanelSettings
from stratomics.strata.panel.selection import SelectionTask, selection_frequency
from stratomics.strata.panel.target import BenefitTarget, EndpointTarget, ModelTarget, PanelTarget, Teacher
from stratomics.strata.panel.values import assay_values

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.runs.run_directory import RunDirectory

__all__ = ["PanelRequest", "RunPanel", "panel_of_run"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

TARGETS = {
    "endpoint": "the primary endpoint",
    "benefit": "the effect of treatment on it",
    "model": "the score of the delivered model",
}
BENEFIT_DRAWS = 200
"""Most resamples of a curve of benefits, which refits a likelihood in each."""

CUTOFF, FALSE_SELECTIONS = 0.75, 1.0
"""Of the stability selection that is reported beside the panel."""


@dataclass(frozen=True)
class PanelRequest:
    """What is asked of a run.

    Attributes
    ----------
    numbers
        Numbers of analytes of the curve, ascending.
    lock
        Number of analytes to lock; the recommended one by default.
    form, select
        Names in FORMS and SELECTIONS.
    prices, noise
        Tables of prices and of noise.
    share
        Share of patients at or above the cut.
    target
        A name in TARGETS: ``endpoint``; ``benefit``, the effect of treatment on it; or ``model``, the score that the
        delivered model gives out of fold, for which it is fitted again without the test patients of each fold.
    """

    numbers: tuple[int, ...] = tuple(range(2, 21))
    lock: int | None = None
    form: str = "linear"
    select: str | None = None
    prices: Path | None = None
    noise: Path | None = None
    share: float = 0.5
    target: str = "endpoint"

    def __post_init__(self) -> None:
        check_choice(TARGETS, self.target, "--target")
        if self.lock is not None and self.lock not in self.numbers:
            raise ConfigError(f"--lock {self.lock} is not on the curve; add it to --analytes")
        if not 0 < self.share < 1:
            raise ConfigError(
                f"--share is {self.share:g}; the share of patients above the cut lies between 0 and 1"
            )


@dataclass(frozen=True)
class RunPanel:
    """What was found.

    Attributes
    ----------
    curve
        All sizes.
    panel
        The locked panel; None if no panel is recommended, and no size was asked for.
    details
        What the report says about the locked panel; None without one.
    scores
        One row per patient and repeat: fold, out-of-fold level of the panel, arm, endpoint; None without one.
    """

    curve: PanelCurve
    panel: LockedPanel | None
    details: PanelDetails | None
    scores: pd.DataFrame | None

    @property
    def rows(self) -> pd.DataFrame:
        """One row per number of analytes: each metric with its interval, stability and mean cost."""
        return pd.DataFrame(
            [
                {"analytes": point.analytes}
                | {
                    name if end == "estimate" else f"{name}_{end}": value
                    for name, estimate in point.metrics.items()
                    for end, value in estimate.items()
                }
                | {"stability": point.stability["estimate"], "cost": point.cost}
                for point in self.curve.points
            ]
        )


def panel_of_run(
    run: RunDirectory,
    request: PanelRequest,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    teacher: Teacher | None = None,
) -> RunPanel:
    """Learn panels in the outer folds of a run, and lock one on all of its patients.

    Parameters
    ----------
    run
        A finished run whose cohort is still there, unchanged.
    request
        What is asked for.
    progress
        Called with the number of outer folds that are done, and of all folds.
    teacher
        Fits the delivered model again, for the target ``model``.

    Returns
    -------
    RunPanel
        The curve, and the panel if there is one.

    Raises
    ------
    InputError
        If the run is not finished, its cohort has changed, or a table is wrong.
    """
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run; run it first")
    seed, harmonize = int(run.provenance["seed"]), run.config["harmonize"]
    design = _design(run)
    nested, ids = _nested(run, design, request, teacher)
    settings = PanelSettings(
        request.form,
        request.select or ("path" if request.prices is None else "price"),
        float(harmonize["max_missing"]),
        float(harmonize["min_prevalence"]),
        int(run.config["split"]["inner_folds"]),
    )
    scores = nested_scores(nested, request.numbers, settings, seed, progress)
    curve = replace(_curve(run, design, nested, scores), target=request.target)
    size = request.lock if request.lock is not None else curve.recommended
    if size is None:
        return RunPanel(curve, None, None, None)
    panel = lock_panel(design.cohort, nested.learning, size, settings, request.share, seed)
    details = _details(panel, nested, scores[size], settings, request, seed)
    return RunPanel(curve, panel, details, _score_table(run, scores[size], nested, ids))


def _curve(
    run: RunDirectory, design: Design, nested: NestedDesign, scores: Mapping[int, Sequence[FoldScores]]
) -> PanelCurve:
    prices = nested.learning.prices
    if isinstance(nested.target, BenefitTarget):
        draws = min(int(run.config["evaluation"]["draws"]), BENEFIT_DRAWS)
        seed = int(run.provenance["seed"])
        others = _benefit_references(run, design, nested, seed)
        return benefit_curve(scores, nested.target, run.endpoint, prices, draws, seed, others)
    clinical = clinical_baseline(run.cases)
    methods = {name: run.cases[name] for name in (OURS, clinical) if name is not None}
    return panel_curve(scores, nested.target, run.endpoint, prices, run.resamples, methods)


def _benefit_references(
    run: RunDirectory, design: Design, nested: NestedDesign, seed: int
) -> dict[str, Array]:
    """Benefits that the full model predicts, and clinical covariates alone if there are any."""
    samples, evaluated = (
        cohort.obs.iloc[_target_of(cohort, "benefit")[0]] for cohort in (design.cohort, design.evaluated)
    )
    references = {OURS: model_effects(run, evaluated.index.to_numpy(dtype=str))}
    covariates = cohort_spec(design.cohort).covariates
    if covariates:
        inner = int(run.config["split"]["inner_folds"])
        references[CLINICAL_EFFECT] = clinical_effects(nested, samples, evaluated, covariates, inner, seed)
    return references


def _design(run: RunDirectory) -> Design:
    """Read the cohort again, and split it as the run did."""
    place = str(run.config["cohort"])
    design = design_of(
        with_exposure(read_cohort(place)), SplitConfig(**run.config["split"]), int(run.provenance["seed"])
    )
    if design.digest != run.provenance["cohort_digest"]:
        raise InputError(f"{place}: the cohort has changed since the run; restore it, or run again")
    return design


def _nested(
    run: RunDirectory, design: Design, request: PanelRequest, teacher: Teacher | None
) -> tuple[NestedDesign, NDArray[np.str_]]:
    """Patients with the endpoint, the outer folds among them, and the ids of the evaluated ones."""
    ids = design.evaluated.obs_names.to_numpy(dtype=str)
    observed = cohort_endpoints(design.evaluated).primary().observed
    if not np.array_equal(ids[observed], run.evaluated["sample_id"].to_numpy(dtype=str)):
        raise InputError(f"{run.path}: the patients of the cohort are not those of the run; run again")
    trained, target = _target_of(design.cohort, request.target)
    tested, evaluated_target = _target_of(design.evaluated, request.target)
    if request.target == "model":
        assert teacher is not None, "the target `model` needs a teacher"
        target = ModelTarget(target.outcome, design.cohort, trained, teacher)
    values = assay_values(design.cohort)
    prices = PriceList.equal() if request.prices is None else read_prices(request.prices, values.names)
    groups = patient_groups(design.cohort)
    learning = Learning(
        values.take(trained),
        target,
        prices.of(values.names),
        None if groups is None else groups[trained],
    )
    measured = {
        view: [n.feature for n in values.names if n.view == view] for view in cohort_spec(design.cohort).views
    }
    evaluated = values if design.evaluated is design.cohort else assay_values(design.evaluated, measured)
    folds = [
        Fold(fold.repeat, fold.number, _places(fold.train, trained), _places(fold.test, tested))
        for fold in design.folds
    ]
    return NestedDesign(learning, evaluated.take(tested), evaluated_target, folds), ids[tested]


def _target_of(cohort: MuData, target: str) -> tuple[Rows, PanelTarget]:
    """Rows of the patients of a cohort who have what is predicted, and what panels are evaluated by.

    Raises
    ------
    ConfigError
        If the benefit is asked for, and patients were not randomised.
    """
    endpoint = cohort_endpoints(cohort).primary()
    if target != "benefit":
        rows = np.flatnonzero(endpoint.observed)
        return rows, EndpointTarget(endpoint.take(rows))
    arm, codes = cohort_spec(cohort).arm, arm_codes(cohort)
    if arm is None or codes is None or arm.randomised == "no":
        raise ConfigError(
            "--target benefit needs arms to which patients were randomised; declare `arm` with `randomised: yes` in "
            "cohort.yaml, or choose --target endpoint"
        )
    rows = np.flatnonzero(endpoint.observed & (codes != 0))
    return rows, BenefitTarget(endpoint.take(rows), codes[rows])


def _places(rows: Rows, kept: Rows) -> Rows:
    """Places among the rows `kept` of those of `rows` that are kept."""
    return np.flatnonzero(np.isin(kept, rows))


def _details(
    panel: LockedPanel,
    nested: NestedDesign,
    scores: Sequence[FoldScores],
    settings: PanelSettings,
    request: PanelRequest,
    seed: int,
) -> PanelDetails:
    learning = nested.learning
    names = list(learning.patients.names)
    columns = np.array([names.index(analyte) for analyte in panel.analytes])
    scaling = AnalyteScaling.fit(learning.patients, settings.max_missing, settings.min_prevalence)
    x, place = scaling.transform(learning.patients.values), {int(c): i for i, c in enumerate(scaling.kept)}
    chosen = np.array([place[int(column)] for column in columns])
    generator = named_generator(seed, "panel", "stability")
    # The scores of a model hold something of all patients, so that halves select by the endpoint itself.
    halved = (
        EndpointTarget(learning.target.outcome)
        if isinstance(learning.target, ModelTarget)
        else learning.target
    )
    task = SelectionTask(x, halved, len(chosen), learning.prices.take(scaling.kept), generator)
    stable = stability_settings(x.shape[1], CUTOFF, FALSE_SELECTIONS)
    frequency = selection_frequency(task, min(stable.per_half, x.shape[1]))
    blocks = exchangeable(x, chosen)
    in_folds = np.mean([np.isin(columns, part.columns) for part in scores], axis=0)
    noise = _noise(panel, nested, request)
    analytes = tuple(
        PanelAnalyte(
            analyte.view,
            analyte.feature,
            float(weight),
            float(share),
            float(frequency[at]),
            tuple(str(names[int(scaling.kept[other])]) for other in block),
        )
        for analyte, weight, share, at, block in zip(
            panel.analytes, _weights(panel), in_folds, chosen, blocks, strict=True
        )
    )
    effect = None
    if noise is not None:
        values = learning.patients.values[:, columns]
        effect = noise_effect(
            lambda v: panel.calibration.level(panel.score(v)),
            values,
            noise,
            panel.cut,
            named_generator(seed, "panel", "noise"),
        )
    return PanelDetails(
        settings.form,
        settings.select,
        analytes,
        learning.prices.total(columns.tolist()),
        learning.events,
        stable,
        panel.cut,
        request.share,
        panel.digest,
        effect,
    )


def _weights(panel: LockedPanel) -> Array:
    """(m,) weight of each analyte; in a pair the second one has the opposite sign."""
    weights = panel.score.weights
    if len(weights) == len(panel.analytes):
        return weights
    both: Array = np.repeat(weights, 2) * np.tile([1.0, -1.0], len(weights))
    return both


def _noise(panel: LockedPanel, nested: NestedDesign, request: PanelRequest) -> AnalyteNoise | None:
    if request.noise is None:
        return None
    scales = {name: view.scale for name, view in panel.views.items()}
    return read_noise(request.noise, panel.analytes, scales, nested.learning.patients.names)


def _score_table(
    run: RunDirectory, scores: Sequence[FoldScores], nested: NestedDesign, ids: NDArray[np.str_]
) -> pd.DataFrame:
    """Out-of-fold level of each patient in each repeat, with endpoint and arm, for ``stratomics enrich``."""
    outcome = pd.DataFrame(endpoint_columns(run.endpoint, nested.target.outcome))
    if "arm" in run.patients:
        outcome.insert(0, "arm", run.patients.set_index("sample_id")["arm"].loc[list(ids)].to_numpy())
    parts = []
    for part in scores:
        rows = part.fold.test
        known = {
            "sample_id": ids[rows],
            "repeat": part.fold.repeat,
            "fold": part.fold.number,
            "panel_score": part.calibration.level(part.score),
        }
        parts.append(pd.concat([pd.DataFrame(known), outcome.iloc[rows].reset_index(drop=True)], axis=1))
    return pd.concat(parts, ignore_index=True)
