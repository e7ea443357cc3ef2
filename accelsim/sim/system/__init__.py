"""Serving in time: requests come, become batches, and get their tokens."""
