// `data_visualization` blocks as inline SVG: lines and bars, with axes, legend, and the numbers for screen readers.

import { fill, h, svg } from "./dom.js";
import { plain } from "./mrkdwn.js";

const HEIGHT = 230;
const EDGE = { top: 12, right: 14, bottom: 34, left: 52 };
const DEEP = HEIGHT - EDGE.top - EDGE.bottom; // pixels between the highest and the lowest value
const USUAL_WIDTH = 560;
const LEAST_WIDTH = 220;
const LETTER = 6.2; // pixels that a letter of a label on the x-axis takes at most
const LABEL_GAP = 12; // pixels between two labels
const LEGEND_FROM = 2;

/** The chart of one block, drawn again for each width, so that its text stays readable on a phone. */
export function chart(block) {
  const spec = block.chart ?? {};
  const draw = { line: lines, bar: bars }[spec.type];
  if (!draw)
    return h("p", { class: "unknown", text: `A chart of the type “${spec.type}” can't be drawn here.` });
  const names = (spec.series ?? []).map((series) => series.name);
  const frame = h("div", { class: "chart-frame", role: "img", "aria-label": described(block.title, spec) });
  const show = (width) => fill(frame, plotted(spec, draw, width));
  show(USUAL_WIDTH);
  new ResizeObserver(
    ([entry]) => entry.contentRect.width > 0 && show(Math.max(LEAST_WIDTH, entry.contentRect.width)),
  ).observe(frame);
  return h(
    "figure",
    { class: "chart", data: { chart: spec.type } },
    h("figcaption", { class: "chart-title" }, plain(block.title ?? "")),
    frame,
    names.length >= LEGEND_FROM &&
      h(
        "ul",
        { class: "legend", "aria-hidden": "true" },
        names.map((name, index) => h("li", {}, h("span", { class: `swatch series-${index}` }), plain(name))),
      ),
  );
}

function described(title, spec) {
  const points = (list) => list.map((point) => `${point.label}: ${number(point.value)}`).join(", ");
  const parts = (spec.series ?? []).map((series) => `${series.name}: ${points(series.data ?? [])}`);
  return `${title ?? "Chart"} (${spec.type} chart). ${parts.join(". ")}`;
}

function plotted(spec, draw, width) {
  const series = spec.series ?? [];
  const categories = spec.axis_config?.categories ?? (series[0]?.data ?? []).map((point) => point.label);
  const values = series.flatMap((one) => (one.data ?? []).map((point) => Number(point.value) || 0));
  const scale = axis(Math.min(0, ...values), Math.max(0, ...values));
  const slot = (width - EDGE.left - EDGE.right) / Math.max(categories.length, 1);
  const place = {
    left: EDGE.left,
    right: width - EDGE.right,
    x: (index) => EDGE.left + slot * (index + 0.5),
    y: (value) => EDGE.top + DEEP * (1 - (value - scale.low) / (scale.high - scale.low)),
    slot,
    zero: 0,
  };
  place.zero = place.y(0);
  // Points are matched to their category by label: Slack does so too, whatever their order.
  const aligned = series.map((one) => {
    const byLabel = new Map((one.data ?? []).map((point) => [point.label, Number(point.value) || 0]));
    return {
      name: one.name,
      points: categories
        .map((label, index) => ({ label, index, value: byLabel.get(label) }))
        .filter((point) => point.value !== undefined),
    };
  });
  return canvas(
    width,
    grid(scale, place),
    categoryLabels(categories, place),
    axisLabels(spec.axis_config ?? {}, place),
    draw(aligned, place),
  );
}

const canvas = (width, ...parts) =>
  svg(
    "svg",
    { class: "chart-picture", viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true" },
    parts,
  );

// A round scale of four or five steps that holds both ends.
function axis(low, high) {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const bottom = Math.floor(low / step) * step;
  const top = Math.max(Math.ceil(high / step) * step, bottom + step);
  const ticks = [];
  for (let count = 0; bottom + count * step <= top + step / 2; count += 1) ticks.push(bottom + count * step);
  return { low: bottom, high: top, ticks };
}

const number = (value) => new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 }).format(value);
const shortNumber = (value) =>
  new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value);

function grid(scale, place) {
  return scale.ticks.map((tick) => [
    svg("line", {
      class: tick === 0 ? "axis" : "gridline",
      x1: place.left,
      x2: place.right,
      y1: place.y(tick),
      y2: place.y(tick),
    }),
    svg("text", {
      class: "tick",
      x: place.left - 8,
      y: place.y(tick) + 3.5,
      "text-anchor": "end",
      text: shortNumber(tick),
    }),
  ]);
}

function categoryLabels(categories, place) {
  const room = Math.max(0, ...categories.map((label) => label.length)) * LETTER + LABEL_GAP;
  const every = Math.max(1, Math.ceil(room / place.slot));
  // Counted from the right: the newest run is the one people look for.
  return categories.map((label, index) =>
    (categories.length - 1 - index) % every === 0
      ? svg("text", {
          class: "tick",
          // The last one would stick out of the picture were it centred.
          x: index === categories.length - 1 ? Math.min(place.x(index) + room / 2, place.right) : place.x(index),
          y: HEIGHT - EDGE.bottom + 16,
          "text-anchor": index === categories.length - 1 ? "end" : "middle",
          text: label,
        })
      : null,
  );
}

function axisLabels(config, place) {
  const middle = EDGE.top + DEEP / 2;
  return [
    config.x_label &&
      svg("text", {
        class: "axis-label",
        x: (place.left + place.right) / 2,
        y: HEIGHT - 3,
        "text-anchor": "middle",
        text: config.x_label,
      }),
    config.y_label &&
      svg("text", {
        class: "axis-label",
        x: 11,
        y: middle,
        "text-anchor": "middle",
        transform: `rotate(-90 11 ${middle})`,
        text: config.y_label,
      }),
  ];
}

const path = (points, place) =>
  points
    .map((point, index) => `${index ? "L" : "M"}${place.x(point.index).toFixed(1)} ${place.y(point.value).toFixed(1)}`)
    .join("");
const tip = (name, point) => svg("title", { text: `${name} · ${point.label}: ${number(point.value)}` });

function lines(series, place) {
  return series.map(({ name, points }, index) => [
    svg("path", { class: `line series-${index}`, d: path(points, place) }),
    points.map((point) =>
      svg(
        "circle",
        {
          class: `dot series-${index}`,
          cx: place.x(point.index),
          cy: place.y(point.value),
          r: place.slot < 14 ? 2 : 3,
        },
        tip(name, point),
      ),
    ),
  ]);
}

function bars(series, place) {
  const width = Math.min((place.slot * 0.72) / series.length, 34);
  return series.map(({ name, points }, index) =>
    points.map((point) => {
      const left = place.x(point.index) + (index - series.length / 2) * width;
      const end = place.y(point.value);
      // A bar of nothing keeps a hair, so that it is seen to be measured.
      const height = Math.max(Math.abs(place.zero - end), 1);
      return svg(
        "rect",
        {
          class: `bar series-${index}`,
          x: left + 0.5,
          y: Math.min(place.zero, end),
          width: Math.max(width - 1, 1),
          height,
          rx: Math.min(2, width / 4),
        },
        tip(name, point),
      );
    }),
  );
}
