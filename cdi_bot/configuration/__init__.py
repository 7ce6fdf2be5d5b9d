"""Configuration as code: the file, what it would change, and the change itself."""
