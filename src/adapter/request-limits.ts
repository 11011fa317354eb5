/** The smallest `maxPageSize` that a server can have. */
export const maxPageSize = 100;
/** By default, the server accepts 1,000 operations and 10 MiB per request. */
export const maxOperations = 1_000;
export const maxRequestBytes = 8_000_000;
