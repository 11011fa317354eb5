import { once, setMaxListeners } from "node:events";
import type { Logger } from "pino";
import { AuditLog } from "./auth/audit-log.ts";
import { Authenticator } from "./auth/authenticator.ts";
import { ensureLocalToken, type LocalToken } from "./auth/local-token.ts";
import { jwtOptions } from "./auth/jwt-options.ts";
import type { JwtSessions } from "./auth/jwt-sessions.ts";
import { TokenAdministration } from "./auth/token-administration.ts";
import type { Config } from "./config.ts";
import { databaseOf, describePlace } from "./database/database-place.ts";
import { LogGrowth } from "./database/log-growth.ts";
import { openDatabase } from "./database/open-database.ts";
import { checkNameSizes } from "./database/postgres/name-sizes.ts";
import { unavailable } from "./errors.ts";
import { ClaimFeed } from "./feed/claim-feed.ts";
import { defaultPageBounds, Feed } from "./feed/feed.ts";
import { pollEpoch, pollHeads } from "./feed/head-poll.ts";
import { Hub } from "./feed/hub.ts";
import { listen } from "./listen.ts";
import { metricsAddress, serveMetrics } from "./metrics/serve-metrics.ts";
import { OpenSockets } from "./open-sockets.ts";
import { repeat, type Periodic } from "./periodic.ts";
import { createListeningServer } from "./tls-files.ts";
import { CallBounds } from "./store/call-bounds.ts";
import { Committer, type CommitObserver } from "./store/commit/committer.ts";
import { recordAgeMs } from "./store/commit/idempotency.ts";
import { SearchIndexer } from "./store/search/search-indexer.ts";
import type { DiskState, Statistics } from "./store/contract.ts";
import { SharedMemory, sharedMemoryBytes } from "./store/shared-memory.ts";
import { Store, type StoreDatabase } from "./store/store.ts";
import { sweep } from "./store/commit/sweep.ts";
import { Writer } from "./store/writer.ts";
import { boundConnections } from "./transport/bound-connections.ts";
import { Graphql } from "./transport/graphql.ts";
import { httpListener } from "./transport/http.ts";
import { HttpConnections, unreadCheckMs } from "./transport/http-connection.ts";
import { readTrustedDocuments } from "./transport/trusted-documents.ts";
import { reportUnusableDocuments } from "./transport/unusable-documents.ts";
import { serveWebsocket } from "./transport/websocket.ts";

/** A running server. */
export interface BatonServer {
  /** The URL of the server, without a trailing slash. */
  readonly url: string;
  /** The location of its database, without the password. */
  readonly database: string;
  /** The operator's token; null if it was removed. */
  readonly localToken: LocalToken | null;
  /** The URL of its metrics; null if they are off. */
  readonly metricsUrl: string | null;
  /**
   * What can be read again without a restart, by its name in the log: the certificate of TLS, and the keys of JWTs.
   * A function throws or rejects if its files cannot be used; the previous content stays in use.
   */
  readonly reloads: ReadonlyMap<string, () => void | Promise<void>>;
  /**
   * Stops the server: running mutations get their responses, and subscriptions complete. After `deadlineMs`
   * milliseconds, the remaining connections are destroyed. Default: 4,000.
   */
  close(deadlineMs?: number): Promise<void>;
}

/** The time in which the database and the traces must close, in addition to the time for clients. */
const closeLastMs = 500;
/** Each instance refuses a revoked token within a second; this is twice per second. */
const tokenCheckIntervalMs = 500;
const compactionIntervalMs = 60_000;
/** With retention by size, the logs are also compacted after this growth. */
const compactedGrowthBytes = 16 * 1024 * 1024;
/** The change of an expired entry follows within a second. */
const sweepIntervalMs = 500;
/** Each search reads the entries that are not indexed yet: some hundred for a busy user. */
const indexIntervalMs = 500;
const diskCheckIntervalMs = 1_000;
const dayMs = 86_400_000;
/** How long a revoked or expired token stays in lists. Until then, its caller learns why it is refused. */
const tokenAgeMs = 30 * dayMs;
const mebibyte = 1024 * 1024;

