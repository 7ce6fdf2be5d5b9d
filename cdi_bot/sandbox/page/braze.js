// The panel beside the conversation: Braze's integrations as they run, and how their next sync ends.

import { call, post } from "./api.js";
import { countdown } from "./dates.js";
import { fill, h, icon } from "./dom.js";
import { startFaults } from "./faults.js";
import { on, state } from "./state.js";

const SEARCH_FROM = 12;
const MOST = 60;
const TICK_MS = 500;

// What a sync can end with: [word on the wire, words for people]. The last one is made up: Braze may use others.
const OUTCOMES = [
  ["success", "Success"],
  ["partial", "Partial: some rows fail"],
  ["error", "Error: no rows"],
  ["config_error", "Configuration error"],
  ["limit_exceeded", "Limit exceeded"],
  ["cancelled", "A word Braze doesn’t document"],
];
const STATUS = {
  success: ["Success", "good"],
  partial: ["Partial", "warn"],
  error: ["Error", "bad"],
  config_error: ["Configuration error", "bad"],
  limit_exceeded: ["Limit exceeded", "bad"],
  running: ["Running", "busy"],
};

const cards = new Map(); // id -> {node, update, tick}

/** Builds the panel inside `aside`. */
export function startBraze(aside) {
  const list = h("ul", { class: "integrations", data: { testid: "integrations" } });
  const search = h("input", {
    class: "field-text",
    type: "search",
    placeholder: "Find an integration",
    "aria-label": "Find an integration",
    hidden: true,
  });
  const more = h("p", { class: "muted", hidden: true });
  const faults = h("section", { class: "panel-section", "aria-labelledby": "faults-title" });
  fill(
    aside,
    h(
      "section",
      { class: "panel-section", "aria-labelledby": "integrations-title" },
      h("h3", { id: "integrations-title", text: "Integrations" }),
      h("p", { class: "muted", text: "Choose how the next sync of each one ends, run it now, pause or rename it." }),
      search,
      list,
      more,
    ),
    faults,
  );
  startFaults(faults);

  function draw() {
    const all = [...state.integrations.values()].filter((one) => !one.deleted);
    search.hidden = all.length <= SEARCH_FROM;
    const fitting = all.filter((one) => one.integration_name.toLowerCase().includes(search.value.trim().toLowerCase()));
    const shown = fitting.slice(0, MOST);
    for (const id of cards.keys()) if (!shown.some((one) => one.integration_id === id)) cards.delete(id);
    fill(
      list,
      shown.map((one) => cardOf(one).node),
    );
    more.hidden = fitting.length <= MOST;
    more.textContent = `and ${fitting.length - MOST} more`;
  }
  search.addEventListener("input", draw);
  on("snapshot", () => {
    cards.clear();
    draw();
  });
  on("integration", ({ id }) => {
    const one = state.integrations.get(id);
    if (cards.has(id) && !one.deleted) cards.get(id).update(one);
    else draw();
  });
  setInterval(() => cards.forEach((shown) => shown.tick()), TICK_MS);
}

function cardOf(integration) {
  if (!cards.has(integration.integration_id)) cards.set(integration.integration_id, card(integration));
  return cards.get(integration.integration_id);
}

