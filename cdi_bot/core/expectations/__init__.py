"""What is usual for an integration, learned from its past, and what in the present is not. Pure.

Limits are extremes that were seen, stretched: no averages, no deviations from them. Each concept is one module.
"""
