import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from "jose";
import { unauthenticated, type BatonError } from "../errors.ts";
import type { Listener } from "../periodic.ts";
import type { Limits } from "../store/model/limits.ts";
import type { Token } from "../store/model/token.ts";
import { tokenOfJwt } from "./jwt-claims.ts";
import { maxTriedKeys, openJwtKeys, type JwtKeys } from "./jwt-keys.ts";
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

  /**
   * @param listener is notified when an identity provider's keys cannot be read, and when they can be read again
   * @throws StartError for an unusable secret
   */
  static async open(options: JwtOptions, limits: Limits, listener: Listener): Promise<JwtVerifier> {
    return new JwtVerifier(options, limits, await openJwtKeys(options.keys, listener));
  }

  /** @throws UNAUTHENTICATED; UNAVAILABLE if the keys are needed and cannot be read */
  async verify(jwt: string): Promise<Token> {
    const { issuer, audience, skewSeconds, claims, algorithms } = this.#options;
    let payload: JWTPayload;
    try {
      payload = await this.#verify(jwt, {
        algorithms: [...algorithms],
        issuer,
        audience,
        clockTolerance: skewSeconds,
        requiredClaims: ["exp", claims.user],
      });
    } catch (error) {
      if (error instanceof errors.JOSEError) throw refusalOf(error);
      if (isUnusableKey(error)) throw unauthenticated("The key of this token cannot be used here.");
      throw error;
    }
    return tokenOfJwt(this.#limits, claims, skewSeconds, jwt, payload);
  }

  async #verify(jwt: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    try {
      return (await jwtVerify(jwt, this.#keys.find, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      let tried = 0;
      for await (const key of error) {
        try {
          return (await jwtVerify(jwt, key, options)).payload;
        } catch (refusal) {
          const isAboutKey =
            refusal instanceof errors.JWSSignatureVerificationFailed || isUnusableKey(refusal);
          if (!isAboutKey) throw refusal;
        }
        tried++;
        if (tried === maxTriedKeys) break;
      }
      throw error;
    }
  }

  /** Reads the keys again, so that withdrawn keys are no longer accepted. */
  reloadKeys(): Promise<void> {
    return this.#keys.reload();
  }
}

/** For example, the issuer publishes an RSA key of less than 2,048 bits. */
function isUnusableKey(error: unknown): boolean {
  return error instanceof TypeError;
}

function refusalOf(error: errors.JOSEError): BatonError {
  if (error instanceof errors.JWTExpired) return unauthenticated("This token has expired.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    const claim = JSON.stringify(error.claim);
    if (error.reason === "missing") {
      return unauthenticated(`This JWT has no claim ${claim}, which is required.`);
    }
    if (error.reason === "invalid") {
      return unauthenticated(`The claim ${claim} of this token must be a number.`);
    }
    return unauthenticated(
      error.claim === "nbf"
        ? "This token is not valid yet."
        : `The claim ${claim} of this token is not the one expected here.`,
    );
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return unauthenticated("This token is signed with an algorithm that is not accepted here.");
  }
  return unauthenticated("This token is not a valid JWT of the identity provider.");
}
