import type { Tab } from "./tabs.ts";

interface StartSettings {
  icon: string;
  tabs: readonly Tab[];
  /** The address of each worker, by the label under which Monaco asks for it. */
  workers: Record<"editorWorkerService" | "graphql" | "json", string>;
}

/** The page's own script, served as it stands below, with its settings in front. */
export function renderStartScript(settings: StartSettings): string {
  return `"use strict";\nconst settings = ${JSON.stringify(settings, null, 2)};\n${source}`;
}

const source = String.raw`
// The token lives in this window's sessionStorage: a reload keeps it, closing the window forgets it,
// and a window opened from this one starts with a copy.
const tokenKey = "baton:token";
const token = {
  get: () => sessionStorage.getItem(tokenKey),
  set: (value) => sessionStorage.setItem(tokenKey, value),
  remove: () => sessionStorage.removeItem(tokenKey),
};

// Takes the token out of the address the server printed, .../graphql#token=..., and out of the address bar.
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

function showBar(refused) {
  const signedIn = token.get() !== null && !refused;
  find("#signed-in").hidden = !signedIn;
  find("#sign-in").hidden = signedIn;
  find("#sign-in p").textContent =
    (refused && token.get() ? "The server does not accept this token any more. " : "You are not signed in. ") +
    "Paste the token that is in the file local.token of the server's data directory, or open the link that the server prints when it starts on a terminal (…/graphql#token=…).";
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
  // Not a plain link: a link to a new window implies noopener, which would not copy the sessionStorage.
  find("#open-window").addEventListener("click", () => window.open(location.pathname));
}

// ---- requests

// What GraphiQL calls to run an operation: one HTTP POST, answered with JSON or, for a subscription, with an event stream.
// What goes wrong on the way becomes a result too: GraphiQL would show a thrown error with its stack.
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
      body: JSON.stringify(withoutStaleName(operation)),
      signal: controller.signal,
    });
    if (response.status === 401) showBar(true);
    const type = response.headers.get("content-type") ?? "";
    if (type.includes("text/event-stream")) return followEvents(response.body, controller);
    if (type.includes("json")) return checkResult(await response.json());
    return failure("The server answered " + response.status + ": " + (await response.text()).slice(0, 1000));
  } catch (error) {
    return failure("The server gave no answer (" + error.message + ").");
  }
}

function failure(message) {
  return { errors: [{ message }] };
}

// GraphiQL learns an operation's name 100 ms after its query changed: in that time it sends the name of the query before.
function withoutStaleName({ operationName, ...operation }) {
  const known = new RegExp("\\b" + operationName + "\\b").test(operation.query);
  return known ? { operationName, ...operation } : operation;
}

function checkResult(result) {
  if (result.errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED")) showBar(true);
  return result;
}

// An async iterator over the results of an event stream. Its return() ends the request even while next() waits,
// which that of an async generator would not.
function followEvents(body, controller) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  let stopped = false;

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
          if (event.name === "next") return { done: false, value: checkResult(JSON.parse(event.data)) };
        }
      } catch (error) {
        if (!stopped) {
          stopped = true;
          const message = "The subscription lost its connection (" + error.message + "). Run it again.";
          return { done: false, value: failure(message) };
        }
      }
      return { done: true, value: undefined };
    },
    async return() {
      stopped = true;
      controller.abort();
      return { done: true, value: undefined };
    },
  };
}

// Comments, which keep the connection alive, have neither name nor data.
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
  globalAPI: false,
  getWorkerUrl: (_module, label) => settings.workers[label],
};

function startGraphiql() {
  // A link may carry a query: /graphql?query=... It is opened, not run, in a tab of its own.
  const linkedQuery = new URLSearchParams(location.search).get("query");
  history.replaceState(null, "", location.pathname);
  YogaGraphiQL.renderYogaGraphiQL(find("#graphiql"), {
    title: "Baton",
    logo: settings.icon,
    fetcher: runOperation,
    defaultTabs: linkedQuery ? [{ query: linkedQuery }, ...settings.tabs] : settings.tabs,
    defaultEditorToolsVisibility: "variables",
    ...initialTab(linkedQuery),
    // What was typed, headers with secrets too, stays in this window.
    storage: sessionStorage,
    // GraphiQL would copy each edit into the address, which then soon is too long to reload.
    onEditQuery: () => {},
  });
}

// GraphiQL opens an empty tab more when what it starts with is none of the tabs it kept, so it is told which was open.
function initialTab(linkedQuery) {
  const kept = JSON.parse(sessionStorage.getItem("graphiql:tabState"));
  const tab = linkedQuery ? { query: linkedQuery } : kept?.tabs[kept.activeTabIndex];
  if (!tab) return {};
  return { query: tab.query ?? "", initialVariables: tab.variables ?? "", initialHeaders: tab.headers ?? "" };
}

takeTokenFromAddress();
connectBar();
showBar(false);
addEventListener("hashchange", () => takeTokenFromAddress() && location.reload());
// app.js, deferred like this script, has run by then.
addEventListener("DOMContentLoaded", startGraphiql);
`;
