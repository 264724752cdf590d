"""The effect of every modelling switch: `make ablation`. Nothing in `make repro` imports it."""
