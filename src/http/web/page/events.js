// The table of events, newest first: who came and went, and commands. It keeps the last few hundred.
import { delivery } from "./delivery.js";
import { element, make, write } from "./dom.js";
import { clock, many } from "./words.js";

export const KEPT = 300;
const SIGNS = { joined: "+", left: "−", expired: "◌", evicted: "✕", gone: "−", command: "↘" };

const FILTERED_AS = { gone: "left", missed: "left" };

let events = []; // newest first
let held = []; // while paused, newest first
let isPaused = false;

const chosen = () => new Set([...document.querySelectorAll("#filter :checked")].map(({ value }) => value));

// What can be searched.
const textOf = (event) => `${event.name} ${event.text ?? ""}`.toLowerCase();

function filterRows() {
  const kinds = chosen();
  const wanted = element("search").value.trim().toLowerCase();
  let shown = 0;
  for (const { event, row } of events) {
    row.hidden = !kinds.has(FILTERED_AS[event.kind] ?? event.kind) || !textOf(event).includes(wanted);
    if (row.hidden) closeDetails(row);
    else shown++;
  }
  element("events").parentElement.hidden = shown === 0;
  const why = events.length > 0 ? "No event passes the filter." : "Nothing has happened yet.";
  write(element("no-events"), shown > 0 ? "" : why);
}

function closeDetails(row) {
  const details = row.nextElementSibling;
  if (!details?.classList.contains("details")) return;
  details.dispatchEvent(new Event("closed"));
  details.remove();
  row.querySelector("button").setAttribute("aria-expanded", "false");
}

function toggleDetails(row, command) {
  const button = row.querySelector("button");
  if (button.getAttribute("aria-expanded") === "true") return closeDetails(row);
  const cell = make("td");
  cell.colSpan = 3;
  const details = make("tr", "details", cell);
  row.after(details);
  button.setAttribute("aria-expanded", "true");
  details.addEventListener("closed", delivery(cell, command));
}

function describe(event) {
  const name = make("strong", "", event.name);
  if (event.kind === "missed") return [name, " before these are not known"];
  if (event.kind === "gone") return [name, ` had rank ${event.rank}, gone meanwhile`];
  if (event.kind !== "command") return [name, ` rank ${event.rank}, epoch ${event.epoch}`];
  const button = make("button", "open", name, ` → ${many(event.command.receivers, "member")}`);
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  return [button, make("span", "text", event.text)];
}

function makeRow(event) {
  const kind = make("span", `kind ${event.kind}`, make("span", "sign", SIGNS[event.kind] ?? "·"), ` ${event.kind}`);
  kind.firstChild.setAttribute("aria-hidden", "true");
  const row = make("tr", "",
    make("td", "at", clock(event.at_ms)), make("td", "", kind), make("td", "what", ...describe(event)));
  row.querySelector("button")?.addEventListener("click", () => toggleDetails(row, event.command));
  return { event, row };
}

function drop({ row }) {
  closeDetails(row);
  row.remove();
}

function insert(fresh) {
  const made = fresh.map(makeRow);
  element("events").prepend(...made.map(({ row }) => row));
  events = [...made, ...events];
  events.splice(KEPT).forEach(drop);
  filterRows();
}

function showPause() {
  element("pause").setAttribute("aria-pressed", String(isPaused));
  write(element("pause"), !isPaused ? "Pause" : held.length > 0 ? `Resume (${held.length} new)` : "Resume");
}

// Takes events, oldest first: {kind, name, at_ms, rank, epoch, text, command}.
export function add(fresh) {
  if (fresh.length === 0) return;
  const newest = [...fresh].reverse();
  if (!isPaused) return insert(newest.slice(0, KEPT));
  held = [...newest, ...held].slice(0, KEPT);
  showPause();
}

export function clear() {
  events.forEach(drop);
  events = [];
  held = [];
  showPause();
  filterRows();
}

element("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  if (!isPaused) {
    insert(held);
    held = [];
  }
  showPause();
});
element("filter").addEventListener("input", filterRows);
element("filter").addEventListener("submit", (event) => event.preventDefault());
