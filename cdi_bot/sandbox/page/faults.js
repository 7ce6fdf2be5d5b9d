// The switches that make Braze or Slack misbehave, and what is switched on now.

import { call, post } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { on, state, workspaces } from "./state.js";

const common = [
  { name: "Slow", says: "answers 4 s late", fault: { kind: "latency", seconds: 4 } },
  { name: "503", says: "answers 503", fault: { kind: "status", status: 503 } },
  { name: "Rate limited", says: "answers 429, “too many requests”", fault: { kind: "rate_limited", retry_after: 15 } },
  { name: "Cut before", says: "drops requests unread", fault: { kind: "cut_before" } },
  { name: "Cut after", says: "carries requests out, then drops the answer", fault: { kind: "cut_after" } },
];
const SIDES = {
  braze: {
    title: "Braze",
    switches: [
      ...common,
      { name: "Key revoked", says: "refuses the key", fault: { kind: "revoked" } },
      {
        name: "May not list",
        says: "refuses the list alone: the key lacks its permission",
        id: "permission",
        fault: { kind: "status", status: 401, path: "/cdi/integrations$" },
      },
    ],
  },
  slack: {
    title: "Slack",
    switches: [...common, { name: "Token revoked", says: "refuses the token", fault: { kind: "revoked" } }],
  },
};

/** Builds the switches inside `section`. */
export function startFaults(section) {
  const now = h("div", { class: "faults-now", role: "status", data: { testid: "faults-now" } });
  const groups = Object.keys(SIDES).map((side) => group(side));
  fill(
    section,
    h("h3", { id: "faults-title", text: "Break a connection" }),
    now,
    groups.map((one) => one.node),
  );
  const draw = () => {
    groups.forEach((one) => one.update());
    const active = Object.keys(SIDES).flatMap((side) => state.faults[side].map((fault) => [side, fault]));
    fill(
      now,
      active.length
        ? active.map(([side, fault]) =>
            h(
              "p",
              { class: "fault-now" },
              icon("bolt", 14),
              h("strong", { text: SIDES[side].title }),
              " ",
              inWords(side, fault),
            ),
          )
        : h("p", { class: "muted", text: "All is well: nothing is switched on." }),
    );
  };
  on("snapshot", draw);
  on("faults", draw);
  draw();
}

const fits = (one, fault) =>
  one.fault.kind === fault.kind && (one.fault.status === undefined || one.fault.status === fault.status);

function inWords(side, fault) {
  const says =
    SIDES[side].switches.find((one) => fits(one, fault))?.says ??
    (fault.kind === "status" ? `answers ${fault.status}` : fault.kind);
  const only = fault.path && !SIDES[side].switches.some((one) => fits(one, fault) && one.fault.path) ? `, only ${fault.path}` : "";
  return `${says}${only}${fault.times ? ` (${fault.times} more)` : ""}`;
}

function group(side) {
  const { title, switches } = SIDES[side];
  const buttons = switches.map((one) => [
    one,
    h(
      "button",
      {
        class: "switch",
        type: "button",
        "aria-pressed": "false",
        title: `${title} ${one.says}`,
        data: { fault: one.id ?? one.fault.kind, side },
        on: { click: () => toggle(side, one) },
      },
      one.name,
    ),
  ]);
  const clear = h("button", {
    class: "linklike",
    type: "button",
    text: "Clear",
    data: { testid: `clear-${side}` },
    on: { click: () => call("DELETE", `${side}/faults`) },
  });
  const cut =
    side === "slack" &&
    h(
      "button",
      {
        class: "switch switch-once",
        type: "button",
        title: "Slack asks the bot to reconnect, as it does every few hours",
        data: { testid: "disconnect" },
        on: { click: () => post("slack/disconnect") },
      },
      "Disconnect once",
    );
  const head = h("h4", { text: title });
  const update = () => {
    if (side === "braze" && workspaces().length > 1) head.textContent = `${title}, workspace ${workspaces()[0]}`;
    buttons.forEach(([one, button]) =>
      button.setAttribute("aria-pressed", String(state.faults[side].some((fault) => fits(one, fault)))),
    );
    clear.hidden = state.faults[side].length === 0;
  };
  return {
    node: h(
      "div",
      { class: "fault-group", role: "group", "aria-label": `Trouble in ${title}` },
      h("div", { class: "fault-title" }, head, clear),
      h(
        "div",
        { class: "switches" },
        buttons.map(([, button]) => button),
        cut,
      ),
    ),
    update,
  };
}

// The sandbox clears all of a side at once; what stays on is switched on again, in its order.
async function toggle(side, one) {
  const active = state.faults[side];
  if (!active.some((fault) => fits(one, fault))) return post(`${side}/faults`, one.fault);
  const others = active.filter((fault) => !fits(one, fault));
  await call("DELETE", `${side}/faults`);
  for (const fault of others) await post(`${side}/faults`, fault);
  return undefined;
}
