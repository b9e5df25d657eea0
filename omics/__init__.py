"""What was measured on whom: modalities, file formats, endpoints, cohorts. Never torch."""
