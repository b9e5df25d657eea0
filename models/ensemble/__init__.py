"""The networks of the ensemble: inputs, training, early stopping, processes that train together."""
