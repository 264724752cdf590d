"""Batch scoring: a table of customers, however large, scored with a bundle; resumable."""
