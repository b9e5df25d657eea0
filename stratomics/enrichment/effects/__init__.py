"""Treatment effects in all patients, in a subgroup, and in cross-fitted subgroups."""
