import type { JsonFault } from "../json/json-fault.ts";
import type { JsonText } from "../json/json-text.ts";

/** No name that a caller sends is a symbol. */
export const sentTexts = Symbol("sentTexts");

/** The variables of a request, by name. */
export interface SentVariables {
  readonly [name: string]: unknown;
  /**
   * The texts of variables whose values may not have kept them, by name, or why a text is not JSON that can be kept. What
   * is missing here is as exact as its value.
   */
  readonly [sentTexts]?: ReadonlyMap<string, JsonText | JsonFault>;
}
