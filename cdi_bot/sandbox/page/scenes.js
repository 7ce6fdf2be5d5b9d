// What a visitor can make happen in Braze, in words: with one integration, or with all of them.

import { post } from "./api.js";
import { isDirect, isFileSource, on, state } from "./state.js";
import { fill, h } from "./dom.js";
import { openPicker } from "./picker.js";

const HOURS = 3_600_000;
const DIGEST_LEAD_MS = 5000; // a digest is due at a full minute, and has to be ordered before

// [word on the wire, words for people, whether it can happen to this integration]
const SCENES = [
  [
    "The sync fails",
    [
      ["partial", "Partial: some rows fail"],
      ["error", "Error: no rows arrive"],
      ["config_error", "Configuration error"],
      ["limit_exceeded", "Limit exceeded"],
      ["cancelled", "A status that Braze doesn’t document"],
    ],
  ],
  [
    "It succeeds, but the rows are wrong",
    [
      ["watermark_ahead", "Watermark a year in the future", hasWatermark],
      ["hollow", "Rows stop arriving", hasWatermark],
      ["resync", "The same rows again and again", hasWatermark],
      ["spike", "Twelve times as many rows as usual"],
    ],
  ],
  [
    "It isn’t on time",
    [
      ["late", "Late: the next run doesn’t begin", (one) => isActive(one) && Boolean(one.schedule_seconds)],
      ["slow", "Slow: a run that began three hours ago", canBeSlow],
    ],
  ],
];

export const isActive = (integration) => integration.integration_status.toLowerCase() === "active";

function hasWatermark(integration) {
  return !isFileSource(integration);
}

function canBeSlow(integration) {
  const began = integration.last_job_start_time;
  return !integration.running && (!began || Date.now() - new Date(began) > 3 * HOURS);
}

/** Lets a scene happen to one integration. */
export const play = (id, scene) => post(`braze/integrations/${encodeURIComponent(id)}/play`, { scene });

/** Lets a scene happen to every integration. */
export const playAll = (scene) => post("braze/play", { scene });

/** Opens the menu of what can happen to `integration`; `others` are options of the caller's, with a `pick` of their own. */
export function openScenes(anchor, integration, others) {
  const groups = SCENES.map(([label, scenes]) => ({
    label: { type: "plain_text", text: label },
    options: scenes
      .filter(([, , fits]) => !fits || fits(integration))
      .map(([value, words]) => ({ text: words, value, pick: () => play(integration.integration_id, value) })),
  }));
  openPicker({
    anchor,
    role: "menu",
    items: () => [
      ...groups.filter((group) => group.options.length > 0),
      { label: { type: "plain_text", text: "Somebody changes it in Braze" }, options: others },
    ],
    pick: (option) => option.pick(),
  });
}

/** Fills `section` with what happens to all integrations, and to the channel. */
export function startAll(section) {
  const button = (words, title, testid, act) =>
    h("button", { class: "btn btn-small", type: "button", title, data: { testid }, on: { click: act } }, words);
  const told = h("p", { class: "muted", role: "status", data: { testid: "told" } });
  fill(
    section,
    h("h3", { id: "all-title", text: "All at once" }),
    h(
      "div",
      { class: "panel-buttons" },
      button("Fail all", "Every sync fails now, and each next one: a storm", "fail-all", () => playAll("error")),
      button("Let all succeed", "Every sync succeeds now, and each next one", "succeed-all", () => playAll("success")),
      button("Digest soon", "Types /cdi digest in the open channel", "digest-soon", () => digest(told)),
      button("Escalate soon", "Types /cdi escalate in the open channel", "escalate-soon", () => escalate(told)),
    ),
    told,
  );
  on("place", () => fill(told));
}

const joined = () => [...state.channels.values()].filter((one) => one.bot_is_member && !isDirect(one.id));
const openChannel = () => (state.place.channel && !isDirect(state.place.channel) ? state.place.channel : joined()[0]?.id);

const type = (channel, text) => post("slack/command", { channel, user: state.person, text });

async function escalate(told) {
  const channel = openChannel();
  const other = joined().find((one) => one.id !== channel);
  const answer = await type(channel, `escalate after:10s to:<#${other?.id}|${other?.name}>`);
  if (!answer.failed)
    told.textContent = `“/cdi escalate after:10s to:#${other?.name}” was typed: what nobody acknowledges goes there.`;
}

async function digest(told) {
  const zone = state.users.get(state.person)?.tz;
  const due = new Date(Date.now() + 60_000 + DIGEST_LEAD_MS);
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(due);
  const answer = await type(openChannel(), `digest daily ${time}`);
  if (!answer.failed) told.textContent = `“/cdi digest daily ${time}” was typed: the digest comes at ${time}.`;
}
