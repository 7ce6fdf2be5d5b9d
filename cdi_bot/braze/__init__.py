"""The adapter to Braze's Cloud Data Ingestion API, and the only place that imports httpx."""
