"""Networks of the ensemble: inputs, training, early stopping, training in several processes."""
