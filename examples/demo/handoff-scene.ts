import assert from "node:assert/strict";
import type { DataStore, Revision } from "baton-store/client";
import { namespacesOf, type AnswerKey } from "../handoff/namespaces.ts";
import type { Cast } from "./cast.ts";
import { handedOver, incident, proved, title } from "./screen.ts";

const count = 6;

/**
 * A producer hands reports to a consumer, which is killed in the middle. Returns a function that prints the results.
 */
export async function playHandoff(
  store: DataStore,
  cast: Cast,
  namespace: string,
): Promise<() => void> {
  title("A handoff. The consumer is killed in the middle, and misses nothing.");
  const { handoffs, answers } = namespacesOf(store, namespace);
  const first = cast.start("handoff/consumer", namespace);
  await answers.waitFor("position"); // It has read that there is no handoff yet.
  const producer = cast.start("handoff/producer", String(count), namespace);
  const [, after] = await Promise.all([follow(), crash()]);
  const { length } = await answers.keys({ keyPrefix: "answer/" });
  assert.equal(length, count, "Not every report has a response.");
  return () =>
    proved(
      `${count} reports, each answered once, although the consumer was killed: it resumed after revision ${after}`,
    );

  /** Shows the changes of the store until every report is answered. */
  async function follow(): Promise<void> {
    const answered = new Set<AnswerKey>();
    for await (const change of store.watch({ namespacePrefix: namespace, snapshot: true })) {
      if (!change.entry) continue;
      const { agent, key, entry, revision } = change;
      if (change.namespace === handoffs.name) {
        handedOver(agent ?? "producer", "consumer", `${key}, revision ${revision}`);
      } else if (key.startsWith("answer/")) {
        assert.equal(entry.revision, entry.createdRevision, `${key} came twice.`);
        const { words } = entry.value as { words: number };
        handedOver(agent ?? "consumer", "producer", `${key}: ${words} words`);
        answered.add(key as AnswerKey);
      }
      if (answered.size === count) return;
    }
  }

  async function crash(): Promise<Revision> {
    await first.said("woke", 2);
    await first.kill();
    incident("killed the consumer, just after it woke for the second report");
    await producer.said("waiting");
    const second = cast.start("handoff/consumer", namespace);
    const goesOn = "resumes after revision ";
    await second.said(goesOn);
    const [said = ""] = second.lines.filter((line) => line.startsWith(goesOn));
    incident(`started the consumer again, which ${said}`);
    assert.equal(await producer.exit, 0);
    await second.kill();
    return said.slice(goesOn.length);
  }
}
