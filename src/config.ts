import { resolve } from "node:path";
import { StartError } from "./start-error.ts";

interface OptionBase {
  /** Name of the environment variable. */
  readonly env: string;
  /** Name of the flag, without its dashes. */
  readonly flag: string;
  /** The placeholder of the value in the help: for a number, its unit. */
  readonly unit: string;
  readonly help: string;
}

interface TextOption extends OptionBase {
  readonly type: "text";
  readonly default: string;
}

interface NumberOption extends OptionBase {
  readonly type: "number";
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

interface ChoiceOption extends OptionBase {
  readonly type: "choice";
  readonly default: string;
  readonly choices: readonly string[];
}

export type Option = TextOption | NumberOption | ChoiceOption;

const maxInt = 2 ** 31 - 1;
const kibi = 1024;
const mebi = 1024 * kibi;

/** A limit: `MAX_KEY_BYTES` and `--max-key-bytes` set `maxKeyBytes`. */
function limit(
  name: string,
  unit: string,
  defaultValue: number,
  help: string,
  min = 1,
): NumberOption {
  return { type: "number", ...namesOf(name), unit, default: defaultValue, min, max: maxInt, help };
}

function namesOf(name: string): Pick<OptionBase, "env" | "flag"> {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { env: `BATON_${flag.replaceAll("-", "_").toUpperCase()}`, flag };
}

/** A text: `BATON_JWT_ISSUER` and `--jwt-issuer` set `jwtIssuer`. */
function textOption(name: string, unit: string, help: string, defaultValue = ""): TextOption {
  return { type: "text", ...namesOf(name), unit, default: defaultValue, help };
}

/** A choice. The first one is the default. */
function choice<const C extends readonly [string, ...string[]]>(
  name: string,
  choices: C,
  help: string,
) {
  const option = { type: "choice" as const, ...namesOf(name), unit: "choice" };
  return { ...option, default: choices[0] as string, choices, help };
}

/** Every option of the server. Types, parsing and `--help` are derived from this table. */
export const options = {
  host: {
    type: "text",
    env: "HOST",
    flag: "host",
    unit: "address",
    default: "127.0.0.1",
    help: "Address to listen on. 0.0.0.0 or :: listens on all addresses; use TLS then",
  },
  port: {
    type: "number",
    env: "PORT",
    flag: "port",
    unit: "port",
    default: 4000,
    min: 0,
    max: 65_535,
    help: "TCP port to listen on; 0 lets the system choose",
  },
  dataDir: {
    type: "text",
    env: "BATON_DATA_DIR",
    flag: "data-dir",
    unit: "path",
    default: "./data",
    help: "Folder of the SQLite database and of local.token",
  },
  databaseUrl: {
    type: "text",
    env: "DATABASE_URL",
    flag: "database-url",
    unit: "url",
    default: "",
    help: "postgresql://user:password@host:5432/database for PostgreSQL, which several servers can share, or file:<path> for a SQLite file. Left out: baton.db in the data directory",
  },
  postgresConnections: {
    type: "number",
    env: "BATON_POSTGRES_CONNECTIONS",
    flag: "postgres-connections",
    unit: "connections",
    default: 10,
    min: 4,
    max: 1_000,
    help: "Maximum number of connections to PostgreSQL: two write, one listens for other servers' writes, and the others read",
  },
  pollIntervalMs: {
    type: "number",
    env: "BATON_POLL_INTERVAL_MS",
    flag: "poll-interval-ms",
    unit: "milliseconds",
    default: 1_000,
    min: 10,
    max: 60_000,
    help: "How often to check for other servers' writes, in case a notification of the database is lost",
  },
  sqliteSynchronous: {
    type: "choice",
    env: "BATON_SQLITE_SYNCHRONOUS",
    flag: "sqlite-synchronous",
    unit: "mode",
    default: "full",
    choices: ["full", "normal"],
    help: "full: a write is on the disk before it is acknowledged. normal: faster, but a power failure can undo the latest writes, each completely",
  },
  tlsCertFile: textOption(
    "tlsCertFile",
    "path",
    "PEM file of the certificate and its intermediate certificates, to serve HTTPS. SIGHUP reads it again",
  ),
  tlsKeyFile: textOption("tlsKeyFile", "path", "PEM file of the certificate's private key"),
  cors: choice(
    "cors",
    ["any", "none"],
    "Whether web pages of other origins can use the API: any page with a token, or none",
  ),
  graphiql: choice("graphiql", ["on", "off"], "Serve GraphiQL to browsers at /graphql"),
  board: choice("board", ["on", "off"], "Serve the board at /"),
  introspection: choice(
    "introspection",
    ["on", "off"],
    "Allow introspection of the schema, and suggest its names in errors",
  ),
  trustedDocuments: textOption(
    "trustedDocuments",
    "path",
    "JSON file of the only GraphQL documents that callers may send: a list, or an object of documents by ID",
  ),
  agentNames: choice(
    "agentNames",
    ["caller", "token"],
    "caller: if a token names no agent, its caller can. token: only tokens name agents",
  ),
  jwtIssuer: textOption(
    "jwtIssuer",
    "url",
    "Also accept JWTs of this issuer. Its keys are found by OpenID discovery, unless --jwt-jwks-url or --jwt-secret-file is set",
  ),
  jwtAudience: textOption("jwtAudience", "name", "The audience that a JWT must name"),
  jwtJwksUrl: textOption("jwtJwksUrl", "url", "URL of the issuer's public keys, as a JWK Set"),
  jwtSecretFile: textOption(
    "jwtSecretFile",
    "path",
    "File of the secrets that the issuer shares with this server, one a line, instead of public keys. SIGHUP reads it again",
  ),
  jwtAlgorithms: textOption(
    "jwtAlgorithms",
    "list",
    "Accepted signature algorithms of JWTs, separated by commas. Left out: RS256,PS256,ES256,EdDSA, or HS256 with a secret",
  ),
  jwtSkewSeconds: {
    ...limit(
      "jwtSkewSeconds",
      "seconds",
      30,
      "Maximum difference between the issuer's clock and this server's",
      0,
    ),
    max: 300,
  },
  jwtUserClaim: textOption(
    "jwtUserClaim",
    "claim",
    "The claim that names the user of a JWT",
    "sub",
  ),
  jwtAgentClaim: textOption("jwtAgentClaim", "claim", "The claim that names the agent", "agent"),
  jwtScopesClaim: textOption(
    "jwtScopesClaim",
    "claim",
    "The claim that lists the scopes: read, write (which includes claim), claim, admin. Others are ignored",
    "scope",
  ),
  jwtNamespacesClaim: textOption(
    "jwtNamespacesClaim",
    "claim",
    "The claim that lists the namespaces of these scopes. A JWT without it covers all namespaces",
    "namespaces",
  ),
  jwtGrantsClaim: textOption(
    "jwtGrantsClaim",
    "claim",
    'The claim that lists grants, such as ["read,write files:*"], instead of scopes and namespaces',
    "grants",
  ),
  keepAliveSeconds: {
    ...limit(
      "keepAliveSeconds",
      "seconds",
      75,
      "How long an idle HTTP connection stays open. Set it at least 1 second longer than clients and proxies keep theirs open",
    ),
    max: 86_400,
  },
  metrics: {
    type: "text",
    env: "BATON_METRICS",
    flag: "metrics",
    unit: "address:port",
    default: "",
    help: "Address for Prometheus metrics, such as 127.0.0.1:9464. They need no token. Left out: nothing is measured",
  },
  traces: choice(
    "traces",
    ["off", "otlp"],
    "otlp: send traces by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318)",
  ),
  logLevel: {
    type: "choice",
    env: "BATON_LOG_LEVEL",
    flag: "log-level",
    unit: "level",
    default: "info",
    choices: ["debug", "info", "warn", "error", "silent"],
    help: "Lowest level to log, as JSON lines on standard error. debug logs each request",
  },
  retentionDays: limit(
    "retentionDays",
    "days",
    7,
    "The log keeps a change for at least this long",
    0,
  ),
  retentionChanges: limit(
    "retentionChanges",
    "changes",
    100_000,
    "The log of each user keeps at least this many changes, regardless of their age",
    0,
  ),
  retentionMebibytes: limit(
    "retentionMebibytes",
    "MiB",
    0,
    "Maximum size of each user's log, regardless of age and count. 0: no limit",
    0,
  ),
  minFreeMebibytes: limit(
    "minFreeMebibytes",
    "MiB",
    64,
    "On SQLite: with less free disk space than this, or than an eighth of a small disk, only writes that remove data are accepted. 0: no minimum",
    0,
  ),
  subscriberQueue: limit(
    "subscriberQueue",
    "changes",
    256,
    "Changes kept in memory for the subscribers of one user. A slower subscriber reads the log",
  ),
  subscriberQueueBytes: limit(
    "subscriberQueueBytes",
    "bytes",
    256 * kibi,
    "Bytes of these changes, and unsent bytes of one subscriber's connection",
  ),
  bookmarkSeconds: {
    ...limit(
      "bookmarkSeconds",
      "seconds",
      30,
      "How often a subscription with bookmarks receives one",
    ),
    max: 86_400,
  },
  maxKeyBytes: limit("maxKeyBytes", "bytes", 1024, "Maximum size of a key, in UTF-8"),
  maxNamespaceBytes: limit(
    "maxNamespaceBytes",
    "bytes",
    256,
    "Maximum size of a namespace, in UTF-8",
  ),
  maxAgentBytes: limit("maxAgentBytes", "bytes", 256, "Maximum size of an agent name, in UTF-8"),
  maxValueBytes: limit("maxValueBytes", "bytes", mebi, "Maximum size of a value, as JSON"),
  maxValueDepth: {
    ...limit("maxValueDepth", "levels", 64, "Maximum nesting of a value or metadata"),
    // The code that searches or renders a value is recursive. The stack overflows at less than twice this depth.
    max: 1_000,
  },
  maxMetadataBytes: limit(
    "maxMetadataBytes",
    "bytes",
    16 * kibi,
    "Maximum size of an entry's metadata, as JSON",
  ),
  maxBatchOperations: {
    ...limit(
      "maxBatchOperations",
      "operations",
      1000,
      "Maximum number of entries in setEntries, or of operations in transact",
    ),
    // The types of all operations are checked in one turn of the event loop.
    max: 2_000,
  },
  maxClearedNamespaces: limit(
    "maxClearedNamespaces",
    "namespaces",
    10_000,
    "Maximum number of namespaces that clearNamespaces clears",
  ),
  maxLeaseSeconds: limit(
    "maxLeaseSeconds",
    "seconds",
    86_400,
    "Maximum lease of a claim. A worker can renew it any number of times",
  ),
  maxAwaitSeconds: limit("maxAwaitSeconds", "seconds", 60, "Maximum wait of awaitEntry"),
  // The minimum has room for the shortest text that an index finds: 3 characters of 4 bytes.
  maxSearchBytes: limit(
    "maxSearchBytes",
    "bytes",
    256,
    "Maximum size of the text of a search, in UTF-8",
    12,
  ),
  // The minimum is the default size of a page.
  maxPageSize: limit("maxPageSize", "items", 500, "Maximum number of items in a page", 100),
  maxPageBytes: limit(
    "maxPageBytes",
    "bytes",
    4 * mebi,
    "A page ends when its entries have this many bytes. One statement loads a page, and SQLite delays other operations for about 4 ms per MiB",
  ),
  maxExaminedItems: limit(
    "maxExaminedItems",
    "items",
    10_000,
    "A page of a filtered list ends when this many entries, changes, namespaces or tokens have been examined",
    100,
  ),
  // In the worst case, each condition reads a whole value, and no other request is served during that time.
  maxWhereConditions: {
    ...limit(
      "maxWhereConditions",
      "conditions",
      20,
      "Maximum number of conditions in a filter by value",
    ),
    max: 100,
  },
  maxResponseBytes: limit(
    "maxResponseBytes",
    "bytes",
    64 * mebi,
    "Maximum size of the entries that one operation loads or writes",
  ),
  maxBodyBytes: limit(
    "maxBodyBytes",
    "bytes",
    10 * mebi,
    "Maximum size of a request body, or of a WebSocket message",
  ),
  maxQueryBytes: limit(
    "maxQueryBytes",
    "bytes",
    64 * kibi,
    "Maximum size of a GraphQL document, in UTF-8",
  ),
  maxQueryComplexity: limit(
    "maxQueryComplexity",
    "fields",
    250_000,
    "Maximum number of fields that an operation requests. A list counts its fields `first` times, and each read of the database counts as 100",
  ),
  maxSubscriptions: limit(
    "maxSubscriptions",
    "operations",
    100,
    "Maximum number of open operations on one WebSocket",
  ),
  maxEntries: limit(
    "maxEntries",
    "entries",
    0,
    "Maximum number of entries in one user's store. 0: no limit",
    0,
  ),
  maxNamespaces: limit(
    "maxNamespaces",
    "namespaces",
    0,
    "Maximum number of namespaces in one user's store. 0: no limit",
    0,
  ),
  maxStoredMebibytes: limit(
    "maxStoredMebibytes",
    "MiB",
    0,
    "Maximum size of the keys, values and metadata in one user's store. 0: no limit",
    0,
  ),
  maxKeyedWritesPerDay: limit(
    "maxKeyedWritesPerDay",
    "operations",
    0,
    "Maximum number of operations with an idempotencyKey per day for one user: their results are kept for 24 hours. 0: no limit",
    0,
  ),
  maxUserTokens: limit(
    "maxUserTokens",
    "tokens",
    10_000,
    "Maximum number of valid tokens of one user. It does not apply to baton token create. 0: no limit",
    0,
  ),
  maxUserReadsPerSecond: limit(
    "maxUserReadsPerSecond",
    "operations",
    0,
    "Maximum number of queries and subscriptions per second for one user. Each root field counts. 0: no limit",
    0,
  ),
  maxUserWritesPerSecond: limit(
    "maxUserWritesPerSecond",
    "operations",
    0,
    "Maximum number of mutations per second for one user. 0: no limit",
    0,
  ),
  maxUserBytesPerSecond: limit(
    "maxUserBytesPerSecond",
    "bytes",
    0,
    "Maximum bytes per second of one user's requests and responses, without events of subscriptions. 0: no limit",
    0,
  ),
  maxUserSockets: limit(
    "maxUserSockets",
    "sockets",
    0,
    "Maximum number of open WebSockets and MCP streams for one user. 0: no limit",
    0,
  ),
  maxUserSubscriptions: limit(
    "maxUserSubscriptions",
    "subscriptions",
    0,
    "Maximum number of open subscriptions for one user. 0: no limit",
    0,
  ),
  maxUserWaits: limit(
    "maxUserWaits",
    "calls",
    0,
    "Maximum number of waiting calls of awaitEntry for one user. 0: no limit",
    0,
  ),
  maxTokenReadsPerSecond: limit(
    "maxTokenReadsPerSecond",
    "operations",
    0,
    "Maximum number of queries and subscriptions per second for one token. Each root field counts. 0: no limit",
    0,
  ),
  maxTokenWritesPerSecond: limit(
    "maxTokenWritesPerSecond",
    "operations",
    0,
    "Maximum number of mutations per second for one token. 0: no limit",
    0,
  ),
  maxTokenBytesPerSecond: limit(
    "maxTokenBytesPerSecond",
    "bytes",
    0,
    "Maximum bytes per second of one token's requests and responses, without events of subscriptions. 0: no limit",
    0,
  ),
  maxTokenSockets: limit(
    "maxTokenSockets",
    "sockets",
    0,
    "Maximum number of open WebSockets and MCP streams for one token. 0: no limit",
    0,
  ),
  maxTokenSubscriptions: limit(
    "maxTokenSubscriptions",
    "subscriptions",
    0,
    "Maximum number of open subscriptions for one token. 0: no limit",
    0,
  ),
  maxTokenWaits: limit(
    "maxTokenWaits",
    "calls",
    0,
    "Maximum number of waiting calls of awaitEntry for one token. 0: no limit",
    0,
  ),
} as const satisfies Record<string, Option>;

type Options = typeof options;

type ValueOf<O extends Option> = O extends { choices: readonly (infer C)[] }
  ? C
  : O["default"] extends number
    ? number
    : string;

/** The value of every option. */
export type Config = { readonly [Name in keyof Options]: ValueOf<Options[Name]> };

/** Returns the default configuration, with the given values in it. */
export function defaultConfig(set: Partial<Config> = {}): Config {
  const defaults = Object.entries(options).map(([name, option]) => [name, option.default]);
  return { ...(Object.fromEntries(defaults) as unknown as Config), ...set };
}

/**
 * Reads the value of an option from its text in the environment or on the command line.
 * @throws Error with a message that says which values are valid
 */
export function parseOption(option: Option, text: string): string | number {
  switch (option.type) {
    case "text":
      return text;
    case "number": {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (value >= option.min && value <= option.max) return value;
      throw new Error(
        `It must be a whole number from ${option.min} to ${option.max} (${option.unit}).`,
      );
    }
    case "choice":
      if (option.choices.includes(text)) return text;
      throw new Error(`It must be one of: ${option.choices.join(", ")}.`);
  }
}

/** The database: a SQLite file, or the URL of a PostgreSQL database. */
export type DatabasePlace =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

/**
 * Returns the database that the configuration names.
 * @throws StartError if DATABASE_URL is neither a PostgreSQL URL nor the path of a SQLite file
 */
export function databaseOf(config: Pick<Config, "dataDir" | "databaseUrl">): DatabasePlace {
  const { databaseUrl } = config;
  if (databaseUrl === "") return { kind: "sqlite", file: resolve(config.dataDir, "baton.db") };
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(databaseUrl)?.[1];
  if (path !== undefined) return { kind: "sqlite", file: resolve(path) };
  // A URL can contain a password, so the message shows only its scheme.
  const scheme = /^[a-z+]+:/i.exec(databaseUrl)?.[0] ?? "something else";
  if (!/^postgres(ql)?:$/i.test(scheme)) {
    throw new StartError(
      `DATABASE_URL must be postgresql://… or file:<path> of a SQLite database, or be left out; this is ${scheme}.`,
      2,
    );
  }
  if (!URL.canParse(databaseUrl)) {
    throw new StartError(
      "DATABASE_URL is not a valid URL. Write postgresql://user:password@host:5432/database, and percent-encode " +
        "characters such as @ : / # in the password.",
      2,
    );
  }
  return { kind: "postgres", url: databaseUrl };
}

/** The location of the database, without the password, for messages. */
export function describePlace(place: DatabasePlace): string {
  if (place.kind === "sqlite") return place.file;
  const { host, pathname } = new URL(place.url);
  return `postgresql://${host}${pathname}`;
}
