import type { Browser, BrowserContext, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestServer } from "../server.ts";
import { startTestServer } from "../server.ts";
import { findChromium } from "./find-chromium.ts";
import { launchChromium } from "./launch-chromium.ts";

const executablePath = findChromium();
if (!executablePath) {
  console.warn(
    "SKIPPED: no Chromium found, so GraphiQL is not tested. Set BATON_TEST_CHROMIUM to the path of one.",
  );
}

describe.skipIf(!executablePath)("GraphiQL in a browser", { timeout: 60_000 }, () => {
  let browser: Browser;
  let server: TestServer;
  let context: BrowserContext;
  let complaints: string[];
  let origins: Set<string>;

  beforeAll(async () => {
    browser = await launchChromium(executablePath!);
  }, 60_000);
  afterAll(() => browser?.close());

  beforeEach(async () => {
    server = await startTestServer();
    context = await browser.newContext({ viewport: { width: 1300, height: 900 } });
    complaints = [];
    origins = new Set();
    // Violations of the Content-Security-Policy come as console errors.
    context.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("request", (request) => origins.add(new URL(request.url()).origin));
  });
  afterEach(async () => {
    await context.close();
    await server.close();
    expect([...origins], "no request leaves the origin").toEqual([server.url]);
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

  /** The JSON answer to the next request with the operation, such as "query Read". */
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

  const result = ".graphiql-response";
  const tabs = ["Wait", "Set", "Read", "Log"];

  test("the link signs in, and its token leaves the address bar", async () => {
    const page = await openSignedIn();
    expect(page.url()).toBe(`${server.url}/graphql`);
    await bar(page).waitFor();
    expect(await signIn(page).isVisible()).toBe(false);
    expect(await page.getByRole("tab").allInnerTexts()).toEqual(tabs);
    expect(complaints).toEqual([]);
  });

  test("a set answers with a revision, and a read and the log show it", async () => {
    const page = await openSignedIn();

    const set = answer(page, "mutation Set");
    await run(page, "Set");
    expect(await set).toMatchObject({
      data: {
        setEntry: { revision: "1", entry: { key: "report", revision: "1", updatedBy: "writer" } },
      },
    });
    await shown(page, result, '"revision": "1"');

    const read = answer(page, "query Read");
    await run(page, "Read");
    expect(await read).toMatchObject({
      data: {
        entry: { value: { status: "ready", pages: 3 }, revision: "1" },
        entries: { nodes: [{ key: "report", revision: "1" }], pageInfo: { hasNextPage: false } },
      },
    });
    await shown(page, result, '"status": "ready"');

    await run(page, "Log");
    await shown(page, result, '"kind": "SET"');
    expect(complaints).toEqual([]);
  });

  test("a subscription shows what another window sets, as it is set", async () => {
    const waiting = await openSignedIn();
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
    // GraphiQL keeps its tabs half a second after they changed.
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
      data: { setEntry: { revision: "2", entry: { updatedBy: "writer" } } },
    });
    expect(complaints).toEqual([]);
  });

  test("without a token a banner says how to sign in, and takes a token or the whole link", async () => {
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

  test("a token that the server refuses brings the banner", async () => {
    const page = await context.newPage();
    await page.goto(`${server.url}/graphql#token=not-a-token`);
    await signIn(page).getByText("The server does not accept this token any more.").waitFor();
    expect(page.url()).toBe(`${server.url}/graphql`);
  });

  test("a server that cannot be reached is told in plain words", async () => {
    const page = await openSignedIn();
    await context.setOffline(true);
    await run(page, "Read");
    await shown(page, result, "The server gave no answer");
  });

  test("a link may carry a query, which does not run by itself", async () => {
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
