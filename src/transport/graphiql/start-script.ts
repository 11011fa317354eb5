import type { Tab } from "./tabs.ts";

interface StartSettings {
  icon: string;
  tabs: readonly Tab[];
  /** The address of each worker, by Monaco's label for it. */
  workers: Record<"editorWorkerService" | "graphql" | "json", string>;
}

/** The page's own script: the settings, then the source below, unchanged. */
export function renderStartScript(settings: StartSettings): string {
  return `"use strict";\nconst settings = ${JSON.stringify(settings, null, 2)};\n${source}`;
}

const source = String.raw`
// The token is in this window's sessionStorage: it is kept when the page reloads, and removed when the window closes.
// A window that is opened from this one starts with a copy.
const tokenKey = "baton:token";
const token = {
  get: () => sessionStorage.getItem(tokenKey),
  set: (value) => sessionStorage.setItem(tokenKey, value),
  remove: () => sessionStorage.removeItem(tokenKey),
};

// Moves the token from the address that the server printed, .../graphql#token=..., to the storage.
function takeTokenFromAddress() {
  const linked = new URLSearchParams(location.hash.slice(1)).get("token");
  if (linked) {
    token.set(linked);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return Boolean(linked);
}

// ---- the bar above GraphiQL

const find = (selector) => document.querySelector(selector);

// refusal: why the server refuses the token, for example because it was revoked; "" while the token is accepted.
function showBar(refusal) {
  const signedIn = token.get() !== null && refusal === "";
  find("#signed-in").hidden = !signedIn;
  find("#sign-in").hidden = signedIn;
  find("#sign-in p").textContent =
    (token.get() && refusal ? refusal : "You are not signed in.") +
    " Paste the token from the file local.token in the server's data directory, or open the link that the server prints when it starts on a terminal (…/graphql#token=…).";
}

// The message distinguishes an unknown token from one that was revoked or has expired. Only a caller that has the token
// can see that.
function showRefusal(result) {
  const refusal = result.errors?.find((error) => error.extensions?.code === "UNAUTHENTICATED");
  if (refusal) showBar(refusal.message);
  return result;
}

function connectBar() {
  find("#sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    const pasted = find("#sign-in input").value.trim();
    token.set(pasted.replace(/^.*#token=/, "").replace(/^Bearer\s+/i, ""));
    location.reload();
  });
  find("#sign-out").addEventListener("click", () => {
    token.remove();
    location.reload();
  });
  // Not a link: a link to a new window implies noopener, so that the sessionStorage would not be copied.
  find("#open-window").addEventListener("click", () => window.open(location.pathname));
}

// ---- requests

// GraphiQL calls this to run an operation: one HTTP POST, whose response is JSON or, for a subscription, an event
// stream. A failure of the request becomes a result too, because GraphiQL shows a thrown error with its stack.
async function runOperation(operation, options) {
  const headers = new Headers({
    accept: "application/graphql-response+json, application/json;q=0.9, text/event-stream;q=0.8",
    "content-type": "application/json",
  });
  if (token.get()) headers.set("authorization", "Bearer " + token.get());
  for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);

  const controller = new AbortController();
  try {
    const response = await fetch(location.pathname, {
      method: "POST",
      headers,
      body: requestBody(withoutStaleName(operation)),
      signal: controller.signal,
    });
    const type = response.headers.get("content-type") ?? "";
    if (type.includes("text/event-stream")) return followEvents(response.body, controller);
    if (type.includes("json")) return showRefusal(parseExactly(await response.text()));
    return failure("The server responded with status " + response.status + ": " + (await response.text()).slice(0, 1000));
  } catch (error) {
    return failure("The server did not respond (" + error.message + ").");
  }
}

function failure(message) {
  return { errors: [{ message }] };
}

// GraphiQL reads an operation's name 100 ms after its query changes. Until then, it sends the name of the previous
// query.
function withoutStaleName({ operationName, ...operation }) {
  const known = new RegExp("\\b" + operationName + "\\b").test(operation.query);
  return known ? { operationName, ...operation } : operation;
}

// ---- numbers, which JavaScript rounds

// The browser's functions. app.js replaces them with its own, which do not support raw numbers and refuse 1e400.
const native = { parse: JSON.parse, stringify: JSON.stringify };

// Keeps numbers as they are written in the text: GraphiQL shows a result with JSON.stringify, which writes a raw number
// unchanged. A browser without raw numbers rounds them.
function parseExactly(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (_name, value, context) =>
    typeof value === "number" && context.source !== String(value) ? JSON.rawJSON(context.source) : value,
  );
}

// GraphiQL passes the variables as values. The text in their editor is the same without rounding.
function variablesText(variables) {
  const said = JSON.stringify(variables);
  const models = self.monaco?.editor.getModels() ?? [];
  for (const model of models.filter(({ uri }) => uri.path.endsWith("variables.json"))) {
    const text = model.getValue();
    try {
      if (JSON.stringify(JSON.parse(text)) === said) return text;
    } catch {
      // The text has a comment or a trailing comma, which GraphiQL allows.
    }
  }
  return said;
}

function requestBody({ variables, ...operation }) {
  const body = JSON.stringify(operation);
  return variables === undefined ? body : body.slice(0, -1) + ',"variables":' + variablesText(variables) + "}";
}

// ---- subscriptions

// The running subscriptions. GraphiQL ends a subscription when the user leaves its tab.
const running = new Set();

const leaving = "The subscription in this tab ends when you leave the tab. To keep it, work in another window.";

// GraphiQL ends the subscription when a tab is pressed (also the open one), when a tab is added, and when the open tab
// is closed.
function endsSubscription(target) {
  if (target.closest(".graphiql-tab-add")) return true;
  return Boolean(target.closest(".graphiql-tab")) && (isOpenTab(target) || !target.closest(".graphiql-tab-close"));
}

function isOpenTab(target) {
  return Boolean(target.closest(".graphiql-tab-active"));
}

function warnBeforeLeaving() {
  addEventListener(
    "click",
    (event) => {
      const { target } = event;
      if (running.size === 0 || !endsSubscription(target)) return;
      // A press on the open tab has no other effect, so it is ignored.
      const stays = isOpenTab(target) && !target.closest(".graphiql-tab-close");
      if (!stays && confirm(leaving + " Leave it?")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  addEventListener("beforeunload", (event) => running.size > 0 && event.preventDefault());
}

// An async iterator over the results of an event stream. Unlike an async generator, its return() ends the request even
// while next() waits.
function followEvents(body, controller) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  let stopped = false;
  running.add(controller);

  function stop() {
    stopped = true;
    running.delete(controller);
  }

  async function nextEvent() {
    for (;;) {
      const boundary = /\r?\n\r?\n/.exec(buffer);
      if (boundary) {
        const text = buffer.slice(0, boundary.index);
        buffer = buffer.slice(boundary.index + boundary[0].length);
        return parseEvent(text);
      }
      const { done, value } = await reader.read();
      if (done) throw new Error("the server closed it");
      buffer += value;
    }
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        while (!stopped) {
          const event = await nextEvent();
          if (event.name === "complete") break;
          if (event.name === "next") return { done: false, value: showRefusal(parseExactly(event.data)) };
        }
      } catch (error) {
        if (!stopped) {
          stop();
          const message = "The subscription lost its connection (" + error.message + "). Run it again.";
          return { done: false, value: failure(message) };
        }
      }
      stop();
      return { done: true, value: undefined };
    },
    async return() {
      stop();
      controller.abort();
      return { done: true, value: undefined };
    },
  };
}

// Comments, which keep the connection alive, have no name and no data.
function parseEvent(text) {
  const event = { name: "", data: "" };
  for (const line of text.split(/\r?\n/)) {
    const [, field, value] = /^(\w*):? ?(.*)$/.exec(line) ?? [];
    if (field === "event") event.name = value;
    if (field === "data") event.data += value;
  }
  return event;
}

// ---- GraphiQL

self.MonacoEnvironment = {
  // The variables are read from their editor: see variablesText.
  globalAPI: true,
  getWorkerUrl: (_module, label) => settings.workers[label],
};

function startGraphiql() {
  Object.assign(JSON, native);
  // A link can contain a query: /graphql?query=... It is opened in a new tab, but not run.
  const linkedQuery = new URLSearchParams(location.search).get("query");
  history.replaceState(null, "", location.pathname);
  YogaGraphiQL.renderYogaGraphiQL(find("#graphiql"), {
    title: "Baton",
    logo: settings.icon,
    fetcher: runOperation,
    defaultTabs: linkedQuery ? [{ query: linkedQuery }, ...settings.tabs] : settings.tabs,
    defaultEditorToolsVisibility: "variables",
    ...initialTab(linkedQuery),
    // Everything that was typed, including headers with secrets, stays in this window.
    storage: sessionStorage,
    // Otherwise GraphiQL copies each edit into the address, which then becomes too long to reload.
    onEditQuery: () => {},
  });
}

// GraphiQL opens an additional empty tab unless its initial query is one of the kept tabs, so this names the open tab.
function initialTab(linkedQuery) {
  const kept = JSON.parse(sessionStorage.getItem("graphiql:tabState"));
  const tab = linkedQuery ? { query: linkedQuery } : kept?.tabs[kept.activeTabIndex];
  if (!tab) return {};
  return { query: tab.query ?? "", initialVariables: tab.variables ?? "", initialHeaders: tab.headers ?? "" };
}

takeTokenFromAddress();
connectBar();
warnBeforeLeaving();
showBar("");
addEventListener("hashchange", () => takeTokenFromAddress() && location.reload());
// app.js is deferred like this script, so it has run before this event.
addEventListener("DOMContentLoaded", startGraphiql);
`;
