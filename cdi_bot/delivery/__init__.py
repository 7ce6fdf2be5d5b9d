"""From owed messages to Slack: each channel in order and at Slack's pace, whatever Slack does."""
