import { describe, expect, test } from "vitest";
import { SharedMemory } from "../src/store/shared-memory.ts";

/** Runs what waits for resolved promises. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("G9 G14: memory that all users share", () => {
  test("is given to each user's requests in order of arrival, and to waiting users in turn", async () => {
    const memory = new SharedMemory(100);
    const served: string[] = [];
    const reserve = (user: string, bytes: number) =>
      void memory.reserve(user, bytes).then(() => served.push(`${user} ${bytes}`));
    for (const user of ["ann", "bob"]) memory.add(user, 50);
    reserve("ann", 40);
    reserve("ann", 5);
    reserve("bob", 41);
    await settle();
    expect(served).toEqual([]);
    memory.remove("ann", 30);
    // It fits, but an earlier request of the same user does not.
    reserve("ann", 1);
    await settle();
    expect(served).toEqual([]);
    memory.remove("bob", 50);
    memory.remove("ann", 20);
    await settle();
    expect(served).toEqual(["bob 41", "ann 40"]);
    memory.remove("ann", 40);
    await settle();
    expect(served).toEqual(["bob 41", "ann 40", "ann 5", "ann 1"]);
    expect(memory.bytes).toBe(47);
  });

  test("spends no time on thousands of requests that it has no room for", async () => {
    const memory = new SharedMemory(1_000_000);
    memory.add("ann", 500_000);
    let served = 0;
    for (let index = 0; index < 5_000; index++) {
      void memory.reserve("ann", 500).then(
        () => served++,
        () => {},
      );
    }
    const begin = process.cpuUsage();
    for (let index = 0; index < 100; index++) {
      memory.add("ann", 100);
      memory.remove("ann", 100);
      await settle();
    }
    const { user, system } = process.cpuUsage(begin);
    expect(served).toBe(0);
    expect((user + system) / 1_000).toBeLessThan(250);
    memory.remove("ann", 500_000);
    await settle();
    expect(served).toBe(1_000);
  });
});
