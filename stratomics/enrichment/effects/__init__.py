"""Treatment effects: of all patients, of a subgroup, and cross-fitted."""
