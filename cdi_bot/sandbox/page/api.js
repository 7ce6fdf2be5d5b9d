// The page's requests to the sandbox's control endpoints, all JSON.

import { announce } from "./state.js";

// The sandbox's refusals that a visitor can run into.
const WORDS = {
  channel_not_found: "This person is not in that channel.",
  is_archived: "This channel is archived.",
  message_not_found: "That message is gone.",
  not_found: "That is no longer there.",
};

/**
 * Sends `body` and returns the answer's JSON. A request that fails returns {"failed": reason} and shows the reason to
 * the visitor.
 */
export async function call(method, path, body) {
  try {
    const answer = await fetch(`/sandbox/${path}`, {
      method,
      ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const told = text ? parsed(text) : {};
    if (answer.ok) return told;
    return failed(WORDS[told.error] ?? told.error ?? `The sandbox answered ${answer.status}.`);
  } catch {
    return failed("The sandbox does not answer. Is it still running?");
  }
}

/** `call` with POST. */
export const post = (path, body = {}) => call("POST", path, body);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text.slice(0, 200) };
  }
}

function failed(reason) {
  announce("notice", { text: reason, tone: "bad" });
  return { failed: reason };
}
