import { Provider } from "oidc-provider";
import { afterEach, expect, test, vi } from "vitest";
import { query, request } from "../client.ts";
import { startTestServer } from "../server.ts";
import { issuerKey, passCooldown, TestIssuer, type IssuerKey } from "./test-issuer.ts";

const secret = "of a client, for this test alone";

/** A provider that issues JWTs for Baton to its clients. */
function provider(url: string, keys: readonly IssuerKey[]): Provider {
  return new Provider(url, {
    jwks: { keys: keys.map(({ privateJwk }) => privateJwk) },
    clients: [
      {
        client_id: "summariser",
        client_secret: secret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => "urn:baton",
        getResourceServerInfo: () => ({
          scope: "read write claim",
          audience: "urn:baton",
          accessTokenFormat: "jwt",
          accessTokenTTL: 60,
        }),
      },
    },
    extraTokenClaims: () => ({ agent: "summariser 1", namespaces: ["files:*"] }),
  });
}

async function accessToken(url: string): Promise<string> {
  const response = await fetch(`${url}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`summariser:${encodeURIComponent(secret)}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "read write" }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

afterEach(() => vi.restoreAllMocks());

test("accepts a JWT of an OpenID provider that is found by discovery, and one that is signed with its next key", async () => {
  const [first, second] = await Promise.all([issuerKey("first"), issuerKey("second")]);
  await using issuer = await TestIssuer.start();
  issuer.answer = provider(issuer.url, [first]).callback();
  await using server = await startTestServer({ jwtIssuer: issuer.url, jwtAudience: "urn:baton" });

  const token = await accessToken(issuer.url);
  const { viewer } = await query(
    server,
    "{ viewer { user agent grants { scopes namespacePattern } } }",
    {},
    { token },
  );
  expect(viewer).toEqual({
    user: "summariser",
    agent: "summariser 1",
    grants: [{ scopes: ["READ", "WRITE", "CLAIM"], namespacePattern: "files:*" }],
  });

  // The provider signs with its first key.
  issuer.answer = provider(issuer.url, [second, first]).callback();
  passCooldown();
  for (const each of [token, await accessToken(issuer.url)]) {
    expect((await request(server.url, each, "{ viewer { user } }")).status).toBe(200);
  }
});
