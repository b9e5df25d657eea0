"""Enrich a run or a table of a trial: whom the next trial should enrol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from omics.cohort.spec import RANDOMISED, randomised_word
from omics.common.errors import ConfigError, InputError, nearest
from omics.common.registry import check_choice
from stratomics.api.run import Run
from stratomics.enrichment.analysis import EnrichOptions
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.from_run import has_two_arms
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult
from stratomics.enrichment.run_analysis import enrich_run, enrich_run_of_one_arm
from stratomics.enrichment.selection.threshold_table import Costs
from stratomics.enrichment.table_analysis import TrialColumns, enrich_table

__all__ = ["Enrichment", "enrich"]

ASSUMED_RANDOMISED = (
    "arms are taken as allocated at random, as `randomised` was not given; give randomised='no' if not"
)

OPTIONS = tuple(EnrichOptions.__annotations__)
OF_RUN = ("control", "treated", "shares", "randomised", "markers", "toxicity", "panel")
OF_TABLE = (*TrialColumns.__dataclass_fields__, "cuts", "shares")


@dataclass(frozen=True, repr=False)
class Enrichment:
    """What an enrichment found.

    Attributes
    ----------
    result
        All findings, typed.
    run
        The run that was enriched; None for a table.
    """

    result: AnyEnrichment
    run: Run | None = None

    @property
    def rows(self) -> pd.DataFrame:
        """The threshold table: all patients first, then one row per cut, with effects inside and outside.

        For a cohort of one arm: one row per share of patients of highest risk.
        """
        if isinstance(self.result, EnrichmentResult):
            return pd.DataFrame([_flat(vars(row)) for row in self.result.rows])
        return pd.DataFrame([vars(row) for row in self.result.prognostic])

    @property
    def warnings(self) -> list[str]:
        """Sentences to read beside the result."""
        return list(self.result.warnings)

    def __repr__(self) -> str:
        """Name of the score, and number of rows of the threshold table."""
        return f"Enrichment by {self.result.score}, {len(self.rows)} rows"

    def _repr_html_(self) -> str:
        """Threshold table, for notebooks; pandas escapes the texts."""
        return self.rows.to_html(float_format="{:.3g}".format, na_rep="")

    def save(self) -> Enrichment:
        """Store rule, trial and findings in the run directory, and write its report again.

        Raises
        ------
        InputError
            If a table was enriched, which has no run directory.
        """
        from stratomics.report.page import save_with_report
        from stratomics.tracking.update_record import update_record

        if self.run is None:
            raise InputError(
                "the enrichment of a table has no run directory; write its rows with rows.to_csv"
            )
        saved = replace(self, result=save_with_report(self.run.directory, self.result))
        update_record(self.run.directory)
        return saved


def enrich(data: Run | pd.DataFrame, **options: Any) -> Enrichment:
    """Find the patients to enrol, the effect to expect in them, and the evidence for it. Nothing is written.

    Parameters
    ----------
    data
        A finished run, which is enriched by its predicted benefit (or risk, if it has one arm); or a table of a trial,
        one row per patient, which is enriched by a column.
    **options
        For a table: `score`, `arm`, `control`, `treated`, `time` and `event` or `response`, `covariates`, `toxicity`,
        `id`, `randomised` (yes, no or adaptive; yes if left out), and `cuts` (raw values) or `shares`.

        For a run: `control`, `treated`, `shares`, `randomised`, `markers`, `toxicity`, `panel` (True: by its locked
        panel), and what is specified of the coming trial: `plan_for`, `accrual`, `dropout`, `power`, `alpha`, `trials`,
        ... (see :class:`stratomics.enrichment.plan.trial_assumptions.TrialRequest`).

        For both: `measure`, `horizon`, `follow_up`, `costs` (of screening and of a patient), `looked_at`, `signature`,
        `seed`, `draws` (see :func:`stratomics.enrichment.analysis.enrich`).

    Returns
    -------
    Enrichment
        ``rows`` is the threshold table; ``result`` has everything; ``save()`` stores it in the run.

    Raises
    ------
    ConfigError
        If an option does not exist or is missing.
    InputError
        If a column or a value is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"arm": ["a", "b"] * 100, "ki67": rng.normal(size=200), "cured": rng.integers(0, 2, 200)})
    >>> enrich(table, score="ki67", arm="arm", control="a", response="cured", cuts=[0.0], draws=20).rows.shape[0]
    2
    """
    if isinstance(data, pd.DataFrame):
        return Enrichment(_of_table(data, options))
    if isinstance(data, Run):
        return Enrichment(_of_run(data, options), data)
    raise InputError(
        f"cannot enrich a {type(data).__name__}; give a Run of st.run or st.open_run, or a data frame"
    )


def _of_table(table: pd.DataFrame, options: Mapping[str, Any]) -> EnrichmentResult:
    _check(options, (*OF_TABLE, *OPTIONS), "a table")
    for key in ("score", "arm", "control"):
        if key not in options:
            raise ConfigError(f"enrichment of a table needs {key}; give {key}=")
    columns = {key: options[key] for key in TrialColumns.__dataclass_fields__ if key in options}
    columns["control"] = str(columns["control"])
    allocation = randomised_word(columns.get("randomised", "yes"))
    check_choice(dict.fromkeys(RANDOMISED), str(allocation), "value of randomised")
    columns["randomised"] = allocation
    columns["treated"] = _texts(columns.get("treated", ()))
    result = enrich_table(
        table, TrialColumns(**columns), options.get("cuts"), options.get("shares"), **_shared(options)
    )
    return (
        result
        if "randomised" in options
        else replace(result, warnings=(*result.warnings, ASSUMED_RANDOMISED))
    )


def _of_run(run: Run, options: Mapping[str, Any]) -> AnyEnrichment:
    request = tuple(TrialRequest.__dataclass_fields__)
    if not has_two_arms(run.directory):
        _check(options, ("follow_up",), "a run of one arm")
        return enrich_run_of_one_arm(run.directory, options.get("follow_up"))
    _check(options, (*OF_RUN, *OPTIONS, *request), "a run")
    asked = {key: options[key] for key in request if key in options}
    if (costs := options.get("costs")) is not None:
        asked |= {"test": costs[0], "patient": costs[1]}
    given = {key: options[key] for key in OF_RUN if key in options}
    if "treated" in given:
        given["treated"] = _texts(given["treated"])
    if given.get("control") is not None:
        given["control"] = str(given["control"])
    return enrich_run(run.directory, **given, request=TrialRequest(**asked), **_shared(options))


def _shared(options: Mapping[str, Any]) -> EnrichOptions:
    shared = {key: options[key] for key in OPTIONS if key in options}
    if shared.get("costs") is not None:
        if len(shared["costs"]) != 2:  # noqa: PLR2004  # screening, patient
            raise ConfigError("costs are two numbers, of screening and of a patient: costs=(500, 20000)")
        shared["costs"] = Costs(*shared["costs"])
    return shared  # type: ignore[return-value]  # its keys are those of EnrichOptions


def _check(options: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    for name in options:
        if name not in known:
            raise ConfigError(f"enrichment of {what} has no option '{name}'; {nearest(name, known)}")


def _texts(values: str | Sequence[object]) -> list[str]:
    return [values] if isinstance(values, str) else [str(value) for value in values]


def _flat(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Columns of one row of the threshold table: an effect has an estimate and a 95% interval, a size one per power."""
    flat: dict[str, float | None] = {}
    for name, value in row.items():
        if isinstance(value, Effect):
            flat |= {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}
        elif isinstance(value, Mapping):
            flat |= {f"{name}_{power:g}": number for power, number in value.items()}
        else:
            flat[name] = value
    return flat
