"""How unlike the training patients a new patient is."""
