"""From predictions to an enrichment subgroup and a trial; from saved tables alone. Never torch."""
