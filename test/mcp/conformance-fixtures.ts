// The tools, prompts and resources that the protocol's conformance suite calls. They are registered in addition to
// Baton's on the servers that the endpoint creates, in this process only. The endpoint itself is that of the product.
import {
  acceptedContent,
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type InputRequests,
  type ServerContext,
  type ServerEvent,
} from "@modelcontextprotocol/server";
import { Listen } from "../../src/mcp/listen.ts";

type Answer = Record<string, unknown> | Promise<Record<string, unknown>>;
type Handler = (request: any, context: ServerContext) => Answer;

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";
const codec = createRequestStateCodec<{ round: number }>({
  key: crypto.getRandomValues(new Uint8Array(32)),
});

const text = (written: string) => ({ type: "text", text: written });
const image = { type: "image", data: png, mimeType: "image/png" };
const said = (written: string) => ({ content: [text(written)] });
const embedded = (uri: string, mimeType: string, written: string) => ({
  type: "resource",
  resource: { uri, mimeType, text: written },
});
const form = (message: string, name: string, type: "string" | "boolean") => {
  const property = type === "string" ? { type } : { type };
  return inputRequired.elicit({
    message,
    requestedSchema: { type: "object", properties: { [name]: property }, required: [name] },
  });
};
const completion = (prompt: string) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: prompt } }],
    maxTokens: 100,
  });

/** The caller's response in an earlier round, if it accepted. */
const answered = ({ mcpReq }: ServerContext, name: string) =>
  acceptedContent<Record<string, any>>(mcpReq.inputResponses, name);
const responses = ({ mcpReq }: ServerContext) => (mcpReq.inputResponses ?? {}) as any;

/** The state from an earlier round; null in the first round. */
async function stateOf({ mcpReq }: ServerContext): Promise<{ round: number } | null> {
  const sent: unknown = mcpReq.requestState();
  if (typeof sent !== "string") return null;
  try {
    return await codec.verify(sent, undefined as never);
  } catch {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Invalid or expired requestState");
  }
}

/** The open streams. */
const listeners = new Set<(event: ServerEvent) => void>();
const tell = (event: ServerEvent) => {
  for (const listener of listeners) listener(event);
  return said("told");
};

async function confirmed(context: ServerContext, done: string): Promise<Record<string, unknown>> {
  const state = await stateOf(context);
  if (state && answered(context, "confirm")) return said(done);
  return inputRequired({
    inputRequests: { confirm: form("Please confirm", "ok", "boolean") },
    requestState: await codec.mint({ round: 1 }),
  });
}

const tools: Record<string, (context: ServerContext) => Answer> = {
  test_simple_text: () => said("This is a simple text response for testing."),
  test_image_content: () => ({ content: [image] }),
  test_audio_content: () => ({ content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] }),
  test_embedded_resource: () => ({
    content: [embedded("test://embedded-resource", "text/plain", "This is an embedded resource.")],
  }),
  test_multiple_content_types: () => ({
    content: [
      text("Multiple content types test:"),
      image,
      embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  }),
  test_error_handling: () => ({
    ...said("This tool intentionally returns an error for testing"),
    isError: true,
  }),
  async test_tool_with_logging({ mcpReq }) {
    for (const data of ["started", "processing", "completed"]) {
      await mcpReq.notify({ method: "notifications/message", params: { level: "info", data } });
    }
    return said("Tool with logging executed successfully");
  },
  async test_tool_with_progress({ mcpReq }) {
    const { progressToken } = mcpReq._meta ?? {};
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      await mcpReq.notify({
        method: "notifications/progress",
        params: { progressToken: progressToken as string, progress, total: 100 },
      });
    }
    return said(String(progressToken));
  },
  async test_logging_tool({ mcpReq }) {
    await mcpReq.log("info", "It ran.");
    return said("logged");
  },
  test_streaming_elicitation: () => said("A result, and nothing else."),
  test_missing_capability: (context) =>
    responses(context).llm_answer
      ? said("done")
      : inputRequired({ inputRequests: { llm_answer: completion("Reply: pong") } }),
  test_trigger_tool_change: () => tell({ kind: "tools_list_changed" }),
  test_trigger_prompt_change: () => tell({ kind: "prompts_list_changed" }),
  test_input_required_result_elicitation(context) {
    const name = answered(context, "user_name")?.name;
    if (typeof name === "string") return said(`Hello, ${name}!`);
    return inputRequired({
      inputRequests: { user_name: form("What is your name?", "name", "string") },
    });
  },
  test_input_required_result_sampling(context) {
    const answer = responses(context).capital_question;
    if (answer) return said(`Sampling response: ${answer.content?.text}`);
    return inputRequired({
      inputRequests: { capital_question: completion("Name the capital of France.") },
    });
  },
  test_input_required_result_list_roots(context) {
    const roots = responses(context).client_roots?.roots;
    if (Array.isArray(roots)) return said(roots.map(({ uri }) => uri).join());
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  },
  test_input_required_result_request_state: (context) => confirmed(context, "state-ok"),
  test_input_required_result_tampered_state: (context) => confirmed(context, "integrity-ok"),
  async test_input_required_result_multiple_inputs(context) {
    const { greeting, client_roots: roots } = responses(context);
    const name = answered(context, "user_name")?.name;
    if (name && greeting && roots) return said(`${greeting.content?.text} ${name}`);
    return inputRequired({
      inputRequests: {
        user_name: form("What is your name?", "name", "string"),
        greeting: completion("Generate a greeting"),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await codec.mint({ round: 1 }),
    });
  },
  async test_input_required_result_multi_round(context) {
    const { round } = (await stateOf(context)) ?? { round: 0 };
    const asked = [
      { step1: form("Step 1: Enter your name.", "name", "string") },
      { step2: form("Step 2: Enter your favorite color.", "color", "string") },
    ][round] as InputRequests | undefined;
    if (!asked) return said("Multi-round complete");
    return inputRequired({
      inputRequests: asked,
      requestState: await codec.mint({ round: round + 1 }),
    });
  },
  test_input_required_result_capabilities(context) {
    if (context.mcpReq.inputResponses) return said("done");
    const declared = (context.mcpReq.envelope as any)?.[
      "io.modelcontextprotocol/clientCapabilities"
    ];
    return inputRequired({
      inputRequests: {
        ...(declared?.elicitation && { user_name: form("What is your name?", "name", "string") }),
        ...(declared?.sampling && { greeting: completion("Generate a short greeting") }),
        ...(declared?.roots && { client_roots: inputRequired.listRoots() }),
      },
    });
  },
};

