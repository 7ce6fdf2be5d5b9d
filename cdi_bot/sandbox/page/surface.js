// Where blocks stand (a message, a form, the Home tab), and what a press there sends to the sandbox.

import { post } from "./api.js";
import { announce, state } from "./state.js";

/** The surface of one message. */
export function messageSurface(message) {
  const container = message.ephemeral ? { ephemeral_id: message.id } : { ts: message.ts };
  return new Surface({ channel: message.channel, ...container });
}

/** The surface of a modal or Home view; `errors` is {block_id: words} for the fields that were refused. */
export function viewSurface(view, values = {}, errors = {}) {
  return new Surface({ view_id: view.id }, values, errors);
}

class Surface {
  constructor(container, values = {}, errors = {}) {
    this.container = container;
    this.values = values;
    this.errors = errors;
  }

  /** What a field holds now: {type, value | selected_option | ...} as in Slack's `state.values`, or undefined. */
  held(blockId, actionId) {
    return this.values[blockId]?.[actionId];
  }

  /** Notes what a field holds now. */
  hold(blockId, actionId, entry) {
    (this.values[blockId] ??= {})[actionId] = entry;
  }

  /**
   * Sends a press to the bot. Returns true when the bot acknowledged it, else shows the visitor a notice.
   * `entry` holds the element's type and value as in a `block_actions` payload.
   */
  async act(blockId, actionId, entry) {
    const answer = await post("slack/action", {
      ...this.container,
      user: state.person,
      block_id: blockId,
      action_id: actionId,
      ...entry,
      state: { values: this.values },
    });
    if (answer.failed) return false;
    if (answer.acked === false)
      announce("notice", { text: `The app did not respond (${answer.error ?? "operation_timeout"}).`, tone: "bad" });
    return answer.acked !== false;
  }

  /** The options the bot offers for what was typed into a select that asks it. */
  async options(blockId, actionId, value) {
    const answer = await post("slack/options", {
      ...this.container,
      user: state.person,
      block_id: blockId,
      action_id: actionId,
      value,
    });
    if (answer.error) announce("notice", { text: `No options came (${answer.error}).`, tone: "bad" });
    return answer.response?.option_groups ?? answer.response?.options ?? [];
  }
}
