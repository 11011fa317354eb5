/** JSON text of 240 bytes. */
export const jsonValue = JSON.stringify({ text: "x".repeat(229) });

/** The same, parsed: what a caller of Baton gives. */
export const value = JSON.parse(jsonValue);
