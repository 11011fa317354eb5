import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from "jose";
import { vi } from "vitest";

/** A key pair of an issuer, and the public part that it publishes. */
export interface IssuerKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
  readonly privateJwk: JWK;
}

export async function issuerKey(kid: string, alg = "RS256"): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const marks = { kid, alg, use: "sig" };
  return {
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), ...marks },
    privateJwk: { ...(await exportJWK(privateKey)), ...marks },
  };
}

/** An issuer of JWTs on a port of this machine. Its responses can be changed while it runs. */
export class TestIssuer implements AsyncDisposable {
  readonly url: string;
  /** Handles every request. */
  answer: RequestListener;
  /** The number of requests for its keys. */
  reads = 0;
  readonly #close: () => Promise<void>;

  private constructor(url: string, keys: readonly IssuerKey[], close: () => Promise<void>) {
    this.url = url;
    this.answer = this.publishing(keys);
    this.#close = close;
  }

  static async start(...keys: IssuerKey[]): Promise<TestIssuer> {
    const http = createServer((request, response) => {
      if (request.url === "/jwks") issuer.reads++;
      issuer.answer(request, response);
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    const issuer = new TestIssuer(`http://127.0.0.1:${port}`, keys, async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });
    return issuer;
  }

  /** Responds like an issuer with these keys. */
  publishing(keys: readonly IssuerKey[]): RequestListener {
    return ({ url }, response) => {
      if (url === "/jwks") return sendJson(response, { keys: keys.map(({ jwk }) => jwk) });
      if (url === "/.well-known/openid-configuration") {
        return sendJson(response, { issuer: this.url, jwks_uri: `${this.url}/jwks` });
      }
      response.writeHead(404).end();
    };
  }

  /** A JWT that the server accepts, except for the given changes. */
  sign(
    { privateKey, jwk }: IssuerKey,
    claims: JWTPayload & Record<string, unknown> = {},
    header: Record<string, unknown> = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const payload = { iss: this.url, aud: "baton", sub: "ann", exp: now + 60, scope: "read write" };
    return new SignJWT({ ...payload, ...claims })
      .setProtectedHeader({ alg: jwk.alg as string, kid: jwk.kid as string, ...header })
      .sign(privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

const monotonic = performance.now.bind(performance);

/** Moves the monotonic clock, but not the timers. `vi.restoreAllMocks` moves it back. */
export function passTime(ms: number): void {
  const aheadMs = performance.now() - monotonic() + ms;
  vi.spyOn(performance, "now").mockImplementation(() => monotonic() + aheadMs);
}

/** Moves the clock past the time after which a server reads the keys again for an unknown key. */
export function passCooldown(): void {
  passTime(11_000);
}

export function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}
