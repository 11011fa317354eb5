import { generateOperation } from "./generated-operation.ts";
import { faultIn, startFuzzedServer } from "./fuzzed-server.ts";
import { mcpBody, socketMessage } from "./random-bytes.ts";
import { Random } from "./random.ts";
import { HttpSender, SocketSender } from "./senders.ts";

// Sends inputs for a number of minutes (`npm run soak -- 10`). Exits with 1 if a response is wrong, or if memory grows.
const minutes = Number(process.argv[2] ?? 5);
const mostGrowth = 1.3;
const server = await startFuzzedServer();
const http = new HttpSender(server);
const socket = new SocketSender(server);
const begin = performance.now();
const endAt = begin + minutes * 60_000;
let warmBytes = 0;
let seed = 0;
while (performance.now() < endAt) {
  const operations = Array.from({ length: 50 }, () => generateOperation(new Random(seed++)));
  const answers = await socket.run(operations);
  for (const message of await socket.send([socketMessage(new Random(seed++))]))
    answers.push(message);
  for (let count = 0; count < 20; count++) {
    answers.push((await http.post("/mcp", mcpBody(new Random(seed++)))).text);
  }
  const fault = answers.map(faultIn).find((found) => found !== null);
  if (fault || server.errors.length > 0)
    throw new Error(`Near seed ${seed}: ${fault ?? server.errors[0]}`);
  const bytes = process.memoryUsage().rss;
  if (warmBytes === 0 && performance.now() - begin > (minutes * 60_000) / 3) warmBytes = bytes;
}
const endBytes = process.memoryUsage().rss;
console.log(
  `${seed} inputs; ${Math.round(warmBytes / 1e6)} MB after a third, ${Math.round(endBytes / 1e6)} MB at the end`,
);
http[Symbol.dispose]();
socket[Symbol.dispose]();
await server[Symbol.asyncDispose]();
process.exit(endBytes > mostGrowth * warmBytes ? 1 : 0);
