import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { query } from "../client.ts";
import { set } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { HoldingProxy } from "./holding-proxy.ts";
import { Program } from "./program.ts";

const stages = ["fetch", "extract", "analyse", "report"] as const;
const steps = ["request", "page", "outline", "figures", "report"];

describe("examples/pipeline", () => {
  let server: TestServer;
  let programs: Program[];
  let site: Site;

  beforeEach(async () => {
    server = await startTestServer();
    programs = [];
    site = new Site();
    await site.open();
  });
  afterEach(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    site.close();
    await server.close();
  });

  function start(name: string, at: { url: string; token: string } = server): Program {
    const program = new Program(`pipeline/${name}.ts`, [], at);
    programs.push(program);
    return program;
  }

  const request = (job: string, path: string) =>
    set(server, { namespace: `pipeline:${job}`, key: "request", value: { url: site.url + path } });

  async function reportOf(job: string): Promise<any> {
    const { awaitEntry } = await query(
      server,
      `query ($job: String!) { awaitEntry(namespace: $job, key: "report", timeoutSeconds: 60) { value } }`,
      { job: `pipeline:${job}` },
    );
    return awaitEntry.value;
  }

  /** Each step was made once, by its stage, after the previous step. */
  async function expectSteps(job: string): Promise<void> {
    const { changes } = await query(
      server,
      `query ($job: String!) { changes(namespace: $job) { nodes { key agent } } }`,
      { job: `pipeline:${job}` },
    );
    const [first, ...others] = changes.nodes;
    expect(first.key).toBe("request");
    expect(others).toEqual(stages.map((agent, index) => ({ key: steps[index + 1], agent })));
  }

  test("one command shows all of it", async () => {
    await using run = new Program("pipeline/run.ts", [], server);
    expect(await run.exit, run.complaints.join("\n")).toBe(0);
    expect(run.lines).toContain("run          | killed analyse, and starts it again");
    expect(run.lines.at(-1)).toBe("run          | every job came to its end, each step once");
  });

  test("G4: a stage killed in the middle of a job continues when it is started again, and so do stages that start late", async () => {
    site.pages = { "/first": "# One\n\nTwo three.", "/second": "# Four\n\n## Five\n\nSix." };
    await request("first", "/first");
    await request("second", "/second");
    // Each is killed after it has begun and before it can end: its page does not arrive, or its output is held.
    site.isHeld = true;
    const fetching = start("fetch");
    await site.asked();
    await fetching.kill();
    site.isHeld = false;

    await using proxy = new HoldingProxy(server);
    await proxy.open();
    const setting = proxy.hold('"ifRevision":"0"');
    const [again, extracting] = [start("fetch"), start("extract", proxy)];
    await again.said("made", 2);
    await setting;
    await extracting.kill();
    start("extract");
    start("analyse");
    start("report");
    expect(await reportOf("first")).toEqual({
      text: `${site.url}/first: 2 words in 1 sections, the longest "One".`,
    });
    expect(await reportOf("second")).toEqual({
      text: `${site.url}/second: 1 words in 2 sections, the longest "Five".`,
    });
    await expectSteps("first");
    await expectSteps("second");
  });

  test("G3, G7: with several jobs, two processes of a stage and a restarted server, each step is made once", async () => {
    for (const name of [...stages, "analyse"]) start(name);
    const jobs = ["one", "two", "three", "four"];
    site.pages = Object.fromEntries(jobs.map((job) => [`/${job}`, `# ${job}\n\nSome words.`]));
    for (const job of jobs.slice(0, 2)) await request(job, `/${job}`);
    await reportOf("one");
    await server.restart({ port: Number(new URL(server.url).port) });
    for (const job of jobs.slice(2)) await request(job, `/${job}`);
    for (const job of jobs) {
      expect(await reportOf(job)).toEqual({
        text: expect.stringContaining(`the longest "${job}"`),
      });
      await expectSteps(job);
    }

    // A step that fails hands its error on, up to the report.
    site.pages = { "/plain": "No headings." };
    await request("plain", "/plain");
    await request("missing", "/missing");
    expect(await reportOf("plain")).toEqual({ error: `${site.url}/plain has no headings.` });
    expect(await reportOf("missing")).toEqual({ error: `${site.url}/missing answered 404.` });
    await expectSteps("plain");
    await expectSteps("missing");
  });
});

/** Pages to fetch. */
class Site {
  pages: Readonly<Record<string, string>> = {};
  /** Whether requests are left without a response. */
  isHeld = false;
  readonly #server: Server = createServer(({ url = "" }, response) => this.#answer(url, response));
  #wake = () => {};

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(): Promise<void> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
  }

  close(): void {
    this.#server.close().closeAllConnections();
  }

  /** Resolves at the next request that is held. */
  async asked(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #answer(url: string, response: ServerResponse): void {
    if (this.isHeld) return this.#wake();
    const page = this.pages[url];
    response.writeHead(page === undefined ? 404 : 200).end(page ?? "");
  }
}
