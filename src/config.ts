import { resolve } from "node:path";
import { StartError } from "./start-error.ts";

interface OptionBase {
  /** Name of the environment variable. */
  readonly env: string;
  /** Name of the flag, without its dashes. */
  readonly flag: string;
  /** What the value stands for in the help: its unit, for a number. */
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

/** A choice, of which the first is the default. */
function choice<const C extends readonly [string, ...string[]]>(
  name: string,
  choices: C,
  help: string,
) {
  const option = { type: "choice" as const, ...namesOf(name), unit: "choice" };
  return { ...option, default: choices[0] as string, choices, help };
}

/** Every option of the server: the one place that names them. Types, parsing and `--help` come from here. */
export const options = {
  host: {
    type: "text",
    env: "HOST",
    flag: "host",
    unit: "address",
    default: "127.0.0.1",
    help: "Address to listen on; 0.0.0.0 or :: for every one, and then put TLS in front",
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
    help: "Folder of the embedded database and of local.token",
  },
  databaseUrl: {
    type: "text",
    env: "DATABASE_URL",
    flag: "database-url",
    unit: "url",
    default: "",
    help: "postgresql://user:password@host:5432/database for PostgreSQL, which several servers may share; or file:<path> of a SQLite database that is not to be baton.db in the data directory",
  },
  postgresConnections: {
    type: "number",
    env: "BATON_POSTGRES_CONNECTIONS",
    flag: "postgres-connections",
    unit: "connections",
    default: 10,
    min: 3,
    max: 1_000,
    help: "Most connections to PostgreSQL: one that writes, one that listens for other servers' writes, the others for all else",
  },
  pollIntervalMs: {
    type: "number",
    env: "BATON_POLL_INTERVAL_MS",
    flag: "poll-interval-ms",
    unit: "milliseconds",
    default: 1_000,
    min: 10,
    max: 60_000,
    help: "How often to look for other servers' writes, should the database's own notification of them fail",
  },
  sqliteSynchronous: {
    type: "choice",
    env: "BATON_SQLITE_SYNCHRONOUS",
    flag: "sqlite-synchronous",
    unit: "mode",
    default: "full",
    choices: ["full", "normal"],
    help: "full: a write is on the disk before it is acknowledged. normal: faster, and a power failure may take back the last writes, though never part of one",
  },
  tlsCertFile: textOption(
    "tlsCertFile",
    "path",
    "File of the certificate, and those between it and its root, to serve HTTPS; SIGHUP reads it again",
  ),
  tlsKeyFile: textOption("tlsKeyFile", "path", "File of the certificate's private key"),
  cors: choice(
    "cors",
    ["any", "none"],
    "Which pages of other sites may use the API: any that has a token, or none",
  ),
  graphiql: choice("graphiql", ["on", "off"], "Whether browsers are shown GraphiQL at /graphql"),
  board: choice("board", ["on", "off"], "Whether browsers are shown the board at /"),
  introspection: choice("introspection", ["on", "off"], "Whether callers may ask for the schema"),
  trustedDocuments: textOption(
    "trustedDocuments",
    "path",
    "File of the only GraphQL documents that callers may send: JSON, an object of documents by id, or a list",
  ),
  agentNames: choice(
    "agentNames",
    ["caller", "token"],
    "Who names the agent where a token names none: its caller, or nobody, so that a change's agent is always the token's",
  ),
  jwtIssuer: textOption(
    "jwtIssuer",
    "url",
    "Accept JWTs of this issuer, too. Its keys are found by OpenID discovery, unless --jwt-jwks-url or --jwt-secret-file says where",
  ),
  jwtAudience: textOption("jwtAudience", "name", "The audience that a JWT must be for"),
  jwtJwksUrl: textOption("jwtJwksUrl", "url", "Where the issuer's public keys are, as a JWK Set"),
  jwtSecretFile: textOption(
    "jwtSecretFile",
    "path",
    "File of the secret that the issuer and this server share, in place of public keys",
  ),
  jwtAlgorithms: textOption(
    "jwtAlgorithms",
    "list",
    "The algorithms that a JWT may be signed with, separated by commas. Left out: RS256,PS256,ES256,EdDSA, or HS256 with a secret",
  ),
  jwtSkewSeconds: {
    ...limit("jwtSkewSeconds", "seconds", 30, "By how much the issuer's clock may differ", 0),
    max: 300,
  },
  jwtUserClaim: textOption("jwtUserClaim", "claim", "The claim that names a JWT's user", "sub"),
  jwtAgentClaim: textOption("jwtAgentClaim", "claim", "The claim that names its agent", "agent"),
  jwtScopesClaim: textOption(
    "jwtScopesClaim",
    "claim",
    "The claim of its scopes: read, write (which includes claim), claim, admin; others mean nothing",
    "scope",
  ),
  jwtNamespacesClaim: textOption(
    "jwtNamespacesClaim",
    "claim",
    "The claim of the namespaces that its scopes are for; without it every one",
    "namespaces",
  ),
  jwtGrantsClaim: textOption(
    "jwtGrantsClaim",
    "claim",
    'The claim of its grants, such as ["read,write files:*"], in place of scopes and namespaces',
    "grants",
  ),
  keepAliveSeconds: {
    ...limit(
      "keepAliveSeconds",
      "seconds",
      75,
      "How long an idle HTTP connection stays open for a next request; at least a second longer than clients and proxies keep theirs",
    ),
    max: 86_400,
  },
  metrics: {
    type: "text",
    env: "BATON_METRICS",
    flag: "metrics",
    unit: "address:port",
    default: "",
    help: "Where to serve metrics for Prometheus, such as 127.0.0.1:9464; without it they are not measured. They need no token",
  },
  traces: choice(
    "traces",
    ["off", "otlp"],
    "Where to send traces: nowhere, or by OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT says (http://localhost:4318)",
  ),
  logLevel: {
    type: "choice",
    env: "BATON_LOG_LEVEL",
    flag: "log-level",
    unit: "level",
    default: "info",
    choices: ["debug", "info", "warn", "error", "silent"],
    help: "What to log, as JSON lines on standard error; debug has a line a request",
  },
  retentionDays: limit(
    "retentionDays",
    "days",
    7,
    "The log keeps changes for at least so long, and at least --retention-changes of them",
    0,
  ),
  retentionChanges: limit(
    "retentionChanges",
    "changes",
    100_000,
    "The log of each user keeps at least so many changes, however old",
    0,
  ),
  retentionMebibytes: limit(
    "retentionMebibytes",
    "MiB",
    0,
    "The log of each user has at most this many MiB, regardless of age and count; 0: no limit",
    0,
  ),
  minFreeMebibytes: limit(
    "minFreeMebibytes",
    "MiB",
    64,
    "On SQLite: with less free space only writes that remove data are accepted; an eighth of a disk that is small. 0: until it is full",
    0,
  ),
  subscriberQueue: limit(
    "subscriberQueue",
    "changes",
    256,
    "Changes that are kept in memory for the subscribers of one user; a slower one is fed from the log",
  ),
  subscriberQueueBytes: limit(
    "subscriberQueueBytes",
    "bytes",
    256 * kibi,
    "Bytes of them, and bytes that wait in memory for one subscriber's connection",
  ),
  bookmarkSeconds: {
    ...limit(
      "bookmarkSeconds",
      "seconds",
      30,
      "How often a subscription that asks for bookmarks is told how far the log has been followed",
    ),
    max: 86_400,
  },
  maxKeyBytes: limit("maxKeyBytes", "bytes", 1024, "Longest key, in UTF-8"),
  maxNamespaceBytes: limit("maxNamespaceBytes", "bytes", 256, "Longest namespace, in UTF-8"),
  maxAgentBytes: limit("maxAgentBytes", "bytes", 256, "Longest name of an agent, in UTF-8"),
  maxValueBytes: limit("maxValueBytes", "bytes", mebi, "Largest value, as JSON"),
  maxValueDepth: {
    ...limit("maxValueDepth", "levels", 64, "Deepest nesting of a value or metadata, at most 1000"),
    // What searches a value, or answers with it, goes into it by recursion: the stack bears less than twice as much.
    max: 1_000,
  },
  maxMetadataBytes: limit(
    "maxMetadataBytes",
    "bytes",
    16 * kibi,
    "Largest metadata of an entry, as JSON",
  ),
  maxBatchOperations: limit(
    "maxBatchOperations",
    "operations",
    1000,
    "Most entries of one setEntries, or operations of one transact",
  ),
  maxClearedNamespaces: limit(
    "maxClearedNamespaces",
    "namespaces",
    10_000,
    "Most namespaces that one clearNamespaces may clear",
  ),
  maxLeaseSeconds: limit(
    "maxLeaseSeconds",
    "seconds",
    86_400,
    "Longest lease of a claim; a worker renews it as often as it likes",
  ),
  maxAwaitSeconds: limit("maxAwaitSeconds", "seconds", 60, "Longest that one awaitEntry may wait"),
  // Room for the shortest that an index finds, however many bytes its characters have.
  maxSearchBytes: limit("maxSearchBytes", "bytes", 256, "Longest text of a search, in UTF-8", 12),
  // At least what a page has where its caller does not say.
  maxPageSize: limit("maxPageSize", "items", 500, "Most items of a page", 100),
  maxPageBytes: limit(
    "maxPageBytes",
    "bytes",
    4 * mebi,
    "A page ends when its entries have so many bytes. One statement loads them, and a SQLite holds others up meanwhile: some 4 ms for each MiB",
  ),
  maxExaminedItems: limit(
    "maxExaminedItems",
    "items",
    10_000,
    "A page that a filter selects ends when it has looked at so many entries, changes or namespaces",
    100,
  ),
  // Each of them reads a whole value at worst, while nobody else is served.
  maxWhereConditions: {
    ...limit("maxWhereConditions", "conditions", 20, "Most conditions of one filter by value"),
    max: 100,
  },
  maxResponseBytes: limit(
    "maxResponseBytes",
    "bytes",
    64 * mebi,
    "Most bytes of entries that one operation may load or write",
  ),
  maxBodyBytes: limit(
    "maxBodyBytes",
    "bytes",
    10 * mebi,
    "Largest request body, or message on a socket",
  ),
  maxQueryBytes: limit(
    "maxQueryBytes",
    "bytes",
    64 * kibi,
    "Longest text of a GraphQL operation, in UTF-8",
  ),
  maxQueryComplexity: limit(
    "maxQueryComplexity",
    "fields",
    250_000,
    "Most fields that an operation may ask for, each list counted by its first, and 100 for each read of the database",
  ),
  maxSubscriptions: limit(
    "maxSubscriptions",
    "operations",
    100,
    "Most operations that one socket may have open",
  ),
  maxEntries: limit(
    "maxEntries",
    "entries",
    0,
    "Most entries that one user's store may hold; 0: any number",
    0,
  ),
  maxNamespaces: limit(
    "maxNamespaces",
    "namespaces",
    0,
    "Most namespaces that one user's store may hold; 0: any number",
    0,
  ),
  maxStoredMebibytes: limit(
    "maxStoredMebibytes",
    "MiB",
    0,
    "Most keys, values and metadata that one user's store may hold; 0: any number",
    0,
  ),
  maxUserReadsPerSecond: limit(
    "maxUserReadsPerSecond",
    "operations",
    0,
    "Most queries and subscriptions that one user may begin in a second, each root field counted; 0: any number",
    0,
  ),
  maxUserWritesPerSecond: limit(
    "maxUserWritesPerSecond",
    "operations",
    0,
    "Most mutations of one user in a second; 0: any number",
    0,
  ),
  maxUserBytesPerSecond: limit(
    "maxUserBytesPerSecond",
    "bytes",
    0,
    "Most bytes of one user's requests and answers in a second, events of subscriptions apart; 0: any number",
    0,
  ),
  maxUserSockets: limit(
    "maxUserSockets",
    "sockets",
    0,
    "Most WebSockets, and streams of MCP, that one user may have open; 0: any number",
    0,
  ),
  maxUserSubscriptions: limit(
    "maxUserSubscriptions",
    "subscriptions",
    0,
    "Most subscriptions that one user may have open; 0: any number",
    0,
  ),
  maxUserWaits: limit(
    "maxUserWaits",
    "calls",
    0,
    "Most calls of awaitEntry that one user may have waiting; 0: any number",
    0,
  ),
  maxTokenReadsPerSecond: limit(
    "maxTokenReadsPerSecond",
    "operations",
    0,
    "Most queries and subscriptions that one token may begin in a second, each root field counted; 0: any number",
    0,
  ),
  maxTokenWritesPerSecond: limit(
    "maxTokenWritesPerSecond",
    "operations",
    0,
    "Most mutations of one token in a second; 0: any number",
    0,
  ),
  maxTokenBytesPerSecond: limit(
    "maxTokenBytesPerSecond",
    "bytes",
    0,
    "Most bytes of one token's requests and answers in a second, events of subscriptions apart; 0: any number",
    0,
  ),
  maxTokenSockets: limit(
    "maxTokenSockets",
    "sockets",
    0,
    "Most WebSockets, and streams of MCP, that one token may have open; 0: any number",
    0,
  ),
  maxTokenSubscriptions: limit(
    "maxTokenSubscriptions",
    "subscriptions",
    0,
    "Most subscriptions that one token may have open; 0: any number",
    0,
  ),
  maxTokenWaits: limit(
    "maxTokenWaits",
    "calls",
    0,
    "Most calls of awaitEntry that one token may have waiting; 0: any number",
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

/** The configuration with nothing set, or with these values set. */
export function defaultConfig(set: Partial<Config> = {}): Config {
  const defaults = Object.entries(options).map(([name, option]) => [name, option.default]);
  return { ...(Object.fromEntries(defaults) as unknown as Config), ...set };
}

/**
 * Reads one option's value as it is written in the environment or on the command line.
 * @throws Error whose message says what would be right
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

/** Where the database is. */
export type DatabasePlace =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

/**
 * The database that the configuration chooses.
 * @throws StartError when DATABASE_URL names none that can be served from
 */
export function databaseOf(config: Pick<Config, "dataDir" | "databaseUrl">): DatabasePlace {
  const { databaseUrl } = config;
  if (databaseUrl === "") return { kind: "sqlite", file: resolve(config.dataDir, "baton.db") };
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(databaseUrl)?.[1];
  if (path !== undefined) return { kind: "sqlite", file: resolve(path) };
  // A URL may carry a password: only its scheme is repeated.
  const scheme = /^[a-z+]+:/i.exec(databaseUrl)?.[0] ?? "something else";
  if (!/^postgres(ql)?:$/i.test(scheme)) {
    throw new StartError(
      `DATABASE_URL must be postgresql://… or file:<path> of a SQLite database, or be left out; this is ${scheme}.`,
      2,
    );
  }
  if (!URL.canParse(databaseUrl)) {
    throw new StartError(
      "DATABASE_URL is no URL: write postgresql://user:password@host:5432/database, with characters such as @ : / # " +
        "in the password percent-encoded.",
      2,
    );
  }
  return { kind: "postgres", url: databaseUrl };
}

/** Where the database is, for a person to read: without a password. */
export function describePlace(place: DatabasePlace): string {
  if (place.kind === "sqlite") return place.file;
  const { host, pathname } = new URL(place.url);
  return `postgresql://${host}${pathname}`;
}
