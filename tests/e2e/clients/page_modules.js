// Checks the modules of the page that need no browser. Fails with what differs.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const FOLDER = path.join(__dirname, "../../../src/http/web/page");
const load = (name) =>
  import(`data:text/javascript,${encodeURIComponent(fs.readFileSync(path.join(FOLDER, `${name}.js`), "utf8"))}`);

const member = (name, rank, sessionId) => ({ name, rank, sessionId });
const view = (epoch, members, changes = [], size = members.length) => ({ epoch, size, members, changes });
const left = (epoch, name, rank) => ({ epoch, kind: "CHANGE_KIND_LEFT", name, rank, sessionId: "0" });
const short = (changes) => changes.map(({ kind, name }) => `${kind} ${name}`);

async function groups() {
  const { apply, emptyGroup, receiversOf } = await load("group");
  const all = [member("a", 1, "10"), member("b", 2, "20"), member("c", 3, "30")];
  const [first, none] = apply(emptyGroup(), view("7", all, [left("7", "z", 1)]));
  assert.deepEqual(none, [], "the first view tells no changes");

  const rest = [member("b", 1, "20"), member("c", 2, "30")];
  assert.deepEqual(short(apply(first, view("7", rest))[1]), [], "the same epoch tells none");
  assert.deepEqual(short(apply(first, view("8", rest, [left("7", "z", 1), left("8", "a", 1)]))[1]), ["left a"]);
  assert.deepEqual(short(apply(first, view("12", rest, [left("12", "a", 1)]))[1]), ["missed 4 changes", "left a"]);
  const back = view("2", [...rest, member("d", 3, "40")]);
  assert.deepEqual(short(apply(first, back)[1]), ["gone a", "joined d"], "what was missed shows in the members");
  const cut = { ...first, members: all.slice(0, 2) };
  assert.deepEqual(short(apply(cut, view("9", [all[0], all[2]], [], 3))[1]), ["gone b"], "who moves up has not joined");

  const sent = receiversOf(first, { id: "25", sender: "a" });
  assert.deepEqual(sent.receivers.map(({ name }) => name), ["b"], "c joined after the command");
  assert.equal(receiversOf(first, { id: "25", sender: "z" }).sender, null);
}

async function figures() {
  const { bound, rate, read } = await load("metrics");
  const text = (ids, fast, slow) => `# HELP x y
ordinal_info{version="1",node="7",worker="0",workers="1",layout="tick:41,node:10,sequence:12"} 1
ordinal_ids_total{protocol="grpc"} ${ids}
ordinal_call_duration_seconds_bucket{protocol="grpc",method="GetId",le="1e-05"} ${fast}
ordinal_call_duration_seconds_bucket{protocol="grpc",method="GetIds",le="1e-05"} ${fast}
ordinal_call_duration_seconds_bucket{protocol="grpc",method="GetId",le="+Inf"} ${slow}
ordinal_call_duration_seconds_bucket{protocol="grpc",method="GetIds",le="+Inf"} ${fast}
ordinal_call_duration_seconds_bucket{protocol="grpc",method="Watch",le="+Inf"} 1000000
`;
  const before = read(text(100, 1, 1), 1000);
  const after = read(text(300, 50, 51), 3000);
  assert.equal(after.info.layout, "tick:41,node:10,sequence:12");
  assert.equal(rate(before, after, "grpc"), 100);
  assert.equal(bound(before, after, "grpc", 0.5), 1e-5);
  assert.equal(bound(before, after, "grpc", 0.999), Infinity);
  assert.equal(bound(after, after, "grpc", 0.5), null, "no calls");
  assert.equal(bound(before, after, "rest", 0.5), null, "no samples");
}

async function words() {
  const { few, many, seconds, short: tell, span } = await load("words");
  const cases = [[0, "0 s"], [59_999, "59 s"], [60_000, "1 min"], [3_605_000, "1 h"], [3_660_000, "1 h 1 min"],
    [273_600_000, "3 d 4 h"], [-5, "0 s"]];
  for (const [ms, text] of cases) assert.equal(span(ms), text);
  assert.equal(seconds(3849), "3.8 s");
  assert.deepEqual([1e-5, 5e-4, 0.05, 10].map(tell), ["10 µs", "500 µs", "50 ms", "10 s"]);
  assert.deepEqual([few(0.6), few(12), few(3400)], ["1", "12", "3.4K"]);
  assert.deepEqual([many(1, "member"), many(1200, "member")], ["1 member", "1,200 members"]);
}

Promise.all([groups(), figures(), words()]).catch((error) => {
  console.error(error);
  process.exit(1);
});
