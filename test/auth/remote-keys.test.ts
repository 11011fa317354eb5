import type { RequestListener, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { jwtVerify } from "jose";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { RemoteKeys, type KeyTimes } from "../../src/auth/remote-keys.ts";
import { issuerKey, passTime, sendJson, TestIssuer, type IssuerKey } from "./test-issuer.ts";

let key: IssuerKey;
beforeAll(async () => {
  key = await issuerKey("one");
});
afterEach(() => vi.restoreAllMocks());

/** Keys that are found by discovery, and the notifications about them. */
function discovered(issuer: string, times: Partial<KeyTimes> = {}) {
  const notices: string[] = [];
  const listener = {
    failed: (error: unknown) => void notices.push((error as Error).message),
    recovered: () => void notices.push("recovered"),
  };
  return { keys: new RemoteKeys({ kind: "discovery", issuer }, listener, times), notices };
}

const html: RequestListener = (_request, response) =>
  void response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
const json =
  (body: unknown): RequestListener =>
  (_request, response) =>
    sendJson(response, body);
/** Sends a space every 10 ms, and never the end. */
const trickle: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  const timer = setInterval(() => response.write(" "), 10);
  response.once("close", () => clearInterval(timer));
};
/** Sends spaces until the client disconnects. */
const endless: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  sendSpaces(response);
};
const redirection: RequestListener = (_request, response) => {
  response.writeHead(302, { location: "/jwks" });
  sendSpaces(response);
};
function sendSpaces(response: ServerResponse): void {
  const spaces = " ".repeat(64 * 1024);
  const fill = () => {
    while (!response.destroyed && response.write(spaces));
  };
  response.on("drain", fill);
  fill();
}
/** 16 KiB that are 16 MiB when they are decompressed, although no compression was requested. */
const compressed = gzipSync(Buffer.alloc(16 * 1024 * 1024, " "));
const bomb: RequestListener = ({ headers }, response) => {
  expect(headers["accept-encoding"]).toBe("identity");
  response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
  response.end(compressed);
};

const well = "/.well-known/openid-configuration";
test.each<[string, string, RequestListener, RegExp]>([
  ["HTML instead of its configuration", well, html, /openid-configuration did not return JSON/],
  ["HTML instead of its keys", "/jwks", html, /jwks did not return JSON/],
  ["keys of the wrong form", "/jwks", json({ keys: 1 }), /jwks did not return a JWK Set/],
  ["a trickle instead of its configuration", well, trickle, /configuration.*took too long/],
  ["a trickle instead of its keys", "/jwks", trickle, /jwks.*took too long/],
  ["an endless configuration", well, endless, /configuration.*more than 1048576 bytes/],
  ["endless keys", "/jwks", endless, /jwks.*more than 1048576 bytes/],
  ["compressed keys that are large", "/jwks", bomb, /jwks.*more than 1048576 bytes/],
  ["an endless redirection", well, redirection, /configuration returned HTTP 302/],
  ["HTTP 404", well, (_request, response) => response.writeHead(404).end(), /HTTP 404/],
  ["null", well, json(null), /names no value as its issuer/],
  ["another issuer's name", well, json({ issuer: "https://b" }), /names "https:\/\/b" as/],
])(
  "requests an issuer that returns %s once per pause, and reports it once",
  async (_case, path, answer, message) => {
    await using issuer = await TestIssuer.start(key);
    const publishing = issuer.answer;
    let requests = 0;
    issuer.answer = (request, response) => {
      if (request.url !== path) return publishing(request, response);
      requests++;
      answer(request, response);
    };
    const { keys, notices } = discovered(issuer.url, answer === trickle ? { readMs: 200 } : {});
    const jwt = await issuer.sign(key);
    const calls = [1, 2, 3].map(() => jwtVerify(jwt, keys.find));
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
    await expect(jwtVerify(jwt, keys.find)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(keys.read()).rejects.toThrow(message);
    expect(requests).toBe(1);

    passTime(1_100);
    await expect(keys.read()).rejects.toThrow(message);
    expect(requests).toBe(2);
    expect(notices).toEqual([expect.stringMatching(message)]);

    issuer.answer = publishing;
    passTime(1_100);
    expect((await jwtVerify(jwt, keys.find)).payload.sub).toBe("ann");
    expect(notices.slice(1)).toEqual(["recovered"]);
  },
);

test("does not request an issuer again that refused a connection, and names the refusal", async () => {
  const gone = await TestIssuer.start(key);
  await gone[Symbol.asyncDispose]();
  const { keys, notices } = discovered(gone.url);
  await expect(keys.read()).rejects.toThrow(/ECONNREFUSED/);
  const fetching = vi.spyOn(globalThis, "fetch");
  await expect(keys.read()).rejects.toThrow(/ECONNREFUSED/);
  expect(fetching).not.toHaveBeenCalled();
  expect(notices).toEqual([expect.stringMatching(/ECONNREFUSED/)]);
});

test("reads the configuration and the keys within one bound", async () => {
  await using issuer = await TestIssuer.start(key);
  const publishing = issuer.answer;
  const readMs = 600;
  let answeredAt = 0;
  issuer.answer = (request, response) => {
    // The request for the keys gets no response.
    if (request.url !== well) return;
    setTimeout(() => {
      answeredAt = performance.now();
      publishing(request, response);
    }, 400);
  };
  const { keys } = discovered(issuer.url, { readMs });
  await expect(keys.read()).rejects.toThrow(/jwks cannot be read: its response took too long/);
  expect(performance.now() - answeredAt).toBeLessThan(readMs - 100);
});

test("keeps the keys that were read, and requests the issuer for an unknown key only after the cooldown, also after a failure", async () => {
  await using issuer = await TestIssuer.start(key);
  const { keys } = discovered(issuer.url);
  const [known, unknown] = [await issuer.sign(key), await issuer.sign(key, {}, { kid: "none" })];
  await jwtVerify(known, keys.find);
  issuer.answer = html;
  await expect(jwtVerify(unknown, keys.find)).rejects.toMatchObject({
    code: "ERR_JWKS_NO_MATCHING_KEY",
  });
  let requests = 0;
  issuer.answer = (request, response) => {
    requests++;
    html(request, response);
  };
  passTime(11_000);
  for (let times = 0; times < 3; times++) {
    await expect(jwtVerify(unknown, keys.find)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await jwtVerify(known, keys.find);
    passTime(3_000);
  }
  expect(requests).toBe(1);
  passTime(2_000);
  await expect(jwtVerify(unknown, keys.find)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(requests).toBe(2);
});
