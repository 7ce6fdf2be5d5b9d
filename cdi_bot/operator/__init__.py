"""What whoever runs the bot looks at: health, metrics, logs; and the heartbeat to a switch outside."""
