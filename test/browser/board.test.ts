import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { tellStory } from "../../docs/board-story.ts";
import { boardLink } from "../../examples/demo/board-link.ts";
import { query } from "../client.ts";
import { plainDatabases } from "../databases.ts";
import {
  claim,
  clear,
  get,
  mutate,
  remove,
  set,
  setMany,
  transact,
  waitFor,
} from "../operations.ts";
import type { TestServer } from "../server.ts";
import { at, BoardPage, eventually } from "./board-page.ts";
import { testBrowser } from "./find-chromium.ts";
import { launchChromium } from "./launch-chromium.ts";

const executablePath = testBrowser();
if (!executablePath) {
  console.warn(
    "SKIPPED: the tests of the board in a browser. To run them: BATON_TEST_BROWSER=1 npx vitest run test/browser",
  );
}

const review = "ingest:baton-store:review";

// One browser, one server for each database, and one page, in which each test opens its view. Tests that do not depend
// on the database are in board-alone.test.ts.
describe.skipIf(!executablePath)("the board", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(executablePath!);
  });
  afterAll(() => browser?.close());

  describe.each(plainDatabases)("on $name", ({ start }) => {
    let server: TestServer;
    let board: BoardPage;
    let page: Page;
    beforeAll(async () => {
      server = await start({ maxEntries: 10_000 });
      await tellStory(server);
      board = await BoardPage.open(browser, server, at("entries"));
      page = board.page;
    });
    afterAll(async () => {
      await board?.[Symbol.asyncDispose]();
      await server?.close();
    });
    afterEach(() => board.expectClean(/net::ERR_/));

    test("namespaces are a tree: a group opens by its name, and new ones appear", async () => {
      const tree = page.getByRole("tree", { name: "Namespaces" });
      const item = (name: RegExp) => tree.getByRole("treeitem", { name });
      await item(/^ingest:baton-store:/).waitFor();
      const namespaces = Array.from({ length: 14 }, (_, number) => `pipeline:job-${number}`);
      const operations = namespaces.map((namespace) => ({
        set: { namespace, key: "state", value: "new" },
      }));
      await transact(server, { operations });
      const group = item(/^pipeline:/);
      await eventually(() => group.getAttribute("aria-expanded")).toBe("false");
      await group.getByText("pipeline:").click();
      await item(/^job-13/).waitFor();
      await page.getByRole("listbox", { name: "Namespaces of pipeline:" }).waitFor();
      // It is open. A click on its name closes it, and a click on its arrow opens it again.
      await group.getByText("pipeline:").click();
      await item(/^job-13/).waitFor({ state: "detached" });
      await group.locator(".twist").click();
      await item(/^job-13/).waitFor();
      await board.option(/^job-3\b/).click();
      await board.option(/^state\b.*"new"/).waitFor();
      await page.getByLabel("Find a namespace").fill("JOB-1");
      await eventually(() => item(/^job-/).count()).toBe(5);
      await page.getByLabel("Find a namespace").fill("");
      for (const namespace of namespaces) await clear(server, namespace);
      await item(/^pipeline:/).waitFor({ state: "detached" });
    });

    test("entries are listed in real time: new ones are highlighted, and a lost connection loses none", async () => {
      const namespace = "live";
      await setMany(server, namespace, [{ key: "a", value: { n: 1 } }]);
      await board.go(at("entries", { ns: namespace }));
      await board.option(/^a\b.*\{"n":1\}/).waitFor();
      await set(
        server,
        { namespace, key: "b", value: "fresh", ttlSeconds: 300 },
        { agent: "maker" },
      );
      await board
        .option(/^b\b.*"fresh".*maker/)
        .locator(".lit")
        .waitFor({ state: "attached" });
      await board.context.setOffline(true);
      await board.text("The connection is lost.").waitFor();
      await set(server, { namespace, key: "c", value: "while it was cut" });
      await set(server, { namespace, key: "a", value: { n: 2 } });
      await remove(server, { namespace, key: "b" });
      await board.context.setOffline(false);
      await board.option(/^c\b.*"while it was cut"/).waitFor();
      await board.option(/^a\b.*\{"n":2\}/).waitFor();
      expect(await board.option(/^b\b/).count()).toBe(0);
      await board.text("The connection is lost.").waitFor({ state: "detached" });
    });

    test("entries are found by prefix, and by a text that the server searches for", async () => {
      await board.go(at("entries", { ns: "work:translate" }));
      await board.option(/^page:01/).waitFor();
      // In a field, `/` is text.
      await page.getByRole("listbox", { name: "Entries of" }).focus();
      await page.keyboard.press("/");
      await page.keyboard.insertText("page:1");
      await eventually(() => board.option(/^page:/).count()).toBe(10);
      await board.button("Text").click();
      await page.getByLabel("Find a text in keys and values").fill("worker-b");
      const found = page.getByRole("list", { name: "Found entries" });
      await found.getByText("worker-b").first().waitFor();
    });

    test("an entry: exact numbers, an edit, a conflict, the history, a restore and a delete", async () => {
      const place = { namespace: "desk", key: "note" };
      const value = async () => (await get(server, "note", "desk"))?.["value"];
      await mutate(server, "setEntry", "revision", { ...place, value: { n: 1 } });
      await set(server, { ...place, value: { n: 2 } });
      await board.go(at("entries", { ns: "desk", key: "note" }));
      const valueTree = page.getByRole("tree", { name: "Value" });
      await valueTree.getByText("n").waitFor();
      await board.button("Edit").click();
      const editor = page.getByRole("textbox", { name: "Value" });
      const type = async (text: string) => {
        await editor.click();
        await page.keyboard.press("ControlOrMeta+A");
        await page.keyboard.insertText(text);
      };
      await type('{"n": 12345678901234567890, "x": 1.0');
      await board.text("Not valid JSON yet").waitFor();
      await page.locator(".cm-lint-marker-error").waitFor();
      await type('{"n": 12345678901234567890, "x": 1.0}');
      await board.button("Save").click();
      await valueTree.getByText("12345678901234567890").waitFor();
      await valueTree.getByText("1.0").waitFor();
      expect(await get(server, "note", "desk")).toMatchObject({ updatedBy: "board" });

      await board.button("Edit").click();
      await type('{"mine": true}');
      await set(server, { ...place, value: { theirs: true } }, { agent: "rival" });
      await board.text("Another client has written the entry since you began").waitFor();
      await board.button("Save").click();
      await board.text(/rival wrote revision/).waitFor();
      await board.button("Save my value").click();
      await board.text("Saved.").last().waitFor();
      await eventually(value).toEqual({ mine: true });

      await page.getByRole("tab", { name: "History" }).click();
      const slider = page.getByRole("slider", { name: "Revision" });
      await slider.focus();
      await page.keyboard.press("Home");
      await eventually(() => slider.getAttribute("aria-valuetext")).toContain("1 of 5");
      expect(page.url()).toContain("rev=");
      await board.text('"n": 1').first().waitFor();
      await board.button("Restore").click();
      await eventually(value).toEqual({ n: 1 });
      const read = async (field: string) => (await get(server, "note", "desk"))?.[field];
      await board.button("Edit").click();
      await page.getByLabel("Expires").selectOption("in 1 day");
      await board.button("Save").click();
      await eventually(() => read("expiresAt")).not.toBeNull();
      const expiry = Date.parse(await read("expiresAt"));
      // A restored value keeps the expiry.
      await page.getByRole("tab", { name: "History" }).click();
      await slider.focus();
      await page.keyboard.press("Home");
      const revision = await read("revision");
      await board.button("Restore").click();
      await eventually(() => read("revision")).not.toBe(revision);
      expect(Math.abs(Date.parse(await read("expiresAt")) - expiry)).toBeLessThan(60_000);
      await board.button("Delete").first().click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await eventually(() => get(server, "note", "desk")).toBeNull();
      await page.getByRole("tab", { name: "Tree" }).click();
      await board.text("The entry does not exist").waitFor();
    });

    test("a handoff: the subscribers of the entry, the agent that waits, and the write that took it up", async () => {
      const namespace = "relay";
      await set(server, { namespace, key: "draft", value: 1 }, { agent: "first" });
      const waiting = waitFor(server, { namespace, key: "answer" }, { agent: "second" });
      await board.go(at("entries", { ns: namespace, key: "draft" }));
      const facts = page.locator(".facts");
      await facts.getByText("none yet").waitFor();
      // The board itself follows the namespace.
      await facts.locator(".follower", { hasText: "board" }).waitFor();
      await board.go(at("overview"));
      await page.getByRole("row", { name: /second relay, key answer waits for it/ }).waitFor();
      await board.go(at("entries", { ns: namespace, key: "draft" }));
      await facts.getByText("none yet").waitFor();
      await set(server, { namespace, key: "answer", value: 2 }, { agent: "second" });
      await facts.getByText(/second.*answer.* later/s).waitFor();
      await waiting;
      await board.go(at("activity", { ns: namespace }));
      await board.option(/first new draft relay.*taken up by second/).waitFor();
      expect(await page.locator(".handoff").count()).toBe(1);
      // A click opens that revision.
      await board.option(/new draft/).click();
      await page.getByRole("slider", { name: "Revision" }).waitFor();
      expect(page.url()).toMatch(/ns=relay&key=draft&rev=\d+/);
    });

    test("activity is filtered by agent, by namespace and by kind, and follows the log", async () => {
      await page.goto(boardLink(server.url, server.token, "ingest:"));
      await board.option(/writer new answer/).waitFor();
      expect(await board.option(/handoff/).count()).toBe(0);
      await set(server, { namespace: "ingest:pulse", key: "a", value: 1 }, { agent: "metronome" });
      await set(server, { namespace: "other:pulse", key: "b", value: 1 }, { agent: "metronome" });
      await board.option(/metronome new a ingest:pulse/).waitFor();
      expect(await board.option(/other:pulse/).count()).toBe(0);
      await page.getByRole("combobox", { name: "Agent" }).selectOption("metronome");
      await eventually(() => page.locator(".change-row").count()).toBe(1);
      await page.getByLabel("Only namespaces that begin with").fill("");
      await board.option(/metronome new b other:pulse/).waitFor();
      await page.getByRole("combobox", { name: "Agent" }).selectOption("");
      await remove(server, { namespace: "other:pulse", key: "b" });
      await page.getByRole("combobox", { name: "Kind" }).selectOption("deleted");
      await board.option(/deleted b other:pulse/).waitFor();
      expect(await board.option(/ new /).count()).toBe(0);
      expect(page.url()).toContain("kind=DELETED");
    });

    test("activity goes back page by page, while it is paused too, and from a filter that matches little", async () => {
      await set(server, { namespace: "past", key: "first", value: 1 }, { agent: "pioneer" });
      for (let batch = 0; batch < 3; batch++) {
        const entries = Array.from({ length: 400 }, (_, key) => ({ key: `k${key}`, value: batch }));
        await setMany(server, "past:many", entries);
      }
      // Only the latest 500 changes are read when the page opens.
      await page.reload();
      await board.go(at("activity", { ns: "past" }));
      await board.option(/set k399 past:many/).waitFor();
      await board.button("Pause").click();
      await set(server, { namespace: "past", key: "unseen", value: 1 });
      await board.text("1 new").waitFor();
      expect(await board.option(/unseen/).count()).toBe(0);
      await page.getByRole("listbox", { name: "Changes" }).focus();
      await eventually(async () => {
        await page.keyboard.press("End");
        return board.option(/pioneer new first past/).count();
      }).toBe(1);
      await board.button("Earlier").click();
      await board.button("Later").click();
      await board.button("Resume").click();
      await page.keyboard.press("Home");
      // The server does not filter by agent, so the page reads back as far as necessary.
      await page.reload();
      await board.go(at("activity", { agent: "pioneer" }));
      await board.option(/pioneer new first past/).waitFor();
      await board.text("The log has no older changes").waitFor();
      await board.go(at("activity", { ns: "past", kind: "SET", agent: "pioneer" }));
      await board.option(/pioneer new first past/).waitFor();
      await board.go(at("activity", { ns: "nowhere at all" }));
      await board.text("No change matches").waitFor();
      await board.text("The log has no older changes").waitFor();
      await mutate(server, "clearNamespaces", "revision", { namespacePrefix: "past" });
    });

    test("work: counts, holders and their leases; a stuck claim is released", async () => {
      await board.go(at("work"));
      await page.getByRole("link", { name: /work:translate/ }).click();
      const held = page.getByRole("row", { name: /page:04 worker-a 1/ });
      await held.waitFor();
      await board.button("Release page:04").click();
      await held.waitFor({ state: "detached" });
      const taken = await claim(server, { namespace: "work:translate" }, { agent: "rescuer" });
      expect(taken["entry"].key).toBe("page:04");
      await page.getByRole("row", { name: /page:04 rescuer 2/ }).waitFor();
      await board.text("The source page is empty.").waitFor();
      await board.button("Try again: page:10").click();
      await board.text("The source page is empty.").waitFor({ state: "detached" });
    });

    test("work is listed for any number of namespaces, including the oldest", async () => {
      const namespaces = Array.from(
        { length: 105 },
        (_, number) => `many:${String(number).padStart(3, "0")}`,
      );
      await transact(server, {
        operations: namespaces.map((namespace) => ({ set: { namespace, key: "task", value: 1 } })),
      });
      for (let begin = 0; begin < namespaces.length; begin += 35) {
        const claims = namespaces
          .slice(begin, begin + 35)
          .map(
            (name, index) => `c${index}: claimEntry(input: { namespace: "${name}" }) { revision }`,
          );
        await query(server, `mutation { ${claims.join(" ")} }`);
      }
      await board.go(at("work"));
      await page.getByLabel("Only namespaces that begin with").fill("many:");
      await page.getByRole("link", { name: /many:099/ }).waitFor();
      expect(await page.getByRole("link", { name: /many:100/ }).count()).toBe(0);
      await board.button("Show more namespaces").click();
      await page.getByRole("link", { name: /many:104/ }).waitFor();
      await page.getByLabel("Only namespaces that begin with").fill("many:10");
      await eventually(() => page.getByRole("link", { name: /^many:/ }).count()).toBe(5);
      await mutate(server, "clearNamespaces", "revision", { namespacePrefix: "many:" });
    });

    test("the overview: the totals, the share of the quota, the subscribers, and the last hour", async () => {
      await board.go(at("overview"));
      await board.text("Healthy").waitFor();
      const { viewer } = await query(server, "{ viewer { usage { entryCount } } }");
      const tile = (name: string) => page.locator(".tile", { hasText: name }).locator("dd");
      await eventually(() => tile("Entries").textContent()).toBe(String(viewer.usage.entryCount));
      await eventually(() => tile("Slowest").textContent()).toBe("0");
      expect(Number(await tile("Subscribers").textContent())).toBeGreaterThan(0);
      await board.text(`${viewer.usage.entryCount} of 10,000`).waitFor();
      expect(await page.getByRole("meter", { name: /Entries/ }).count()).toBe(1);
      await page.getByRole("row", { name: /board every namespace nothing/ }).waitFor();
      const { headRevision } = (await query(server, "{ viewer { headRevision } }")).viewer;
      const chart = page.locator("figure", { hasText: "Changes per minute" }).locator("b");
      await eventually(() => chart.textContent()).toBe(
        Number(headRevision).toLocaleString("en-US"),
      );
    });

    test("exports, clears after the count is typed, and imports", async () => {
      const namespace = "moved";
      await setMany(server, namespace, [
        { key: "a", value: 1 },
        { key: "b", value: { two: "<b>2</b>" } },
      ]);
      await board.go(at("entries", { ns: namespace }));
      await board.option(/^b\b.*<b>2<\/b>/).waitFor();
      const saved = page.waitForEvent("download");
      await board.button("Export the namespace").click();
      const file = await (await saved).path();
      await board.button("Clear the namespace").click();
      const confirm = page.getByRole("button", { name: "Clear 2 entries" });
      expect(await confirm.isDisabled()).toBe(true);
      await page.getByLabel(/Type the number/).fill("2");
      await confirm.click();
      await board.text("No entries").waitFor();
      await page.getByLabel("File to import").setInputFiles(file);
      await board.text("2 entries were written.").waitFor();
      expect((await get(server, "b", namespace))?.["value"]).toEqual({ two: "<b>2</b>" });
    });

    test("hostile names and values are shown as text, within their area", async () => {
      const namespace = `x:<img src=x onerror=alert(1)>\u202Eدرب🧨${"w".repeat(120)}`;
      const key = `"><script>alert(1)</script>\u202E${"k".repeat(500)}`;
      const value = { "</script>": "<img src=x onerror=alert(1)>", long: "y".repeat(50_000) };
      await set(server, { namespace, key, value }, { agent: "<b>agent</b>" });
      await board.go(at("entries", { ns: namespace, key }));
      const shown = page.getByRole("tree", { name: "Value" });
      await shown.getByText("<img src=x onerror=alert(1)>").waitFor();
      expect(await board.isCutOff()).toBe(false);
      await board.go(at("activity", { ns: "x:" }));
      await board.option(/new "><script>/).waitFor();
      // What reorders text is shown, so that no name looks like another.
      await board.option(/alert\(1\)>⟨U\+202E⟩/).waitFor();
      expect(await board.isCutOff()).toBe(false);
      await clear(server, namespace);
    });

    test("a reader of some namespaces sees only what its token permits", async () => {
      const { secret } = await server.createToken({
        scopes: ["read"],
        namespacePatterns: ["ingest:*"],
      });
      await page.goto(
        `${server.url}/#token=${secret}&to=${encodeURIComponent(at("entries", { ns: review, key: "report" }))}`,
      );
      await page.getByRole("tab", { name: "History" }).waitFor();
      expect(await page.getByRole("treeitem", { name: /handoff|work/ }).count()).toBe(0);
      for (const name of ["Edit", "Delete", "New entry", "Clear the namespace"]) {
        expect(await board.button(name).count(), name).toBe(0);
      }
      await board.go(at("entries", { ns: "handoff" }));
      await board.text("This namespace cannot be shown").waitFor();
      await board.text(/\(FORBIDDEN\)$/).waitFor();
      expect(await board.text("The connection is lost.").count()).toBe(0);
      // Quotas concern the whole store, which it does not see.
      await board.go(at("overview"));
      await page.getByRole("row", { name: /board ingest:… nothing/ }).waitFor();
      expect(await board.text("Quota").count()).toBe(0);
    });

    test("writes are offered only in the namespaces of the grants that permit them", async () => {
      const { secret } = await server.createToken({
        grants: [
          { scopes: ["read"], namespacePattern: "*" },
          { scopes: ["read", "write"], namespacePattern: "ingest:*" },
        ],
      });
      const open = async (ns: string, key: string) => {
        await board.go(at("entries", { ns, key }));
        await page.getByRole("tab", { name: "History" }).waitFor();
        return [await board.button("Edit").count(), await board.button("New entry").count()];
      };
      await page.goto(`${server.url}/#token=${secret}&to=${encodeURIComponent(at("entries"))}`);
      expect(await open(review, "report")).toEqual([1, 1]);
      expect(await open("work:translate", "page:01")).toEqual([0, 0]);
      await board.go(at("work", { ns: "work:translate" }));
      await page.getByRole("heading", { name: "Held by" }).waitFor();
      expect(await page.getByRole("button", { name: /^Release / }).count()).toBe(0);
      const claimOnly = await server.createToken({ scopes: ["claim"] });
      await page.goto(`${server.url}/#token=${claimOnly.secret}`);
      await page.reload();
      await board.text("This token cannot read").waitFor();
    });
  });
});
