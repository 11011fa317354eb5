import type { Session } from "../auth/authenticator.ts";
import type { Feed } from "../feed/feed.ts";
import type { CallBounds } from "../store/call-bounds.ts";
import type { Store } from "../store/store.ts";
import type { Writer } from "../store/writer.ts";
import {
  optional,
  readFields,
  revision,
  schemaOf,
  text,
  withDefault,
  type Fields,
  type Values,
} from "./fields.ts";

/** What tools and resources work with, the same for every call. */
export interface McpServices {
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly bounds: CallBounds;
}

/** One request of a caller. */
export interface McpCall extends McpServices {
  readonly session: Session;
  /** Aborts when the caller no longer waits for the answer. */
  readonly closed: AbortSignal;
}

/** What a tool answers, as `writeJson` writes it. A member that is undefined is left out. */
export type ToolResult = Readonly<Record<string, unknown>>;

export interface ToolDefinition<F extends Fields> {
  readonly name: string;
  /** What a client shows to a person. */
  readonly title: string;
  /** What a model chooses by. */
  readonly description: string;
  readonly fields: F;
  /** Left out: it only reads. */
  readonly writes?: "adds" | "replaces";
  /** The caller's name of an argument, where the store has another. */
  readonly argumentOf?: (path: string) => string;
  /** @throws BatonError */
  readonly run: (call: McpCall, values: Values<F>) => Promise<ToolResult>;
}

export interface Tool extends Omit<ToolDefinition<Fields>, "fields" | "run" | "writes"> {
  /** As `tools/list` shows it. */
  readonly listed: {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly inputSchema: { readonly type: "object" };
    readonly annotations: Readonly<Record<string, boolean>>;
  };
  /** @param sent the arguments, as the text of a `JsonText` */
  readonly run: (call: McpCall, sent: string) => Promise<ToolResult>;
}

export function tool<F extends Fields>(definition: ToolDefinition<F>): Tool {
  const { name, title, description, fields, writes, run, argumentOf } = definition;
  return {
    name,
    title,
    description,
    ...(argumentOf === undefined ? {} : { argumentOf }),
    listed: {
      name,
      title,
      description,
      inputSchema: { ...schemaOf(fields), type: "object" },
      annotations: {
        readOnlyHint: writes === undefined,
        ...(writes === undefined ? {} : { destructiveHint: writes === "replaces" }),
        // A store is a closed world: the tools reach nothing but it.
        openWorldHint: false,
      },
    },
    run: async (call, sent) => run(call, readFields(fields, sent, "")),
  };
}

/** The argument of tools that can show an earlier state. */
export const atField = optional(
  revision,
  "Show what was there right after this revision, which baton_history lists. Default: what is there now.",
);

/** The argument that most tools have. */
export const namespaceField = withDefault(
  text,
  "default",
  "The namespace, such as pipeline:job-123.",
);
