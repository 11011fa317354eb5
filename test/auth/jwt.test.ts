import { once } from "node:events";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportSPKI, SignJWT, UnsecuredJWT } from "jose";
import pino from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { defaultConfig, type Config } from "../../src/config.ts";
import { JwtSessions } from "../../src/auth/jwt-sessions.ts";
import { maxTriedKeys } from "../../src/auth/jwt-keys.ts";
import { JwtVerifier } from "../../src/auth/jwt-verifier.ts";
import { jwtOptions } from "../../src/auth/jwt-options.ts";
import { nextTurn } from "../../src/event-loop.ts";
import { startServer } from "../../src/server.ts";
import { query, refusal, request, socketClient, subscribeOn } from "../client.ts";
import { LogLines } from "../log-lines.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { issuerKey, passCooldown, passTime, TestIssuer, type IssuerKey } from "./test-issuer.ts";

const whoAmI = "{ viewer { user agent grants { scopes namespacePattern } } }";

describe("JWTs by a JWKS URL", () => {
  let issuer: TestIssuer;
  let key: IssuerKey;
  let stranger: IssuerKey;
  let server: TestServer;
  beforeAll(async () => {
    [key, stranger] = await Promise.all([issuerKey("one"), issuerKey("one")]);
    issuer = await TestIssuer.start(key);
    server = await startTestServer({
      jwtIssuer: issuer.url,
      jwtAudience: "baton",
      jwtJwksUrl: `${issuer.url}/jwks`,
      jwtSkewSeconds: 5,
    });
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await server.close();
    await issuer[Symbol.asyncDispose]();
  });

  const viewerOf = async (token: string) => (await query(server, whoAmI, {}, { token })).viewer;
  const now = () => Math.floor(Date.now() / 1_000);

  test("reads user, agent, scopes and namespaces from claims, and ignores unknown scopes", async () => {
    expect(await viewerOf(await issuer.sign(key))).toEqual({
      user: "ann",
      agent: null,
      grants: [{ scopes: ["READ", "WRITE", "CLAIM"], namespacePattern: "*" }],
    });
    const claims = {
      agent: "reader",
      scope: "openid read profile",
      namespaces: ["files:*", "summary"],
    };
    expect(await viewerOf(await issuer.sign(key, claims))).toEqual({
      user: "ann",
      agent: "reader",
      grants: [
        { scopes: ["READ"], namespacePattern: "files:*" },
        { scopes: ["READ"], namespacePattern: "summary" },
      ],
    });
    const grants = ["read files:*", "write,read summary:*"];
    expect((await viewerOf(await issuer.sign(key, { grants }))).grants).toEqual([
      { scopes: ["READ"], namespacePattern: "files:*" },
      { scopes: ["READ", "WRITE"], namespacePattern: "summary:*" },
    ]);
    expect((await viewerOf(await issuer.sign(key, { scope: "openid" }))).grants).toEqual([]);
  });

  test("G9: bounds of a token count all JWTs of one user, client and agent together", async () => {
    const options = jwtOptions(
      defaultConfig({
        jwtIssuer: issuer.url,
        jwtAudience: "baton",
        jwtJwksUrl: `${issuer.url}/jwks`,
      }),
    );
    const listener = { failed() {}, recovered() {} };
    const verifier = await JwtVerifier.open(options!, defaultConfig(), listener);
    const idOf = async (claims: object) =>
      (await verifier.verify(await issuer.sign(key, { ...claims }))).tokenId;
    const id = await idOf({ azp: "one" });
    expect(id).toMatch(/^jwt_[0-9a-f]{12}$/);
    const same = [
      { azp: "one", jti: "another" },
      { azp: "one", scope: "read" },
      { client_id: "one" },
    ];
    expect(await Promise.all(same.map(idOf))).toEqual([id, id, id]);
    const others = [
      {},
      { azp: "two" },
      { azp: ["one"] },
      { azp: "one", agent: "reader" },
      { azp: "one", sub: "bob" },
    ];
    const ids = await Promise.all(others.map(idOf));
    // A claim of another form counts as none.
    expect(ids[2]).toBe(ids[0]);
    expect(new Set([id, ...ids]).size).toBe(5);
  });

  test("G1: a JWT reaches only its user's store, within its grants", async () => {
    const token = await issuer.sign(key, { sub: "isolated", grants: ["read,write files:*"] });
    const set = (namespace: string) =>
      query(
        server,
        `mutation { setEntry(input: { namespace: "${namespace}", key: "k", value: 1 }) { revision } }`,
        {},
        { token },
      );
    expect((await set("files:a")).setEntry.revision).toBe("1");
    expect((await refusal(set("other"))).code).toBe("FORBIDDEN");
  });

  test.each<[string, () => Promise<string> | string, RegExp]>([
    ["a key of another", () => issuer.sign(stranger), /not a valid JWT/],
    ["an unknown key", () => issuer.sign(key, {}, { kid: "none" }), /not a valid JWT/],
    [
      "alg: none",
      () =>
        new UnsecuredJWT({ sub: "ann", scope: "read" })
          .setIssuer(issuer.url)
          .setAudience("baton")
          .setExpirationTime("1m")
          .encode(),
      /algorithm|valid JWT/,
    ],
    [
      "alg: none with the key's name",
      async () => {
        const [, payload] = (await issuer.sign(key)).split(".");
        return `${encode({ alg: "none", kid: "one" })}.${payload}.`;
      },
      /algorithm|valid JWT/,
    ],
    [
      "the public key used as a shared secret",
      async () => {
        const [, payload] = (await issuer.sign(key)).split(".");
        const signed = `${encode({ alg: "HS256", kid: "one" })}.${payload}`;
        const secret = await exportSPKI(key.publicKey);
        return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
      },
      /algorithm/,
    ],
    [
      "the public key as JSON used as a shared secret",
      () =>
        new SignJWT({ iss: issuer.url, aud: "baton", sub: "ann", exp: now() + 60 })
          .setProtectedHeader({ alg: "HS256", kid: "one" })
          .sign(new TextEncoder().encode(JSON.stringify(key.jwk))),
      /algorithm/,
    ],
    [
      "its own key in its header",
      () => issuer.sign(stranger, {}, { jwk: stranger.jwk, kid: undefined }),
      /not a valid JWT/,
    ],
    ["expired, beyond the skew", () => issuer.sign(key, { exp: now() - 6 }), /expired/],
    ["not valid yet", () => issuer.sign(key, { nbf: now() + 60 }), /not valid yet/],
    ["another audience", () => issuer.sign(key, { aud: "other" }), /"aud"/],
    ["another issuer", () => issuer.sign(key, { iss: "https://other.example" }), /"iss"/],
    [
      "no expiry",
      () => issuer.sign(key, { exp: undefined }),
      /has no claim "exp", which is required/,
    ],
    ["an expiry that is null", () => issuer.sign(key, { exp: null as never }), /"exp".*a number/],
    [
      "no user",
      () => issuer.sign(key, { sub: undefined }),
      /has no claim "sub", which is required/,
    ],
    ["a user that is a number", () => issuer.sign(key, { sub: 7 as never }), /"sub"/],
    ["a user without a name", () => issuer.sign(key, { sub: "" }), /sub: A user must/],
    [
      "a user with a control character",
      () => issuer.sign(key, { sub: "a\nb" }),
      /sub: A user must/,
    ],
    ["an agent without a name", () => issuer.sign(key, { agent: "" }), /agent: An agent's name/],
    ["scopes of the wrong form", () => issuer.sign(key, { scope: { read: true } }), /"scope"/],
    ["namespaces of the wrong form", () => issuer.sign(key, { namespaces: [7] }), /"namespaces"/],
    ["an invalid pattern", () => issuer.sign(key, { namespaces: "a*b" }), /pattern/],
    ["invalid grants", () => issuer.sign(key, { grants: ["all *"] }), /"grants"/],
    ["a changed payload", async () => changed(await issuer.sign(key)), /not a valid JWT/],
    ["three meaningless parts", () => "a.b.c", /not a valid JWT/],
    ["a very long one", () => `${"a".repeat(9_000)}.${"b".repeat(9_000)}.c`, /./],
  ])("G1: refused over HTTP and WebSocket: %s", async (_case, make, message) => {
    const token = await make();
    if (token.length < 16_000) {
      const { status, errors } = await request(server.url, token, whoAmI);
      expect([status, errors?.[0]?.extensions.code]).toEqual([401, "UNAUTHENTICATED"]);
      expect(errors?.[0]?.message).toMatch(message);
    }
    const client = socketClient(server.url, { token });
    const { code } = await refusal(subscribeOn(client, whoAmI).next());
    await client.dispose();
    expect(code).toBe("UNAUTHENTICATED");
  });

  test("accepts a JWT within the skew after its expiry, and then ends its subscriptions", async () => {
    const token = await issuer.sign(key, { exp: now() - 3 });
    const client = socketClient(server.url, { token });
    await using events = subscribeOn(
      client,
      `subscription { entryChanged(snapshot: true) { kind } }`,
    );
    expect(await events.next()).toEqual({ kind: "CAUGHT_UP" });
    const ended = await refusal(events.next());
    expect([ended.code, ended.message]).toEqual([
      "UNAUTHENTICATED",
      expect.stringMatching(/expired/),
    ]);
    expect((await request(server.url, token, whoAmI)).status).toBe(401);
  });

  test("reads a new key without a restart, and accepts the old one while it is published", async () => {
    await using own = await TestIssuer.start(key);
    await using rotating = await startTestServer({ jwtIssuer: own.url, jwtAudience: "baton" });
    const before = await own.sign(key);
    expect((await request(rotating.url, before, whoAmI)).status).toBe(200);
    const next = await issuerKey("two", "ES256");
    own.answer = own.publishing([key, next]);
    // The keys were read a moment ago, so an unknown key does not make the server read them again.
    expect((await request(rotating.url, await own.sign(next), whoAmI)).status).toBe(401);
    expect(own.reads).toBe(1);
    passCooldown();
    expect((await request(rotating.url, await own.sign(next), whoAmI)).status).toBe(200);
    expect(own.reads).toBe(2);
    expect((await request(rotating.url, before, whoAmI)).status).toBe(200);
  });

  test("tries each key that fits a JWT without a key's name, up to a maximum", async () => {
    const keys = await Promise.all(
      Array.from({ length: maxTriedKeys + 1 }, (_, index) => issuerKey(`key ${index}`, "ES256")),
    );
    const [first, second] = keys as [IssuerKey, IssuerKey];
    const tried = keys[maxTriedKeys - 1]!;
    const beyond = keys[maxTriedKeys]!;
    await using own = await TestIssuer.start(first, second);
    const config = { jwtIssuer: own.url, jwtAudience: "baton" };
    await using two = await startTestServer(config);
    const unnamed = { kid: undefined };
    const statusAt = async ({ url }: TestServer, token: Promise<string>) =>
      (await request(url, await token, whoAmI)).status;
    expect(await statusAt(two, own.sign(first, {}, unnamed))).toBe(200);
    expect(await statusAt(two, own.sign(second, {}, unnamed))).toBe(200);
    expect(await statusAt(two, own.sign(beyond, {}, unnamed))).toBe(401);
    expect(await statusAt(two, own.sign(second, { aud: "other" }, unnamed))).toBe(401);
    expect(await statusAt(two, own.sign(second, { exp: now() - 60 }, unnamed))).toBe(401);

    own.answer = own.publishing(keys);
    await using many = await startTestServer(config);
    expect(await statusAt(many, own.sign(tried, {}, unnamed))).toBe(200);
    expect(await statusAt(many, own.sign(beyond, {}, unnamed))).toBe(401);
    expect(await statusAt(many, own.sign(beyond))).toBe(200);
  });

  test("refuses a JWT of a published key that is too short, and tries the other keys", async () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    const short = { kid: "short", alg: "RS256", use: "sig" };
    await using own = await TestIssuer.start(
      {
        ...key,
        jwk: { ...publicKey.export({ format: "jwk" }), ...short },
      },
      key,
    );
    await using mixed = await startTestServer({ jwtIssuer: own.url, jwtAudience: "baton" });
    const unnamed = await own.sign(key, {}, { kid: undefined });
    expect((await request(mixed.url, unnamed, whoAmI)).status).toBe(200);
    const named = await request(mixed.url, await own.sign(key, {}, { kid: "short" }), whoAmI);
    expect([named.status, named.errors?.[0]?.message]).toEqual([
      401,
      expect.stringMatching(/key of this token cannot be used/),
    ]);
  });

  test("reports UNAVAILABLE for a JWT while the issuer does not respond, without delaying other tokens, and logs the cause", async () => {
    await using own = await TestIssuer.start(key);
    const log = new LogLines();
    await using waiting = await startTestServer(
      { jwtIssuer: own.url, jwtAudience: "baton", jwtJwksUrl: `${own.url}/jwks` },
      undefined,
      pino({ level: "info" }, log.stream),
    );
    const jwt = await own.sign(key);
    const asked = new Promise<() => void>((resolve) => {
      own.answer = (_request, response) => resolve(() => response.writeHead(500).end());
    });
    let isAnswered = false;
    const pending = request(waiting.url, jwt, whoAmI).finally(() => (isAnswered = true));
    const release = await asked;
    for (let times = 0; times < 20; times++) {
      expect((await request(waiting.url, waiting.token, whoAmI)).status).toBe(200);
    }
    expect(isAnswered).toBe(false);
    release();
    const { status, errors } = await pending;
    expect([status, errors?.[0]?.extensions.code]).toEqual([503, "UNAVAILABLE"]);
    // Not every request makes the server ask the issuer again.
    expect((await request(waiting.url, jwt, whoAmI)).status).toBe(503);
    expect(own.reads).toBe(1);
    own.answer = own.publishing([key]);
    passTime(1_100);
    expect((await request(waiting.url, jwt, whoAmI)).status).toBe(200);
    expect(log.all.filter(({ msg }) => /identity provider/.test(String(msg)))).toEqual([
      expect.objectContaining({ level: 40, cause: `${own.url}/jwks returned HTTP 500.` }),
      expect.objectContaining({ level: 30, msg: expect.stringMatching(/works again/) }),
    ]);
  });
});

