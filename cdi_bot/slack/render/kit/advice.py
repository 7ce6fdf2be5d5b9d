"""What to do about a run that failed, by where the integration reads and what it writes; what a sync does to people.

Sources: braze.com/docs/user_guide/data/unification/cloud_ingestion and its pages on sync logs, file storage sources,
deleting users and Canvas triggers.
"""

from __future__ import annotations

from enum import StrEnum

from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.source import Source, source_in, source_of
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.text import STATUS, outside


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


def status_advice(status: str, integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn what to do next about a run that failed with this status."""
    source = source_of(integration)
    logs = i18n("*Data Settings › Cloud Data Ingestion › Sync Logs*")
    if status == "partial":
        rows = i18n("{logs} › the run › *Export rows* gives the reason for each failed row, for 30 days.")
        said = [rows.format(logs=logs), failed_rows_advice(integration, i18n)]
    elif status == "error":
        said = [i18n("{logs} in Braze gives the reason.").format(logs=logs), _source_check(source, i18n)]
        said.append(
            _failed_file(effect_of(integration), i18n)
            if source and source.is_files
            else i18n("The next run tries the same rows again.")
        )
    elif status == "config_error":
        test = i18n(
            "Every run fails until this is fixed. Open the integration in Braze, choose *Test connection*, and check "
            "the credentials, the name of the table or bucket, and the columns."
        )
        said = [test, *([_source_check(source, i18n)] if source else [])]
    elif status == "limit_exceeded":
        limit = i18n(
            "Braze stops a run that exceeds a data limit, such as 500 million new rows in one run. {logs} shows how "
            "far it came. Ask your Braze account team about the limit, and sync fewer rows at a time."
        )
        return limit.format(logs=logs)
    else:
        undocumented = i18n(
            "The status “{status}” isn't in Braze's API documentation. {logs} in Braze shows what happened, and "
            "whether rows arrived."
        )
        return undocumented.format(status=outside(status, STATUS), logs=logs)
    if "catalog" in ((integration.integration_type if integration else None) or "").lower():
        said.append(
            i18n("Check too that the catalog still exists in Braze, and that your plan has room for it.")
        )
    return i18n.sentences(said)


def _failed_file(effect: Effect, i18n: Translator) -> str:
    if effect is Effect.MESSAGES_CUSTOMERS:
        return i18n(
            "A failed file is not tried again. Before you upload its rows once more, check in Braze that no customer "
            "entered the Canvas: who did would get the messages again."
        )
    return i18n("A failed file is not tried again: upload it again when that is fixed.")


def failed_rows_advice(integration: Integration | None, i18n: Translator) -> str:
    """Say in mrkdwn how rows that failed in a run are synced after all."""
    source, effect = source_of(integration), effect_of(integration)
    if source is None and effect is not Effect.MESSAGES_CUSTOMERS:
        return i18n(
            "Failed rows are not tried again by themselves: fix them in the source and give them a new `UPDATED_AT`. "
            "Files have none: upload the file again."
        )
    if source and source.is_files and effect is Effect.MESSAGES_CUSTOMERS:
        return i18n(
            "Failed rows are not tried again by themselves: fix them, and upload a file that holds only the failed "
            "rows. Customers of the others would get the messages again."
        )
    if source and source.is_files:
        return i18n(
            "Failed rows are not tried again by themselves: fix them and upload the file again. One invalid line of "
            "JSON skips the whole file."
        )
    return i18n(
        "Failed rows are not tried again by themselves: fix them in the source and give them a new `UPDATED_AT`."
    )


def _source_check(source: Source | None, i18n: Translator) -> str:
    """Say what most often fails where an integration reads."""
    known = {
        Source.SNOWFLAKE: i18n(
            "In Snowflake, check that the network policy allows Braze's addresses, and the user's role and key pair."
        ),
        Source.REDSHIFT: i18n(
            "In AWS, check that the security group of Redshift allows Braze's addresses, and the user's rights in IAM."
        ),
        Source.BIGQUERY: i18n(
            "In Google Cloud, check the service account: its key, and its rights in BigQuery."
        ),
        Source.DATABRICKS: i18n(
            "In Databricks, check the credentials, and whether the SQL warehouse starts: a run waits for one that is "
            "stopped."
        ),
        Source.FABRIC: i18n(
            "In Microsoft Fabric, check the service principal: its secret, and its rights in the workspace."
        ),
        Source.S3: i18n(
            "In AWS, check the bucket, the role that Braze uses, the SQS queue, and the bucket's notification to it."
        ),
        Source.GCS: i18n("In Google Cloud, check the bucket and Braze's access to it."),
        Source.AZURE: i18n("In Azure, check the container and Braze's access to it."),
    }
    otherwise = i18n(
        "Check that Braze can reach the source, and that the credentials and their rights still hold."
    )
    if source is None:
        return otherwise
    files = i18n("A file over 512 MB fails, and other files in the folder can show as errors.")
    return i18n.sentences([known[source], files]) if source.is_files else known[source]


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
