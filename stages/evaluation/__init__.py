"""The one look at the test customers, and what is written of it."""
