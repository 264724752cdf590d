"""The split, and the inputs of a model."""
