// GET /v1/id of ordinald in Node.js. IDs come from a counter that begins at the time of the start.
'use strict';
const http = require('http');

let next = BigInt(Date.now()) << 22n;

http.createServer((request, response) => {
  const body = `{"id":"${next++}"}`;
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}).listen(Number(process.argv[2]), '127.0.0.1', 1024);
