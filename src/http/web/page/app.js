// The page at /: how the node stands, IDs, the ranks of a group and what happens there, sequences.
//
// Figures are asked for every other second while the page can be seen; what happens in the group is told by the
// server as it happens. One group is followed at a time.
import { announce } from "./announce.js";
import * as decoder from "./decoder.js";
import { element, write } from "./dom.js";
import * as events from "./events.js";
import { follow } from "./feed.js";
import { apply, emptyGroup } from "./group.js";
import * as ladder from "./ladder.js";
import { read } from "./metrics.js";
import { showSequences } from "./sequences.js";
import { ask, get, repeat } from "./server.js";
import * as strip from "./strip.js";

const FIGURES_MS = 2000;
const SEQUENCES_MS = 4000;
const LISTED = 100;
const FRESH_MS = 5000; // commands older than that are not seen travelling
const VERBS = {
  joined: "joined",
  left: "left",
  expired: "lost its lease",
  evicted: "was evicted",
  gone: "is gone",
  missed: "are not known",
};

let name = new URLSearchParams(location.search).get("group") || "default";
let group = emptyGroup();
let seen_ms = 0; // when the members were last told of
let offset_ms = 0; // the server's clock minus this browser's
let lastCommand = 0n;
let news = []; // what happened since the last paint, oldest first
let isPainting = false;
let feed = null;
let link = ""; // "connecting", "live", "lost": of the feed
let isReached = true; // the server answers
let wasBehind = false; // the feed, at the last look

const TOLD = {
  live: "Live",
  connecting: "Connecting…",
  lost: "Reconnecting…",
  away: "No server. Trying again…",
};

function showLink() {
  const state = isReached ? link : "away";
  if (element("link").dataset.state === state) return;
  element("link").dataset.state = state;
  write(element("link"), TOLD[state]);
  document.body.classList.toggle("stale", state === "away");
}

function note(reached) {
  const isBack = reached && !isReached;
  isReached = reached;
  showLink();
  if (isBack) feed?.reopen();
}

function say({ kind, name: who, rank }) {
  announce(`${who} ${VERBS[kind] ?? kind}${kind === "joined" ? ` at rank ${rank}` : ""}`);
}

function paint() {
  isPainting = false;
  ladder.show(group, seen_ms, offset_ms);
  const fresh = news;
  news = [];
  events.add(fresh);
  const since_ms = Date.now() + offset_ms - FRESH_MS;
  for (const event of fresh)
    if (!event.command) say(event);
    else if (event.at_ms > since_ms) ladder.travel(group, event.command);
}

// However much happens, it is shown once a frame.
function happen(fresh) {
  news = [...news, ...fresh].slice(-events.KEPT);
  if (!isPainting) requestAnimationFrame(paint);
  isPainting = true;
}

// Members, as of a view; who came and who went is told.
function take(view) {
  const [next, changes] = apply(group, view);
  group = next;
  seen_ms = Date.now();
  happen(changes.map((change) => ({ ...change, at_ms: seen_ms + offset_ms })));
}

function takeCommand(command) {
  const id = BigInt(command.id);
  if (id <= lastCommand) return;
  lastCommand = id;
  const at_ms = Date.parse(command.time);
  happen([{ kind: "command", name: command.sender, text: command.text, at_ms, command }]);
}

function showGroup() {
  element("group").value = name;
  for (const place of document.querySelectorAll(".group-name")) write(place, name);
  write(element("to-join"), [
    `ordinal member${name === "default" ? "" : ` --group ${name}`} --name anna`,
    "curl -H 'Content-Type: application/json' \\",
    `  -d '{"name": "ben", "ttlMs": 60000}' \\`,
    `  ${location.origin}/v1/groups/${encodeURIComponent(name)}/members`,
  ].join("\n"));
}

function watch(wanted) {
  feed?.close();
  name = wanted;
  group = emptyGroup();
  lastCommand = 0n;
  news = [];
  events.clear();
  ladder.show(group, 0, 0);
  showGroup();
  feed = follow(name, {
    view: take,
    command: takeCommand,
    state(state) {
      link = state;
      showLink();
    },
  });
}

async function showFigures() {
  const [text, { clock }] = await Promise.all([
    get("/metrics", "text/plain").then((reply) => reply.text()),
    ask("/v1/clock"),
  ]);
  offset_ms = Date.parse(clock.wallTime) - Date.now();
  strip.show(read(text, performance.now()), clock);
}

// Signs of life are not told by the feed. The members are, unless there is no feed to be had. A feed that is behind
// twice in a row is dead, and nobody has noticed.
async function showLife() {
  const mine = feed;
  const { view } = await ask(`/v1/groups/${encodeURIComponent(name)}/members?pageSize=${LISTED}`);
  if (mine !== feed) return;
  const isBehind = link === "live" && BigInt(view.epoch) > group.epoch;
  if (isBehind && wasBehind) feed.reopen();
  wasBehind = isBehind;
  if (BigInt(view.epoch) === group.epoch || link !== "live") take(view);
}

async function look() {
  try {
    await showFigures();
    note(true);
    await showLife();
  } catch (error) {
    if (error.status === 0) note(false);
    else console.debug(error.message);
  }
}

element("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = element("group").value.trim() || "default";
  history.replaceState(null, "", wanted === "default" ? "/" : `/?group=${encodeURIComponent(wanted)}`);
  watch(wanted);
});

const paths = ["", "/v1/id", "/v1/ids?count=3"];
write(element("commands"), paths.map((path) => `curl '${location.origin}${path}'`).join("\n"));
decoder.start();
watch(name);
repeat(look, FIGURES_MS);
repeat(() => showSequences().catch(() => {}), SEQUENCES_MS);
setInterval(() => document.hidden || !isReached || ladder.refresh(group, seen_ms, offset_ms), 500);
