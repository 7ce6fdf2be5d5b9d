"""Answers to commands and buttons, shown to one person."""
