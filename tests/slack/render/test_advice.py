"""What to do next is said by status, source and what a sync does; nobody starts one blindly that can't be undone."""

from __future__ import annotations

from typing import Any

import pytest

from cdi_bot.core.model.incident import QualityReason, Topic
from cdi_bot.core.model.integration import Integration
from cdi_bot.core.model.source import Source, source_of
from cdi_bot.slack.render.answers import render_answer
from cdi_bot.slack.render.kinds.sync_failed import failure
from cdi_bot.slack.render.kinds.table import facts_of, renderer_of, topic_texts
from cdi_bot.slack.render.kit.advice import Effect, effect_of, status_advice, status_outlook, with_source
from cdi_bot.slack.render.kit.buttons import sync_button
from cdi_bot.slack.render.kit.i18n import Translator
from cdi_bot.slack.render.kit.reasons import braze_advice
from cdi_bot.slack.render.kit.runs import long_status, short_status
from cdi_bot.usecases.answers import ConfirmSync
from tests.slack.render.samples import (
    NOW,
    dubious,
    failing,
    incident_view,
    integration,
    recovered,
    run,
    slow,
)

ENGLISH = Translator()
FILES = [source for source in Source if source.is_files]


def advised(status: str, **of: Any) -> str:
    """Return what is advised about a run of an integration."""
    return status_advice(status, integration(**of), ENGLISH)


@pytest.mark.parametrize(
    ("warehouse", "kind", "source"),
    [
        ("snowflake", "users_attributes", Source.SNOWFLAKE),
        ("SNOWFLAKE", None, Source.SNOWFLAKE),
        (None, "SNOWFLAKE", Source.SNOWFLAKE),
        ("Amazon Redshift", None, Source.REDSHIFT),
        ("google_big_query", None, Source.BIGQUERY),
        ("databricks", None, Source.DATABRICKS),
        ("microsoft_fabric", None, Source.FABRIC),
        ("AWS_S3", None, Source.S3),
        ("Google Cloud Storage", None, Source.GCS),
        ("gcs", None, Source.GCS),
        ("azure_blob_storage", None, Source.AZURE),
        ("AmazonS3", None, Source.S3),
        ("s3", "users_attributes", Source.S3),
        (None, "users_3", None),
        (None, "users_attributes", None),
        (None, None, None),
        ("teradata", "catalogs", None),
    ],
)
def test_a_source_is_known_by_either_field(
    warehouse: str | None, kind: str | None, source: Source | None
) -> None:
    """Braze names it as the warehouse's type, or in its documented example as the integration's."""
    assert source_of(integration(warehouse_type=warehouse, integration_type=kind)) is source


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Users 3", "Users 3 (Amazon S3)"),
        ("Users", "Users (Amazon S3)"),
        ("Users from S3", "Users from S3"),
        ("Fabric orders", "Fabric orders (Amazon S3)"),
    ],
)
def test_a_number_in_a_name_is_no_source(name: str, shown: str) -> None:
    """A name tells its source by a word of its own, not by letters that happen to stand side by side."""
    assert with_source(name, integration(name=name, warehouse_type="s3"), ENGLISH) == shown


@pytest.mark.parametrize("status", ["error", "config_error"])
def test_each_source_has_its_own_check(status: str) -> None:
    """What to look at is said for the source that fails, and in general where nobody knows it."""
    said = {advised(status, warehouse_type=source.value) for source in Source} | {advised(status)}
    assert len(said) == len(Source) + 1


@pytest.mark.parametrize("source", FILES)
def test_files_are_uploaded_again(source: Source) -> None:
    """Files have no `UPDATED_AT`: nobody is told to give their rows a new one."""
    for status in ("partial", "error"):
        said = advised(status, warehouse_type=source.value)
        assert "upload" in said
        assert "new `UPDATED_AT`" not in said
        assert "warehouse" not in said


@pytest.mark.parametrize("source", FILES)
def test_no_customer_gets_a_message_twice(source: Source) -> None:
    """A file that triggers a Canvas is not uploaded again as it is: its good rows would message customers again."""
    for status in ("partial", "error"):
        said = advised(status, warehouse_type=source.value, integration_type="canvas_triggers")
        assert "upload the file again" not in said
        assert "upload it again" not in said
    assert "only these rows" in advised(
        "partial", warehouse_type=source.value, integration_type="canvas_triggers"
    )


def test_a_refused_key_may_belong_elsewhere() -> None:
    """A key is refused too where it belongs to another instance than the address: that is looked at first."""
    assert "REST endpoint" in braze_advice("bad_key", ENGLISH)


def test_rows_of_an_unknown_source() -> None:
    """Where nobody knows the source, both cures are named."""
    said = advised("partial")
    assert "new `UPDATED_AT`" in said
    assert "upload" in said


@pytest.mark.parametrize("status", ["error", "config_error", "partial"])
def test_a_catalog_may_be_gone_or_full(status: str) -> None:
    """A sync of a catalog fails for reasons of its own."""
    assert "catalog" in advised(status, integration_type="catalogs", warehouse_type="snowflake")
    assert "catalog" not in advised(status, integration_type="users_attributes", warehouse_type="snowflake")


