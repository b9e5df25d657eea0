"""The final model behind MLflow's server."""
