// Four stages in separate processes, and four jobs at the same time. A stage is killed in the middle and started again:
//   node --import tsx examples/pipeline/run.ts
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentProcess, play, say } from "../agent-process.ts";
import { jobPrefix, ttlSeconds, type Job } from "./job.ts";

await play(async (store) => {
  const start = (name: string) => new AgentProcess(name, new URL(`${name}.ts`, import.meta.url));
  const site = await serveDocuments();
  const stages = ["fetch", "extract", "analyse", "report"].map(start);

  const run = Date.now();
  const pages = ["coordination.md", "guarantees.md", "running.md", "nowhere.md"];
  const jobs = pages.map((page) => store.namespace<Job>(`${jobPrefix}${page}-${run}`));
  for (const [index, job] of jobs.entries()) {
    await job.set("request", { url: `${site.url}/${pages[index]}` }, { ttlSeconds });
  }

  const [, , analyse] = stages as [AgentProcess, AgentProcess, AgentProcess];
  await analyse.said("woke", 2);
  await analyse.kill();
  say("run", "killed analyse, and starts it again");
  start("analyse");

  const reports = await Promise.all(
    jobs.map((job) => job.waitFor("report", { timeoutMs: 60_000 })),
  );
  for (const { value } of reports) say("run", "text" in value ? value.text : value.error);
  site.close();

  for (const job of jobs) {
    for await (const { key, revision, createdRevision } of job.entries()) {
      assert.equal(revision, createdRevision, `${key} of ${job.name} was made more than once`);
    }
  }
  const failed = reports.filter(({ value }) => "error" in value);
  assert.equal(failed.length, 1, "Only the missing page must fail.");
  say("run", "every job came to its end, each step once");
});

/** Serves the folder `docs` on a free port, for the stage that fetches. */
async function serveDocuments() {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url ?? "", "http://localhost").pathname.slice(1);
    const text = await readFile(new URL(`../../docs/${name}`, import.meta.url)).catch(() => null);
    response.writeHead(text ? 200 : 404).end(text ?? "");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => server.close().closeAllConnections();
  return { url: `http://127.0.0.1:${port}`, close };
}
