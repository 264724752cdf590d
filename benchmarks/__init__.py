"""Benchmarks: each figure is a ratio to a reference that ran next to it, on the same machine."""
