"""Options that hold for all calls in one Python process."""

from __future__ import annotations

from dataclasses import dataclass

from omics.common.errors import ConfigError

__all__ = ["Settings", "settings"]


@dataclass
class Settings:
    """Options of ``st.settings``; set an attribute to change one.

    Attributes
    ----------
    runs
        Folder of run directories, for :func:`stratomics.run`.
    workers
        Number of processes that fit folds in parallel; None means one per processor core. It does not change results.
    tracking_uri
        MLflow tracking store; None means that of the configuration.

    Examples
    --------
    >>> Settings(workers=1).workers
    1
    """

    runs: str = "runs"
    workers: int | None = None
    tracking_uri: str | None = None

    def __setattr__(self, name: str, value: object) -> None:
        """Set an option; an unknown name is an error, so that a misspelt option is not ignored."""
        if name not in self.__dataclass_fields__:
            raise ConfigError(
                f"settings has no option '{name}'; choose one of {', '.join(self.__dataclass_fields__)}"
            )
        kind = int if name == "workers" else str
        if not isinstance(value, kind) and not (value is None and name != "runs"):
            raise ConfigError(
                f"settings.{name} is {value!r}; give {'a whole number' if kind is int else 'a text'}"
            )
        object.__setattr__(self, name, value)


settings = Settings()
"""The options of this process."""
