"""Database URLs in the form that SQLAlchemy takes from MLflow and Optuna."""

from __future__ import annotations

__all__ = ["database_url"]

POSTGRESQL = "postgresql://"


def database_url(url: str) -> str:
    """Name the driver of the extra `cluster` in a PostgreSQL URL that names no driver.

    SQLAlchemy 2.1 changed its default driver from psycopg2 to psycopg.

    Examples
    --------
    >>> database_url("postgresql://me@server/mlflow")
    'postgresql+psycopg2://me@server/mlflow'
    >>> database_url("sqlite:///mlflow.db")
    'sqlite:///mlflow.db'
    """
    return url.replace(POSTGRESQL, "postgresql+psycopg2://", 1) if url.startswith(POSTGRESQL) else url
