/** Space, a comma or a comment. Each match is one token, so that the expression never backtracks. */
const ignored = /[\s,]+|#[^\n\r]*/y;
const word = /\w+/y;

/**
 * Returns whether a GraphQL document begins with a subscription. Reads the text before the first word only once.
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
