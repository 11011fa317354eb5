import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { serveProcess, temporaryFolder } from "./baton-process.ts";
import { runQuickly } from "./command-here.ts";

const odd = '{"b":12345678901234567890,"1":[1.0,1e400,-0],"__proto__":{"x":1.50},"é":"\\u00e9\\/"}';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Awaited<ReturnType<typeof serveProcess>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  server = await serveProcess(join(folder.path, "data"));
});
afterAll(async () => {
  await server.kill("SIGTERM");
  await folder[Symbol.asyncDispose]();
});

function cli(args: readonly string[], input?: string) {
  const env = { BATON_URL: server.url, BATON_TOKEN: server.token };
  return runQuickly(args, env, input);
}

async function printed(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cli(args, input);
  expect([code, stderr]).toEqual([exitCodes.ok, ""]);
  return stdout;
}

describe("G13: the command line sends and prints a value unchanged", () => {
  test("set, get, wait and watch", async () => {
    await printed(["set", "k", "--metadata", '{"m":1.0}'], ` ${odd.replace(":", " : ")}\n`);
    expect(await printed(["get", "k"])).toBe(`${odd}\n`);
    expect(await printed(["wait", "k"])).toBe(`${odd}\n`);
    const shown = `"value":${odd},"metadata":{"m":1.0}`;
    expect(await printed(["get", "k", "--json"])).toContain(shown);
    expect(await printed(["watch", "--key", "k", "--snapshot", "--count", "1"])).toContain(shown);
  });

  test("set --many", async () => {
    await printed(["set", "--many"], `{"one":${odd},"two":1.0}`);
    expect(await printed(["get", "one"])).toBe(`${odd}\n`);
    expect(await printed(["get", "two"])).toBe("1.0\n");
  });

  test("refuses a value that cannot be kept before it is sent", async () => {
    const { code, stderr } = await cli(["set", "refused", '{"a":{"b":1,"b":2}}']);
    expect(code).toBe(exitCodes.usage);
    expect(stderr).toMatch(/cannot be stored unchanged.*"\/a\/b".*appears more than once/);
  });
});
