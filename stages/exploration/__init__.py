"""Exploratory analysis: who leaves, how columns are related, suspected leaks."""
