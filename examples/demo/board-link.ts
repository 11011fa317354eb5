// The demo on the board: the page at the server's address that shows what agents do.
import { spawn } from "node:child_process";

/** The board's address for the changes of some namespaces. Browsers do not send its fragment, which has the token. */
export function boardLink(url: string, token: string, namespacePrefix: string): string {
  const place = `/activity?${new URLSearchParams({ ns: namespacePrefix })}`;
  return `${url}/#${new URLSearchParams({ token, to: place })}`;
}

/** The link to print. Output that does not go to a terminal can be kept, so its link has no token. */
export function shownLink(url: string, token: string, namespacePrefix: string): string {
  return process.stdout.isTTY ? boardLink(url, token, namespacePrefix) : `${url}/`;
}

/** Opens the link in the browser of this machine, if it has one. */
export function openInBrowser(link: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", link]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", link]
        : ["xdg-open", link];
  spawn(command as string, args, { stdio: "ignore", detached: true })
    .on("error", () => {
      // The link is printed in any case.
    })
    .unref();
}