/** The sessions of JWTs that an issuer signs. Its keys have a separate address. */
async function openSessions({ url }: TestIssuer): Promise<JwtSessions> {
  const config = defaultConfig({
    jwtIssuer: url,
    jwtAudience: "baton",
    jwtJwksUrl: `${url}/jwks`,
  });
  const reports = { failed: () => {}, recovered: () => {} };
  return new JwtSessions(await JwtVerifier.open(jwtOptions(config)!, config, reports));
}

describe("verified JWTs", () => {
  afterEach(() => vi.restoreAllMocks());

  test("are verified once, end when their key is withdrawn, and continue while the issuer is unreachable", async () => {
    const key = await issuerKey("one");
    await using issuer = await TestIssuer.start(key);
    const sessions = await openSessions(issuer);
    const jwt = await issuer.sign(key);
    const token = await sessions.find(jwt);
    expect(sessions.find(jwt)).toBe(token);
    const { ended } = token!.session(undefined);
    ended.addEventListener("abort", () => {});

    issuer.answer = (_request, response) => response.writeHead(500).end();
    await expect(sessions.reverify()).rejects.toThrow("500");
    expect(await sessions.find(jwt)).toBe(token);
    expect(ended.aborted).toBe(false);

    const next = await issuerKey("two");
    issuer.answer = issuer.publishing([next]);
    const gone = once(ended, "abort");
    passTime(1_100);
    await sessions.reverify();
    await gone;
    await expect(async () => sessions.find(jwt)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });

    const valid = await sessions.find(await issuer.sign(next));
    const following = valid!.session(undefined).ended;
    following.addEventListener("abort", () => {});
    passTime(1_100);
    await sessions.reverify();
    expect(following.aborted).toBe(false);
  });

  test("G14: many that expire at the same time end in turns", async () => {
    const key = await issuerKey("one");
    await using issuer = await TestIssuer.start(key);
    const sessions = await openSessions(issuer);
    let inTurn = 0;
    let most = 0;
    let total = 0;
    for (let count = 0; count < 40; count++) {
      const token = await sessions.find(await issuer.sign(key, { jti: String(count) }));
      token!.session(undefined).ended.addEventListener("abort", () => {
        for (const begin = performance.now(); performance.now() - begin < 5;);
        most = Math.max(most, ++inTurn);
        total++;
      });
    }
    // An earlier test has moved the clock, by which the event loop's turns are measured. This begins another turn.
    await nextTurn("ann");
    const turns = setInterval(() => (inTurn = 0));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 86_400_000 });
    await sessions.check();
    vi.useRealTimers();
    clearInterval(turns);
    expect(total).toBe(40);
    expect(most).toBeLessThan(20);
  });
});