const schemaTool = {
  name: "json_schema_2020_12_tool",
  description: "Tool with JSON Schema 2020-12 features",
  inputSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } },
      },
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    // eslint-disable-next-line unicorn/no-thenable -- A keyword of JSON Schema.
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  },
};

const resources: Record<string, Record<string, unknown>> = {
  "test://static-text": { mimeType: "text/plain", text: "This is a static text resource." },
  "test://static-binary": { mimeType: "image/png", blob: png },
  "test://template/123/data": {
    mimeType: "application/json",
    text: '{"id":"123","templateTest":true,"data":"Data for ID: 123"}',
  },
  "test://watched-resource": { mimeType: "text/plain", text: "Watched" },
};

const user = (content: object) => ({ role: "user", content });
const stringArguments = (...names: string[]) => names.map((name) => ({ name, required: true }));

interface Prompt {
  readonly arguments?: readonly object[];
  readonly get: (sent: Record<string, string>, context: ServerContext) => Answer;
}

const prompts: Record<string, Prompt> = {
  test_simple_prompt: {
    get: () => ({ messages: [user(text("This is a simple prompt for testing."))] }),
  },
  test_prompt_with_arguments: {
    arguments: stringArguments("arg1", "arg2"),
    get: ({ arg1, arg2 }) => ({
      messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
    }),
  },
  test_prompt_with_embedded_resource: {
    arguments: stringArguments("resourceUri"),
    get: ({ resourceUri = "" }) => ({
      messages: [
        user(embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
        user(text("Please process the embedded resource above.")),
      ],
    }),
  },
  test_prompt_with_image: {
    get: () => ({ messages: [user(image), user(text("Please analyze the image above."))] }),
  },
  test_input_required_result_prompt: {
    get(_sent, context) {
      const given = answered(context, "user_context")?.context;
      if (given) return { messages: [user(text(`Use the following context: ${given}`))] };
      return inputRequired({
        inputRequests: {
          user_context: form("What context should the prompt use?", "context", "string"),
        },
      });
    },
  },
};

/** Handlers of methods that Baton does not implement. */
const further: Record<string, Handler> = {
  "prompts/list": () => ({
    prompts: Object.entries(prompts).map(([name, prompt]) => ({
      name,
      description: "Made for the conformance suite.",
      arguments: prompt.arguments ?? [],
    })),
  }),
  "prompts/get": ({ params }, context) => {
    const prompt = prompts[params.name];
    if (prompt) return prompt.get(params.arguments ?? {}, context);
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "The prompt does not exist.");
  },
  "logging/setLevel": () => ({}),
  "completion/complete": () => ({ completion: { values: [], total: 0, hasMore: false } }),
};

/** The result of a method of Baton, with the fixtures added. */
function beside(method: string, own: Handler): Handler {
  switch (method) {
    case "tools/list":
      return async (request, context) => {
        const listed = await own(request, context);
        const described = Object.keys(tools).map((name) => ({
          name,
          description: "Made for the conformance suite.",
          inputSchema: { type: "object" },
        }));
        return { ...listed, tools: [...(listed.tools as object[]), ...described, schemaTool] };
      };
    case "tools/call":
      return (request, context) => tools[request.params.name]?.(context) ?? own(request, context);
    case "resources/read":
      return (request, context) => {
        const { uri } = request.params;
        const found = resources[uri];
        return found ? { contents: [{ uri, ...found }] } : own(request, context);
      };
    case "resources/subscribe":
    case "resources/unsubscribe":
      return (request, context) => (resources[request.params.uri] ? {} : own(request, context));
    default:
      return own;
  }
}

/** Registers the fixtures on every server that is created later. */
export function registerFixtures(): void {
  const server = Server.prototype as unknown as {
    setRequestHandler(method: string, handler: Handler): void;
    registerCapabilities(capabilities: object): void;
  };
  const { setRequestHandler } = server;
  server.setRequestHandler = function (method, handler) {
    // The first method that Baton registers.
    if (method === "tools/list") {
      const listChanged = true;
      this.registerCapabilities({
        tools: { listChanged },
        prompts: { listChanged },
        completions: {},
        logging: {},
      });
      for (const [name, answer] of Object.entries(further)) {
        setRequestHandler.call(this, name, answer);
      }
    }
    setRequestHandler.call(this, method, beside(method, handler));
  };
  const { subscribe } = Listen.prototype;
  Listen.prototype.subscribe = function (listener) {
    listeners.add(listener);
    const end = subscribe.call(this, listener);
    return () => {
      listeners.delete(listener);
      end();
    };
  };
}
