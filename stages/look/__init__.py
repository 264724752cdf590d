"""What people see: tables, figures and pages, in one style."""
