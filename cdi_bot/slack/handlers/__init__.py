"""What Slack sends, taken to a use case, and the answer shown: commands, buttons, forms, Home, events."""
