// The small pictures beside messages: initials for people, the app's mark for the bot.

import { h, svg } from "./dom.js";
import { userName } from "./state.js";

const HUES = 8;

/** A person's initials on a colour that stays theirs. */
export function personAvatar(id, size = "") {
  const initials = userName(id)
    .split(/\s+/)
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  const hue = [...String(id)].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % HUES;
  return h("span", { class: `avatar hue-${hue} ${size}`, "aria-hidden": "true" }, initials);
}

/** The app's picture: rows that rise, and a dot. */
export function botAvatar(size = "") {
  return h(
    "span",
    { class: `avatar avatar-bot ${size}`, "aria-hidden": "true" },
    svg(
      "svg",
      { viewBox: "0 0 36 36", focusable: "false" },
      svg("path", {
        d: "M9 24.5h6M9 18.5h10M9 12.5h7",
        stroke: "currentColor",
        "stroke-width": 3,
        "stroke-linecap": "round",
        fill: "none",
      }),
      svg("path", {
        d: "m20.5 24.5 6.5-6.5m0 6v-6h-6",
        stroke: "currentColor",
        "stroke-width": 3,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
        fill: "none",
      }),
      svg("circle", { cx: 25.5, cy: 11, r: 3.5, class: "avatar-dot" }),
    ),
  );
}

/** The picture of whoever wrote `message`. */
export const avatarOf = (message, size) => (message.bot ? botAvatar(size) : personAvatar(message.user, size));
