import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tellStory } from "../../docs/board-story.ts";
import { claim, get, set, setMany } from "../operations.ts";
import { startTestServer, type TestServer } from "../server.ts";
import { at, BoardPage, eventually } from "./board-page.ts";
import { testBrowser } from "./find-chromium.ts";
import { launchChromium } from "./launch-chromium.ts";
import { measureFrames, measureMemory, playChanges } from "./page-load.ts";

const run = promisify(execFile);
const executablePath = testBrowser();
const review = "ingest:baton-store:review";
const root = new URL("../../", import.meta.url).pathname;

/** The number of changes during the measurement of frames and memory. 0: no measurement. */
const playedChanges = Number(process.env["BATON_BOARD_CHANGES"] ?? 0);
const changesPerSecond = 500;

// Tests that do not depend on the database: colours, keys, widths, connections, tokens and snippets.
describe.skipIf(!executablePath)("the board, on any database", () => {
  let browser: Browser;
  let server: TestServer;
  let board: BoardPage;
  let page: Page;
  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(executablePath!), startTestServer()]);
    await tellStory(server);
    board = await BoardPage.open(browser, server, at("entries", { ns: review, key: "report" }));
    page = board.page;
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  afterEach(() => board.expectClean(/net::ERR_|ERR_CONNECTION|status of 40[01]/));

  const tree = () => page.getByRole("tree", { name: "Namespaces" });
  const heading = (name: string) => page.getByRole("heading", { name, exact: true }).waitFor();

  test("axe-core finds nothing on any view, in light and dark, and at the width of a phone", async () => {
    const views: readonly (readonly [string, () => Promise<unknown>])[] = [
      [at("entries"), () => board.text("Choose a namespace").waitFor()],
      [at("entries", { group: "ingest:" }), () => board.option(/review/).waitFor()],
      [
        at("entries", { ns: review, key: "report" }),
        () => page.getByRole("tree", { name: "Value" }).waitFor(),
      ],
      [
        at("entries", { ns: review, key: "report", tab: "history" }),
        () => page.getByRole("slider").waitFor(),
      ],
      [
        at("entries", { ns: review, key: "report", tab: "code" }),
        () => board.text("Python").waitFor(),
      ],
      [at("activity"), () => page.locator("#change-0").waitFor()],
      [at("activity", { ns: "nowhere" }), () => board.text("No change matches").waitFor()],
      [at("work"), () => page.getByRole("link", { name: /work:translate/ }).waitFor()],
      [at("work", { ns: "work:translate" }), () => page.getByRole("row").nth(1).waitFor()],
      [at("overview"), () => board.text("Who follows").waitFor()],
    ];
    const editing = async () => {
      await board.button("Edit").click();
      await page.getByRole("textbox", { name: "Value" }).waitFor();
    };
    for (const [place, shown] of views) {
      await page.setViewportSize({ width: 1360, height: 820 });
      await board.go(place);
      await shown();
      expect(await board.violations(), place).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
      await page.setViewportSize({ width: 390, height: 780 });
      expect(await board.isCutOff(), `${place} on a phone`).toBe(false);
      expect(await board.violations(), `${place} on a phone in the dark`).toEqual([]);
      await page.emulateMedia({ colorScheme: "light" });
    }
    await page.setViewportSize({ width: 1360, height: 820 });
    await board.go(at("entries", { ns: review, key: "report" }));
    for (const [open, close] of [
      [editing, () => board.button("Cancel").click()],
      [() => board.button("New entry").click(), () => page.keyboard.press("Escape")],
      [() => board.button("Clear the namespace").click(), () => page.keyboard.press("Escape")],
    ] as const) {
      await open();
      expect(await board.violations()).toEqual([]);
      await close();
    }
  });

  test("each main action is done with the keyboard alone", async () => {
    const press = (key: string) => page.keyboard.press(key);
    const open = async (name: RegExp) => {
      await tree().getByRole("treeitem", { name }).waitFor();
      await board.tabTo(tree());
      await press("Home");
      const active = tree().locator("[role=treeitem].active", { hasText: name });
      while ((await active.count()) === 0) await press("ArrowDown");
      await press("Enter");
    };
    const follow = async (name: string) => {
      await board.tabTo(page.getByRole("link", { name, exact: true }));
      await press("Enter");
    };
    await page.reload();
    await board.go(at("entries"));
    // Skips the navigation.
    await board.tabTo(page.getByText("Skip to content"));
    await press("Enter");
    await eventually(() => page.evaluate("document.activeElement.id")).toBe("main");

    // A new entry, which is then edited, restored and deleted.
    await open(/^handoff/);
    await board.tabTo(board.button("New entry"));
    await press("Enter");
    await board.tabTo(page.getByRole("dialog").getByRole("textbox", { name: "Key" }));
    await page.keyboard.insertText("typed");
    await press("Tab");
    await press("ControlOrMeta+A");
    await page.keyboard.insertText("1");
    await board.tabTo(board.button("Create"));
    await press("Enter");
    await board.option(/^typed\b/).waitFor();
    await board.tabTo(board.button("Edit"));
    await press("Enter");
    await page.getByRole("textbox", { name: "Value" }).waitFor();
    await press("ControlOrMeta+A");
    await page.keyboard.insertText("22");
    await press("ControlOrMeta+Enter");
    await eventually(async () => (await get(server, "typed", "handoff"))?.["value"]).toBe(22);
    await board.tabTo(page.getByRole("tab", { name: "History" }));
    await press("Enter");
    await board.tabTo(page.getByRole("slider"));
    await press("ArrowLeft");
    await board.tabTo(board.button("Restore"));
    await press("Enter");
    await eventually(async () => (await get(server, "typed", "handoff"))?.["value"]).toBe(1);
    await board.tabTo(page.getByRole("tab", { name: "Copy as" }));
    await press("Enter");
    await board.text(/curl .*graphql/).waitFor();
    await board.tabTo(board.button("Delete"));
    await press("Enter");
    await board.tabTo(page.getByRole("dialog").getByRole("button", { name: "Delete" }));
    await press("Enter");
    await eventually(() => get(server, "typed", "handoff")).toBeNull();
    await press("Escape");

    // From a list into an entry and back.
    const list = page.getByRole("listbox", { name: "Entries of handoff" });
    await board.tabTo(list);
    await press("Home");
    await press("Enter");
    await eventually(() => page.evaluate("document.activeElement.id")).toBe("entry-title");
    await press("Escape");
    await eventually(() =>
      list.evaluate((one) => one === (globalThis as any).document.activeElement),
    ).toBe(true);

    // A namespace is cleared.
    await setMany(server, "clear-me", [{ key: "a", value: 1 }]);
    await open(/^clear-me/);
    await board.option(/^a\b/).waitFor();
    await board.tabTo(board.button("Clear the namespace"));
    await press("Enter");
    await board.tabTo(page.getByLabel(/Type the number/));
    await page.keyboard.insertText("1");
    await press("Enter");
    await eventually(() => get(server, "a", "clear-me")).toBeNull();

    // Activity: a filter, pause, and a change opened from the list.
    await follow("Activity");
    await board.tabTo(page.getByRole("combobox", { name: "Kind" }));
    await page.keyboard.type("cleared");
    await board.option(/cleared all keys clear-me/).waitFor();
    await board.tabTo(board.button("Pause"));
    await press("Enter");
    await board.button("Resume").waitFor();
    await press("Enter");
    await board.tabTo(page.getByRole("combobox", { name: "Kind" }));
    await press("Home");
    await board.option(/writer new draft/).waitFor();
    await board.tabTo(page.getByRole("listbox", { name: "Changes" }));
    const active = page.locator(".change-row.active", { hasText: "draft" });
    while ((await active.count()) === 0) await press("ArrowDown");
    await press("Enter");
    await page.getByRole("slider").waitFor();

    // A stuck claim.
    await claim(server, { namespace: "work:translate", keyPrefix: "page:2" }, { agent: "stuck" });
    await follow("Work");
    await board.tabTo(page.getByRole("link", { name: /work:translate/ }));
    await press("Enter");
    const held = page.getByRole("row", { name: /page:20 stuck/ });
    await held.waitFor();
    await board.tabTo(board.button("Release page:20"));
    await press("Enter");
    await held.waitFor({ state: "detached" });

    await follow("Overview");
    await heading("Overview");
    await board.tabTo(page.getByTitle("Light or dark"));
    await press("Enter");
    await eventually(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    await press("Enter");
    await board.tabTo(page.getByTitle("Sign out local"));
    await press("Enter");
    await eventually(() => page.evaluate("document.activeElement.name")).toBe("token");
    expect(await page.evaluate("sessionStorage.length")).toBe(0);
    await page.keyboard.insertText(server.token);
    await press("Enter");
    await heading("Overview");
  });

  test("on a phone, one of tree, list and entry is shown", async () => {
    await page.setViewportSize({ width: 390, height: 780 });
    await board.go(at("entries"));
    await page.getByRole("treeitem", { name: /handoff/ }).click();
    await board.option(/^summary/).click();
    await page.getByRole("tree", { name: "Value" }).getByText("revenue").waitFor();
    await board.button("Back to the entries").click();
    await board.button("Back to the namespaces").click();
    await page.getByRole("treeitem", { name: /handoff/ }).waitFor();
    await page.setViewportSize({ width: 1360, height: 820 });
  });

  test("the curl, TypeScript and Python snippets read the entry", async () => {
    const key = `it's "quoted" $HOME \\n`;
    await set(server, { namespace: "copy", key, value: { said: "by a snippet" } });
    await board.go(at("entries", { ns: "copy", key, tab: "code" }));
    const snippet = async (name: string) =>
      (await page
        .locator(".snippets section", { has: page.getByRole("heading", { name, exact: true }) })
        .locator("pre")
        .textContent()) ?? "";
    const options = {
      cwd: root,
      env: { ...process.env, BATON_TOKEN: server.token, PYTHONPATH: `${root}python` },
    };
    const [curl, typescript, python] = await Promise.all(
      ["curl", "TypeScript", "Python"].map(snippet),
    );
    const outputs = [
      run("bash", ["-c", `${curl} --silent --show-error`], options),
      run(
        process.execPath,
        ["--input-type=module", "-e", `${typescript}\nconsole.log(JSON.stringify(value));`],
        options,
      ),
      run("python3", ["-c", `${python}\nimport json\nprint(json.dumps(value))`], options),
    ];
    for (const { stdout } of await Promise.all(outputs)) {
      expect(stdout).toMatch(/\{"said": ?"by a snippet"\}/);
    }
  });

  test("a revoked token signs out, and a pasted link signs in", async () => {
    const { secret, tokenId } = await server.createToken();
    await page.goto(`${server.url}/#token=${secret}&to=${encodeURIComponent(at("overview"))}`);
    await heading("Overview");
    expect(page.url()).not.toContain(secret);
    await page.reload();
    await heading("Overview");
    await server.revokeToken(tokenId);
    await board.text("This token was revoked.").waitFor();
    await page.getByLabel("Token, or the link").fill(`${server.url}/#token=${server.token}`);
    await board.button("Sign in").click();
    await heading("Overview");
  });

  test.runIf(playedChanges > 0)(
    "at 500 changes per second, frames are drawn regularly and the memory does not grow",
    async () => {
      await board.go(at("activity"));
      await board.option(/writer new draft/).waitFor();
      const newest = (revision: string) =>
        page.locator("#change-0", { hasText: `r${revision}` }).waitFor();
      const seconds = Math.max(1, Math.min(5, playedChanges / 3_000));
      const frames = await measureFrames(page, () =>
        playChanges(server, {
          count: seconds * changesPerSecond,
          perSecond: changesPerSecond,
        }).then(newest),
      );
      // As many changes as the page keeps, so that later changes replace these.
      const warm = Math.min(playedChanges, 24_000);
      await newest(await playChanges(server, { count: warm }));
      const before = await measureMemory(page);
      await newest(await playChanges(server, { count: playedChanges }));
      const after = await measureMemory(page);
      const figures = JSON.stringify({ frames, before, after, playedChanges });
      console.info(figures);
      // A machine without a graphics card that is busy with other tests draws only a part of the 60 frames.
      expect(frames.medianMs, figures).toBeLessThan(50);
      expect(frames.longestTaskMs, figures).toBeLessThan(1_500);
      expect(after.heapBytes - before.heapBytes, figures).toBeLessThan(8_000_000);
      expect(after.nodes - before.nodes, figures).toBeLessThan(500);
      expect(after.listeners - before.listeners, figures).toBeLessThan(100);
    },
  );

  test("when the server restarts, the page reports it, reconnects and misses nothing", async () => {
    const namespace = "restarted";
    await setMany(server, namespace, [{ key: "before", value: 1 }]);
    await board.go(at("entries", { ns: namespace }));
    await board.option(/^before\b/).waitFor();
    const loss = await board.watchForLoss();
    const port = Number(new URL(server.url).port);
    await server.restart({ port, graphiql: "off" });
    await loss();
    await setMany(server, namespace, [
      { key: "after", value: 2 },
      { key: "before", value: 3 },
    ]);
    await board.option(/^after\b/).waitFor();
    await board.option(/^before\b.*3/).waitFor();
    await board.text("The connection is lost.").waitFor({ state: "detached" });
    await board.waitConnected();
    await board.go(at("activity", { ns: namespace }));
    await board.option(/new after restarted/).waitFor();
    // The page was loaded while GraphiQL was on; now it is off.
    expect(await page.getByRole("link", { name: "GraphiQL" }).count()).toBe(1);
    await page.reload();
    await board.option(/new after restarted/).waitFor();
    await page.waitForLoadState("networkidle");
    expect(await page.getByRole("link", { name: "GraphiQL" }).count()).toBe(0);
  });
});
