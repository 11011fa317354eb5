// Runs all scenarios for servers of the protocol's own conformance suite, in both versions of the protocol. It needs
// Node 22 and packages of the registry, so .ci/run runs it, and `npm test` does not.
//
//   node --import tsx test/mcp/conformance.ts <node 22> <the suite's dist/index.js>
//
// 1. Run the scenarios that need no special tool, prompt or resource against the unchanged server.
// 2. Run all scenarios against the same endpoint, with the suite's fixtures in addition to Baton's tools.
//
// Prints a line for each scenario. Exits with 1 if a scenario failed that is not listed below with the reason, or if a
// listed scenario passed.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { startTestServer } from "../server.ts";
import { temporaryFolder } from "../process/baton-process.ts";
import { registerFixtures } from "./conformance-fixtures.ts";

const versions = ["2026-07-28", "2025-11-25"] as const;
type Version = (typeof versions)[number];

/** Scenarios that need no fixture. */
const withoutFixture: Record<Version, readonly string[]> = {
  "2026-07-28": [
    "tools-list",
    "resources-list",
    "sep-2164-resource-not-found",
    "server-sse-multiple-streams",
    "http-header-validation",
    "dns-rebinding-protection",
  ],
  "2025-11-25": [
    "server-initialize",
    "server-session-lifecycle",
    "ping",
    "tools-list",
    "resources-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
  ],
};

const requestsToClient =
  "The server sends no requests to a client: any instance can handle any request, so none waits for a client's response.";

/** Scenarios that Baton does not pass, with the reason. */
const notPassed: Record<Version, Readonly<Record<string, string>>> = {
  "2026-07-28": {
    "http-custom-header-server-validation":
      "No tool repeats an argument in a header, so there is no header to compare.",
  },
  "2025-11-25": {
    "tools-call-sampling": requestsToClient,
    "tools-call-elicitation": requestsToClient,
    "elicitation-sep1034-defaults": requestsToClient,
    "elicitation-sep1330-enums": requestsToClient,
    "server-sse-polling": "The suite skips it, because its own server does not pass it.",
  },
};

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
}

const [node22, suite] = process.argv.slice(2);
if (node22 === undefined || suite === undefined) throw new Error("Name Node 22 and the suite.");

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

for (const version of versions) {
  const outcomes = await outcomesOf(version);
  for (const name of withoutFixture[version]) {
    report(version, name, outcomes.get(name), undefined, "unchanged");
  }
}
registerFixtures();
for (const version of versions) {
  const outcomes = await outcomesOf(version);
  const reasons = notPassed[version];
  for (const name of new Set([...outcomes.keys(), ...Object.keys(reasons)])) {
    report(version, name, outcomes.get(name), reasons[name], "with fixtures");
  }
}
const listed = await run(["list", "--server"]);
for (const [, name] of listed.matchAll(/- (\S+) \[extension\]/g)) {
  console.log(
    `not run  ${name}: It belongs to an extension of the protocol, which Baton does not have.`,
  );
}

proxy.close();
proxy.closeAllConnections();

function report(
  version: Version,
  name: string,
  outcome: Outcome | undefined,
  reason: string | undefined,
  how: string,
): void {
  const isPassed = outcome !== undefined && outcome.passed > 0 && outcome.failed === 0;
  const title = `${version} ${name}, ${how}`;
  if (isPassed && reason === undefined) {
    console.log(`ok       ${title}: ${outcome.passed} checks`);
  } else if (outcome && !isPassed && reason !== undefined) {
    console.log(`listed   ${title}: ${reason}`);
  } else {
    const counts = outcome ? `${outcome.passed} passed, ${outcome.failed} failed` : "did not run";
    console.log(`FAILED   ${title}: ${counts}${reason ? "; it is listed as not passed" : ""}`);
    process.exitCode = 1;
  }
}

/** Runs all scenarios of a version. */
async function outcomesOf(version: Version): Promise<Map<string, Outcome>> {
  const output = await run(["server", "--url", url, "--suite", "all", "--spec-version", version]);
  const outcomes = new Map<string, Outcome>();
  const lines = output.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm);
  for (const [, name = "", passed, failed] of lines) {
    outcomes.set(name, { name, passed: Number(passed), failed: Number(failed) });
  }
  if (outcomes.size === 0) console.log(output);
  return outcomes;
}

/** Returns the suite's output. The suite exits with 1 if a check failed. */
function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = {
      cwd: folder.path,
      env: { NO_COLOR: "1" },
      timeout: 300_000,
      maxBuffer: 64 * 1024 * 1024,
    };
    execFile(node22 as string, [suite as string, ...args], options, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}
