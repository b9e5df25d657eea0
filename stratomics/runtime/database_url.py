"""Addresses of databases, as SQLAlchemy takes them from MLflow and Optuna."""

from __future__ import annotations

__all__ = ["database_url"]

PLAIN = "postgresql://"


def database_url(url: str) -> str:
    """Give `url` with the driver that comes with our extra `cluster`, where it names PostgreSQL and no driver.

    What SQLAlchemy takes of itself changed from psycopg2 to psycopg with its release 2.1.

    Examples
    --------
    >>> database_url("postgresql://me@server/mlflow")
    'postgresql+psycopg2://me@server/mlflow'
    >>> database_url("sqlite:///mlflow.db")
    'sqlite:///mlflow.db'
    """
    return url.replace(PLAIN, "postgresql+psycopg2://", 1) if url.startswith(PLAIN) else url
