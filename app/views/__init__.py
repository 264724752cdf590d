"""What is shown, a module per view; everything that is computed is elsewhere."""
