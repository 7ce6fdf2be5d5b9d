"""Environment variables and their checks."""
