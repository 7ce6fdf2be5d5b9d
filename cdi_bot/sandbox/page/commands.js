// What can be typed after `/cdi`, for the list that opens over the message field.

import { state, typedName } from "./state.js";

const MOST = 8;

// [word, what it takes, what it does]; `takes` names what the next words may be.
const COMMANDS = [
  ["help", "", "How to use the bot, with examples"],
  ["status", "[integration]", "What this channel is subscribed to, or one integration's runs"],
  ["list", "[text]", "The workspace's integrations"],
  ["subscribe", "integration | pattern | all", "Get alerts in this channel"],
  ["preview", "integration | pattern | all", "The alerts that a subscription would have sent in the last 30 days"],
  ["unsubscribe", "integration | pattern | all", "End alerts in this channel"],
  ["subscriptions", "", "What this channel is subscribed to"],
  ["ack", "integration [@who | off]", "Acknowledge an incident, hand it on, take it back"],
  ["snooze", "integration 2h [reason]", "Snooze an integration for a while"],
  ["unsnooze", "integration", "End the snooze"],
  ["snoozes", "", "What is snoozed here, and recurring windows"],
  ["sync", "integration", "Sync now, after a confirmation"],
  ["digest", "weekly mon 09:00 | off", "A summary of the syncs, every day or week"],
  ["escalate", "after:30m to:#channel | off", "Where an incident goes that nobody acknowledged"],
  ["hours", "mon-fri 08:00-19:00 | off", "When alerts are posted here"],
  ["owner", "integration | pattern | all @who | none", "Whom alerts of these integrations mention"],
  ["runbook", "integration | pattern | all URL | none", "What alerts of these integrations link to"],
  ["critical", "integration | pattern | all [off]", "Alert at any hour, escalate in half the time"],
  ["contacts", "mention | show", "Whether the contacts in Braze are mentioned"],
  ["language", "en | ja", "The language of what is posted here"],
  ["test", "", "A sample alert, to see that alerts arrive"],
  ["use", "workspace | off", "The Braze workspace that names mean here"],
  ["workspace", "list | add | remove", "The Braze workspaces (admins)"],
  ["audit", "", "Who changed what in this channel"],
];

/**
 * What could complete `text`: [{insert, label, hint, describes}], and whether the first may be taken at once on
 * Enter (only while the word is unfinished: a complete command is sent).
 */
export function suggestions(text) {
  if (!text.startsWith("/") || text.includes("\n")) return { items: [], eager: false };
  const [, slash, word, rest] = /^(\/\w*)(?:\s+(\S*))?(?:(\s+.*))?$/.exec(text) ?? [];
  if (slash === undefined || !"/cdi".startsWith(slash)) return { items: [], eager: false };
  if (rest === undefined) return subcommands(slash, word);
  return names(word, rest.trimStart());
}

function subcommands(slash, word = "") {
  const typed = word.toLowerCase();
  const fitting = COMMANDS.filter(([name]) => name.startsWith(typed));
  const whole = fitting.some(([name]) => name === typed);
  return {
    items: fitting.map(([name, takes, describes]) => ({
      insert: `/cdi ${name}${takes ? " " : ""}`,
      label: `/cdi ${name}`,
      hint: takes,
      describes,
    })),
    eager: slash !== "/cdi" || (typed !== "" && !whole),
  };
}

function names(word, typed) {
  const command = COMMANDS.find(([name]) => name === word?.toLowerCase());
  if (!command?.[1].includes("integration")) return { items: [], eager: false };
  const wanted = typed.toLowerCase();
  const fitting = [...state.integrations.values()].filter(
    (one) =>
      !one.deleted && typedName(one).toLowerCase().includes(wanted) && typedName(one).toLowerCase() !== wanted,
  );
  const items = fitting
    .slice(0, MOST)
    .map((one) => ({
      insert: `/cdi ${word} ${typedName(one)}`,
      label: typedName(one),
      hint: one.warehouse_type ?? "",
      describes: "",
    }));
  if (command[1].includes("all") && "all".startsWith(wanted) && wanted !== "all") {
    items.unshift({
      insert: `/cdi ${word} all`,
      label: "all",
      hint: "",
      describes: "Every integration, future ones too",
    });
  }
  return { items, eager: false };
}
