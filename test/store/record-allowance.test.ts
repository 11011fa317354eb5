import { expect, test } from "vitest";
import type { Command } from "../../src/store/commit/command.ts";
import { RecordAllowance } from "../../src/store/commit/record-allowance.ts";

const call = { userId: "a" } as Command;

test("G9: only committed transactions spend the allowance of records", () => {
  const allowance = new RecordAllowance(4);
  // Within a transaction that then fails, the earlier calls count.
  expect(allowance.refusal(call, true, 4)).toMatchObject({ code: "RATE_LIMITED" });
  expect(allowance.refusal(call, false, 4)).toBeNull();

  expect(allowance.refusal(call, true, 0)).toBeNull();
  allowance.spend(new Map([["a", 4]]));
  expect(allowance.refusal(call, true, 0)).toMatchObject({ code: "RATE_LIMITED" });
});

test("G9: a call of more operations than the allowance delays the next delete by less than a day", () => {
  const allowance = new RecordAllowance(100);
  allowance.spend(new Map([["a", 1_000]]));
  expect(allowance.refusal(call, false, 0)).toBeNull();
});
