"""What the bot works with, as frozen values: runs, integrations, incidents, subscriptions, messages."""
