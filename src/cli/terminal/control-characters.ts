/** Escapes control characters, which a terminal could execute, as JSON does. Keeps line feeds. */
export function escapeControls(text: string): string {
  return text.replace(/(?!\n)\p{Cc}/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Replaces control characters and line breaks with spaces, so that the text is one field of one line. */
export function oneField(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
