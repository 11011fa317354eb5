import { deepStrictEqual } from "node:assert/strict";
import { query, refusal, subscribe } from "../client.ts";
import { claim, complete, get, renew, set } from "../operations.ts";

type Server = { readonly url: string; readonly token: string };
/** Sets the clock to the true time plus this offset. */
type SetClock = (offsetSeconds: number) => Promise<void>;

const namespace = "time";
const document = `subscription ($key: String) {
  entryChanged(namespace: "time", key: $key, snapshot: true) { kind }
}`;

const codeOf = async (call: Promise<unknown>) => (await refusal(call)).code;

/** Sets the clock forward over the end of a lease and of an entry, and back again. */
export async function checkLease(server: Server, setClock: SetClock): Promise<void> {
  const take = () => claim(server, { namespace, keyPrefix: "task", leaseSeconds: 60 });
  await using expiring = subscribe(server, document, { key: "short" });
  await expiring.next();
  await set(server, { namespace, key: "short", value: 1, ttlSeconds: 60 });
  await set(server, { namespace, key: "task", value: "to do" });
  const first = (await take()).claim;
  deepStrictEqual((await take()).entry, null);
  const held = { namespace, key: "task" };

  await setClock(3_600);
  deepStrictEqual(await get(server, "short", namespace), null);
  deepStrictEqual(await expiring.take(2), [{ kind: "SET" }, { kind: "EXPIRED" }]);
  deepStrictEqual(await codeOf(renew(server, { ...held, token: first.token })), "CLAIM_LOST");
  const second = (await take()).claim;
  deepStrictEqual([first.attempt, second.attempt], [1, 2]);
  const late = { ...held, token: first.token, value: "by the first" };
  deepStrictEqual(await codeOf(complete(server, late)), "CLAIM_LOST");

  // By the clock, the first lease would be valid again, but the entry was granted to another worker.
  await setClock(0);
  deepStrictEqual(await codeOf(complete(server, late)), "CLAIM_LOST");
  deepStrictEqual((await take()).entry, null);
  await complete(server, { ...held, token: second.token, value: "by the second" });
  deepStrictEqual((await take()).entry, null);

  // Timed work continues.
  await setClock(-3_600);
  await set(server, { namespace, key: "short", value: 2, ttlSeconds: 1 });
  deepStrictEqual(await expiring.take(2), [{ kind: "SET" }, { kind: "EXPIRED" }]);
  await setClock(0);
}

/** Sets the clock forward over the end of a token, and back again. */
export async function checkSession(
  server: Server,
  token: string,
  setClock: SetClock,
): Promise<void> {
  const key = "seen";
  const ask = () => query(server, "{ viewer { user } }", {}, { token });
  deepStrictEqual(await ask(), { viewer: { user: "local" } });
  await using before = subscribe(server, document, { key }, token);
  await before.next();
  await setClock(3_600);
  deepStrictEqual(await codeOf(ask()), "UNAUTHENTICATED");
  deepStrictEqual(await codeOf(before.rest()), "UNAUTHENTICATED");
  await setClock(0);
  deepStrictEqual(await ask(), { viewer: { user: "local" } });
  await using after = subscribe(server, document, { key }, token);
  deepStrictEqual(await after.next(), { kind: "CAUGHT_UP" });
  await set(server, { namespace, key, value: 1 });
  deepStrictEqual(await after.next(), { kind: "SET" });
  await query(
    server,
    'mutation { deleteEntry(input: { namespace: "time", key: "seen" }) { deleted } }',
  );
}
