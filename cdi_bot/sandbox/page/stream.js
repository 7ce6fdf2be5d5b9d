// The live stream of the sandbox: fills the state and announces what changed; reconnects by itself.

import { announce, dropMessage, dropMessages, keyOf, people, putMessage, state } from "./state.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

/** Opens the stream and keeps it open. */
export function connect(wait = FIRST_WAIT_MS) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/sandbox/stream`);
  let heard = false;
  socket.addEventListener("message", (frame) => {
    heard = true;
    receive(JSON.parse(frame.data));
  });
  socket.addEventListener("close", () => {
    state.live = false;
    announce("connection");
    const next = heard ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
    setTimeout(() => connect(next), next);
  });
}

/** Takes one event of the stream. An event of an unknown type is ignored: the sandbox may know more types than the page. */
export function receive(event) {
  EVENTS[event.type]?.(event);
}

const EVENTS = {
  snapshot,
  message: ({ message }) => takeMessage(message),
  message_changed: ({ message }) => takeMessage(message),
  message_deleted: ({ channel, ts }) => forget(channel, ts),
  ephemeral: ({ message }) => takeMessage({ ...message, ephemeral: true }),
  ephemeral_changed: ({ message }) => takeMessage({ ...message, ephemeral: true }),
  ephemeral_deleted: ({ channel, id }) => forget(channel, `e:${id}`),
  view: ({ view, user }) => announce("view", { view, user }),
  view_closed: (event) => announce("view_closed", event),
  home({ user, view }) {
    state.homes.set(user, view);
    announce("home", { user });
  },
  channel({ channel }) {
    if (channel.deleted) state.channels.delete(channel.id);
    else state.channels.set(channel.id, channel);
    announce("channels");
  },
  integration({ integration }) {
    state.integrations.set(integration.integration_id, integration);
    announce("integration", { id: integration.integration_id });
  },
  faults({ braze, slack }) {
    state.faults = { braze: braze ?? state.faults.braze, slack: slack ?? state.faults.slack };
    announce("faults");
  },
  bot_connected({ connected }) {
    state.botConnected = connected;
    announce("connection");
  },
};

function snapshot(event) {
  const byId = (items, key = "id") => new Map((items ?? []).map((item) => [item[key], item]));
  state.channels = byId(event.channels);
  state.users = byId(event.users);
  state.integrations = byId(event.integrations, "integration_id");
  state.faults = { braze: event.faults?.braze ?? [], slack: event.faults?.slack ?? [] };
  state.shortcuts = event.shortcuts ?? [];
  state.team = event.team?.name ?? "";
  state.botConnected = Boolean(event.bot_connected);
  dropMessages();
  (event.messages ?? []).forEach(putMessage);
  (event.homes ?? []).forEach(({ user, view }) => state.homes.set(user, view));
  if (!state.users.has(state.person)) state.person = people()[0]?.id ?? null;
  state.live = true;
  announce("snapshot");
  announce("connection");
}

function takeMessage(message) {
  const known = putMessage(message);
  announce("message", { message, key: keyOf(message), known });
}

function forget(channel, ts) {
  const message = dropMessage(channel, ts);
  if (message) announce("message_gone", { message, key: keyOf(message) });
}
