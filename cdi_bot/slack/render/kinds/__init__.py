"""What is said of incidents: one module a kind, and in `table` which module speaks for which kind."""
