"""The final evaluation on the test customers, and its reports."""
