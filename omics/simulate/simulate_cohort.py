"""Simulate a cohort with known factors, responders and treatment effects."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.assemble import assemble_cohort
from omics.cohort.read import cohort_spec
from omics.cohort.samples import checked_samples
from omics.cohort.spec import ArmSpec, CohortSpec, EndpointSpec, SamplesSpec, ViewSpec
from omics.common.files import digest_contents, write_bytes, write_text
from omics.common.seeds import named_generator
from omics.simulate.config import SimulationConfig
from omics.simulate.outcomes import (
    assign_arms,
    draw_covariates,
    draw_survival,
    share_intercept,
    toxicity_log_odds,
    weibull_scale,
)
from omics.simulate.planted_sets import SETS, gmt_text, planted_sets
from omics.simulate.simulated_views import VIEWS, draw_loadings, latent_values
from omics.simulate.truth import Truth, dose_fraction, expit, hazards
from omics.simulate.write_folder import OUTCOME, cohort_files, read_truth, view_file, write_truth

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Simulated", "SimulationConfig", "Truth", "read_truth", "simulate", "write_simulated"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated cohort, as from ``read_cohort``, and its truth."""

    config: SimulationConfig
    cohort: MuData
    truth: Truth


def simulate(config: SimulationConfig) -> Simulated:
    """Simulate a cohort.

    Every random number comes from a generator that is named after its purpose, so that an additional view, another
    share of missing views or another treatment effect does not change any other random number. The only exception is
    a patient who would lack every view: after a view is added, the patient may keep another one.

    Raises
    ------
    CohortError
        If no patient responds, or no patient has toxicity, in a very small cohort.

    Examples
    --------
    >>> simulated = simulate(SimulationConfig(patients=40, features={"rna": 20, "protein": 10}))
    >>> simulated.cohort.n_obs, simulated.cohort["rna"].n_vars
    (40, 20)
    >>> simulated.truth.benefit_rmst.shape
    (40,)
    """
    factors = named_generator(config.seed, "factors").standard_normal((config.patients, config.factors))
    score = _prognostic_score(factors)
    samples = draw_covariates(config, score).set_axis(_identifiers(config.patients), axis="index")
    doses = np.array([0.0, *config.doses] if config.arm else [0.0])
    arm = assign_arms(config, len(doses))
    loadings = {view: _loadings(config, view) for view in config.features}
    latent = {
        view: latent_values(factors, weights, named_generator(config.seed, "view", view, "noise"))
        for view, weights in loadings.items()
    }
    truth = _truth(config, factors, loadings, latent, doses, arm, samples["age"].to_numpy())
    samples = samples.assign(**_outcomes(config, truth, arm))
    views = _views(config, latent, samples)
    spec = _spec(config)
    # Converted as a reader converts them, so that the files have the same values as the cohort.
    samples = checked_samples(samples, spec, OUTCOME)
    digest = digest_contents(cohort_files(spec, samples, views))
    return Simulated(config, assemble_cohort(samples, views, spec, digest, OUTCOME), truth)


