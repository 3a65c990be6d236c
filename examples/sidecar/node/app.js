// A shop that knows nothing of fleetfoot: PORT=3000 node app.js
const http = require("node:http");

const server = http.createServer((request, response) => {
  const found = { "/": 200, "/orders": 201, "/broken": 500 }[request.url] ?? 404;
  response.writeHead(found, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ language: "node", path: request.url }));
});

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
process.on("SIGTERM", () => server.close());
