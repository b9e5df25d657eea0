"""Growth of tumours: curves of their size over time, fitted to all patients together."""
