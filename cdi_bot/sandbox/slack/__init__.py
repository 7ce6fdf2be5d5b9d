"""A stand-in for Slack: a workspace with its channels and people, behind the Web API and Socket Mode."""
