// The demo on the board: the page at the server's address that shows what agents do.
import { spawn } from "node:child_process";

/** Where the board shows the changes of some namespaces. Its fragment, with the token, is never sent. */
export function boardLink(url: string, token: string, namespacePrefix: string): string {
  const place = `/activity?${new URLSearchParams({ ns: namespacePrefix })}`;
  return `${url}/#${new URLSearchParams({ token, to: place })}`;
}

/** The link for who reads the output. Output that is no terminal may be kept, so it has no token in it. */
export function shownLink(url: string, token: string, namespacePrefix: string): string {
  return process.stdout.isTTY ? boardLink(url, token, namespacePrefix) : `${url}/`;
}

/** Opens the link in the browser of the person at this machine, where there is one. */
export function openInBrowser(link: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", link]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", link]
        : ["xdg-open", link];
  spawn(command as string, args, { stdio: "ignore", detached: true })
    .on("error", () => {
      // The link is printed, too.
    })
    .unref();
}
