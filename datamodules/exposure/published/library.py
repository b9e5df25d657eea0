"""Library of published kinetic models: one yaml file per model in the folder ``library``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from datamodules.exposure.published.kinetic_model import KineticModel, load_model
from omics.common.errors import ConfigError, nearest

__all__ = ["find_model", "list_models"]

FOLDER = Path(__file__).with_suffix("")


@cache
def list_models() -> tuple[KineticModel, ...]:
    """Read the models that ship with the package, sorted by name."""
    return tuple(load_model(path) for path in sorted(FOLDER.glob("*.yaml")))


def find_model(name: str | Path) -> KineticModel:
    """Find a model by its name in the library, or read it from a yaml file.

    Parameters
    ----------
    name
        Name of a shipped model, such as ``vancomycin_goti_2018``, or path of a yaml file of the same form.

    Returns
    -------
    KineticModel
        The model, checked.

    Raises
    ------
    ConfigError
        There is neither a shipped model of this name nor such a file, or the file is not a valid model.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise ConfigError(
                f"there is no file {path}; give the path of a model, or the name of a shipped one"
            )
        return load_model(path)
    models = {model.name: model for model in list_models()}
    if str(name) not in models:
        raise ConfigError(f"unknown model '{name}'; {nearest(str(name), models)}")
    return models[str(name)]
