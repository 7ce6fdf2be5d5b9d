"""cdi-bot: alerts in Slack when a Braze Cloud Data Ingestion sync goes wrong or goes quiet."""

__version__ = "0.1.0"
