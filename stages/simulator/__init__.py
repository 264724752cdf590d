"""Simulated customers: population, months, scenarios and campaigns."""
