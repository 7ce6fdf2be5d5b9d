"""Forms: what is asked in a window of its own, and what somebody filled in."""
