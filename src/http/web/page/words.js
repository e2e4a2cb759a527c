// Figures as people read them.

const UNITS = [
  ["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1],
];

// "2 hours ago"
export function ago(ms) {
  const seconds = ms / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.trunc(seconds / size), unit);
}

// "3 d 4 h": the two largest units.
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [["d", 86400, Infinity], ["h", 3600, 24], ["min", 60, 60], ["s", 1, 60]]
    .map(([unit, size, wrap]) => [Math.floor(seconds / size) % wrap || 0, unit]);
  const from = parts.findIndex(([amount]) => amount > 0);
  if (from < 0) return "0 s";
  return parts.slice(from, from + 2).filter(([amount]) => amount > 0).map((part) => part.join(" ")).join(" ");
}

// "4.2 s", for what is short.
export function seconds(ms) {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : span(ms);
}

// "50 µs"
export function short(s) {
  if (s < 1e-3) return `${Math.round(s * 1e6)} µs`;
  return s < 1 ? `${Math.round(s * 1e3)} ms` : `${s} s`;
}

// "12", "3.4 k": fits a narrow column.
export function few(count) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: count < 1e3 ? 0 : 1 }).format(count);
}

export const many = (count, one, more = `${one}s`) =>
  `${new Intl.NumberFormat("en").format(count)} ${count === 1 ? one : more}`;

// "14:03:07"
export const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");
