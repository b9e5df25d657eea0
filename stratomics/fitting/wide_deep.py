"""The wide and deep network: a candidate of the mixture, and the model of all endpoints but the primary one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from models.config import HeadConfig
from models.ensemble.ensemble_module import EnsembleModule
from models.ensemble.inputs import InputLayout
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.ensemble.training import MIN_FOLDS, EndpointTask, train_members
from models.heads import HEADS
from models.heads.head import Head
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import ConfigError, DataError
from omics.common.files import from_state, read_state, to_state, write_state
from omics.common.registry import resolve
from stratomics.encoding.training_part import EncodedPatients, TrainingPart
from stratomics.fitting.selected_endpoints import selected_endpoints

__all__ = ["WideDeep", "WideDeepFit", "endpoint_tasks", "fit_wide_deep", "head_settings"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class WideDeep:
    """The networks of all members, with their heads.

    Attributes
    ----------
    layout
        Order and width of the inputs of the network.
    module
        The networks.
    head_names
        For each endpoint its kind and the name of its head in HEADS, the primary endpoint first.
    """

    layout: InputLayout
    module: EnsembleModule
    head_names: Sequence[tuple[str, str]]

    def estimates(self, patients: EncodedPatients) -> list[Array]:
        """For each endpoint (members, n, p) predictions of its head."""
        return self.module.predict(self.layout.stack(patients.blocks, patients.arms))

    def save(self, folder: Path) -> None:
        """Write ``network.json`` and ``network.safetensors``."""
        network = self.module.network
        arrays = {name: value.numpy() for name, value in network.state_dict().items()}
        heads: list[dict[str, object]] = []
        for number, (head, (kind, name)) in enumerate(zip(self.module.heads, self.head_names, strict=True)):
            learned, of_head = to_state(head, f"head{number}")
            heads.append({"kind": kind, "head": name, "learned": learned})
            arrays |= of_head
        settings = {
            "members": network.members,
            "hidden": network.hidden,
            "layout": {"widths": dict(self.layout.widths), "arms": self.layout.arms},
            "heads": heads,
        }
        write_state(folder, "network", settings, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, "network")
        layout, count = InputLayout(**settings["layout"]), settings["members"]
        heads, paths, names = [], [], []
        for number, part in enumerate(settings["heads"]):
            kind: type[Head] = resolve(HEADS[part["kind"]], part["head"], f"head.{part['kind']}")
            head = from_state(kind, part["learned"], arrays, f"head{number}")
            start = arrays.get(f"paths.{number}.intercept")
            begin = None if start is None else torch.from_numpy(start)
            paths.append(LinearPath(count, layout.total, head.outputs, begin))
            heads.append(head)
            names.append((part["kind"], part["head"]))
        network = EnsembleNetwork(count, layout.total, layout.total_without_arm, settings["hidden"], paths, 0)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
        return cls(layout, EnsembleModule(network, heads).eval(), names)


class WideDeepFit(NamedTuple):
    """The fitted networks, their estimates of the training patients by endpoint, and the training history."""

    model: WideDeep
    estimates: list[Array]
    training_history: pd.DataFrame


def fit_wide_deep(part: TrainingPart, tasks: Sequence[EndpointTask]) -> WideDeepFit:
    """Fit the networks of all members to a training part.

    Parameters
    ----------
    part
        The training part.
    tasks
        From :func:`endpoint_tasks`.

    Returns
    -------
    WideDeepFit
        The networks.
    """
    layout, head = _layout(part), head_settings(part)
    x = layout.stack(part.patients.blocks, part.arms)
    module, training_history = train_members(
        x, layout, tasks, part.held_out_by, head, part.config.trainer, part.seed
    )
    names = [(task.endpoint.kind, head.name(task.endpoint.kind)) for task in tasks]
    return WideDeepFit(WideDeep(layout, module, names), module.predict(x), training_history)


def head_settings(part: TrainingPart) -> HeadConfig:
    """Complete the settings of the network by the number of events and inputs of a training part."""
    groups = part.endpoint.required_groups
    return part.config.head.for_size(min(int(rows.sum()) for rows in groups.values()), _layout(part).total)


def _layout(part: TrainingPart) -> InputLayout:
    return InputLayout.from_members(part.patients.blocks, part.arms is not None)


def endpoint_tasks(part: TrainingPart) -> dict[str, EndpointTask]:
    """Select the endpoints of a training part, and fit their heads.

    Parameters
    ----------
    part
        The training part.

    Returns
    -------
    dict
        Name -> endpoint and head, the primary endpoint first.

    Raises
    ------
    DataError
        If the training patients of one network are too few for an endpoint.
    ConfigError
        If patients shall be compared within sites, and the cohort declares none.
    """
    endpoints, config, stratum = cohort_endpoints(part.cohort), part.config, _sites(part)
    head = head_settings(part)
    endpoints.primary()
    tasks = {}
    for name in selected_endpoints(endpoints, config.endpoints):
        endpoint = endpoints.named[name]
        if isinstance(endpoint, Survival):
            endpoint = replace(endpoint, stratum=stratum)
        if name != endpoints.primary_endpoint:
            _check_networks(endpoint, name, part.held_out_by)
        kind: type[Head] = resolve(HEADS[endpoint.kind], head.name(endpoint.kind), f"head.{endpoint.kind}")
        tasks[name] = EndpointTask(endpoint, kind.fit(endpoint.take(np.flatnonzero(endpoint.observed))))
    return tasks


def _sites(part: TrainingPart) -> NDArray[np.int64] | None:
    """(n,) number of the site of each patient, if patients are compared within sites only.

    Patients without a site form one site.

    Raises
    ------
    ConfigError
        If the cohort declares no site.
    """
    if not part.config.head.by_site:
        return None
    site = cohort_spec(part.cohort).site
    if site is None:
        raise ConfigError(
            "head.by_site needs sites, and cohort.yaml declares none; add `site` to cohort.yaml, or leave it out"
        )
    codes: NDArray[np.int64] = pd.factorize(part.cohort.obs[site].astype(str))[0].astype(np.int64)
    return codes


def _check_networks(endpoint: Survival | Response, name: str, held_out_by: NDArray[np.int64]) -> None:
    """Check that each network has enough patients for an endpoint.

    A network of inner validation is trained without two folds.
    """
    count = int(held_out_by.max()) + 1
    omitted = combinations(range(count), 2) if count >= MIN_FOLDS else ((fold,) for fold in range(count))
    for folds in omitted:
        try:
            endpoint.take(np.flatnonzero(~np.isin(held_out_by, folds))).check_learnable(name)
        except DataError as error:
            raise DataError(
                f"{error}, among the patients of one inner fit; leave it out of `endpoints`"
            ) from None
