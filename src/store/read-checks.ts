import { badUserInput } from "../errors.ts";
import type { Selection } from "./model/change.ts";
import {
  checkKey,
  checkKeyPrefix,
  checkNamespace,
  checkNamespacePrefix,
  type Limits,
} from "./model/limits.ts";
import type { Place } from "./model/place.ts";
import { exact, prefixed, type TextMatch } from "./model/text-match.ts";
import { permittedPart, requireNamespace, requireScope, type Viewer } from "./model/viewer.ts";
import { readWhere, type WhereInput } from "./model/where.ts";

/** Which part of the store a reader selects. An omitted field does not restrict the selection. */
export interface SelectionInput {
  readonly namespace?: string | null | undefined;
  readonly namespacePrefix?: string | null | undefined;
  readonly key?: string | null | undefined;
  readonly keyPrefix?: string | null | undefined;
  /** Conditions on the value. */
  readonly where?: readonly WhereInput[] | null | undefined;
}

/** Checks that a viewer can read the places that it names (G1), and that their names are within the limits (G9). */
export class ReadChecks {
  readonly limits: Limits;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /**
   * Returns a place after checking that the viewer can read it.
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  place(viewer: Viewer, namespace: string, key: string): Place {
    this.requireReadable(viewer, namespace, "namespace");
    checkKey(this.limits, "key", key);
    return { namespace, key };
  }

  /**
   * Returns the selection of a read or subscription, reduced to what its viewer can read.
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  select(viewer: Viewer, input: SelectionInput): Selection {
    requireScope(viewer, "read");
    const namespaces = this.#selectNamespaces(viewer, input);
    const keys = this.#selectKeys(input);
    const where = readWhere(this.limits, "where", input.where);
    return where === null ? { namespaces, keys } : { namespaces, keys, where };
  }

  #selectNamespaces(viewer: Viewer, { namespace, namespacePrefix }: SelectionInput): TextMatch[] {
    if (namespace != null && namespacePrefix != null) {
      throw badUserInput(
        "namespacePrefix",
        "`namespace` and `namespacePrefix` cannot be combined.",
      );
    }
    if (namespace != null) {
      this.requireReadable(viewer, namespace, "namespace");
      return [exact(namespace)];
    }
    checkNamespacePrefix(this.limits, "namespacePrefix", namespacePrefix ?? "");
    return permittedPart(viewer, "read", prefixed(namespacePrefix ?? ""));
  }

  #selectKeys({ key, keyPrefix }: SelectionInput): TextMatch {
    if (key != null && keyPrefix != null) {
      throw badUserInput("keyPrefix", "`key` and `keyPrefix` cannot be combined.");
    }
    if (key != null) {
      checkKey(this.limits, "key", key);
      return exact(key);
    }
    checkKeyPrefix(this.limits, "keyPrefix", keyPrefix ?? "");
    return prefixed(keyPrefix ?? "");
  }

  /**
   * @param argument the name of the argument, for the error
   * @throws BAD_USER_INPUT, LIMIT_EXCEEDED, FORBIDDEN
   */
  requireReadable(viewer: Viewer, namespace: string, argument: string): void {
    requireScope(viewer, "read");
    checkNamespace(this.limits, argument, namespace);
    requireNamespace(viewer, "read", namespace);
  }
}
