import { RawWebSocket } from "./web-socket.mjs";

/** GraphQL over one WebSocket (`graphql-transport-ws`), with many concurrent operations. */
export class GraphqlSocket {
  #socket;
  #operations = new Map();
  #lastId = 0;

  /**
   * @param {string} url of the endpoint, such as `http://127.0.0.1:4000/graphql`
   * @param {string} [token]
   */
  static async open(url, token) {
    const socket = await RawWebSocket.open(url);
    const acknowledged = new Promise((resolve, reject) => {
      socket.onMessage = resolve;
      socket.onClose = (reason) => reject(new Error(reason));
    });
    const payload = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    socket.send(JSON.stringify({ type: "connection_init", payload }));
    await acknowledged;
    return new GraphqlSocket(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    socket.onMessage = (message) => this.#receive(message.toString());
    socket.onClose = (reason) => {
      for (const { fail } of this.#operations.values()) fail(new Error(reason));
      this.#operations.clear();
    };
  }

  /** Resolves with the data of a query or mutation. Rejects if it has errors. */
  run(query, variables) {
    return new Promise((resolve, reject) => {
      this.#start({ query, variables }, { next: resolve, fail: reject });
    });
  }

  /**
   * @param {(data: any) => void} next
   * @param {(error: Error) => void} fail called once, including when the subscription ends
   */
  subscribe(query, variables, next, fail) {
    this.#start({ query, variables }, { next, fail, isSubscription: true });
  }

  pause() {
    this.#socket.pause();
  }

  close() {
    this.#operations.clear();
    this.#socket.close();
  }

  #start(payload, operation) {
    const id = String((this.#lastId += 1));
    this.#operations.set(id, operation);
    this.#socket.send(JSON.stringify({ id, type: "subscribe", payload }));
  }

  #receive(text) {
    const { id, type, payload } = JSON.parse(text);
    if (type === "ping") return this.#socket.send('{"type":"pong"}');
    const operation = this.#operations.get(id);
    if (operation === undefined) return;
    if (type === "next" && !payload.errors) return operation.next(payload.data);
    this.#operations.delete(id);
    if (type === "complete" && !operation.isSubscription) return;
    const reason = type === "complete" ? "The subscription ended." : JSON.stringify(payload);
    operation.fail(new Error(reason));
  }
}
