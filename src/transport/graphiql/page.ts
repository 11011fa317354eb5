/** The icon: a baton between two hands. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="24" height="24">
  <circle cx="7" cy="25" r="5" fill="#0f766e"/>
  <circle cx="25" cy="7" r="5" fill="#f59e0b"/>
  <path d="M12 20 20 12" stroke="#64748b" stroke-width="4" stroke-linecap="round"/>
</svg>`;

/** GraphiQL's own style sheet fills the window; the bar above it reduces the height of GraphiQL. */
const style = `
  html, body { height: 100%; margin: 0; }
  body {
    display: flex; flex-direction: column; color-scheme: light dark;
    background: light-dark(#fff, #212a3b); color: light-dark(#3b4b68, #b7c2d7);
    font: 14px/1.4 Roboto, system-ui, sans-serif;
  }
  body.graphiql-light { color-scheme: light; }
  body.graphiql-dark { color-scheme: dark; }
  #bar > * { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin: 0; padding: 8px 16px; }
  #bar > [hidden] { display: none; }
  #signed-in { border-bottom: 1px solid light-dark(#e5e9f0, #34405a); }
  #sign-in { background: light-dark(#fef3c7, #4a3a10); color: light-dark(#5c3d05, #fde9b4); }
  #bar p { flex: 1 1 30em; margin: 0; }
  #bar input, #bar button {
    font: inherit; padding: 4px 12px; border-radius: 6px; border: 1px solid light-dark(#b6c0d1, #55637f);
    background: light-dark(#fff, #2b3547); color: light-dark(#26324a, #e6ebf4);
  }
  #bar input { width: 24em; max-width: 100%; box-sizing: border-box; }
  #bar button { cursor: pointer; }
  #bar button:hover { border-color: currentcolor; }
  #graphiql { flex: 1; min-height: 0; }
  #graphiql > p { padding: 0 16px; }
  #graphiql .graphiql-container { width: 100%; height: 100%; }
  /* In a narrow window, the panes are above each other: side by side, they would be too narrow to read. */
  @media (max-width: 720px) {
    #bar input { width: 100%; }
    #graphiql .graphiql-sessions { margin-right: 8px; }
    #graphiql [id^="graphiql-session"] { flex-direction: column; min-height: 0; }
    #graphiql [id^="graphiql-session"] > .graphiql-horizontal-drag-bar { display: none; }
    #graphiql .graphiql-editors, #graphiql .graphiql-response { flex: 1 1 50% !important; width: 100%; min-height: 0; }
  }
`;

/** Renders the page at /graphql. `urlOf` returns the address of an asset. */
export function renderPage(urlOf: (asset: string) => string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Baton</title>
    <link rel="icon" href="${urlOf("icon.svg")}">
    <link rel="stylesheet" href="${urlOf("app.css")}">
    <style>${style}</style>
    <script defer src="${urlOf("start.js")}"></script>
    <script defer src="${urlOf("app.js")}"></script>
  </head>
  <body>
    <header id="bar">
      <div id="signed-in" hidden>
        <p>Signed in. Run the tab “Wait”, then set an entry in another window.</p>
        <button type="button" id="open-window">Open another window, signed in</button>
        <button type="button" id="sign-out">Sign out</button>
      </div>
      <form id="sign-in" hidden>
        <p role="alert"></p>
        <input type="password" name="token" aria-label="Token" placeholder="Token" required autocomplete="off">
        <button>Sign in</button>
      </form>
    </header>
    <main id="graphiql">
      <noscript>GraphiQL needs JavaScript.</noscript>
      <p>Loading GraphiQL …</p>
    </main>
  </body>
</html>
`;
}
