/** If a connection can carry concurrent operations, 8 share one, both for Baton's sockets and for the peers. */
export const connectionsFor = (inFlight) => Math.ceil(inFlight / 8);
