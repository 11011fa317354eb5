/** JSON text of 240 bytes. */
export const jsonValue = JSON.stringify({ text: "x".repeat(229) });

/** The same value, parsed, as a caller of Baton passes it. */
export const value = JSON.parse(jsonValue);
