import { createDataStore, type DataStore } from "baton-store/client";

/** The server on which the story takes place. */
export interface StoryServer {
  readonly url: string;
  readonly token: string;
}

/**
 * Writes the entries of a small team of agents: a repository in parts, tasks that workers claim, and a handoff. The
 * screenshots and tests of the board show them.
 *
 * @param pauseMs the time between steps, for a picture of the steps over time
 */
export async function tellStory({ url, token }: StoryServer, pauseMs = 0): Promise<void> {
  const stores: DataStore[] = [];
  const pause = (times = 1) =>
    pauseMs > 0 && new Promise((resolve) => setTimeout(resolve, times * pauseMs));
  const as = (agent: string) => {
    const store = createDataStore({ url, token, agent });
    stores.push(store);
    return store;
  };
  try {
    const [planner, parser, reviewer, writer] = [
      as("planner"),
      as("parser"),
      as("reviewer"),
      as("writer"),
    ];
    const repo = "ingest:baton-store:";
    await planner.namespace(`${repo}plan`).set("goal", {
      repository: "acme/payments",
      branch: "main",
      steps: ["parse", "review", "write"],
      deadline: "2026-12-01",
    });
    await pause(3);
    for (const [name, lines] of Object.entries({
      "src/charge.ts": 412,
      "src/refund.ts": 188,
      "src/ledger.ts": 931,
    })) {
      await parser.namespace(`${repo}files`).set(name, {
        lines,
        exports: [`${name.slice(4, -3)}Of`, "options"],
        issues:
          lines > 400
            ? [{ line: 57, severity: "high", text: "The amount is rounded before tax." }]
            : [],
      });
    }
    await pause(4);
    const report = reviewer.namespace(`${repo}review`);
    await report.set("report", { state: "started", findings: [] });
    await pause(4);
    await report.set("report", {
      state: "running",
      findings: [
        { file: "src/charge.ts", line: 57, severity: "high", text: "Round after tax, not before." },
      ],
    });
    await pause(4);
    await report.set("report", {
      state: "done",
      findings: [
        { file: "src/charge.ts", line: 57, severity: "high", text: "Round after tax, not before." },
        { file: "src/ledger.ts", line: 640, severity: "low", text: "This balance is read twice." },
      ],
      approved: false,
    });
    await pause(4);
    await writer
      .namespace(`${repo}review`)
      .set("answer", { to: "reviewer", text: "Both are corrected.", commit: "4f1c2aa" });
    await pause(3);
    await reviewer.namespace(`${repo}review`).set("verdict", { approved: true, by: "reviewer" });

    await pause(4);
    const work = "work:translate";
    for (let page = 1; page <= 24; page++) {
      await planner.namespace(work).set(`page:${String(page).padStart(2, "0")}`, {
        page,
        language: "pt-BR",
        words: 180 + page * 13,
      });
    }
    for (const [at, agent] of ["worker-a", "worker-b", "worker-c"].entries()) {
      const claims = as(agent).namespace(work);
      await pause(2);
      for (let done = 0; done < 3 - at; done++) {
        const task = await claims.claim({ keyPrefix: "page:", leaseSeconds: 300 });
        await pause(3);
        await task?.complete({ translated: true, by: agent });
      }
      await claims.claim({ keyPrefix: "page:", leaseSeconds: 300 });
    }
    await pause(4);
    const failing = as("worker-d").namespace(work);
    const task = await failing.claim({ keyPrefix: "page:", leaseSeconds: 300 });
    await task?.fail({ message: "The source page is empty." }, { retry: false });

    await writer.namespace("handoff").set("data-ready", { rows: 18_204, file: "orders.parquet" });
    await pause(4);
    await as("analyst")
      .namespace("handoff")
      .set("summary", { revenue: 48_210.5, currency: "EUR", trend: "up" });
    await pause(4);
    await planner.namespace("config/models").set("default", { model: "small", temperature: 0.2 });
    await planner.namespace("config/limits").set("tokens", 200_000);
    await pause(4);
    await writer.namespace("session:9f2e").set("draft", "Dear customer, …", { ttlSeconds: 540 });
  } finally {
    // Open claims stay open, because the board shows them.
    for (const store of stores) store.close();
  }
}
