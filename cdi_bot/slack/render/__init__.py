"""What people read in Slack: pure functions from values to Block Kit."""
