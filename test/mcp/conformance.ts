// Runs the protocol's own conformance suite against a server: every scenario that needs no tool, prompt or resource that is
// made for the suite. It needs Node 22 and packages of the registry, so .ci/run runs it, and `npm test` does not.
//
//   node --import tsx test/mcp/conformance.ts <node 22> <the suite's dist/index.js>
//
// Prints a line for each scenario. Exits with 1 if one of them did not pass.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { startTestServer } from "../server.ts";
import { temporaryFolder } from "../process/baton-process.ts";

const scenarios: readonly (readonly [version: string, names: readonly string[]])[] = [
  [
    "2026-07-28",
    [
      "server-stateless",
      "tools-list",
      "resources-list",
      "sep-2164-resource-not-found",
      "http-header-validation",
      "dns-rebinding-protection",
    ],
  ],
  [
    "2025-11-25",
    ["server-initialize", "ping", "tools-list", "resources-list", "dns-rebinding-protection"],
  ],
];

/** Said of a check that calls a tool of the suite's own, which a real server does not have. */
const needsFixture = /Not testable: server does not list the diagnostic tool/;

const [node22, suite] = process.argv.slice(2);
if (node22 === undefined || suite === undefined) throw new Error("Name Node 22, and the suite.");

await using server = await startTestServer();
await using folder = await temporaryFolder();

// The suite sends no token.
const proxy = createServer((asked, answer) => {
  const headers = { ...asked.headers, authorization: `Bearer ${server.token}` };
  const { url: path, method } = asked;
  const sent = request(server.url, { path, method, headers }, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(answer);
  });
  sent.on("error", () => answer.destroy());
  answer.on("close", () => sent.destroy());
  asked.pipe(sent);
}).listen(0, "127.0.0.1");
await once(proxy, "listening");
const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/mcp`;

for (const [version, names] of scenarios) {
  for (const name of names) {
    const output = await run(["--scenario", name, "--spec-version", version]);
    const [, passed = "0", failed = "1"] = /^Passed: (\d+)\/\d+, (\d+) failed/m.exec(output) ?? [];
    const errors = output.split("\n").filter((line) => /^\s+Error: /.test(line));
    const untestable = errors.filter((line) => needsFixture.test(line)).length;
    const isPassed = Number(passed) > 0 && Number(failed) === untestable;
    const rest = untestable === 0 ? "" : `, ${untestable} need a tool of the suite's own`;
    console.log(`${isPassed ? "ok    " : "FAILED"}  ${version} ${name}: ${passed} checks${rest}`);
    if (isPassed) continue;
    console.log(output);
    process.exitCode = 1;
  }
}

proxy.close();
proxy.closeAllConnections();

/** What the suite prints; it exits with 1 for a check that failed. */
function run(scenario: readonly string[]): Promise<string> {
  const args = [suite as string, "server", "--url", url, ...scenario];
  return new Promise((resolve) => {
    const options = { cwd: folder.path, env: { NO_COLOR: "1" }, timeout: 60_000 };
    execFile(node22 as string, args, options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
