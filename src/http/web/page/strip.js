// The strip at the top: how this node stands.
import { element, write } from "./dom.js";
import { PROTOCOLS, bound, rate } from "./metrics.js";
import { sparkline } from "./sparkline.js";
import { clock, few, seconds, short, span } from "./words.js";

const POINTS = 60;
const LATENCY_LOOKS = 6; // the looks that percentiles are of

const STATES = {
  CLOCK_STATE_FOLLOWING: ["follows", false],
  CLOCK_STATE_QUARANTINED: ["quarantined", true],
  CLOCK_STATE_ACCEPTED: ["step accepted", false],
  CLOCK_STATE_REJECTED: ["step rejected", true],
};

const push = sparkline(element("rate-line"), PROTOCOLS, POINTS);
let looks = [];

// A figure with what is said below it; `isBad` marks it for the eye, `note` says why.
function put(name, text, note, isBad = false) {
  write(element(name), text);
  write(element(`${name}-note`), note);
  element(name).parentElement.classList.toggle("bad", isBad);
}

function putPlace(look) {
  const { node, worker, workers, version } = look.info;
  const part = Number(workers) > 1 ? `worker ${Number(worker) + 1} of ${workers}, ` : "";
  put("node", node ?? "—", `${part}version ${version ?? "?"}`);
}

function putReservation(look) {
  put("reserved", `${seconds(look.reserved_ms)} left`, look.isFailing ? "the last write failed" : "durable",
    look.isFailing || look.reserved_ms <= 0);
}

function putClock(told) {
  const [state, isBad] = STATES[told.state] ?? [told.state, false];
  const ahead_ms = Number(told.wallAheadUs) / 1000;
  const size_ms = Math.abs(ahead_ms);
  const size = size_ms >= 10_000 ? span(size_ms) : `${size_ms.toFixed(1)} ms`;
  put("clock", state, size_ms < 0.05 ? "wall clock level" : `wall clock ${ahead_ms < 0 ? "−" : "+"}${size}`, isBad);
}

function putRates(before, look) {
  const rates = PROTOCOLS.map((protocol) => rate(before, look, protocol));
  push(rates);
  write(element("rate"), few(rates[0] + rates[1]));
  PROTOCOLS.forEach((protocol, index) => write(element(`rate-${protocol}`), few(rates[index])));
  element("rate-line").setAttribute("aria-label",
    `IDs a second: ${few(rates[0])} over gRPC, ${few(rates[1])} over REST`);
}

const limit = (s) => (s === null ? "—" : s === Infinity ? "> 10 s" : `≤ ${short(s)}`);

function putLatency(look) {
  for (const protocol of PROTOCOLS) {
    write(element(`p50-${protocol}`), limit(bound(looks[0], look, protocol, 0.5)));
    write(element(`p99-${protocol}`), limit(bound(looks[0], look, protocol, 0.99)));
  }
}

// A look at /metrics, and the clock of /v1/clock.
export function show(look, told) {
  if (looks.length > 0 && looks.at(-1).start_ms !== look.start_ms) forget();
  const now_ms = Date.parse(told.wallTime);
  putPlace(look);
  put("uptime", span(now_ms - look.start_ms), `since ${clock(look.start_ms)}`);
  putReservation(look);
  putClock(told);
  if (looks.length > 0) {
    putRates(looks.at(-1), look);
    putLatency(look);
  }
  looks = [...looks, look].slice(-LATENCY_LOOKS);
}

// After a restart counters begin anew.
function forget() {
  looks = [];
  push(null);
}
