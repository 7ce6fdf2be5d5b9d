// What the page knows: filled from the sandbox's stream, read by every view. Views subscribe to topics and draw themselves again.

/** Everything that came over the stream so far, and what the visitor has chosen. */
export const state = {
  channels: new Map(), // id -> channel
  users: new Map(), // id -> user
  messages: new Map(), // channel id -> Map(key -> message)
  integrations: new Map(), // id -> integration
  faults: { braze: [], slack: [] },
  homes: new Map(), // user id -> the view of the App Home
  shortcuts: [], // the app's global shortcuts: {name, callback_id, description}
  team: "",
  botConnected: false,
  live: false, // whether the page itself is connected to the stream
  person: null, // the user id the visitor acts as
  place: { channel: null, home: false },
  thread: null, // {channel, ts} of the open thread
  unread: new Map(), // channel id -> count
};

const listeners = new Map();

/** Calls `listener(detail)` whenever `topic` is announced. */
export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(listener);
}

/** Announces that something about `topic` changed. */
export function announce(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** The one key of a message: ephemeral ones share no `ts` space with the rest. */
export const keyOf = (message) => (message.ephemeral ? `e:${message.id}` : message.ts);

/** Stores a message in its newest state; returns whether it was there before. */
export function putMessage(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  const held = state.messages.get(message.channel);
  const known = held.has(keyOf(message));
  held.set(keyOf(message), message);
  inOrder.delete(message.channel);
  return known;
}

/** Forgets all messages. */
export function dropMessages() {
  state.messages.clear();
  inOrder.clear();
}

/** Forgets a message; returns what was held. */
export function dropMessage(channel, key) {
  const held = state.messages.get(channel);
  const message = held?.get(key) ?? null;
  held?.delete(key);
  inOrder.delete(channel);
  return message;
}

// "1700000000.000100" loses its last digits as a float: seconds and fraction are compared apart.
function compareTs(one, other) {
  const [seconds, fraction = ""] = String(one.ts).split(".");
  const [otherSeconds, otherFraction = ""] = String(other.ts).split(".");
  return Number(seconds) - Number(otherSeconds) || fraction.padEnd(9, "0").localeCompare(otherFraction.padEnd(9, "0"));
}

const isReply = (message) => Boolean(message.thread_ts) && message.thread_ts !== message.ts;
const visible = (message) => !message.ephemeral || !message.user_to || message.user_to === state.person;

// Sorted once after each change, not once for each message that is drawn: channel id -> {person, messages, threads}.
const inOrder = new Map();

function ordered(channel) {
  const held = inOrder.get(channel);
  if (held?.person === state.person) return held;
  const messages = [...(state.messages.get(channel)?.values() ?? [])].filter(visible).toSorted(compareTs);
  const threads = Map.groupBy(messages.filter(isReply), (message) => message.thread_ts);
  inOrder.set(channel, { person: state.person, messages, threads });
  return inOrder.get(channel);
}

/** The messages of the channel itself, oldest first: no replies, except those also sent to the channel. */
export const channelMessages = (channel) => ordered(channel).messages.filter(showsInChannel);

/** The replies of one thread, oldest first. */
export const replies = (channel, ts) => ordered(channel).threads.get(ts) ?? [];

/** The root message of a thread, or null. */
export const parentOf = (channel, ts) => state.messages.get(channel)?.get(ts) ?? null;

/** Whether the message shows in the channel and not in a thread alone. */
export const showsInChannel = (message) => !isReply(message) || message.reply_broadcast;

const isBot = (user) => Boolean(user.is_bot);

/** The user that Slack itself writes as. */
export const SLACKBOT = "USLACKBOT";

/** The people a visitor can act as. */
export const people = () => [...state.users.values()].filter((user) => !isBot(user) && user.id !== SLACKBOT);

/** The name of the app as people see it. */
export function botName() {
  const bot = [...state.users.values()].find((user) => isBot(user) && user.id !== SLACKBOT);
  return bot?.real_name || bot?.name || "cdi-bot";
}

/** A person's name, or the id where nobody of that id is known. */
export function userName(id) {
  if (id === SLACKBOT) return "Slackbot";
  const user = state.users.get(id);
  return user?.real_name || user?.name || String(id);
}

/** A channel's name without its sign; a direct message is named after the person. */
export function channelName(id) {
  const channel = state.channels.get(id);
  if (isDirect(id)) return channel?.user ? userName(channel.user) : botName();
  return channel?.name || String(id);
}

/** Whether the conversation is a direct message. */
export const isDirect = (id) => Boolean(state.channels.get(id)?.is_im) || String(id).startsWith("D");

/** The names of the Braze workspaces, the first first; each integration tells its own. */
export const workspaces = () => [...new Set([...state.integrations.values()].map((one) => one.workspace))];

/** What people type for an integration: its workspace stands before its name where there are several. */
export const typedName = (one) =>
  workspaces().length > 1 ? `${one.workspace}/${one.integration_name}` : one.integration_name;

const FILES = new Set(["s3", "gcs", "azure_blob"]);

/** Whether an integration reads files: no schedule, and no watermark. */
export const isFileSource = (integration) => FILES.has(String(integration.warehouse_type).toLowerCase());
