"""The prediction service: a champion bundle behind HTTP. Needs no training library."""