function card(first) {
  const id = first.integration_id;
  let now = first;
  const name = h("span", { class: "integration-name" });
  const status = h("span", { class: "status", data: { testid: "status" } });
  const facts = h("span", { class: "facts" });
  const when = h("span", { class: "when" });
  const outcome = h("select", { class: "outcome", data: { testid: "outcome" } });
  const run = h(
    "button",
    { class: "btn btn-small", type: "button", data: { testid: "run-now" } },
    icon("play", 12),
    "Run now",
  );
  const pause = h("button", { class: "linklike", type: "button", data: { testid: "pause" } });
  const rename = h("button", { class: "linklike", type: "button", data: { testid: "rename" } }, "Rename");
  const node = h(
    "li",
    { class: "integration", data: { integration: id, testid: "integration" } },
    h("div", { class: "integration-head" }, name, status),
    h("div", { class: "integration-facts" }, facts, when, pause, rename),
    h("div", { class: "integration-tools" }, outcome, run),
  );

  const address = `braze/integrations/${encodeURIComponent(id)}`;
  let choosing = Promise.resolve();
  outcome.addEventListener("change", () => (choosing = call("PATCH", address, { next_outcome: outcome.value })));
  run.addEventListener("click", async () => {
    run.setAttribute("aria-busy", "true");
    await choosing; // the run started here is the one the choice was made for
    await post(`${address}/run`);
    run.removeAttribute("aria-busy");
  });

  pause.addEventListener("click", () =>
    call("PATCH", address, { integration_status: isActive(now) ? "paused" : "active" }),
  );

  rename.addEventListener("click", () => {
    const wanted = window.prompt("Name in Braze", now.integration_name)?.trim();
    if (wanted) call("PATCH", address, { integration_name: wanted });
  });

  function update(integration) {
    now = integration;
    rename.setAttribute("aria-label", `Rename ${now.integration_name}`);
    pause.textContent = isActive(now) ? "Pause" : "Resume";
    pause.setAttribute("aria-label", `${pause.textContent} ${now.integration_name}`);
    name.textContent = now.integration_name;
    name.title = `${now.integration_name} · ${id}`;
    outcome.setAttribute("aria-label", `How the next sync of ${now.integration_name} ends`);
    run.setAttribute("aria-label", `Run ${now.integration_name} now`);
    run.disabled = now.running;
    facts.textContent = [
      titled(now.warehouse_type),
      now.schedule_seconds ? `every ${span(now.schedule_seconds)}` : null,
    ]
      .filter(Boolean)
      .join(" · ");
    const [words, tone] = now.running
      ? STATUS.running
      : (STATUS[String(now.last_job_status ?? "").toLowerCase()] ?? [
          now.last_job_status ?? "No run yet",
          now.last_job_status ? "bad" : "none",
        ]);
    fill(
      status,
      now.running
        ? h("span", { class: "spinner", "aria-hidden": "true" })
        : h("span", { class: "light", "aria-hidden": "true" }),
      words,
    );
    status.className = `status tone-${tone}`;
    status.dataset.status = now.running ? "running" : (now.last_job_status ?? "");
    const known = OUTCOMES.some(([word]) => word === now.next_outcome)
      ? OUTCOMES
      : [...OUTCOMES, [now.next_outcome, now.next_outcome]];
    fill(
      outcome,
      known.map(([word, label]) =>
        h("option", { value: word, text: `Next: ${label}`, ".selected": word === now.next_outcome }),
      ),
    );
    outcome.dataset.outcome = now.next_outcome;
    tick();
  }

  function tick() {
    when.textContent = whenOf(now);
  }

  update(first);
  return { node, update, tick };
}

const isActive = (integration) => integration.integration_status.toLowerCase() === "active";

function whenOf(integration) {
  const seconds = (moment) => (new Date(moment).getTime() - Date.now()) / 1000;
  if (integration.running && integration.last_job_start_time)
    return `running for ${countdown(-seconds(integration.last_job_start_time))}`;
  if (!isActive(integration)) return integration.integration_status.toLowerCase();
  if (!integration.next_scheduled_run) return integration.schedule_seconds ? "" : "no schedule";
  const left = seconds(integration.next_scheduled_run);
  return left > 0 ? `next in ${countdown(left)}` : "due now";
}

// Sources whose name is more than its first letter in capitals.
const SPELT = {
  bigquery: "BigQuery",
  s3: "S3",
  gcs: "Google Cloud Storage",
  azure_blob: "Azure Blob",
  microsoft_fabric: "Microsoft Fabric",
};

const titled = (word) => {
  const plain = String(word ?? "").toLowerCase();
  return SPELT[plain] ?? plain.charAt(0).toUpperCase() + plain.slice(1).replaceAll("_", " ");
};

function span(seconds) {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
