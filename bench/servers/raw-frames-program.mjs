// Writes one prepared WebSocket frame to each of its sockets: the minimum cost of a fan-out in Node.js.
//   node raw-frames-program.mjs <port>
// A text message from any socket is sent to all sockets, including its sender.

import { WebSocketServer } from "ws";

const [port] = process.argv.slice(2);
const frameHeadBytes = 4;
const finalText = 0x81;
const sixteenBitLength = 126;

const sockets = new Set();
const server = new WebSocketServer({ port: Number(port), host: "127.0.0.1" });
server.on("connection", (webSocket, { socket }) => {
  sockets.add(socket);
  webSocket.on("close", () => sockets.delete(socket));
  webSocket.on("message", (message) => {
    const head = Buffer.alloc(frameHeadBytes);
    head.set([finalText, sixteenBitLength]);
    head.writeUInt16BE(message.length, 2);
    const frame = Buffer.concat([head, message]);
    for (const each of sockets) each.write(frame);
  });
});