def test_failed_rows_are_found_where_braze_keeps_them() -> None:
    """The way to the reasons is named: of rows, they can be exported."""
    logs = "*Data Settings › Cloud Data Ingestion › Sync Logs*"
    assert f"{logs} › the run › *Export rows*" in advised("partial")
    assert logs in advised("error")
    assert "Export rows" not in advised("error")


def test_limit_exceeded_is_documented() -> None:
    """It has a headline and advice of its own, and is not told as a word that nobody knows."""
    assert short_status("limit_exceeded", ENGLISH) == "Limit exceeded"
    assert "data limit" in long_status("limit_exceeded", ENGLISH)
    assert "account team" in advised("limit_exceeded")
    assert "Undocumented" not in failure(run("limit_exceeded"), ENGLISH)


def test_an_undocumented_status() -> None:
    """It is told as it stands, is not counted as success, and where to look is named."""
    assert (
        failure(run("half_done", rows_synced=7), ENGLISH) == "Undocumented status “half_done”, 7 rows synced"
    )
    assert "half_done" in long_status("half_done", ENGLISH)
    assert "Not counted as success" in status_outlook("half_done", integration(), ENGLISH)
    assert "Sync Logs" in advised("half_done")


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("users_delete", Effect.DELETES_USERS),
        ("USER_DELETES", Effect.DELETES_USERS),
        ("canvas_triggers", Effect.MESSAGES_CUSTOMERS),
        ("Canvas", Effect.MESSAGES_CUSTOMERS),
        ("users_attributes", Effect.CHANGES_DATA),
        ("catalogs", Effect.CHANGES_DATA),
        ("catalog_delete", Effect.CHANGES_DATA),
        ("SNOWFLAKE", Effect.UNKNOWN),
        (None, Effect.UNKNOWN),
    ],
)
def test_what_a_sync_does(kind: str | None, effect: Effect) -> None:
    """A sync's type says whether it deletes users or messages customers; a source's name says nothing of it."""
    assert effect_of(integration(integration_type=kind)) is effect


def asked(of: Integration) -> list[str]:
    """Return what the button asks before it starts a sync, and what `/cdi sync` asks."""
    button = sync_button(of, ENGLISH)
    assert button
    answer = render_answer(ConfirmSync(integration=of), ENGLISH, now=NOW)
    return [button["confirm"]["text"]["text"], str(answer.blocks)]


@pytest.mark.parametrize(
    ("kind", "warning"),
    [
        ("users_delete", "can't be undone"),
        ("canvas_triggers", "messages"),
        ("SNOWFLAKE", "If it deletes users"),
    ],
)
def test_a_warning_before_it_starts(kind: str, warning: str) -> None:
    """The button and the command both say what can't be taken back; of a harmless sync they don't."""
    assert all(warning in said for said in asked(integration(integration_type=kind)))
    assert not any(warning in said for said in asked(integration(integration_type="users_attributes")))


def test_a_dangerous_button_looks_so() -> None:
    """Only the syncs that can't be undone are confirmed by a red button that says what it does."""
    labels = {}
    for kind in ("users_delete", "canvas_triggers", "users_attributes"):
        button = sync_button(integration(integration_type=kind), ENGLISH)
        assert button
        labels[kind] = (button["confirm"]["confirm"]["text"], button["confirm"].get("style"))
    assert labels == {
        "users_delete": ("Delete users", "danger"),
        "canvas_triggers": ("Message customers", "danger"),
        "users_attributes": ("Sync now", None),
    }


def test_the_cure_of_a_watermark_in_the_future() -> None:
    """The watermark never goes back: the source is corrected, what was synced removed, a new integration made."""
    incident = dubious(QualityReason.WATERMARK_AHEAD)
    said = renderer_of(incident).advice(incident_view(incident), ENGLISH) or ""
    for step in ("Correct `UPDATED_AT`", "remove the rows already synced", "create a new integration"):
        assert step in said


@pytest.mark.parametrize("source", FILES)
def test_files_have_no_watermark(source: Source) -> None:
    """Nothing about a file source speaks of `UPDATED_AT` as something to correct."""
    for flaw in QualityReason:
        incident = dubious(flaw)
        of = integration(warehouse_type=source.value)
        said = renderer_of(incident).advice(incident_view(incident, of), ENGLISH) or ""
        assert "file" in said
        assert "Correct `UPDATED_AT`" not in said


def test_a_recovery_does_not_bring_failed_rows_back() -> None:
    """Who reads that a partial sync recovered is told that its failed rows are still missing."""
    incident = recovered(failing(run("partial", rows_synced=900, rows_failed_with_errors=100)))
    assert "failed rows are still missing" in facts_of(incident_view(incident), ENGLISH)[1]
    good = recovered(failing(run("error")))
    assert facts_of(incident_view(good), ENGLISH)[1] == "The rows of the failed runs were retried."


def test_long_runs_of_a_canvas_are_normal() -> None:
    """A sync that triggers a Canvas takes its time by design."""
    said = renderer_of(slow()).advice(
        incident_view(slow(), integration(integration_type="canvas_triggers")), ENGLISH
    )
    assert "3.75 million" in (said or "")


def test_the_form_promises_what_is_detected() -> None:
    """That rows are fewer, more or older than usual is told under the topic that says so."""
    assert "rows are fewer, more or older than usual" in topic_texts(ENGLISH)[Topic.QUALITY].meaning
