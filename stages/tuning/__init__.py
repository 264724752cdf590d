"""The search for hyperparameters: `make tune`. Nothing that `make repro` runs imports it."""
