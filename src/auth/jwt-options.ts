import type { Config } from "../config.ts";
import { StartError } from "../start-error.ts";
import { isThisMachine } from "../this-machine.ts";
import type { ClaimNames } from "./jwt-claims.ts";

/** The source of the public keys of an identity provider. */
export type RemoteKeyPlace =
  | { readonly kind: "jwks"; readonly url: URL }
  | { readonly kind: "discovery"; readonly issuer: string };

/** The source of the keys that verify JWTs. */
export type KeyPlace = { readonly kind: "secret"; readonly file: string } | RemoteKeyPlace;

/** Which JWTs are accepted, and the meaning of their claims. */
export interface JwtOptions {
  readonly keys: KeyPlace;
  /** Only tokens that are signed with one of these algorithms are accepted. */
  readonly algorithms: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** The largest accepted difference between clocks. */
  readonly skewSeconds: number;
  readonly claims: ClaimNames;
}

const symmetric = ["HS256", "HS384", "HS512"];
const asymmetric = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");

/**
 * Reads the options of JWTs; null if JWTs are not accepted.
 * @throws StartError if the options contradict each other
 */
export function jwtOptions(config: Config): JwtOptions | null {
  const { jwtIssuer: issuer, jwtAudience: audience, jwtJwksUrl, jwtSecretFile } = config;
  if (issuer === "" && audience === "" && jwtJwksUrl === "" && jwtSecretFile === "") return null;
  if (issuer === "" || audience === "") {
    throw misfit(
      "JWTs need both --jwt-issuer and --jwt-audience, so that tokens for other services are refused.",
    );
  }
  if (jwtJwksUrl !== "" && jwtSecretFile !== "") {
    throw misfit("Give either --jwt-jwks-url or --jwt-secret-file, not both.");
  }
  const keys = keyPlace(config);
  return {
    keys,
    algorithms: algorithmsOf(config.jwtAlgorithms, keys),
    issuer,
    audience,
    skewSeconds: config.jwtSkewSeconds,
    claims: {
      user: config.jwtUserClaim,
      agent: config.jwtAgentClaim,
      scopes: config.jwtScopesClaim,
      namespaces: config.jwtNamespacesClaim,
      grants: config.jwtGrantsClaim,
    },
  };
}

function keyPlace({ jwtIssuer, jwtJwksUrl, jwtSecretFile }: Config): KeyPlace {
  if (jwtSecretFile !== "") return { kind: "secret", file: jwtSecretFile };
  if (jwtJwksUrl !== "") return { kind: "jwks", url: safeUrl("--jwt-jwks-url", jwtJwksUrl) };
  safeUrl("--jwt-issuer", jwtIssuer);
  return { kind: "discovery", issuer: jwtIssuer };
}

/** @throws StartError for an algorithm that does not fit the keys: a public key must not be used as a shared secret */
function algorithmsOf(text: string, { kind }: KeyPlace): string[] {
  const fitting = kind === "secret" ? symmetric : asymmetric;
  if (text === "") return kind === "secret" ? ["HS256"] : ["RS256", "PS256", "ES256", "EdDSA"];
  const given = text.split(",").map((name) => name.trim());
  const unknown = given.find((name) => !fitting.includes(name));
  if (unknown === undefined) return given;
  throw misfit(
    `--jwt-algorithms: ${JSON.stringify(unknown)} does not fit ${kind === "secret" ? "a shared secret" : "public keys"}. Use some of ${fitting.join(", ")}.`,
  );
}

/**
 * Checks the URL of keys. It must be safe, because a person who can change its content can create tokens.
 * @throws Error for a URL that is neither HTTPS nor on this machine
 */
export function requireSafe(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url !== null && isThisMachine(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLocal)) return url;
  throw new Error(
    `${JSON.stringify(text)} must be an https:// URL; http:// is accepted only for this machine.`,
  );
}

function safeUrl(option: string, text: string): URL {
  try {
    return requireSafe(text);
  } catch (error) {
    throw misfit(`${option}: ${(error as Error).message}`);
  }
}

function misfit(message: string): StartError {
  return new StartError(message, 2);
}
