"""Groups of patients: whether there are any, which, and where a new patient belongs."""
