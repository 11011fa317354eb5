import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Selects connections by name: `baton`, `baton committer`, `baton notifications`. */
export type Matches = (applicationName: string) => boolean;

interface Connection {
  readonly applicationName: string;
  /** The client's end. */
  readonly near: Socket;
  /** The server's end. */
  readonly far: Socket;
}

const all: Matches = () => true;
const none: Matches = () => false;
const protocolVersion = 3;

/** A proxy to PostgreSQL. A test can refuse, cut and freeze its connections by their application names. */
export class PostgresProxy implements AsyncDisposable {
  readonly #target: URL;
  readonly #server = createServer((near) => void this.#accept(near));
  readonly #connections = new Set<Connection>();
  /** Connections that have not sent their name yet. */
  readonly #nameless = new Set<Socket>();
  #refused = none;
  #frozen = none;
  #frozenAnswers = none;

  private constructor(target: URL) {
    this.#target = target;
  }

  /** @param url the URL of the database */
  static async open(url: string): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(new URL(url));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  /** The URL of the database through this proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return url.href;
  }

  /** The sorted names of the open connections. A test can wait until one appears or disappears. */
  get applicationNames(): string[] {
    return [...this.#connections].map(({ applicationName }) => applicationName).sort();
  }

  /** Closes new connections, until `admit`. Open ones stay. */
  refuse(matches = all): void {
    this.#refused = matches;
  }

  admit(): void {
    this.#refused = none;
  }

  /** Resets open connections at both ends. Returns their number. */
  cut(matches = all): number {
    const chosen = [...this.#connections].filter((one) => matches(one.applicationName));
    for (const { near, far } of chosen) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return chosen.length;
  }

  /** Holds back all data on open and new connections, until `thaw`. Neither end notices. */
  freeze(matches = all): void {
    this.#freeze(matches, matches);
  }

  /** Holds back the server's responses, until `thaw`. Requests still reach it. */
  freezeAnswers(matches = all): void {
    this.#freeze(none, matches);
  }

  thaw(): void {
    this.#freeze(none, none);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#nameless) socket.destroy();
    this.cut();
    await closed;
  }

  #freeze(asked: Matches, answered: Matches): void {
    this.#frozen = asked;
    this.#frozenAnswers = answered;
    for (const connection of this.#connections) this.#flow(connection);
  }

  async #accept(near: Socket): Promise<void> {
    near.on("error", () => {});
    this.#nameless.add(near);
    near.once("close", () => this.#nameless.delete(near));
    const startup = await readStartup(near);
    this.#nameless.delete(near);
    if (startup === null || this.#refused(startup.applicationName)) {
      near.resetAndDestroy();
      return;
    }
    const { applicationName } = startup;

    const far = connect(Number(this.#target.port || 5432), this.#target.hostname);
    const connection = { applicationName, near, far };
    this.#connections.add(connection);
    // The stream starts with the bytes that were read to find the name.
    near.unshift(startup.bytes);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("data", (chunk) => {
        if (other.write(chunk)) return;
        socket.pause();
        other.once("drain", () => this.#flow(connection));
      });
      socket.on("end", () => other.end());
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#connections.delete(connection);
        if (!other.writableEnded) other.destroy();
      });
    }
    this.#flow(connection);
  }

  /** Forwards data that is not frozen if the other end can accept it. */
  #flow({ applicationName, near, far }: Connection): void {
    for (const [socket, other, frozen] of [
      [near, far, this.#frozen],
      [far, near, this.#frozenAnswers],
    ] as const) {
      if (frozen(applicationName)) socket.pause();
      else if (!other.writableNeedDrain) socket.resume();
    }
  }
}

/**
 * Reads the first message of a connection: its length, the protocol's version, then pairs of names and values,
 * each ended by a zero byte.
 * @returns null if it is a health check, a request to cancel, or TLS
 */
function readStartup(socket: Socket): Promise<{ applicationName: string; bytes: Buffer } | null> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) return;
      socket.pause();
      socket.off("data", read);
      if (bytes.readInt16BE(4) !== protocolVersion) return resolve(null);
      const words = bytes.toString("utf8", 8, bytes.readInt32BE(0)).split("\0");
      const at = words.findIndex((word, index) => index % 2 === 0 && word === "application_name");
      resolve({ applicationName: at === -1 ? "" : (words[at + 1] ?? ""), bytes });
    };
    socket.on("data", read);
    socket.once("close", () => resolve(null));
  });
}
