// Learns IdService from the server alone, by grpc-js-reflection-client, and calls it; prints JSON.
// Usage: reflection.js ADDRESS v1|v1alpha
"use strict";

const grpc = require("@grpc/grpc-js");
const { GrpcReflection } = require("grpc-js-reflection-client");

const [address, version] = process.argv.slice(2);

async function main() {
  const credentials = grpc.credentials.createInsecure();
  const reflection = new GrpcReflection(address, credentials, {}, version);
  const services = await reflection.listServices();
  const descriptor = await reflection.getDescriptorBySymbol("ordinal.v1.IdService");
  const { IdService } = descriptor.getPackageObject({ longs: String }).ordinal.v1;
  const client = new IdService(address, credentials);
  client.GetId({}, { deadline: Date.now() + 20_000 }, (error, reply) => {
    if (error) throw error;
    console.log(JSON.stringify({ services, id: reply.id, methods: Object.keys(IdService.service).sort() }));
    process.exit(0);
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
