/** Space, a comma or a comment. One token a match, so that nothing is matched in two ways. */
const ignored = /[\s,]+|#[^\n\r]*/y;
const word = /\w+/y;

/**
 * Whether a GraphQL document begins with a subscription. Reads what comes before its first word once.
 *
 * @example
 * ```ts
 * beginsWithSubscription("# follow\nsubscription { entryChanged { key } }"); // true
 * ```
 */
export function beginsWithSubscription(document: string): boolean {
  let at = 0;
  for (ignored.lastIndex = 0; ignored.test(document);) at = ignored.lastIndex;
  word.lastIndex = at;
  return word.exec(document)?.[0] === "subscription";
}
