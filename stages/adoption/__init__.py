"""Taking a table in: where it comes from, what its columns mean, and whether it is accepted."""
