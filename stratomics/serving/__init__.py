"""Serve the final model of a run by the server of MLflow."""