describe("JWTs with a shared secret", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-test-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const common = { jwtIssuer: "https://issuer.example", jwtAudience: "baton" };
  const file = async (secret: string) => {
    const path = join(folder, `secret-${secret.length}`);
    await writeFile(path, `${secret}\n`);
    return path;
  };

  test("accepts only HS256 with that secret, with other names of the claims", async () => {
    const secret = "s".repeat(32);
    await using server = await startTestServer({
      ...common,
      jwtSecretFile: await file(secret),
      jwtUserClaim: "https://example/user",
      jwtScopesClaim: "scp",
    });
    const sign = (text: string, alg = "HS256") =>
      new SignJWT({ "https://example/user": "ann", scp: ["read"] })
        .setProtectedHeader({ alg })
        .setIssuer(common.jwtIssuer)
        .setAudience(["other", "baton"])
        .setExpirationTime("1m")
        .sign(new TextEncoder().encode(text));
    const { data } = await request(server.url, await sign(secret), whoAmI);
    expect(data?.viewer).toMatchObject({
      user: "ann",
      grants: [{ scopes: ["READ"], namespacePattern: "*" }],
    });
    expect((await request(server.url, await sign("t".repeat(32)), whoAmI)).status).toBe(401);
    expect((await request(server.url, await sign(secret.repeat(2), "HS512"), whoAmI)).status).toBe(
      401,
    );
    const rsa = await issuerKey("rsa");
    const signed = await new SignJWT({ "https://example/user": "ann" })
      .setProtectedHeader({ alg: "RS256" })
      .setIssuer(common.jwtIssuer)
      .setAudience("baton")
      .setExpirationTime("1m")
      .sign(rsa.privateKey);
    expect((await request(server.url, signed, whoAmI)).status).toBe(401);
  });

  test("a secret is rotated without a restart: the file has both secrets for a while", async () => {
    const [first, second] = ["1".repeat(32), "2".repeat(33)];
    const jwtSecretFile = join(folder, "rotated");
    const config = { ...common, jwtSecretFile, dataDir: join(folder, "data"), port: 0 };
    await writeFile(jwtSecretFile, `${first}\n`);
    const lines = new LogLines();
    const server = await startServer(defaultConfig(config), pino({ level: "warn" }, lines.stream));
    const reload = async () => server.reloads.get("the keys of JWTs")?.();
    const sign = (secret: string) =>
      new SignJWT({ sub: "ann", scope: "read" })
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer(common.jwtIssuer)
        .setAudience("baton")
        .setExpirationTime("1m")
        .sign(new TextEncoder().encode(secret));
    const jwts = [await sign(first), await sign(second), await sign(`${first}\n${second}`)];
    const statuses = () =>
      Promise.all(
        jwts.map(async (jwt) => (await request(server.url, jwt, "{ __typename }")).status),
      );
    try {
      expect(await statuses()).toEqual([200, 401, 401]);
      await writeFile(jwtSecretFile, `${first}\r\n\n${second}`);
      await reload();
      expect(await statuses()).toEqual([200, 200, 401]);
      await writeFile(jwtSecretFile, `${second}\n`);
      await reload();
      expect(await statuses()).toEqual([401, 200, 401]);
      await writeFile(jwtSecretFile, "short");
      await expect(reload()).rejects.toThrow(/32 bytes/);
      await writeFile(jwtSecretFile, `${first}\n`.repeat(maxTriedKeys + 1));
      await expect(reload()).rejects.toThrow(/at most 8 secrets/);
      expect(await statuses()).toEqual([401, 200, 401]);
      expect(lines.all).toMatchObject([{ msg: expect.stringMatching(/previous secrets stay/) }]);
    } finally {
      await server.close();
    }
  });

  test.each<[string, Partial<Config> | (() => Promise<Partial<Config>>), RegExp]>([
    ["no audience", { jwtIssuer: "https://issuer.example" }, /--jwt-audience/],
    ["no issuer", { jwtAudience: "baton" }, /--jwt-issuer/],
    ["keys and a secret", { ...common, jwtJwksUrl: "https://a", jwtSecretFile: "b" }, /not both/],
    ["a short secret", async () => ({ ...common, jwtSecretFile: await file("short") }), /32 bytes/],
    ["no secret", { ...common, jwtSecretFile: "/nowhere/secret" }, /cannot be read/],
    ["keys over plain HTTP", { ...common, jwtJwksUrl: "http://keys.example/jwks" }, /https/],
    ["an issuer over plain HTTP", { ...common, jwtIssuer: "http://issuer.example" }, /https/],
    ["HS256 with public keys", { ...common, jwtAlgorithms: "RS256,HS256" }, /HS256.*public keys/],
    ["no algorithm", { ...common, jwtAlgorithms: "none" }, /none/],
    [
      "RS256 with a secret",
      async () => ({
        ...common,
        jwtSecretFile: await file("s".repeat(40)),
        jwtAlgorithms: "RS256",
      }),
      /RS256.*shared secret/,
    ],
  ])("the server does not start with %s", async (_case, config, message) => {
    const given = typeof config === "function" ? await config() : config;
    await expect(startTestServer(given)).rejects.toThrow(message);
  });
});

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** The same signature with another user. */
function changed(jwt: string): string {
  const [header, payload = "", signature] = jwt.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  return [header, encode({ ...claims, sub: "local" }), signature].join(".");
}
