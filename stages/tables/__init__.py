"""Any table as it comes: text, encodings, numbers and formats read, and validated."""
