import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeUnder, compile, runWith } from "../document.ts";
import { get } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { agentSdkModules, hasAgentSdks, withAgentSdks } from "./agent-sdks.ts";

// The agent that a page uses without defining it. Its model repeats the users' messages, which shows the session's
// items.
const openAiAgent = `
  import { Agent, setTracingDisabled, Usage, type Model } from "@openai/agents";
  setTracingDisabled(true);
  const model: Model = {
    async getResponse({ input }) {
      const given = typeof input === "string" ? [{ role: "user", content: input }] : input;
      const said = given.flatMap((item: any) => (item.role === "user" ? [item.content] : [])).flat();
      const text = said.map((part: any) => part.text ?? part).join(" ");
      const content = [{ type: "output_text" as const, text }];
      const output = [{ type: "message" as const, role: "assistant" as const, status: "completed" as const, content }];
      return { usage: new Usage(), output };
    },
    async *getStreamedResponse() {},
  };
  const agent = new Agent({ name: "echo", model });
`;

describe.skipIf(!hasAgentSdks)(`programs of docs with the SDKs${withAgentSdks}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  const program = async (page: string, heading: string) =>
    codeUnder(await readFile(page, "utf8"), heading, "ts").replaceAll(
      "http://127.0.0.1:4000",
      server.url,
    );
  const run = (code: string) =>
    runWith(agentSdkModules, code, { BATON_URL: server.url, BATON_TOKEN: server.token });

  test("compile with the types of the SDKs", async () => {
    const openAi = await program("docs/sessions.md", "## OpenAI Agents SDK");
    const claude = await program("docs/sessions.md", "## Claude Agent SDK");
    const aiSdk = await program("docs/mcp.md", "### AI SDK");
    // Each is a separate module with top-level await.
    await Promise.all([
      compile(`${openAiAgent}${openAi}`, agentSdkModules),
      compile(`declare const prompt: string, sessionId: string;\n${claude}`, agentSdkModules),
      compile(aiSdk, agentSdkModules),
    ]);
  });

  test("OpenAI Agents SDK: a process continues the session of another", async () => {
    const code = await program("docs/sessions.md", "## OpenAI Agents SDK");
    expect(code).toContain("await run(");
    const shown = `${openAiAgent}${code.replace("await run(", "const result = await run(")}
      console.log(result.finalOutput);`;
    expect(await run(shown)).toBe("Where were we?\n");
    expect(await run(shown)).toBe("Where were we? Where were we?\n");
  });

  test("Claude Agent SDK: the store has the methods and summaries that the SDK requires", async () => {
    const code = await program("docs/sessions.md", "## Claude Agent SDK");
    // Running a session would need the program that the SDK contains.
    const stored = code.replace("query({", "({");
    expect(stored).not.toBe(code);
    const shown = `const prompt = "hi", sessionId = "s";
      ${stored}
      await sessionStore.append({ projectKey: "p", sessionId }, [{ type: "user", uuid: "u" }]);
      console.log((await sessionStore.listSessionSummaries("p"))[0].sessionId);`;
    expect(await run(shown)).toBe("s\n");
  });

  test("AI SDK: its client lists the tools and calls them", async () => {
    const code = await program("docs/mcp.md", "### AI SDK");
    const shown = `${code}
      const tools = await client.tools();
      console.log(Object.keys(tools).length);
      const written = { namespace: "ai-sdk", key: "k", value: { n: 1 } };
      const result = await tools.baton_set.execute(written, { toolCallId: "1", messages: [] });
      console.log(result.structuredContent.isNew);
      await client.close();`;
    expect(await run(shown)).toBe("12\ntrue\n");
    expect((await get(server, "k", "ai-sdk"))?.value).toEqual({ n: 1 });
  });
});
