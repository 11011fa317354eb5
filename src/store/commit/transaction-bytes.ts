/**
 * If the commands of a transaction, the values that they load, or what they write exceed this, later commands are left
 * to the next transaction. Only the first command can exceed it: the limits of a call apply to it.
 *
 * All users of an instance wait for its transaction, so this determines how long one user's writes delay another's.
 */
export const maxTransactionBytes = 256 * 1024;
