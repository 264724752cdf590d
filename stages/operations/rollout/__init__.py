"""A released image in the cluster of an environment: moved in, asked, taken back if need be."""
