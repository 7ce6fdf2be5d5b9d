// Building the page's elements. Every text becomes a text node, so that nothing that came over the network is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `attributes`: `class`, `text`, `on` ({event: listener}), `data` ({key: value}), DOM properties
 * written with a leading dot (".value"), everything else an attribute; null, undefined and false are left out.
 */
export function h(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "text") element.textContent = value;
    else if (name === "on")
      Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
    else if (name === "data") setData(element, value);
    else if (name.startsWith(".")) element[name.slice(1)] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

function setData(element, values) {
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined) element.dataset[key] = value;
  }
}

/** Replaces what `element` holds. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** The address when it may be followed (http and https only), else null: `javascript:` and `data:` never become links. */
export function safeUrl(address) {
  try {
    const url = new URL(String(address));
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A link that opens beside the page, or plain text where the address may not be followed. */
export function link(address, children, attributes = {}) {
  const href = safeUrl(address);
  if (!href) return h("span", {}, children);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer", ...attributes }, children);
}

const ICONS = {
  hash: "M6.5 2.5 5 13.5M11 2.5 9.5 13.5M2.5 5.75h11.5M2 10.25h11.5",
  lock: "M4 7.5h8v6H4zM5.75 7.5V5a2.25 2.25 0 0 1 4.5 0v2.5",
  send: "M2.5 2.75 14 8 2.5 13.25 4 8zM4 8h5",
  close: "m3.5 3.5 9 9M12.5 3.5l-9 9",
  thread: "M2.5 3h11v7.5H8L4.5 13v-2.5h-2z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  chevron: "m4.5 6.25 3.5 3.5 3.5-3.5",
  play: "M5 3.25 12.5 8 5 12.75z",
  eye: "M1.75 8S4 3.75 8 3.75 14.25 8 14.25 8 12 12.25 8 12.25 1.75 8 1.75 8zM8 9.75a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5z",
  down: "M8 3v10M4 9l4 4 4-4",
  bolt: "M9 1.75 3.5 9H8l-1 5.25L12.5 7H8z",
};

/** One of the page's own line drawings; decoration only, so hidden from assistive technology. */
export function icon(name, size = 16) {
  return svg(
    "svg",
    {
      class: `icon icon-${name}`,
      viewBox: "0 0 16 16",
      width: size,
      height: size,
      "aria-hidden": "true",
      focusable: "false",
    },
    svg("path", {
      d: ICONS[name],
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.5,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    }),
  );
}
