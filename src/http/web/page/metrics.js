// Reads /metrics (the Prometheus text form): what the strip shows of one look, and of the difference between two.

const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="([^"]*)"/g;
export const PROTOCOLS = ["grpc", "rest"];
const ID_METHODS = new Set(["GetId", "GetIds", "StreamIds"]);

const byProtocol = (make) => Object.fromEntries(PROTOCOLS.map((protocol) => [protocol, make()]));

const add = (map, key, value) => map.set(key, (map.get(key) ?? 0) + value);

// What each sample adds to a look.
const READERS = {
  ordinal_info: (look, labels) => (look.info = labels),
  process_start_time_seconds: (look, labels, value) => (look.start_ms = value * 1000),
  ordinal_reserved_seconds: (look, labels, value) => (look.reserved_ms = value * 1000),
  ordinal_reservation_failing: (look, labels, value) => (look.isFailing = value > 0),
  ordinal_ids_total: (look, labels, value) => (look.ids[labels.protocol] = value),
  ordinal_call_duration_seconds_bucket: (look, labels, value) => {
    if (!ID_METHODS.has(labels.method)) return;
    add(look.buckets[labels.protocol], Number(labels.le.replace("+Inf", "Infinity")), value);
  },
};

const labelsOf = (text) => Object.fromEntries([...text.matchAll(LABEL)].map(([, key, value]) => [key, value]));

// A look: info, start, reservation, IDs and latency buckets (upper bound in seconds → calls up to it) by protocol.
export function read(text, at_ms) {
  const look = { at_ms, info: {}, ids: byProtocol(() => 0), buckets: byProtocol(() => new Map()) };
  for (const line of text.split("\n")) {
    const [, name, labels, value] = SAMPLE.exec(line) ?? [];
    READERS[name]?.(look, labelsOf(labels ?? ""), Number(value));
  }
  return look;
}

// IDs a second between two looks.
export function rate(before, after, protocol) {
  return ((after.ids[protocol] - before.ids[protocol]) * 1000) / (after.at_ms - before.at_ms);
}

// The bound that a part (0.5, 0.99) of the calls between two looks did not exceed; null: there were none.
export function bound(before, after, protocol, part) {
  const counts = [...after.buckets[protocol]].sort(([a], [b]) => a - b);
  const since = counts.map(([le, count]) => [le, count - (before.buckets[protocol].get(le) ?? 0)]);
  const total = since.at(-1)?.[1] ?? 0;
  return total > 0 ? since.find(([, count]) => count >= part * total)[0] : null;
}
