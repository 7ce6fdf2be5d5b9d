"""The form for a subscription: how it looks, and what was filled in."""
