"""Benchmarks: each figure is a ratio to a reference that ran beside it, on the same machine."""
