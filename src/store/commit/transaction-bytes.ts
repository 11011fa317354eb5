/**
 * The commands of a transaction, the values that they load, and what they write, remove and show are at most about this
 * many bytes each. What does not fit is left to the next transaction.
 *
 * All users of an instance wait for that transaction, so this determines how long one user's writes delay another's. A
 * command that exceeds it even alone is large: it gets a transaction for its user alone.
 */
export const maxTransactionBytes = 256 * 1024;
