"""The values that all else works with: runs, integrations, incidents, subscriptions, messages. They are frozen."""
