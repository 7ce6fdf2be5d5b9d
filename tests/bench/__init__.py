"""Measurements, not tests: `make bench` prints the figures that stand in the README."""
