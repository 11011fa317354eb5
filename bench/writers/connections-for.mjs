/** Where a connection carries many operations at a time, 8 share one: for Baton's sockets and for the peers alike. */
export const connectionsFor = (inFlight) => Math.ceil(inFlight / 8);
