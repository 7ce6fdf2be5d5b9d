"""The adapter to Braze's Cloud Data Ingestion API, and the only place that imports httpx."""

from cdi_bot.braze.client import BrazeClient
from cdi_bot.braze.exchange import Timeouts
from cdi_bot.braze.instances import checked_base_url, dashboard_url

__all__ = ["BrazeClient", "Timeouts", "checked_base_url", "dashboard_url"]
