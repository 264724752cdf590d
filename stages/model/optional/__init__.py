"""Modelling choices that measured as no better than the default; see `make ablation`."""
