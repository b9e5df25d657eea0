"""Groups of patients: whether there are any, which, what they mean, and where a new patient belongs."""
