import { existsSync } from "node:fs";

const usualPlaces = [
  // The headless browser comes first, because it needs a third less time.
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** Returns the browser that `BATON_TEST_CHROMIUM` names, otherwise the first one in the usual places. */
export function findChromium(): string | undefined {
  return process.env["BATON_TEST_CHROMIUM"] || usualPlaces.find((path) => existsSync(path));
}

/**
 * Returns the browser for tests if `BATON_TEST_BROWSER` is `1`, because a browser takes a fifth of the suite's time.
 */
export function testBrowser(): string | undefined {
  return process.env["BATON_TEST_BROWSER"] === "1" ? findChromium() : undefined;
}
