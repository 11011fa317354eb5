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

/** The services that tools and resources use. All calls share them. */
export interface McpServices {
  readonly store: Store;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly bounds: CallBounds;
}

/** One request of a caller. */
export interface McpCall extends McpServices {
  readonly session: Session;
  /** Aborts when the caller no longer waits for the response. */
  readonly closed: AbortSignal;
}

/** The result of a tool, which `writeJson` writes. Undefined members are left out. */
export type ToolResult = Readonly<Record<string, unknown>>;

export interface ToolDefinition<F extends Fields> {
  readonly name: string;
  /** The name that a client shows to a person. */
  readonly title: string;
  /** The text by which a model chooses the tool. */
  readonly description: string;
  readonly fields: F;
  /** How the tool writes. Left out if it only reads. */
  readonly writes?: "adds" | "replaces";
  /** Returns the tool's name of an argument, if the store has another name. */
  readonly argumentOf?: (path: string) => string;
  /** @throws BatonError */
  readonly run: (call: McpCall, values: Values<F>) => Promise<ToolResult>;
}

export interface Tool extends Omit<ToolDefinition<Fields>, "fields" | "run" | "writes"> {
  /** The tool in `tools/list`. */
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
        // The tools access only the store, which is a closed world.
        openWorldHint: false,
      },
    },
    run: async (call, sent) => run(call, readFields(fields, sent, "")),
  };
}

/** The argument of tools that can show an earlier state. */
export const atField = optional(
  revision,
  "Show the state right after this revision. baton_history lists revisions. Default: the current state.",
);

/** The argument that most tools have. */
export const namespaceField = withDefault(
  text,
  "default",
  "The namespace, such as pipeline:job-123.",
);
