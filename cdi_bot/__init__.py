"""cdi-bot: tells Slack when a Braze Cloud Data Ingestion sync goes wrong or goes quiet."""
