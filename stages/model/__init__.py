"""Candidates, their comparison, and the champion bundle."""
