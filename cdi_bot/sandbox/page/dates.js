// Times as Slack writes them, in the zone of the person the visitor acts as.

import { state } from "./state.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS_WITHOUT_YEAR = 6;

// Slack shows times in the zone of the reader's profile; undefined is this browser's.
const zone = () => state.users.get(state.person)?.tz || undefined;

const formats = new Map(); // making one takes longer than a hundred uses

function formatOf(options) {
  const key = `${zone()} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-US", { timeZone: zone(), ...options }));
  return formats.get(key);
}

const show = (date, options) => formatOf(options).format(date);

/** Year, month and day as numbers. */
function dayOf(date) {
  const parts = formatOf({ year: "numeric", month: "numeric", day: "numeric" }).formatToParts(date);
  return Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
}

/** The place that a zone is named after: "Europe/Stockholm" is "Stockholm". */
export const placeOf = (name) => String(name ?? "").split("/").at(-1).replaceAll("_", " ");

/** "9:41 AM" */
export const clockTime = (date) => show(date, { hour: "numeric", minute: "2-digit" });

/** The whole moment in words, for tooltips: "Tuesday, March 3, 2026 at 9:41:07 AM GMT+1". */
export const wholeMoment = (date) =>
  `${show(date, { weekday: "long", month: "long", day: "numeric", year: "numeric" })} at ${show(date, { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" })}`;

/** A message's `ts` ("1700000000.000100") as a date. */
export const momentOf = (ts) => new Date(Number.parseFloat(ts) * 1000);

function ordinal(day) {
  const tens = day % 100;
  if (tens >= 11 && tens <= 13) return `${day}th`;
  return `${day}${{ 1: "st", 2: "nd", 3: "rd" }[day % 10] ?? "th"}`;
}

/** A number that the moments of one day, and of no other, share. */
export function midnight(date) {
  const { year, month, day } = dayOf(date);
  return Date.UTC(year, month - 1, day);
}

/** "today", "yesterday", "tomorrow" or null. */
function nearDay(date, now = new Date()) {
  const days = Math.round((midnight(date) - midnight(now)) / (DAY * 1000));
  return { 0: "today", [-1]: "yesterday", 1: "tomorrow" }[days] ?? null;
}

function withYear(date, now) {
  const [then, today] = [dayOf(date), dayOf(now)];
  const months = Math.abs((then.year - today.year) * 12 + then.month - today.month);
  return months >= MONTHS_WITHOUT_YEAR ? `, ${then.year}` : "";
}

const long = (date, now) => `${show(date, { month: "long" })} ${ordinal(dayOf(date).day)}${withYear(date, now)}`;
const short = (date, now) => `${show(date, { month: "short", day: "numeric" })}${withYear(date, now)}`;
const weekday = (date, now) => `${show(date, { weekday: "long" })}, ${long(date, now)}`;
const two = (number) => String(number).padStart(2, "0");

const TOKENS = {
  date_num: (date) => `${dayOf(date).year}-${two(dayOf(date).month)}-${two(dayOf(date).day)}`,
  date_slash: (date) => `${two(dayOf(date).month)}/${two(dayOf(date).day)}/${dayOf(date).year}`,
  date: long,
  date_short: short,
  date_long: weekday,
  date_pretty: (date, now) => nearDay(date, now) ?? long(date, now),
  date_short_pretty: (date, now) => nearDay(date, now) ?? short(date, now),
  date_long_pretty: (date, now) => nearDay(date, now) ?? weekday(date, now),
  time: clockTime,
  time_secs: (date) => show(date, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago,
};

/** Fills Slack's date format (`{date_short_pretty} {time}`); returns null for a format with an unknown token: the fallback is shown. */
export function formatDate(epoch, format, now = new Date()) {
  const date = new Date(epoch * 1000);
  if (!Number.isFinite(epoch) || Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => {
    if (TOKENS[token]) return TOKENS[token](date, now);
    known = false;
    return whole;
  });
  return known ? text.charAt(0).toUpperCase() + text.slice(1) : null;
}

/** "Today", "Yesterday" or "Monday, March 2nd": shown between the messages of two days. */
export function dayLabel(date, now = new Date()) {
  return formatDate(date.getTime() / 1000, "{date_long_pretty}", now);
}

/** "just now", "4 minutes ago", "in 3 hours". */
export function ago(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  const [amount, unit] =
    size < HOUR ? [size / MINUTE, "minute"] : size < DAY ? [size / HOUR, "hour"] : [size / DAY, "day"];
  const count = Math.max(1, Math.round(amount));
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds >= 0 ? `${words} ago` : `in ${words}`;
}

/** Seconds as "0:42", "12:05" or "3 h 20 min". */
export function countdown(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole >= DAY) return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
  if (whole >= HOUR) return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / MINUTE))} min`;
  return `${Math.floor(whole / MINUTE)}:${two(whole % MINUTE)}`;
}
