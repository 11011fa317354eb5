import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tellStory } from "../../docs/board-story.ts";
import { plainDatabases } from "../databases.ts";
import { claim, get, mutate, remove, set, setMany } from "../operations.ts";
import type { TestServer } from "../server.ts";
import { findChromium } from "./find-chromium.ts";
import { launchChromium } from "./launch-chromium.ts";

const executablePath = findChromium();
if (!executablePath) {
  console.warn(
    "SKIPPED: no Chromium found, so the board is not tested. Set BATON_TEST_CHROMIUM to the path of one.",
  );
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const review = "ingest:baton-store:review";

describe.skipIf(!executablePath).each(plainDatabases)("the board on $name", ({ name, start }) => {
  /** What depends on no database is tested on one. */
  const testOnce = name === "SQLite" ? test : test.skip;
  let browser: Browser;
  let server: TestServer;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let origins: Set<string>;

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(executablePath!), start()]);
    await tellStory(server);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1360, height: 820 } });
    complaints = [];
    origins = new Set();
    // Violations of the Content-Security-Policy come as console errors.
    context.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("request", (request) => {
      expect(request.url()).not.toContain(server.token);
      if (!request.url().startsWith("blob:")) origins.add(new URL(request.url()).origin);
    });
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    expect([...origins], "no request leaves the origin").toEqual([server.url]);
    expect(complaints).toEqual([]);
  });

  const open = (to: string, token = server.token) =>
    page.goto(`${server.url}/#token=${token}&to=${encodeURIComponent(to)}`);
  const at = (place: string, params: Record<string, string> = {}) =>
    `/${place}?${new URLSearchParams(params)}`;
  const option = (name: string | RegExp) => page.getByRole("option", { name });
  const button = (name: string) => page.getByRole("button", { name, exact: true });

  testOnce(
    "signs in by the link or a pasted token, and says when the token is not accepted any more",
    async () => {
      const { secret, tokenId } = await server.createToken();
      await open(at("overview"), secret);
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      expect(page.url()).not.toContain(secret);
      await page.reload();
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await server.revokeToken(tokenId);
      await page.getByText("This token was revoked.").waitFor();
      await page.getByLabel("Token, or the link").fill(`${server.url}/#token=${server.token}`);
      await button("Sign in").click();
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await page.getByTitle("Sign out local").click();
      await button("Sign in").waitFor();
      expect(await page.evaluate("sessionStorage.length")).toBe(0);
      complaints = complaints.filter((text) => !text.includes("401"));
    },
  );

  testOnce(
    "offers a reader of some namespaces nothing that its token does not permit",
    async () => {
      const { secret } = await server.createToken({
        scopes: ["read"],
        namespacePatterns: ["ingest:*"],
      });
      await open(at("entries", { ns: review, key: "report" }), secret);
      await page.getByRole("tab", { name: "History" }).waitFor();
      expect(await page.getByRole("treeitem", { name: /handoff|work/ }).count()).toBe(0);
      for (const name of ["Edit", "Delete", "New entry", "Clear the namespace"]) {
        expect(await button(name).count(), name).toBe(0);
      }
      await page.goto(`${server.url}/#${at("entries", { ns: "handoff" })}`);
      await page.getByText("This namespace can't be shown").waitFor();
    },
  );

  testOnce("shows namespaces as a tree, which follows what agents write", async () => {
    await open(at("entries"));
    const tree = page.getByRole("tree", { name: "Namespaces" });
    await tree.getByRole("treeitem", { name: /^ingest:baton-store:/ }).waitFor();
    await set(server, { namespace: "tree:new:leaf", key: "a", value: 1 });
    await tree.getByRole("treeitem", { name: /tree:new:leaf/ }).waitFor();
    await tree.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowLeft");
    await expect
      .poll(() => tree.getByRole("treeitem", { name: /^config\// }).getAttribute("aria-expanded"))
      .toBe("false");
    await mutate(server, "clearNamespace", "revision", { namespace: "tree:new:leaf" });
    await tree.getByRole("treeitem", { name: /tree:new:leaf/ }).waitFor({ state: "detached" });
  });

  test("lists entries live: new ones light up, and a network that was cut loses none", async () => {
    const namespace = "live";
    await setMany(server, namespace, [{ key: "a", value: { n: 1 } }]);
    await open(at("entries", { ns: namespace }));
    await option(/^a\b.*\{"n":1\}/).waitFor();
    await set(server, { namespace, key: "b", value: "fresh", ttlSeconds: 300 }, { agent: "maker" });
    await option(/^b\b.*"fresh".*maker/)
      .locator(".lit")
      .waitFor({ state: "attached" });
    await context.setOffline(true);
    await page.getByText("The connection is lost.").waitFor();
    await set(server, { namespace, key: "c", value: "while it was cut" });
    await set(server, { namespace, key: "a", value: { n: 2 } });
    await remove(server, { namespace, key: "b" });
    await context.setOffline(false);
    await option(/^c\b.*"while it was cut"/).waitFor();
    await option(/^a\b.*\{"n":2\}/).waitFor();
    expect(await option(/^b\b/).count()).toBe(0);
    await page.getByText("The connection is lost.").waitFor({ state: "detached" });
    complaints = complaints.filter((text) => !text.includes("net::ERR_"));
  });

  testOnce("finds entries by prefix, and by a text that the server looks for", async () => {
    await open(at("entries", { ns: "work:translate" }));
    await option(/^page:01/).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.insertText("page:1");
    await expect.poll(() => option(/^page:/).count()).toBe(10);
    await button("Text").click();
    await page.getByLabel("Find a text in keys and values").fill("worker-b");
    await page.getByRole("list", { name: "Found entries" }).getByText("worker-b").first().waitFor();
  });

  test("an entry: exact numbers, an edit, a conflict, the history, a restore and a delete", async () => {
    const place = { namespace: "desk", key: "note" };
    await mutate(server, "setEntry", "revision", { ...place, value: { n: 1 } });
    await set(server, { ...place, value: { n: 2 } });
    await open(at("entries", { ns: "desk", key: "note" }));
    await page.getByRole("tree", { name: "Value" }).getByText("n").waitFor();
    await button("Edit").click();
    const editor = page.getByRole("textbox", { name: "Value" });
    const type = async (text: string) => {
      await editor.click();
      await page.keyboard.press("ControlOrMeta+A");
      await page.keyboard.insertText(text);
    };
    await type('{"n": 12345678901234567890, "x": 1.0');
    await page.getByText("Not valid JSON yet").waitFor();
    await page.locator(".cm-lint-marker-error").waitFor();
    await type('{"n": 12345678901234567890, "x": 1.0}');
    await button("Save").click();
    await page.getByText("12345678901234567890").waitFor();
    await page.getByRole("tree", { name: "Value" }).getByText("1.0").waitFor();
    expect(await get(server, "note", "desk")).toMatchObject({ updatedBy: "board" });

    await button("Edit").click();
    await type('{"mine": true}');
    await set(server, { ...place, value: { theirs: true } }, { agent: "rival" });
    await page.getByText("It was written again since you began").waitFor();
    await button("Save").click();
    await page.getByText(/rival wrote revision/).waitFor();
    await button("Save mine").click();
    await page.getByText("Saved.").last().waitFor();
    await expect
      .poll(async () => (await get(server, "note", "desk"))?.value)
      .toEqual({ mine: true });

    await page.getByRole("tab", { name: "History" }).click();
    const slider = page.getByRole("slider", { name: "Revision" });
    await slider.focus();
    await page.keyboard.press("Home");
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toContain("1 of 5");
    expect(page.url()).toContain("rev=");
    await page.getByText('"n": 1').first().waitFor();
    await button("Restore").click();
    await expect.poll(async () => (await get(server, "note", "desk"))?.value).toEqual({ n: 1 });

    await page.getByRole("tab", { name: "Copy as" }).click();
    await page.getByText(/curl .*graphql/).waitFor();
    await button("Delete").first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await expect.poll(() => get(server, "note", "desk")).toBeNull();
    await page.getByRole("tab", { name: "Tree" }).click();
    await page.getByText("The key holds nothing").waitFor();
  });

  testOnce(
    "activity: lanes and a list that follow the log, by agent, paused and back to a revision",
    async () => {
      await open(at("activity"));
      await page.getByRole("option", { name: /writer new draft/ }).waitFor();
      expect(await page.locator(".handoff").count()).toBeGreaterThan(0);
      await set(server, { namespace: "pulse", key: "beat", value: 1 }, { agent: "metronome" });
      await page.getByRole("option", { name: /metronome new beat pulse/ }).waitFor();
      await button("Pause").click();
      await set(server, { namespace: "pulse", key: "second", value: 1 }, { agent: "metronome" });
      await button("Go on").click();
      await page.getByRole("combobox", { name: "Agent" }).selectOption("metronome");
      await expect.poll(() => page.getByRole("option", { name: /new .* pulse/ }).count()).toBe(2);
      await page.getByRole("option", { name: /second/ }).click();
      await page.getByRole("slider", { name: "Revision" }).waitFor();
    },
  );

  test("work: counts, holders and their leases; a stuck claim is released", async () => {
    await open(at("work"));
    await page.getByRole("link", { name: /work:translate/ }).click();
    const held = page.getByRole("row", { name: /page:04 worker-a 1/ });
    await held.waitFor();
    await button("Release page:04").click();
    await held.waitFor({ state: "detached" });
    const taken = await claim(server, { namespace: "work:translate" }, { agent: "rescuer" });
    expect(taken.entry.key).toBe("page:04");
    await page.getByRole("row", { name: /page:04 rescuer 2/ }).waitFor();
    await page.getByText("The source page is empty.").waitFor();
    await button("Try again: page:10").click();
    await page.getByText("The source page is empty.").waitFor({ state: "detached" });
  });

  testOnce("exports, clears after the count is typed, and imports", async () => {
    const namespace = "moved";
    await setMany(server, namespace, [
      { key: "a", value: 1 },
      { key: "b", value: { two: "<b>2</b>" } },
    ]);
    await open(at("entries", { ns: namespace }));
    await option(/^b\b.*<b>2<\/b>/).waitFor();
    const saved = page.waitForEvent("download");
    await button("Export the namespace").click();
    const file = await (await saved).path();
    await button("Clear the namespace").click();
    const confirm = page.getByRole("button", { name: "Clear 2 entries" });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel(/Type the number/).fill("2");
    await confirm.click();
    await page.getByText("No entries").waitFor();
    await page.getByLabel("File to import").setInputFiles(file);
    await page.getByText("2 entries were written.").waitFor();
    expect((await get(server, "b", namespace))?.value).toEqual({ two: "<b>2</b>" });
  });

  testOnce("hostile names and values are shown as text, and no more than their place", async () => {
    const namespace = `x:<img src=x onerror=alert(1)>\u202Eدرب🧨${"w".repeat(120)}`;
    const key = `"><script>alert(1)</script>\u202E${"k".repeat(300)}`;
    await set(server, {
      namespace,
      key,
      value: { "</script>": "<img src=x onerror=alert(1)>", long: "y".repeat(50_000) },
    });
    await open(at("entries", { ns: namespace, key }));
    await page
      .getByRole("tree", { name: "Value" })
      .getByText("<img src=x onerror=alert(1)>")
      .waitFor();
    expect(await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")).toBe(true);
    await mutate(server, "clearNamespace", "revision", { namespace });
  });

  testOnce.each(["light", "dark"] as const)(
    "axe-core finds nothing, in %s colours",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      for (const [to, shown] of [
        [at("entries", { ns: review, key: "report" }), page.getByRole("tree", { name: "Value" })],
        [at("entries", { ns: review, key: "report", tab: "history" }), page.getByRole("slider")],
        [at("activity"), page.locator("#change-0")],
        [at("work", { ns: "work:translate" }), page.getByRole("row").nth(1)],
        [at("overview"), page.getByText("Busiest agents")],
      ] as const) {
        await open(to);
        await shown.waitFor();
        // The page's policy lets no script in; the debugger's protocol does.
        await page.evaluate(await axeSource());
        const { violations } = (await page.evaluate("axe.run()")) as { violations: AxeViolation[] };
        expect(
          violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
          to,
        ).toEqual([]);
      }
    },
  );

  testOnce(
    "at the width of a phone one of tree, list and entry is shown, and nothing is cut off",
    async () => {
      await page.setViewportSize({ width: 390, height: 780 });
      await open(at("entries"));
      await page.getByRole("treeitem", { name: /handoff/ }).click();
      await option(/^summary/).click();
      await page.getByRole("tree", { name: "Value" }).getByText("revenue").waitFor();
      await button("Back to the entries").click();
      await button("Back to the namespaces").click();
      await page.getByRole("treeitem", { name: /handoff/ }).waitFor();
      for (const place of ["activity", "work", "overview"]) {
        await page.goto(`${server.url}/#${at(place)}`);
        expect(await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")).toBe(
          true,
        );
      }
    },
  );
});

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

async function axeSource(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return readFile(axePath, "utf8");
}
