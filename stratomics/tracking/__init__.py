"""MLflow: the only room that imports it, but for the model file that MLflow itself loads, `stratomics.serving.served_model`.

``tracker`` tells when a trip is recorded, ``record`` writes one MLflow run, ``served_model`` logs and registers the
final model, ``store`` finds runs and fetches them.
"""
