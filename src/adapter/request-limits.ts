/** The least `maxPageSize` that a server can have. */
export const maxPageSize = 100;
/** The server's limits are 1,000 operations and 10 MiB a request. */
export const maxOperations = 1_000;
export const maxRequestBytes = 8_000_000;
