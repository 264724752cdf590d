"""Failures injected into a service of its own, while callers go on asking."""
