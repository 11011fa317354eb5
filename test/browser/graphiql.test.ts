import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { clear, set } from "../operations.ts";
import type { TestServer } from "../server.ts";
import { startTestServer } from "../server.ts";
import { testBrowser } from "./find-chromium.ts";
import { launchChromium } from "./launch-chromium.ts";

const executablePath = testBrowser();
if (!executablePath) {
  console.warn(
    "SKIPPED: the tests of GraphiQL in a browser. To run them: BATON_TEST_BROWSER=1 npx vitest run test/browser",
  );
}

const viewport = { width: 1300, height: 900 };

describe.skipIf(!executablePath)("GraphiQL in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let server: TestServer;
  let context: BrowserContext;
  /** A page that is signed in. Each test restores it. A test that needs a separate session opens another page. */
  let shared: Page;
  let complaints: string[] = [];
  let origins = new Set<string>();

  // One browser context for all tests, so that the editor is fetched and compiled once.
  beforeAll(async () => {
    browser = await launchChromium(executablePath!);
    server = await startTestServer();
    context = await browser.newContext({ viewport });
    // Violations of the Content-Security-Policy are console errors.
    context.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("request", (request) => origins.add(new URL(request.url()).origin));
    shared = await openSignedIn();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  afterEach(async () => {
    await context.setOffline(false);
    await clear(server, "handoff");
    const own = context.pages().filter((page) => page !== shared);
    await Promise.all(own.map((page) => page.close()));
    for (const origin of origins) expect(origin, "no request leaves the origin").toBe(server.url);
    [complaints, origins] = [[], new Set()];
  });

  async function openSignedIn(): Promise<Page> {
    const page = await context.newPage();
    const schema = answer(page, "query IntrospectionQuery");
    await page.goto(`${server.url}/graphql#token=${server.token}`);
    expect(await schema).toHaveProperty("data.__schema");
    return page;
  }

  const sends = (request: Request, operation: string): boolean =>
    request.postDataJSON()?.query.includes(operation);

  /** The JSON response to the next request with the operation, such as "query Read". */
  async function answer(page: Page, operation: string): Promise<unknown> {
    const response = await page.waitForResponse((one) => sends(one.request(), operation));
    return response.json();
  }

  async function run(page: Page, tab: string): Promise<void> {
    await page.getByRole("tab", { name: tab }).click();
    await shown(page, ".graphiql-query-editor", tab.toUpperCase());
    await page.getByRole("button", { name: "Execute query" }).click();
  }

  const bar = (page: Page) => page.locator("#signed-in");
  const signIn = (page: Page) => page.locator("#sign-in");

  /** Waits until the editor shows the text. */
  async function shown(page: Page, editor: string, text: string): Promise<void> {
    await page.locator(`${editor} .view-lines`).filter({ hasText: text }).waitFor();
  }

  /** The errors that an editor marks in a text. A wrong text before it shows when the editor has checked this one. */
  async function errorsIn(page: Page, text: string, editor = "variables.json"): Promise<string[]> {
    return page.evaluate(`(async () => {
      const model = monaco.editor.getModels().find(({ uri }) => uri.path.endsWith("${editor}"));
      const errors = () => monaco.editor.getModelMarkers({ resource: model.uri })
        .filter(({ severity }) => severity === monaco.MarkerSeverity.Error).map(({ message }) => message);
      const check = (text, isDone) => new Promise((resolve) => {
        const listener = monaco.editor.onDidChangeMarkers((uris) => {
          if (!uris.some(({ path }) => path === model.uri.path) || !isDone()) return;
          listener.dispose();
          resolve();
        });
        model.setValue(text);
      });
      await check("{ ] " + Math.random(), () => errors().length > 0);
      await check(${JSON.stringify(text)}, () => true);
      return errors();
    })()`);
  }

  /** The text of an editor. */
  function textIn(page: Page, editor: string): Promise<string> {
    return page.evaluate(
      `monaco.editor.getModels().find(({ uri }) => uri.path.endsWith("${editor}")).getValue()`,
    );
  }

  /** Replaces the text of an editor. */
  async function write(page: Page, editor: string, text: string): Promise<void> {
    await page.evaluate(
      `monaco.editor.getModels().find(({ uri }) => uri.path.endsWith("${editor}")).setValue(${JSON.stringify(text)})`,
    );
  }

  const result = ".graphiql-response";
  const tabs = ["Wait", "Set", "Read", "Log"];

  test("the link signs in, and its token leaves the address bar", async () => {
    const page = shared;
    expect(page.url()).toBe(`${server.url}/graphql`);
    await bar(page).waitFor();
    expect(await signIn(page).isVisible()).toBe(false);
    expect(await page.getByRole("tab").allInnerTexts()).toEqual(tabs);
    expect(complaints).toEqual([]);
  });

  test("a set returns a revision, and a read and the log show it", async () => {
    const page = shared;

    const set = answer(page, "mutation Set");
    await run(page, "Set");
    const { revision } = ((await set) as { data: { setEntry: { revision: string } } }).data
      .setEntry;
    expect(await set).toMatchObject({
      data: { setEntry: { revision, entry: { key: "report", revision, updatedBy: "writer" } } },
    });
    await shown(page, result, `"revision": "${revision}"`);

    const read = answer(page, "query Read");
    await run(page, "Read");
    expect(await read).toMatchObject({
      data: {
        entry: { value: { status: "ready", pages: 3 }, revision },
        entries: { nodes: [{ key: "report", revision }], pageInfo: { hasNextPage: false } },
      },
    });
    await shown(page, result, '"status": "ready"');

    await run(page, "Log");
    await shown(page, result, '"kind": "SET"');
    expect(complaints).toEqual([]);
  });

  test("a subscription shows the sets of another window in real time", async () => {
    const waiting = shared;
    await run(waiting, "Wait");
    await shown(waiting, result, '"kind": "CAUGHT_UP"');

    const opened = waiting.waitForEvent("popup");
    await waiting.getByRole("button", { name: "Open another window" }).click();
    const setting = await opened;
    await bar(setting).waitFor();
    await setting.getByRole("tab", { name: "Wait" }).waitFor();
    expect(await setting.getByRole("tab").allInnerTexts()).toEqual(tabs);
    await run(setting, "Set");
    await shown(setting, result, '"updatedBy": "writer"');

    await shown(waiting, result, '"kind": "SET"');
    await shown(waiting, result, '"status": "ready"');

    const ended = waiting.waitForEvent("requestfailed", (request) =>
      sends(request, "subscription Wait"),
    );
    await waiting.getByRole("button", { name: "Stop query" }).click();
    expect((await ended).failure()?.errorText).toBe("net::ERR_ABORTED");
    expect(complaints).toEqual([]);
  });

  test("a reload stays signed in, with the same tab open", async () => {
    const page = await openSignedIn();
    await run(page, "Set");
    await shown(page, result, '"updatedBy": "writer"');
    // GraphiQL saves its tabs half a second after a change.
    const kept = () => page.evaluate(`sessionStorage.getItem("graphiql:tabState")`);
    await expect.poll(kept).toContain('"activeTabIndex":1');
    const schema = answer(page, "query IntrospectionQuery");
    await page.reload();
    expect(await schema).toHaveProperty("data.__schema");
    await bar(page).waitFor();
    await shown(page, ".graphiql-query-editor", "mutation Set");
    await shown(page, ".graphiql-editor-tool", '"status": "ready"');
    expect(await page.getByRole("tab").allInnerTexts()).toEqual(tabs);

    const set = answer(page, "mutation Set");
    await page.getByRole("button", { name: "Execute query" }).click();
    expect(await set).toMatchObject({
      data: { setEntry: { entry: { updatedBy: "writer" } } },
    });
    expect(complaints).toEqual([]);
  });

  test("without a token, a banner says how to sign in, and accepts a token or the whole link", async () => {
    const page = await context.newPage();
    await page.goto(`${server.url}/graphql`);
    await signIn(page).getByText("You are not signed in.").waitFor();
    await page.getByRole("tab", { name: "Wait" }).waitFor();

    const schema = answer(page, "query IntrospectionQuery");
    await page.getByLabel("Token").fill(`${server.url}/graphql#token=${server.token}`);
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await schema).toHaveProperty("data.__schema");
    await bar(page).waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn(page).waitFor();
  });

  test("an unknown token and a revoked token have different banners", async () => {
    const page = await context.newPage();
    await page.goto(`${server.url}/graphql#token=not-a-token`);
    await signIn(page).getByText("This token is not known here.").waitFor();
    expect(page.url()).toBe(`${server.url}/graphql`);
    const { secret, tokenId } = await server.createToken();
    const schema = answer(page, "query IntrospectionQuery");
    await page.getByLabel("Token").fill(secret);
    await page.getByRole("button", { name: "Sign in" }).click();
    await schema;
    await bar(page).waitFor();
    await server.revokeToken(tokenId);
    await run(page, "Read");
    await signIn(page).getByText("This token was revoked.").waitFor();
  });

  test("G13: numbers are shown and sent without rounding", async () => {
    const page = shared;
    await page.getByRole("tab", { name: "Set" }).click();
    await shown(page, ".graphiql-query-editor", "SET");
    const value = '{"status":"ready","n":[12345678901234567890,1.0,1e400]}';
    const input = `{"input":{"namespace":"handoff","key":"report","value":${value}}}`;
    const example = await textIn(page, "variables.json");
    await write(page, "variables.json", input);
    const sent = page.waitForRequest((request) => sends(request, "mutation Set"));
    await page.getByRole("button", { name: "Execute query" }).click();
    expect((await sent).postData()).toContain(value);
    for (const number of ["12345678901234567890", "1.0", "1e400"]) {
      await shown(page, result, number);
    }
    await write(page, "variables.json", example);
  });

  test("JSON values are not marked as errors; values that the API's types exclude are", async () => {
    const page = shared;
    await page.getByRole("tab", { name: "Set" }).click();
    await shown(page, ".graphiql-query-editor", "SET");
    const example = await textIn(page, "variables.json");
    // After this, the editor has the types of the variables.
    await expect
      .poll(() => errorsIn(page, '{"input":{"key":[],"value":1}}'), { timeout: 20_000 })
      .not.toEqual([]);
    expect(await errorsIn(page, example), "the example itself").toEqual([]);

    const values = ['{"a":{"b":[1]}}', "[]", '[1,"2",null]', '"text"', "1.5", "true", "false"];
    const variables = values.map((_, index) => `$v${index}: JSON`).join(", ");
    const inputs = values.map((_, index) => `$i${index}: SetEntryInput!`).join(", ");
    const operation = await textIn(page, "operation.graphql");
    const typed = `query Typed($n: Int!, ${variables}, ${inputs}) { viewer { user } }`;
    await write(page, "operation.graphql", typed);
    await expect.poll(() => errorsIn(page, '{"n":"text"}'), { timeout: 20_000 }).not.toEqual([]);
    const members = values.flatMap((value, index) => [
      `"v${index}":${value}`,
      `"i${index}":{"key":"k","value":${value},"ifRevision":"0","ttlSeconds":5}`,
    ]);
    expect(await errorsIn(page, `{"n":1,${members.join()}}`)).toEqual([]);
    const query = `mutation Literals {
      a: setEntry(input: { key: "k", value: { a: [1, "2", null, { b: 1.5 }], c: true } }) { revision }
      b: setEntry(input: { key: "k", value: [] }) { revision }
      c: setEntry(input: { key: "k", value: 12345678901234567890 }) { revision }
      d: setEntry(input: { key: "k", value: "text", metadata: { type: "a" } }) { revision }
    }`;
    expect(await errorsIn(page, query, "operation.graphql")).toEqual([]);
    expect(await errorsIn(page, "{ nonsense }", "operation.graphql")).not.toEqual([]);
    await write(page, "variables.json", example);
    await write(page, "operation.graphql", operation);
  });

  test("at 390 pixels, the response has the width of the window", async () => {
    const page = shared;
    await page.setViewportSize({ width: 390, height: 844 });
    // A tab moves under the mouse when it shows its close button. This event needs no mouse, like a touch.
    await page.getByRole("tab", { name: "Set" }).locator("button").first().dispatchEvent("click");
    await shown(page, ".graphiql-query-editor", "SET");
    await page.getByRole("button", { name: "Execute query" }).click();
    await shown(page, result, '"setEntry"');
    const pane = await page.locator(result).boundingBox();
    expect(pane?.width).toBeGreaterThan(280);
    expect(pane?.height).toBeGreaterThan(200);
    const editor = await page.locator(".graphiql-query-editor").boundingBox();
    expect(editor?.width).toBeGreaterThan(280);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBe(390);
    await page.setViewportSize(viewport);
  });

  test("leaving a tab asks for confirmation only while its subscription runs", async () => {
    const page = await openSignedIn();
    const questions: string[] = [];
    let leave = false;
    page.on("dialog", async (dialog) => {
      questions.push(`${dialog.type()}: ${dialog.message()}`);
      await (leave ? dialog.accept() : dialog.dismiss());
    });
    await run(page, "Wait");
    await shown(page, result, '"kind": "CAUGHT_UP"');
    await page.getByRole("tab", { name: "Wait" }).click();
    expect(questions, "the tab itself").toEqual([]);
    await page.getByRole("tab", { name: "Set" }).click();
    expect(questions).toEqual([expect.stringMatching(/^confirm: The subscription in this tab/)]);
    await set(server, { namespace: "handoff", key: "still", value: "followed" });
    await shown(page, result, '"still"');

    leave = true;
    const ended = page.waitForEvent("requestfailed", (request) =>
      sends(request, "subscription Wait"),
    );
    await page.getByRole("tab", { name: "Set" }).click();
    await ended;
    expect(questions).toHaveLength(2);
    await shown(page, ".graphiql-query-editor", "SET");
    await page.getByRole("tab", { name: "Log" }).click();
    await shown(page, ".graphiql-query-editor", "LOG");
    expect(questions, "nothing runs any more").toHaveLength(2);
    expect(complaints).toEqual([]);
  });

  test("reports a server that cannot be reached in plain words", async () => {
    const page = shared;
    await context.setOffline(true);
    await run(page, "Read");
    await shown(page, result, "The server did not respond");
  });

  test("a link can contain a query, which does not run automatically", async () => {
    const query = "mutation Linked { clearNamespaces(input: {}) { revision } }";
    const page = await context.newPage();
    const ran: Request[] = [];
    page.on("request", (request) => sends(request, "mutation Linked") && ran.push(request));
    const schema = answer(page, "query IntrospectionQuery");
    await page.goto(
      `${server.url}/graphql?query=${encodeURIComponent(query)}#token=${server.token}`,
    );
    await schema;
    await shown(page, ".graphiql-query-editor", "mutation Linked");
    expect(page.url()).toBe(`${server.url}/graphql`);
    expect(await page.getByRole("tab").allInnerTexts()).toEqual(["Linked", ...tabs]);
    expect(ran).toEqual([]);
  });
});
