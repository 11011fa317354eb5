import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** The address of a board, and the token of its user. */
interface Server {
  readonly url: string;
  readonly token: string;
}

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const settleMs = 30_000;

/** The board in a separate tab. It is loaded once. A test opens views by the address's fragment, as links do. */
export class BoardPage implements AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly #server: Server;
  readonly #complaints: string[] = [];
  readonly #origins = new Set<string>();
  #hasAxe = false;

  private constructor(context: BrowserContext, page: Page, server: Server) {
    this.context = context;
    this.page = page;
    this.#server = server;
    // Violations of the Content-Security-Policy are console errors.
    context.on("console", (message) => {
      if (message.type() === "error") this.#complaints.push(message.text());
    });
    context.on("weberror", (error) => this.#complaints.push(String(error.error())));
    const note = (address: string) => {
      expect(address).not.toContain(server.token);
      this.#origins.add(new URL(address.replace(/^ws/, "http")).origin);
    };
    page.on("websocket", (socket) => note(socket.url()));
    context.on("request", (request) => {
      if (!request.url().startsWith("blob:")) note(request.url());
    });
  }

  static async open(browser: Browser, server: Server, to: string, token = server.token) {
    const context = await browser.newContext({
      viewport: { width: 1360, height: 820 },
      // With an animation, the browser would draw continuously.
      reducedMotion: "reduce",
    });
    const board = new BoardPage(context, await context.newPage(), server);
    await board.page.goto(`${server.url}/#token=${token}&to=${encodeURIComponent(to)}`);
    return board;
  }

  async go(to: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#${to}`)}`);
  }

  option = (name: string | RegExp): Locator => this.page.getByRole("option", { name });
  button = (name: string): Locator => this.page.getByRole("button", { name, exact: true });
  text = (text: string | RegExp): Locator => this.page.getByText(text);

  /** Presses Tab until the element has the focus. */
  async tabTo(target: Locator): Promise<void> {
    const isThere = (element: unknown) => element === (globalThis as any).document.activeElement;
    await target.first().waitFor();
    for (let presses = 0; presses < 100; presses++) {
      if (await target.first().evaluate(isThere)) return;
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not reach ${String(target)}.`);
  }

  /** Watches for the message that the connection is lost, even if it is short. Returns a function that waits for it. */
  async watchForLoss(): Promise<() => Promise<unknown>> {
    await this.page.evaluate(`window.lost = new Promise((resolve) => {
      const bar = document.querySelector(".connection");
      new MutationObserver(() => bar.childElementCount > 0 && resolve()).observe(bar, { childList: true });
    }), null`);
    return () => this.page.evaluate("window.lost");
  }

  async waitConnected(): Promise<void> {
    await this.page.locator('.connection[data-state="live"]').waitFor({ state: "attached" });
  }

  /** Returns the violations that axe-core finds in the current view. */
  async violations(): Promise<unknown[]> {
    // The page's policy permits no other script, but the debugger's protocol does.
    if (!this.#hasAxe) await this.page.evaluate(await readFile(axePath, "utf8"));
    this.#hasAxe = true;
    const found = await this.page.evaluate(`axe.run({ resultTypes: ["violations"] })`);
    return (found as { violations: AxeViolation[] }).violations.map(({ id, nodes }) => [
      id,
      nodes.map(({ html }) => html),
    ]);
  }

  isCutOff(): Promise<unknown> {
    return this.page.evaluate("document.scrollingElement.scrollWidth > innerWidth");
  }

  /** Fails if the browser reported an error that the test does not expect, or sent a request to another origin. */
  expectClean(...expected: readonly RegExp[]): void {
    const complaints = this.#complaints.filter((text) => !expected.some((one) => one.test(text)));
    this.#complaints.length = 0;
    expect(complaints).toEqual([]);
    expect([...this.#origins], "no request leaves the origin").toEqual([this.#server.url]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}

/** The fragment of the address of a view. */
export function at(place: string, params: Record<string, string> = {}): string {
  const search = String(new URLSearchParams(params));
  return search === "" ? `/${place}` : `/${place}?${search}`;
}

/** Reads a value repeatedly until it is as expected. */
export function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: settleMs });
}
