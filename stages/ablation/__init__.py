"""The effect of every modelling variant: `make ablation`. Nothing in `make repro` imports it."""
