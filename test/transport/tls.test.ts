import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { createClient } from "graphql-ws";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { defaultConfig } from "../../src/config.ts";
import { startServer, type BatonServer } from "../../src/server.ts";
import { Events } from "../client.ts";

const certificates = fileURLToPath(new URL("../tls/", import.meta.url));

describe("TLS", () => {
  let folder: string;
  let server: BatonServer;
  let ca: Buffer[];
  const use = async (name: string) => {
    for (const part of ["cert", "key"]) {
      await copyFile(join(certificates, `${name}.${part}.pem`), join(folder, `${part}.pem`));
    }
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "baton-test-"));
    ca = await Promise.all(
      ["first", "second"].map((name) => readFile(join(certificates, `${name}.cert.pem`))),
    );
    await use("first");
    const config = defaultConfig({
      port: 0,
      dataDir: folder,
      cors: "none",
      tlsCertFile: join(folder, "cert.pem"),
      tlsKeyFile: join(folder, "key.pem"),
    });
    server = await startServer(config, pino({ level: "silent" }));
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The name in the certificate of a new connection. */
  async function shownName(): Promise<string | undefined> {
    const { port, hostname: host } = new URL(server.url);
    const socket = connectTls({ port: Number(port), host, ca });
    await once(socket, "secureConnect");
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN as string;
  }

  test("--cors none refuses a page of the same host without TLS", async () => {
    const statuses = [];
    for (const origin of [server.url, server.url.replace("https", "http")]) {
      const sent = httpsRequest(`${server.url}/graphql?query={viewer{user}}`, {
        ca,
        headers: { authorization: `Bearer ${server.localToken?.secret}`, origin },
      }).end();
      const [response] = await once(sent, "response");
      response.resume();
      const socket = new WebSocket(`${server.url}/graphql`, "graphql-transport-ws", { ca, origin });
      const opened = await once(socket, "open").then(
        () => 101,
        ({ message }: Error) => Number(message.split(" ").at(-1)),
      );
      socket.terminate();
      statuses.push([response.statusCode, opened]);
    }
    expect(statuses).toEqual([
      [200, 101],
      [403, 403],
    ]);
  });

  test("a refusal of an unreadable request also instructs browsers to use only TLS", async () => {
    const { port, hostname: host } = new URL(server.url);
    const socket = connectTls({ port: Number(port), host, ca });
    socket.write("GARBAGE\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 .*Strict-Transport-Security: max-age/s);
  });

  test("serves HTTPS and WebSocket, and instructs browsers to use only TLS", async () => {
    expect(server.url).toMatch(/^https:/);
    const sent = httpsRequest(`${server.url}/graphql?query={viewer{user}}`, {
      ca,
      headers: { authorization: `Bearer ${server.localToken?.secret}` },
    }).end();
    const [response] = await once(sent, "response");
    expect(response.statusCode).toBe(200);
    expect(response.headers["strict-transport-security"]).toMatch(/max-age/);
    response.resume();
    const client = createClient({
      url: `${server.url.replace("https", "wss")}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string) {
          super(url, protocols, { ca });
        }
      },
      connectionParams: { token: server.localToken?.secret },
    });
    const events = new Events((sink) =>
      client.subscribe({ query: "{ viewer { user } }" }, sink as never),
    );
    expect(await events.next()).toEqual({ data: { viewer: { user: "local" } } });
    await client.dispose();
  });

  test("closes a connection without TLS, and continues", async () => {
    const { port, hostname } = new URL(server.url);
    const socket = connect(Number(port), hostname).on("error", () => {});
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await once(socket.resume(), "close");
    expect(await shownName()).toBe("first");
  });

  test("reads a new certificate while it serves; an unusable one changes nothing", async () => {
    await copyFile(join(certificates, "second.cert.pem"), join(folder, "cert.pem"));
    expect(() => server.reloads.get("the certificate")?.()).toThrow(/cannot be used/);
    expect(await shownName()).toBe("first");
    await use("second");
    await server.reloads.get("the certificate")?.();
    expect(await shownName()).toBe("second");
  });

  test("a silent connection does not delay the stop", async () => {
    const own = await startServer(
      defaultConfig({
        port: 0,
        dataDir: folder,
        databaseUrl: `file:${join(folder, "other.db")}`,
        tlsCertFile: join(folder, "cert.pem"),
        tlsKeyFile: join(folder, "key.pem"),
      }),
      pino({ level: "silent" }),
    );
    const { port, hostname } = new URL(own.url);
    const socket = connect(Number(port), hostname).on("error", () => {});
    await once(socket, "connect");
    const closed = once(socket.resume(), "close");
    await own.close(50);
    await closed;
  });
});
