// Takes the screenshots of the board in docs/images: npm run screenshots
//
// It starts a server, lets a few agents work on it, and opens the board with the Chromium of the tests.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { findChromium } from "../test/browser/find-chromium.ts";
import { launchChromium } from "../test/browser/launch-chromium.ts";
import { startTestServer } from "../test/server.ts";
import { tellStory } from "./board-story.ts";

const folder = fileURLToPath(new URL("images/", import.meta.url));
const review = "ingest:baton-store:review";

interface Picture {
  readonly name: string;
  readonly place: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly isDark?: boolean;
  readonly isPhone?: boolean;
}

const pictures: readonly Picture[] = [
  { name: "board-activity", place: "activity" },
  { name: "board-entries", place: "entries", params: { ns: review, key: "report" } },
  {
    name: "board-history",
    place: "entries",
    params: { ns: review, key: "report", tab: "history" },
  },
  { name: "board-work", place: "work", params: { ns: "work:translate" } },
  { name: "board-overview", place: "overview" },
  { name: "board-dark", place: "entries", params: { ns: "work:translate" }, isDark: true },
  { name: "board-phone", place: "activity", isPhone: true },
];

const executablePath = findChromium();
if (!executablePath)
  throw new Error("No Chromium was found. Set BATON_TEST_CHROMIUM to the path of one.");
await mkdir(folder, { recursive: true });
const server = await startTestServer();
const browser = await launchChromium(executablePath);
try {
  await tellStory(server, 350);
  for (const { name, place, params = {}, isDark = false, isPhone = false } of pictures) {
    const context = await browser.newContext({
      viewport: isPhone ? { width: 390, height: 780 } : { width: 1280, height: 720 },
      colorScheme: isDark ? "dark" : "light",
    });
    const page = await context.newPage();
    const to = encodeURIComponent(
      `/${place}?${new URLSearchParams(params as Record<string, string>)}`,
    );
    await page.goto(`${server.url}/#token=${server.token}&to=${to}`);
    // The page is loaded, although its subscriptions stay open.
    await page.locator("main :is([role=option], [role=treeitem], .tile, tr)").first().waitFor();
    await page.waitForTimeout(1_500);
    await page.screenshot({ path: `${folder}${name}.png` });
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
