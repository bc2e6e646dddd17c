// The yardstick: node:http answering a constant of the size of a class.
import { createServer } from 'node:http';

const body = JSON.stringify({ constant: 'x'.repeat(500) });
createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length });
  response.end(body);
}).listen(Number(process.env['PORT']), '127.0.0.1');
