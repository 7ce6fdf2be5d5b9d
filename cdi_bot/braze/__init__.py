"""The adapter to Braze's Cloud Data Ingestion API."""
