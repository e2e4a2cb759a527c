// IDs over gRPC, in batches. They are BigInts: a Number would round them.
//
//     npm install @grpc/grpc-js @grpc/proto-loader
//     node ids.js PROTO_FOLDER 127.0.0.1:50051 10
"use strict";

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [protos, target = "127.0.0.1:50051", count = "10"] = process.argv.slice(2);
const definition = loader.loadSync("ordinal/v1/ids.proto", { includeDirs: [protos], longs: String });
const { IdService } = grpc.loadPackageDefinition(definition).ordinal.v1;
const client = new IdService(target, grpc.credentials.createInsecure());

function* expand(runs) {
  for (const run of runs) for (let i = 0n; i < run.count; i++) yield BigInt(run.first) + i * BigInt(run.step);
}

// A call with a deadline waits for room if more is asked for than the server can give at once.
client.GetIds({ count: Number(count) }, { deadline: Date.now() + 5000 }, (error, reply) => {
  client.close();
  if (error) throw error;
  for (const id of expand(reply.runs)) console.log(String(id));
});
