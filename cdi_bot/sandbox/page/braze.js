// The panel beside the conversation: Braze's integrations as they run, and what a visitor makes of them.

import { call } from "./api.js";
import { countdown } from "./dates.js";
import { fill, h, icon } from "./dom.js";
import { startFaults } from "./faults.js";
import { afterPress } from "./pressing.js";
import { isActive, openScenes, play, startAll } from "./scenes.js";
import { on, state, workspaces } from "./state.js";

const SEARCH_FROM = 12;
const MOST = 60;
const TICK_MS = 500;

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
  const together = h("section", { class: "panel-section", "aria-labelledby": "all-title" });
  const faults = h("section", { class: "panel-section", "aria-labelledby": "faults-title" });
  fill(
    aside,
    together,
    h(
      "section",
      { class: "panel-section panel-list", "aria-labelledby": "integrations-title" },
      h("h3", { id: "integrations-title", text: "One integration" }),
      h("p", { class: "muted", text: "What you choose happens at once, and again until you let it succeed. What nobody acknowledges is told again." }),
      search,
      list,
      more,
    ),
    faults,
  );
  startAll(together);
  startFaults(faults);

  function draw() {
    const all = [...state.integrations.values()].filter((one) => !one.deleted);
    search.hidden = all.length <= SEARCH_FROM;
    const fitting = all.filter((one) => one.integration_name.toLowerCase().includes(search.value.trim().toLowerCase()));
    const shown = fitting.slice(0, MOST);
    for (const id of cards.keys()) if (!shown.some((one) => one.integration_id === id)) cards.delete(id);
    const several = workspaces().length > 1;
    const heads = (one, before) => several && one.workspace !== before?.workspace;
    afterPress(list, () =>
      fill(
        list,
        shown.flatMap((one, at) => [
          heads(one, shown[at - 1]) && h("li", { class: "workspace-name", text: `Workspace ${one.workspace}` }),
          cardOf(one).node,
        ]),
      ),
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
  const scene = h(
    "button",
    { class: "btn btn-small", type: "button", "aria-haspopup": "menu", data: { testid: "scene" } },
    "Make it…",
    icon("chevron", 12),
  );
  const succeed = h("button", { class: "btn btn-small", type: "button", data: { testid: "succeed" } }, "Let it succeed");
  const node = h(
    "li",
    { class: "integration", data: { integration: id, testid: "integration" } },
    h("div", { class: "integration-head" }, name, status),
    h("div", { class: "integration-facts" }, facts, when),
    h("div", { class: "integration-tools" }, scene, succeed),
  );

  const change = (fields) => call("PATCH", `braze/integrations/${encodeURIComponent(id)}`, fields);
  const rename = () => {
    const wanted = window.prompt("Name in Braze", now.integration_name)?.trim();
    if (wanted) change({ integration_name: wanted });
  };
  scene.addEventListener("click", () =>
    openScenes(scene, now, [
      isActive(now)
        ? { text: "Pause it", value: "pause", pick: () => change({ integration_status: "paused" }) }
        : { text: "Resume it", value: "resume", pick: () => change({ integration_status: "active" }) },
      { text: "Rename it", value: "rename", pick: rename },
      { text: "Delete it", value: "delete", pick: () => call("DELETE", `braze/integrations/${encodeURIComponent(id)}`) },
    ]),
  );
  succeed.addEventListener("click", () => play(id, "success"));

  function update(integration) {
    now = integration;
    name.textContent = now.integration_name;
    name.title = `${now.integration_name} · ${id}`;
    scene.setAttribute("aria-label", `Make it…: ${now.integration_name}`);
    succeed.setAttribute("aria-label", `Let it succeed: ${now.integration_name}`);
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
    tick();
  }

  function tick() {
    when.textContent = whenOf(now);
  }

  update(first);
  return { node, update, tick };
}

function whenOf(integration) {
  const seconds = (moment) => (new Date(moment).getTime() - Date.now()) / 1000;
  if (integration.running && integration.last_job_start_time)
    return `running for ${countdown(-seconds(integration.last_job_start_time))}`;
  if (!isActive(integration)) return integration.integration_status.toLowerCase();
  if (integration.stalled) return "no run begins";
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
