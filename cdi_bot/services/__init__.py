"""Use cases: they orchestrate the pure core and the adapters behind `ports`, and decide nothing themselves."""