def write_simulated(simulated: Simulated, folder: str | Path) -> None:
    """Write a simulated cohort, which ``read_cohort`` reads back unchanged, and its truth.

    The folder gets ``cohort.yaml``, ``outcome.csv``, one ``csv.gz`` per view, ``truth/patients.parquet``,
    ``truth/settings.json`` (configuration, baseline, loadings) and ``truth/sets.gmt`` (sets of features that rise with
    one factor, and random ones). The same configuration gives the same bytes.

    Parameters
    ----------
    simulated
        The cohort.
    folder
        Where to write it; it is created if it does not exist.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cohort = simulated.cohort
    spec = cohort_spec(cohort)
    views = {view: cohort[view].to_df() for view in spec.views}
    for name, content in cohort_files(spec, cohort.obs, views).items():
        write_bytes(folder / name, content)
    write_truth(simulated.truth, dataclasses.asdict(simulated.config), folder)
    features = {view: cohort[view].var_names for view in spec.views}
    if sets := planted_sets(simulated.truth.loadings, features, simulated.config.seed):
        write_text(folder / SETS, gmt_text(sets))


def _identifiers(patients: int) -> list[str]:
    return [f"P{number + 1:0{len(str(patients))}d}" for number in range(patients)]


def _prognostic_score(factors: Values) -> Values:
    # The sum of the first half of the factors; the last factor is predictive.
    half = factors.shape[1] // 2
    score: Values = factors[:, :half].sum(axis=1) / np.sqrt(half)
    return score


def _loadings(config: SimulationConfig, view: str) -> Values:
    rng = named_generator(config.seed, "view", view, "loadings")
    return draw_loadings(config.factors, config.features[view], config.signal, rng)


def _truth(
    config: SimulationConfig,
    factors: Values,
    loadings: dict[str, Values],
    latent: dict[str, Values],
    doses: Values,
    arm: NDArray[np.int64],
    age: Values,
) -> Truth:
    rows = np.arange(config.patients)
    panel = _panel(config)
    own = _panel_score(config, panel, latent)
    prognostic = config.prognostic_strength * _prognostic_score(factors) + config.panel_strength * own
    predictive = config.predictive_strength * factors[:, -1] + config.panel_benefit * own
    log_hazard = hazards(prognostic, config.treatment_log_hazard_ratio + predictive, doses)
    received = log_hazard[rows, arm]
    intercept = share_intercept(-received, config.response_share)
    toxicity = toxicity_log_odds(age, dose_fraction(doses))
    toxicity += share_intercept(toxicity[rows, arm], config.toxicity_share)
    return Truth(
        sample_id=tuple(_identifiers(config.patients)),
        doses=doses,
        treatment_log_hazard_ratio=config.treatment_log_hazard_ratio,
        factors=factors,
        loadings=loadings,
        prognostic=prognostic,
        predictive=predictive,
        response_intercept=intercept,
        toxicity_probability=expit(toxicity),
        responder=_uniform_draws(config, "response") < expit(intercept - log_hazard[:, -1]),
        weibull_shape=config.weibull_shape,
        weibull_scale=weibull_scale(config, received),
        horizon=config.horizon,
        panel=tuple((view, _feature(view, column)) for view, column in panel),
    )


def _feature(view: str, column: int) -> str:
    return f"{VIEWS[view].feature}{column + 1}"


def _panel(config: SimulationConfig) -> list[tuple[str, int]]:
    """View and column of the features with an effect of their own."""
    every = [(view, column) for view, count in config.features.items() for column in range(count)]
    chosen = named_generator(config.seed, "panel").permutation(len(every))[: config.panel]
    return [every[number] for number in chosen]


def _panel_score(config: SimulationConfig, panel: list[tuple[str, int]], latent: dict[str, Values]) -> Values:
    """(n,) sum of the features of the panel, of variance 1; every other feature is protective."""
    score = np.zeros(config.patients)
    for number, (view, column) in enumerate(panel):
        score += (-1.0) ** number * latent[view][:, column] / np.sqrt(len(panel))
    return score


def _uniform_draws(config: SimulationConfig, endpoint: str) -> Values:
    # One uniform number per patient, for all arms: a patient who responds at some probability responds at any higher
    # one.
    return named_generator(config.seed, endpoint).random(config.patients)


def _outcomes(config: SimulationConfig, truth: Truth, arm: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    rows = np.arange(config.patients)
    time, event = draw_survival(config, truth.log_hazard[rows, arm], truth.weibull_scale)
    response = _uniform_draws(config, "response") < truth.response_probability[rows, arm]
    toxicity = _uniform_draws(config, "toxicity") < truth.toxicity_probability[rows, arm]
    dose = np.array([0, *map(_plain, config.doses)])
    return {
        **({"dose": dose[arm]} if config.arm else {}),
        "time": time,
        "event": event,
        "response": response.astype(np.int64),
        "toxicity": toxicity.astype(np.int64),
    }


def _plain(dose: float) -> float:
    # A table of whole doses has 1, not 1.0.
    return int(dose) if float(dose).is_integer() else float(dose)


def _views(
    config: SimulationConfig, latent: dict[str, Values], samples: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    _, site = np.unique(samples["site"], return_inverse=True)
    measured = _measured(config)
    views = {}
    for number, (view, true) in enumerate(latent.items()):
        kind, count, shifted = VIEWS[view], true.shape[1], true
        if kind.batch:
            rng = named_generator(config.seed, "view", view, "site")
            shifted = true + config.site_effect * rng.standard_normal((config.sites, count))[site]
        values = kind.measure(shifted, named_generator(config.seed, "view", view, "values"))
        names = [_feature(view, column) for column in range(count)]
        views[view] = pd.DataFrame(values, samples.index, names)[measured[:, number]]
    return views


def _measured(config: SimulationConfig) -> NDArray[np.bool_]:
    """(n, views) bool: the patient has the view."""
    draws = np.column_stack(
        [
            named_generator(config.seed, "view", view, "missing").random(config.patients)
            for view in config.features
        ]
    )
    # Every view is measured in at least one patient.
    measured: NDArray[np.bool_] = (draws >= config.missing_views) | (draws == draws.max(axis=0))
    if not config.viewless:
        without_view = ~measured.any(axis=1)
        measured[without_view, draws[without_view].argmax(axis=1)] = True
    return measured


def _spec(config: SimulationConfig) -> CohortSpec:
    arm = ArmSpec("dose", control=0, treated=_plain(config.doses[-1]), randomised="yes")
    if len(config.doses) == 1:
        arm = dataclasses.replace(arm, probability=0.5)
    return CohortSpec(
        name="simulated",
        title=f"Simulated cohort, seed {config.seed}",
        samples=SamplesSpec(OUTCOME),
        views={
            view: ViewSpec(VIEWS[view].modality, VIEWS[view].scale, view_file(view))
            for view in config.features
        },
        endpoints={
            "survival": EndpointSpec("survival", time="time", event="event"),
            "response": EndpointSpec("response", column="response", positive=1),
            "toxicity": EndpointSpec("toxicity", column="toxicity", positive=1),
        },
        primary="survival",
        arm=arm if config.arm else None,
        covariates=("age", "female", "stage"),
        site="site",
    )
