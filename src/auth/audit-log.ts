import type { Logger } from "pino";
import type { BatonError } from "../errors.ts";
import { formatGrant, type Grant } from "../store/model/grant.ts";
import type { Token } from "../store/model/token.ts";
import type { Viewer } from "../store/model/viewer.ts";

/** In this time, at most `maxRefusals` refused calls of one user are lines of the log. */
const windowMs = 60_000;
const maxRefusals = 10;
/** With more users than this, the counts start again. */
const maxUsers = 10_000;
/** Of a refused token, the line has at most this number of grants. */
const maxShownGrants = 10;

/** Who changes tokens: a caller, or the operator. */
export type Actor = Pick<Viewer, "userId" | "agent"> & {
  /** The `tokenId` of the caller, `start` for the first start of a store, or `cli` for a command. */
  readonly by: string;
};

/** What a refused call wanted. */
export interface Refused {
  readonly call: "createToken" | "revokeToken" | "tokens";
  readonly grants?: readonly Grant[];
  readonly tokenId?: string;
}

interface Counted {
  readonly since: number;
  count: number;
}

/** Writes a line to the log for each change of a token, and for refused calls, without secrets. */
export class AuditLog {
  readonly #logger: Logger;
  readonly #refusals = new Map<string, Counted>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  changed(audit: "token.created" | "token.revoked", actor: Actor, token: Token): void {
    const { tokenId, agent: tokenAgent, expiresAt } = token;
    const grants = token.grants.map(formatGrant);
    const of = { tokenId, tokenAgent, grants, expiresAt };
    this.#logger.info({ audit, ...shownActor(actor), ...of }, audit);
  }

  /** Writes the refusal of a call, unless the user has had many within a minute. Then the next line has their number. */
  refused({ grants, ...refused }: Refused, actor: Actor, error: BatonError): void {
    const omitted = this.#count(actor.userId);
    if (omitted === null) return;
    const audit = "token.refused";
    const { code, requiredScope } = error.extensions;
    const shown = grants && { grants: grants.slice(0, maxShownGrants).map(formatGrant) };
    this.#logger.warn(
      {
        audit,
        ...shownActor(actor),
        ...refused,
        ...shown,
        code,
        ...(requiredScope === undefined ? {} : { requiredScope }),
        ...(omitted === 0 ? {} : { omitted }),
      },
      audit,
    );
  }

  /** Counts a refusal. Returns how many were left out before it; null to leave it out, too. */
  #count(userId: string): number | null {
    const now = performance.now();
    const counted = this.#refusals.get(userId);
    if (counted && now - counted.since < windowMs) {
      counted.count++;
      return counted.count > maxRefusals ? null : 0;
    }
    if (this.#refusals.size >= maxUsers) this.#refusals.clear();
    this.#refusals.set(userId, { since: now, count: 1 });
    return Math.max(0, (counted?.count ?? 0) - maxRefusals);
  }
}

function shownActor({ userId: user, agent, by }: Actor) {
  return { user, agent, by };
}