/**
 * Creates the parts of the server, from the database to the transports, and listens.
 * @throws StartError if it cannot start: for example, the port is in use, or the data directory cannot be used
 */
export async function startServer(config: Config, logger: Logger): Promise<BatonServer> {
  checkNameSizes(config);
  // Wrong options are found before anything is created.
  const { http, scheme, reloadTls } = createListeningServer(config);
  if (config.metrics !== "") metricsAddress(config.metrics);
  const trustedDocuments = await readTrustedDocuments(config.trustedDocuments);
  const jwts = await openJwtSessions(config, logger);
  const database = await openDatabase(config, logger);
  try {
    const audit = new AuditLog(logger);
    const localToken = await ensureLocalToken(config.dataDir, database.tokens, (token) =>
      audit.changed("token.created", { userId: token.userId, agent: null, by: "start" }, token),
    );

    const queueBounds = {
      maxChanges: config.subscriberQueue,
      maxBytes: config.subscriberQueueBytes,
    };
    const hub = new Hub({
      source: database,
      recentBounds: queueBounds,
      pageBounds: defaultPageBounds,
      onError: (error) =>
        logger.warn(
          { err: error },
          "reading writes of other instances failed; it will be tried again",
        ),
    });
    const metrics = config.metrics === "" ? null : await loadMetrics(database, hub);
    const traces = config.traces === "otlp" ? await loadTracing(database, logger) : null;
    const tracer = traces?.tracing ?? null;
    const reads = traces?.reads ?? database;
    const bounds = new CallBounds(config);
    const store = new Store(reads, config);
    const claims = new ClaimFeed({ store, notifications: database });
    const indexer = new SearchIndexer(database);
    const tracedCommits = traces?.commits(metrics?.commits);
    let compaction: Periodic | null = null;
    const growth = new LogGrowth(compactedGrowthBytes, () => compaction?.hurry());
    const committer = new Committer({
      database,
      limits: config,
      observer: tracedCommits ?? metrics?.commits,
      onCommit: (committed) => {
        for (const [userId, effects] of committed) {
          hub.publish(userId, effects.changes);
          if (config.retentionMebibytes > 0) growth.add(effects.changes);
          claims.publish(userId, effects);
          metrics?.claims.committed(effects.claimEvents);
        }
        const grown = [...committed].filter(([, { changes }]) => changes.length > 0);
        if (grown.length > 0) {
          indexer.notice(grown.map(([userId]) => userId));
          database.announce(new Map(grown.map(([userId, { head }]) => [userId, head])));
        }
      },
    });
    const poll = async () => {
      await pollEpoch(database, hub);
      await pollHeads(database, hub);
    };
    database.listen(
      (userId, head) => {
        hub.noticeHead(userId, head);
        claims.notice(userId, "changed");
      },
      () => {
        claims.noticeAll();
        void poll().catch((error: unknown) => logger.debug({ err: error }, "polling"));
      },
      (userId, news) => claims.notice(userId, news),
    );
    const memory = new SharedMemory(sharedMemoryBytes());
    const services = {
      store,
      memory,
      writer: new Writer(tracedCommits?.of(committer) ?? committer, config, reads, memory),
      feed: new Feed({
        bounds,
        source: reads,
        checks: store.checks,
        hub,
        claims,
        pageBounds: defaultPageBounds,
        queueBounds,
      }),
      bounds,
      tokens: new TokenAdministration(database, config, audit),
    };
    const policy = {
      allowsIntrospection: config.introspection === "on",
      trustedDocuments,
    };
    const graphql = new Graphql({ ...services, policy, logger, observer: metrics?.operations });
    const authenticator = new Authenticator(
      database.tokens,
      config,
      jwts,
      config.agentNames === "caller",
    );

    let stopping = false;
    const stopped = new AbortController();
    setMaxListeners(0, stopped.signal);
    const checkReady = async () => {
      if (stopping) throw unavailable("The server is stopping.");
      await database.ping();
    };
    const { maxBodyBytes } = config;
    const allowsOrigins = config.cors === "any";
    const connections = new HttpConnections(
      httpListener({
        graphql,
        services,
        authenticator,
        maxBodyBytes,
        allowsOrigins,
        servesGraphiql: config.graphiql === "on",
        servesBoard: config.board === "on",
        isSecure: config.tlsCertFile !== "",
        maxWaitingBytes: config.subscriberQueueBytes,
        checkReady,
        stopped: stopped.signal,
        isStopping: () => stopping,
        tracer,
        observer: metrics?.operations,
        logger,
      }),
    );
    http.on("request", connections.listener);
    boundConnections(http, { keepAliveMs: config.keepAliveSeconds * 1_000, maxBodyBytes, logger });
    const isSecure = scheme === "https";
    connections.watch(http, isSecure ? "secureConnection" : "connection");
    const sockets = new OpenSockets(http, isSecure);
    const websocket = serveWebsocket(http, {
      graphql,
      memory,
      authenticator,
      allowsOrigins,
      bounds,
      maxMessageBytes: maxBodyBytes,
      maxOperations: config.maxSubscriptions,
      maxUnreadBytes: 2 * config.maxResponseBytes,
      maxWaitingBytes: config.subscriberQueueBytes,
      tracer,
      observer: metrics?.operations,
      logger,
    });
    const metricsEndpoint = metrics && (await metrics.serve(config.metrics));
    const url = await listen(http, scheme, config);
    http.on("error", (error) => logger.error({ err: error }, "accepting a connection"));
    const { operations } = graphql;
    reportUnusableDocuments(trustedDocuments ?? [], operations, logger, stopped.signal).catch(
      (error: unknown) => logger.error({ err: error }, "checking the trusted documents"),
    );

    const periodically = (intervalMs: number, what: string, work: () => Promise<unknown>) =>
      repeat(intervalMs, work, {
        failed: (error) => logger.error({ err: error }, `${what} failed; it will be tried again`),
        recovered: () => logger.info(`${what} works again`),
      });
    const retention = {
      maxAgeMs: config.retentionDays * dayMs,
      maxChanges: config.retentionChanges,
      ...(config.retentionMebibytes > 0 ? { maxBytes: config.retentionMebibytes * mebibyte } : {}),
    };
    const noticeDisk = diskNotice(logger);
    compaction = periodically(compactionIntervalMs, "compacting the log", async () => {
      await database.compact(retention, () => stopping);
      await database.forgetRecords(recordAgeMs);
      await database.forgetTokens(tokenAgeMs);
    });
    const background = [
      periodically(unreadCheckMs, "checking for unread responses", async () =>
        connections.checkUnread(),
      ),
      periodically(config.pollIntervalMs, "reading the heads of the logs", poll),
      periodically(config.bookmarkSeconds * 1_000, "sending bookmarks", async () => hub.bookmark()),
      periodically(tokenCheckIntervalMs, "checking tokens", () => authenticator.checkTokens()),
      periodically(tokenCheckIntervalMs, "checking JWTs", () => authenticator.checkJwts()),
      periodically(sweepIntervalMs, "removing expired entries", () => sweep(database, committer)),
      // Indexing needs disk space. While the disk is nearly full, searches read the entries that are not indexed.
      periodically(indexIntervalMs, "indexing for searches", () =>
        indexer.run(() => stopping || database.isDiskLow),
      ),
      periodically(diskCheckIntervalMs, "checking the disk", async () =>
        noticeDisk(await database.watchDisk()),
      ),
      compaction,
    ];

    return {
      url,
      database: describePlace(databaseOf(config)),
      localToken,
      reloads: new Map<string, () => void | Promise<void>>([
        ...(isSecure ? [["the certificate", reloadTls] as const] : []),
        ...(jwts ? [["the keys of JWTs", () => authenticator.reloadJwts()] as const] : []),
      ]),
      metricsUrl: metricsEndpoint?.url ?? null,
      // 1. Stop listening, and report that the server is not ready. Responses then end their connections.
      // 2. Complete subscriptions and waits. Wait for running work and open sockets, until the deadline. Requests that
      //    wait for a database that hangs get no response.
      // 3. Close idle connections, and after the deadline destroy the remaining ones.
      // 4. Close the metrics, the traces and the database.
      async close(deadlineMs = 4_000) {
        stopping = true;
        stopped.abort();
        const deadline = performance.now() + deadlineMs;
        const closed = once(http, "close");
        http.close();
        hub.close();
        claims.close();
        const answered = Promise.all([
          ...background.map((work) => work.stop()),
          committer.close(),
          websocket.close(deadlineMs),
        ]);
        let late: NodeJS.Timeout | undefined;
        // A database that hangs does not delay the next steps.
        await Promise.race([
          answered,
          new Promise((resolve) => (late = setTimeout(resolve, deadlineMs))),
        ]);
        clearTimeout(late);
        await sockets.close(deadline, closed);
        await metricsEndpoint?.close();
        // A collector of traces, or a slow disk when SQLite's WAL is moved into the database file, can take long. The next
        // start completes the latter.
        const leftMs = Math.max(0, deadline - performance.now()) + closeLastMs;
        await Promise.race([
          Promise.all([traces?.close(), database.close()]),
          new Promise<void>((resolve) => (late = setTimeout(resolve, leftMs))),
        ]);
        clearTimeout(late);
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Loads the modules that the first request to /mcp and the first preflight request would load, and does the rest of what
 * the first call of /mcp would do. That blocks the event loop for about 150 ms, so a program does it before it listens.
 */
export async function loadModules(): Promise<void> {
  const [{ prepareFirstCall }] = await Promise.all([
    // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
    import("./mcp/first-call.ts"),
    // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
    import("./mcp/mcp-endpoint.ts"),
    import("./transport/yoga.ts"),
  ]);
  await prepareFirstCall();
}

/** Logs when the disk becomes nearly full, and when it has room again. */
function diskNotice(logger: Logger): (disk: DiskState) => void {
  let wasLow = false;
  return ({ isLow, freeBytes, keptBytes }) => {
    if (isLow === wasLow) return;
    wasLow = isLow;
    const room =
      freeBytes === null || keptBytes === null
        ? {}
        : {
            freeMebibytes: Math.floor(freeBytes / mebibyte),
            minFreeMebibytes: Math.ceil(keptBytes / mebibyte),
          };
    if (isLow) {
      logger.error(room, "the disk is nearly full: only writes that remove data are accepted");
    } else logger.info(room, "the disk has room again: all writes are accepted");
  };
}

/** Loads the metrics, if they are on. */
async function loadMetrics(database: Statistics, hub: Hub) {
  // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
  const { Metrics } = await import("./metrics/metrics.ts");
  const metrics = new Metrics(database, hub);
  const { commits, claims, operations } = metrics;
  return {
    commits,
    claims,
    operations,
    serve: (address: string) => serveMetrics(metrics, address),
  };
}

/** Loads tracing, if it is on. */
async function loadTracing(database: StoreDatabase, logger: Logger) {
  // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
  const [{ openTracing }, { TracedCommits }, { tracedReads }] = await Promise.all([
    import("./tracing/open-tracing.ts"),
    import("./tracing/traced-commits.ts"),
    import("./tracing/traced-reads.ts"),
  ]);
  const { tracing, close } = openTracing(logger);
  return {
    tracing,
    reads: tracedReads(database, tracing),
    commits: (next: CommitObserver | undefined) => new TracedCommits(tracing, next),
    close,
  };
}

/**
 * Loads the verification of JWTs; null if they are not accepted.
 * @throws StartError if the options contradict each other
 */
async function openJwtSessions(config: Config, logger: Logger): Promise<JwtSessions | null> {
  const options = jwtOptions(config);
  if (!options) return null;
  // eslint-disable-next-line no-restricted-imports -- The rule is about static imports.
  const [{ JwtSessions }, { JwtVerifier }] = await Promise.all([
    import("./auth/jwt-sessions.ts"),
    import("./auth/jwt-verifier.ts"),
  ]);
  const [reading, effect] =
    options.keys.kind === "secret"
      ? ["reading the secrets of JWTs again", "the previous secrets stay in use"]
      : [
          "reading the keys of the identity provider",
          "JWTs that need them are refused (UNAVAILABLE) until it succeeds",
        ];
  const verifier = await JwtVerifier.open(options, config, {
    failed: (error) =>
      logger.warn({ cause: (error as Error).message }, `${reading} failed; ${effect}`),
    recovered: () => logger.info(`${reading} works again`),
  });
  return new JwtSessions(verifier);
}
