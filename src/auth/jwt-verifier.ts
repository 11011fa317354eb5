import { errors, jwtVerify, type JWTPayload } from "jose";
import { unauthenticated, type BatonError } from "../errors.ts";
import type { Limits } from "../store/model/limits.ts";
import type { Token } from "../store/model/token.ts";
import { tokenOfJwt } from "./jwt-claims.ts";
import { openJwtKeys, type JwtKeys } from "./jwt-keys.ts";
import type { JwtOptions } from "./jwt-options.ts";

/** Verifies JWTs, and reads their claims. */
export class JwtVerifier {
  readonly #options: JwtOptions;
  readonly #limits: Limits;
  readonly #keys: JwtKeys;

  private constructor(options: JwtOptions, limits: Limits, keys: JwtKeys) {
    this.#options = options;
    this.#limits = limits;
    this.#keys = keys;
  }

  /** @throws StartError for an unusable secret */
  static async open(options: JwtOptions, limits: Limits): Promise<JwtVerifier> {
    return new JwtVerifier(options, limits, await openJwtKeys(options.keys));
  }

  /** @throws UNAUTHENTICATED; UNAVAILABLE if the keys are needed and cannot be read */
  async verify(jwt: string): Promise<Token> {
    const { issuer, audience, skewSeconds, claims, algorithms } = this.#options;
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(jwt, this.#keys.find, {
        algorithms: [...algorithms],
        issuer,
        audience,
        clockTolerance: skewSeconds,
        requiredClaims: ["exp", claims.user],
      }));
    } catch (error) {
      if (error instanceof errors.JOSEError) throw refusalOf(error);
      throw error;
    }
    return tokenOfJwt(this.#limits, claims, skewSeconds, jwt, payload);
  }

  /** Reads the keys again, so that withdrawn keys are no longer accepted. */
  reloadKeys(): Promise<void> {
    return this.#keys.reload();
  }
}

function refusalOf(error: errors.JOSEError): BatonError {
  if (error instanceof errors.JWTExpired) return unauthenticated("This token has expired.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    const claim = JSON.stringify(error.claim);
    return unauthenticated(
      error.claim === "nbf"
        ? "This token is not valid yet."
        : `The claim ${claim} of this token is ${error.reason === "missing" ? "missing" : "not the one expected here"}.`,
    );
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return unauthenticated("This token is signed with an algorithm that is not accepted here.");
  }
  return unauthenticated("This token is not a valid JWT of the identity provider.");
}
