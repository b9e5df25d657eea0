"""Multi-view variational autoencoders, with and without endpoints."""
