// A list of messages that stays in step with the state: only what changed is drawn again, and the scroll position is kept.

import { dayLabel, midnight, momentOf } from "./dates.js";
import { fill, h } from "./dom.js";
import { renderMessage } from "./message.js";
import { afterPress } from "./pressing.js";
import { keyOf, replies } from "./state.js";

const TOGETHER_SECONDS = 300; // messages of one author this close share one heading
const NEAR_END = 90; // pixels from the end that still count as reading the newest
const SHOWN_AT_ONCE = 250;

/** Keeps `list` (inside the scrolling `scroller`) showing what `read()` returns. */
export class MessageList {
  constructor({ scroller, list, read, inThread = false, onMissed = () => {}, onEnd = () => {} }) {
    Object.assign(this, { scroller, list, read, inThread, onMissed });
    this.drawn = new Map(); // key -> {signature, message, node}
    this.most = SHOWN_AT_ONCE;
    this.due = false;
    scroller.addEventListener("scroll", () => this.atEnd() && onEnd(), { passive: true });
    new ResizeObserver(() => this.pinned && this.toEnd()).observe(list);
    scroller.addEventListener("scroll", () => (this.pinned = this.atEnd()), { passive: true });
    this.pinned = true;
  }

  /** Starts over, for another channel or person. */
  reset() {
    this.drawn.clear();
    this.most = SHOWN_AT_ONCE;
    fill(this.list);
    this.pinned = true;
    this.draw();
    this.toEnd();
  }

  /** Draws soon; many calls in a row draw once. */
  refresh(news = false) {
    this.news = (this.news ?? false) || news;
    if (this.due) return;
    this.due = true;
    const draw = () => {
      this.due = false;
      const follow = this.pinned || this.atEnd();
      this.draw();
      if (follow) this.toEnd();
      else if (this.news) this.onMissed();
      this.news = false;
    };
    queueMicrotask(() => afterPress(this.list, draw));
  }

  atEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_END;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.pinned = true;
  }

  draw() {
    const messages = this.read();
    const hidden = Math.max(0, messages.length - this.most);
    const focus = this.focusedAction();
    const nodes = hidden ? [this.earlier(hidden)] : [];
    const seen = new Set();
    let before = null;
    for (const message of messages.slice(hidden)) {
      const day = midnight(momentOf(message.ts));
      const newDay = !this.inThread && (!before || midnight(momentOf(before.ts)) !== day);
      if (newDay) nodes.push(this.divider(message));
      nodes.push(this.node(message, !newDay && sharesHeading(before, message)));
      seen.add(keyOf(message));
      before = message;
    }
    for (const key of this.drawn.keys()) if (!seen.has(key)) this.drawn.delete(key);
    settle(this.list, nodes);
    focus?.();
  }

  node(message, compact) {
    const answers = this.inThread ? [] : replies(message.channel, message.ts);
    const signature = `${compact}|${answers.length}|${answers.at(-1)?.ts ?? ""}`;
    const held = this.drawn.get(keyOf(message));
    if (held && held.message === message && held.signature === signature) return held.node;
    const node = renderMessage(message, { compact, inThread: this.inThread });
    if (held && held.message !== message) node.classList.add("was-changed");
    this.drawn.set(keyOf(message), { message, signature, node });
    return node;
  }

  divider(message) {
    const label = dayLabel(momentOf(message.ts));
    return h("div", { class: "day", role: "separator", "aria-label": label }, h("span", { text: label }));
  }

  earlier(count) {
    const more = () => {
      const height = this.scroller.scrollHeight;
      this.most += SHOWN_AT_ONCE;
      this.draw();
      this.scroller.scrollTop += this.scroller.scrollHeight - height;
    };
    return h("button", {
      class: "btn earlier",
      type: "button",
      text: `Show earlier messages (${count})`,
      on: { click: more },
    });
  }

  // A message that changes while it has the focus keeps the focus on the same button.
  focusedAction() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const key = focused?.closest("[data-key]")?.dataset.key;
    const action = focused?.dataset.actionId;
    if (!key || !action) return null;
    return () => {
      if (!focused.isConnected)
        this.list.querySelector(`[data-key="${CSS.escape(key)}"] [data-action-id="${CSS.escape(action)}"]`)?.focus();
    };
  }
}

function sharesHeading(before, message) {
  if (
    !before ||
    message.ephemeral ||
    before.ephemeral ||
    message.reply_broadcast ||
    before.blocks?.length ||
    message.blocks?.length
  )
    return false;
  const sameAuthor = before.bot === message.bot && before.user === message.user;
  return sameAuthor && Number.parseFloat(message.ts) - Number.parseFloat(before.ts) < TOGETHER_SECONDS;
}

// Brings the children into this order, touching only those that are new or out of place.
function settle(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.childNodes[index] !== node) list.insertBefore(node, list.childNodes[index] ?? null);
  });
}
