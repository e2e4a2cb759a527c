// Takes values of a sequence, joins a group by a stream and is sent a command, all by @grpc/grpc-js; prints what came
// as JSON. Usage: grpc_js_groups.js ADDRESS PROTO_FOLDER
"use strict";

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [address, folder] = process.argv.slice(2);
const files = ["ordinal/v1/sequences.proto", "ordinal/v1/ranks.proto"];
const definition = loader.loadSync(files, { includeDirs: [folder], longs: String, enums: String, oneofs: true });
const { SequenceService, RankService } = grpc.loadPackageDefinition(definition).ordinal.v1;
const sequences = new SequenceService(address, grpc.credentials.createInsecure());
const groups = new RankService(address, grpc.credentials.createInsecure());

const deadline = () => ({ deadline: Date.now() + 20_000 });

function call(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

// The events of a stream, one by one, and how it ended.
function listen(name, maxMembers) {
  const events = [];
  const waiting = [];
  const stream = groups.Join({ group: "js", name, maxMembers }, deadline());
  stream.on("data", (event) => (waiting.length ? waiting.shift()(event) : events.push(event)));
  const ended = new Promise((resolve) => {
    stream.on("error", (error) => resolve(error.code));
    stream.on("end", () => resolve(0));
  });
  const next = () => (events.length ? events.shift() : new Promise((resolve) => waiting.push(resolve)));
  return { next, ended };
}

async function main() {
  await call(sequences, "CreateSequence", { name: "js", mode: "SEQUENCE_MODE_GAPLESS", start: "9007199254740993" });
  const value = await call(sequences, "Next", { name: "js", count: 2 });
  const first = listen("first", 10);
  const out = { value, welcome: (await first.next()).welcome };
  const second = listen("second", 0);
  out.secondRank = (await second.next()).welcome.view.rank;
  out.view = (await first.next()).view;
  out.sent = (await call(groups, "SendCommand", { group: "js", name: "first", text: "hello" })).command;
  out.received = (await second.next()).command;
  await call(groups, "Leave", { group: "js", name: "first" });
  out.left = await first.ended;
  out.moved = (await second.next()).view;
  sequences.close();
  groups.close();
  console.log(JSON.stringify(out));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
