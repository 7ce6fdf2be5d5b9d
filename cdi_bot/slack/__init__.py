"""The Slack adapter: what the bot says, how it is handed to Slack, and how commands and buttons come back."""
