import { expect, test } from "vitest";
import type { Command } from "../../src/store/commit/command.ts";
import { RecordAllowance } from "../../src/store/commit/record-allowance.ts";

const call = (operations: number) =>
  ({ userId: "a", operations: Array.from({ length: operations }) }) as unknown as Command;

test("G9: only committed transactions spend the allowance of records", () => {
  const allowance = new RecordAllowance(4);
  const failed = allowance.begin();
  failed.count(call(4));
  // Within a transaction, the earlier calls count.
  expect(failed.refusal(call(1), true)).toMatchObject({ code: "RATE_LIMITED" });
  expect(failed.refusal(call(1), false)).toBeNull();

  const committed = allowance.begin();
  expect(committed.refusal(call(1), true)).toBeNull();
  committed.count(call(4));
  committed.spend();
  expect(allowance.begin().refusal(call(1), true)).toMatchObject({ code: "RATE_LIMITED" });
});

test("G9: a call of more operations than the allowance delays the next delete by less than a day", () => {
  const allowance = new RecordAllowance(100);
  const counts = allowance.begin();
  counts.count(call(1_000));
  counts.spend();
  expect(allowance.begin().refusal(call(1), false)).toBeNull();
});
