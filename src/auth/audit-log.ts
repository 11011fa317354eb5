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
const refusedAudit = "token.refused";
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

  /** Writes the refusal of a call, unless the user has had many within a minute. A line at its end has their number. */
  refused({ grants, ...refused }: Refused, actor: Actor, error: BatonError): void {
    if (!this.#isShown(actor.userId)) return;
    const { code, requiredScope } = error.extensions;
    const shown = grants && { grants: grants.slice(0, maxShownGrants).map(formatGrant) };
    this.#logger.warn(
      {
        audit: refusedAudit,
        ...shownActor(actor),
        ...refused,
        ...shown,
        code,
        ...(requiredScope === undefined ? {} : { requiredScope }),
      },
      refusedAudit,
    );
  }

  /** Counts a refusal. Returns whether it is a line of the log. */
  #isShown(userId: string): boolean {
    const counted = this.#refusals.get(userId) ?? this.#begin(userId);
    counted.count++;
    return counted.count <= maxRefusals;
  }

  #begin(userId: string): Counted {
    const counted = { count: 0 };
    if (this.#refusals.size >= maxUsers) this.#refusals.clear();
    this.#refusals.set(userId, counted);
    setTimeout(() => {
      if (this.#refusals.get(userId) === counted) this.#refusals.delete(userId);
      const omitted = counted.count - maxRefusals;
      if (omitted <= 0) return;
      this.#logger.warn({ audit: refusedAudit, user: userId, omitted }, refusedAudit);
    }, windowMs).unref();
    return counted;
  }
}

function shownActor({ userId: user, agent, by }: Actor) {
  return { user, agent, by };
}
