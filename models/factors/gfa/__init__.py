"""Group factor analysis, fitted by variational inference."""
