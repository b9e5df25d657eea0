"""Multi-view variational autoencoders, unsupervised and trained with endpoints."""
