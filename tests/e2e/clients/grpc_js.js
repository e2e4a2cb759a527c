// Calls IdService by @grpc/grpc-js with types from the .proto files; prints what came back as JSON.
// Usage: grpc_js.js ADDRESS PROTO_FOLDER
"use strict";

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [address, folder] = process.argv.slice(2);
const definition = loader.loadSync("ordinal/v1/ids.proto", { includeDirs: [folder], longs: String, defaults: true });
const { IdService } = grpc.loadPackageDefinition(definition).ordinal.v1;
const client = new IdService(address, grpc.credentials.createInsecure());

const deadline = () => ({ deadline: Date.now() + 20_000 });

function call(method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, deadline(), (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

// Sends counts on one stream, each after the reply to the one before.
function stream(counts) {
  return new Promise((resolve, reject) => {
    const replies = [];
    const open = client.StreamIds(deadline());
    const next = () => (counts.length > replies.length ? open.write({ count: counts[replies.length] }) : open.end());
    open.on("data", (reply) => {
      replies.push(reply);
      next();
    });
    open.on("error", reject);
    open.on("end", () => resolve(replies));
    next();
  });
}

async function refusal(work) {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  const details = error.metadata.get("grpc-status-details-bin");
  return { code: error.code, message: error.details, details: details.map((bytes) => bytes.toString("hex")) };
}

async function main() {
  const one = await call("GetId", {});
  const out = {
    id: one.id,
    batch: await call("GetIds", { count: 5 }),
    described: await call("DescribeId", { id: one.id }),
    bounds: await call("GetIdBounds", { start: "2026-03-01T12:00:00Z", end: "2026-03-01T12:00:01Z" }),
    stream: await stream([1, 1000, 3]),
    refused: await refusal(call("GetIds", { count: 0 })),
    refusedStream: await refusal(stream([0])),
  };
  client.close();
  console.log(JSON.stringify(out));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
