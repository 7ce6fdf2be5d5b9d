"""How Slack is reached and how it reaches the bot: the Web API, Socket Mode and signed requests."""
