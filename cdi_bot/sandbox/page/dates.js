// Times as Slack writes them, in the zone of this browser.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS_WITHOUT_YEAR = 6;

const show = (date, options) => new Intl.DateTimeFormat("en-US", options).format(date);

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

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** "today", "yesterday", "tomorrow" or null. */
function nearDay(date, now = new Date()) {
  const days = Math.round((midnight(date) - midnight(now)) / (DAY * 1000));
  return { 0: "today", [-1]: "yesterday", 1: "tomorrow" }[days] ?? null;
}

function withYear(date, now) {
  const months = Math.abs((date.getFullYear() - now.getFullYear()) * 12 + date.getMonth() - now.getMonth());
  return months >= MONTHS_WITHOUT_YEAR ? `, ${date.getFullYear()}` : "";
}

const long = (date, now) => `${show(date, { month: "long" })} ${ordinal(date.getDate())}${withYear(date, now)}`;
const short = (date, now) => `${show(date, { month: "short", day: "numeric" })}${withYear(date, now)}`;
const weekday = (date, now) => `${show(date, { weekday: "long" })}, ${long(date, now)}`;
const two = (number) => String(number).padStart(2, "0");

const TOKENS = {
  date_num: (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
  date_slash: (date) => `${two(date.getMonth() + 1)}/${two(date.getDate())}/${date.getFullYear()}`,
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
