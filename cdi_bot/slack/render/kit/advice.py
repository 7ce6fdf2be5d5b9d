"""What to do about a run that failed, by where the integration reads and what it writes; what a sync does to people.

Sources: braze.com/docs/user_guide/data/unification/cloud_ingestion and its pages on sync logs, file storage sources,
deleting users and Canvas triggers.
"""

from __future__ import annotations

from enum import StrEnum

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.source import Source, source_in, source_of
from cdi_bot.slack.render.kit.i18n import Translator


class Effect(StrEnum):
    """What a sync does, as far as that matters before somebody starts one by hand."""

    DELETES_USERS = "deletes_users"  # can't be undone
    MESSAGES_CUSTOMERS = "messages_customers"  # customers enter a Canvas
    CHANGES_DATA = "changes_data"  # a later run can correct it
    UNKNOWN = "unknown"  # Braze's list does not say what is synced


_NAMES = {
    Source.SNOWFLAKE: "Snowflake",
    Source.REDSHIFT: "Amazon Redshift",
    Source.BIGQUERY: "BigQuery",
    Source.DATABRICKS: "Databricks",
    Source.FABRIC: "Microsoft Fabric",
    Source.S3: "Amazon S3",
    Source.GCS: "Google Cloud Storage",
    Source.AZURE: "Azure Blob Storage",
}


def source_name(source: Source) -> str:
    """Return the name of a source, by which people know it."""
    return _NAMES[source]


def with_source(shown: str, integration: Integration | None, i18n: Translator) -> str:
    """Add the source to an integration's name, unless the name tells it already."""
    source = source_of(integration)
    if source is None or integration is None or source_in(integration.integration_name) is source:
        return shown
    return i18n("{name} ({source})").format(name=shown, source=_NAMES[source])


def effect_of(integration: Integration | None) -> Effect:
    """Return what a sync of an integration does."""
    kind = (integration.integration_type or "").lower() if integration else ""
    if "delete" in kind and "catalog" not in kind:
        return Effect.DELETES_USERS
    if "canvas" in kind:
        return Effect.MESSAGES_CUSTOMERS
    return Effect.UNKNOWN if not kind or source_in(kind) else Effect.CHANGES_DATA


# --------------------------------------------------------------------------------- after a failed run


def status_outlook(status: str, integration: Integration | None, i18n: Translator) -> str:
    """Say in plain text whether a run that failed with this status is made up for by itself."""
    source = source_of(integration)
    if status == "partial":
        return i18n("Failed rows are not retried.")
    if status == "config_error":
        return i18n("Every run fails until this is fixed.")
    if status == "limit_exceeded":
        return i18n("Later runs can stop at the same limit.")
    if status != "error":
        return i18n("Not counted as success: Braze does not say whether all rows were synced.")
    if source and source.is_files:
        return i18n("Failed files are not retried.")
    return i18n("The next run tries the same rows again.")


def status_advice(status: str, integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn what to do next about a run that failed with this status, in one or two sentences."""
    logs = i18n("*Data Settings › Cloud Data Ingestion › Sync Logs*")
    catalog = []
    if integration and "catalog" in (integration.integration_type or "").lower():
        catalog = [i18n("Check too that the catalog exists in Braze and has room.")]
    if status == "partial":
        return i18n.sentences([failed_rows_advice(integration, i18n), *catalog])
    if status == "limit_exceeded":
        limit = i18n(
            "Ask your Braze account team about the limit, and sync fewer rows at a time. Details: {logs}."
        )
        return limit.format(logs=logs)
    if status not in {"error", "config_error"}:
        return i18n("Check in Braze what happened: {logs}.").format(logs=logs)
    source = source_of(integration)
    said = [_source_check(source, i18n), *catalog]
    if status == "config_error":
        return i18n.sentences([i18n("Open it in Braze and press *Test connection*."), *said])
    if source and source.is_files:
        said.append(_failed_file(effect_of(integration), i18n))
    return i18n.sentences([*said, i18n("Reason: {logs}.").format(logs=logs)])


def _failed_file(effect: Effect, i18n: Translator) -> str:
    if effect is Effect.MESSAGES_CUSTOMERS:
        return i18n(
            "Before you upload a file again, check that no customer of it entered the Canvas: they would get the "
            "messages twice."
        )
    return i18n("Then upload the file again.")


def failed_rows_advice(integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn how rows that failed in a run are synced after all, and where the reasons stand."""
    logs = i18n("*Data Settings › Cloud Data Ingestion › Sync Logs*")
    reasons = i18n("Reasons: {logs} › the run › *Export rows*.").format(logs=logs)
    return i18n.sentences([missing_rows_advice(integration, i18n), reasons])


def missing_rows_advice(integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn how rows that are missing in Braze get there."""
    source, effect = source_of(integration), effect_of(integration)
    if source and source.is_files and effect is Effect.MESSAGES_CUSTOMERS:
        return i18n(
            "Fix them and upload a file with only these rows: the customers of the others would get the messages twice."
        )
    if source and source.is_files:
        return i18n("Fix them and upload the file again: one invalid line of JSON skips a whole file.")
    if source is None and effect is not Effect.MESSAGES_CUSTOMERS:
        return i18n("Fix them in the source with a new `UPDATED_AT`, or upload the file again.")
    return i18n("Fix them in the source and give them a new `UPDATED_AT`.")


def _source_check(source: Source | None, i18n: Translator) -> str:
    """Say in mrkdwn what most often fails where an integration reads."""
    known = {
        Source.SNOWFLAKE: i18n("Check in Snowflake: network policy (Braze's addresses), role, key pair."),
        Source.REDSHIFT: i18n("Check in AWS: security group of Redshift (Braze's addresses), rights in IAM."),
        Source.BIGQUERY: i18n("Check in Google Cloud: key of the service account, its rights in BigQuery."),
        Source.DATABRICKS: i18n("Check in Databricks: credentials, whether the SQL warehouse starts."),
        Source.FABRIC: i18n("Check in Microsoft Fabric: secret of the service principal, its rights."),
        Source.S3: i18n(
            "Check in AWS: bucket, Braze's role, SQS queue, the bucket's notification, files over 512 MB."
        ),
        Source.GCS: i18n("Check in Google Cloud: bucket, Braze's access to it, files over 512 MB."),
        Source.AZURE: i18n("Check in Azure: container, Braze's access to it, files over 512 MB."),
    }
    otherwise = i18n("Check whether Braze can reach the source, and its credentials and rights.")
    return known[source] if source else otherwise


# --------------------------------------------------------------------------------- before a sync by hand


def sync_warning(integration: Integration, i18n: Translator) -> str | None:
    """Say in plain text what starting a sync does that can't be taken back; `None` where a later run corrects it."""
    known = {
        Effect.DELETES_USERS: i18n("This sync deletes users from Braze. That can't be undone."),
        Effect.MESSAGES_CUSTOMERS: i18n(
            "This sync triggers a Canvas, which sends messages to customers. That can't be undone."
        ),
        Effect.UNKNOWN: i18n(
            "Braze does not say what this sync does. If it deletes users or triggers a Canvas, it can't be undone."
        ),
    }
    return known.get(effect_of(integration))
