import { describe, expect, test } from "vitest";
import { translateErrors } from "../../src/database/postgres/errors.ts";

/** An error of Prisma with PostgreSQL's state. */
function databaseError(originalCode: string): Error {
  const cause = { kind: "postgres", originalCode, message: "terminating connection" };
  return Object.assign(new Error("Raw query failed."), {
    code: "P2010",
    meta: { driverAdapterError: { cause } },
  });
}

const codeOf = async (state: string): Promise<unknown> =>
  translateErrors(() => Promise.reject(databaseError(state))).catch(
    ({ code }: { code: unknown }) => code,
  );

describe("G10: states of PostgreSQL", () => {
  test.each([
    ["57P01", "an administrator ended the connection"],
    ["57P02", "a crash ended it"],
    ["57P03", "the server starts or stops"],
    ["57P04", "the database was dropped"],
    ["57P05", "idle_session_timeout"],
    ["25P03", "idle_in_transaction_session_timeout"],
    ["25P04", "transaction_timeout"],
    ["53000", "resources"],
    ["53100", "the disk is full"],
    ["53200", "memory"],
    ["53300", "connections"],
    ["53400", "a configured limit"],
    ["55P03", "lock_timeout"],
    ["57014", "statement_timeout"],
  ])("%s (%s) is UNAVAILABLE", async (state) => {
    expect(await codeOf(state)).toBe("UNAVAILABLE");
  });

  test.each(["25P01", "25P02", "22003", "42601"])(
    "%s is an error of this server",
    async (state) => {
      expect(await codeOf(state)).toBe("P2010");
    },
  );
});
