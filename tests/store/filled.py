"""SQL that fills a database: many old rows, few that are open, running or pending."""

from __future__ import annotations

from datetime import datetime

_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})",
    "postgresql": "WITH numbers(n) AS (SELECT generate_series(0, {last}))",
}
_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', '{start}', (({minutes}) * 60) || ' seconds') || '000'",
    "postgresql": "TIMESTAMPTZ '{start}+00' + ({minutes}) * INTERVAL '1 minute'",
}
_NAME = {"sqlite": "printf('i%06d', n / {runs})", "postgresql": "'i' || lpad((n / {runs})::text, 6, '0')"}

_KNOWN = """
INSERT INTO integrations (workspace_id, integration_id, integration_name, baseline_taken)
<each> SELECT w.workspace_id, <name>, 'Integration ' || <name>, <true>
FROM numbers CROSS JOIN braze_workspaces w WHERE n % <runs> = 0;
INSERT INTO runs (workspace_id, integration_id, sync_start_time, sync_finish_time, job_status, rows_synced,
  rows_failed_with_errors, provisional)
<each> SELECT w.workspace_id, <name>, <at:n % <runs>>, <at:n % <runs>>,
  CASE WHEN n % <runs> = <runs> - 1 THEN 'running' ELSE 'success' END, n, 0, <false>
FROM numbers CROSS JOIN braze_workspaces w
"""

_ALERTS = """
INSERT INTO incidents (workspace_id, integration_id, kind, revision, opened_at, failing_since, failed_runs,
  failed_in_a_row, resolved_at, quiet, reopened, hold_seconds)
<each> SELECT 1, <name>, 'sync_failed', 1, <at:n % <runs>>, <at:n % <runs>>, 1, 1,
  CASE WHEN n % <runs> = <runs> - 1 AND n < 5 * <runs> THEN NULL ELSE <at:n % <runs>> END, <false>, 0,
  3600 FROM numbers;
INSERT INTO cards (team_id, channel_id, wanted_revision, shown_revision, first_shown_revision, created_at)
<each> SELECT 'T1', 'C1', 1, 1, 1, <at:0> FROM numbers;
INSERT INTO card_incidents (card_id, incident_id, team_id, channel_id)
SELECT incident_id, incident_id, 'T1', 'C1' FROM incidents;
INSERT INTO channels (team_id, channel_id) VALUES ('T1', 'C1'), ('T1', 'C2');
INSERT INTO outbox (key, team_id, channel_id, kind, content, not_before, card_id, card_revision, broadcast, state,
  created_at, attempts, sent_at)
<each> SELECT 'key' || n, 'T1', 'C1', CASE WHEN n % 2 = 0 THEN 'notice' ELSE 'card' END, '{"what": "show_card"}',
  <at:0>, CASE WHEN n % 2 = 0 THEN NULL ELSE n END, 0, <false>, CASE WHEN n < 5 THEN 'owed' ELSE 'sent' END, <at:0>,
  0, CASE WHEN n < 5 THEN NULL ELSE <at:n % <runs>> END FROM numbers;
INSERT INTO audit (team_id, channel_id, at, who, action, subject)
<each> SELECT 'T1', 'C1', <at:n>, 'U1', 'x', 'y' FROM numbers;
"""


def known(engine: str, start: datetime, *, integrations: int, runs: int) -> list[str]:
    """Integrations of every workspace that there is, each with so many runs, one a minute; the newest is running."""
    return _statements(_KNOWN, engine, start, integrations, runs)


def alerts(engine: str, start: datetime, *, integrations: int, runs: int) -> list[str]:
    """An incident for each run of the first workspace, each with a card and its message; few are open or pending."""
    return _statements(_ALERTS, engine, start, integrations, runs)


def _statements(template: str, engine: str, start: datetime, integrations: int, runs: int) -> list[str]:
    sqlite = engine == "sqlite"
    text = template
    for name, value in {
        "runs": str(runs),
        "each": _NUMBERS[engine].format(last=integrations * runs - 1),
        "name": _NAME[engine].format(runs=runs),
        "true": "1" if sqlite else "true",
        "false": "0" if sqlite else "false",
    }.items():
        text = text.replace(f"<{name}>", value)
    for minutes in ("0", f"n % {runs}", "n"):
        time = _AT[engine].format(start=f"{start:%Y-%m-%d %H:%M:%S}", minutes=minutes)
        text = text.replace(f"<at:{minutes}>", time)
    text = text if sqlite else text.replace("%", "%%")  # psycopg would take one for a placeholder
    return [each for each in text.split(";") if each.strip()]
