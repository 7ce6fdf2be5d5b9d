"""A stand-in for Braze: a workspace with its integrations and runs, behind the Cloud Data Ingestion API."""
