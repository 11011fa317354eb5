import { render } from "preact";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/entries.css";
import "./styles/json.css";
import "./styles/panels.css";
import { App } from "./app.tsx";
import { readAddress } from "./route.ts";
import { openSession, takeTokenFromAddress } from "./session.ts";
import "./theme.ts";

takeTokenFromAddress();
readAddress();
void openSession();
// The person opened a link with a token in this tab.
addEventListener("hashchange", () => {
  if (!location.hash.includes("token=")) return;
  takeTokenFromAddress();
  readAddress();
  void openSession();
});
render(<App />, document.getElementById("board") as HTMLElement);
