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

// refusal: what the server says about the token, such as that it was revoked; "" while it is accepted.
function showBar(refusal) {
  const signedIn = token.get() !== null && refusal === "";
  find("#signed-in").hidden = !signedIn;
  find("#sign-in").hidden = signedIn;
  find("#sign-in p").textContent =
    (token.get() && refusal ? refusal : "You are not signed in.") +
    " Paste the token that is in the file local.token of the server's data directory, or open the link that the server prints when it starts on a terminal (…/graphql#token=…).";
}

// The server tells a token that it never knew from one that was revoked or has expired: only who has that one can see it.
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
      body: requestBody(withoutStaleName(operation)),
      signal: controller.signal,
    });
    const type = response.headers.get("content-type") ?? "";
    if (type.includes("text/event-stream")) return followEvents(response.body, controller);
    if (type.includes("json")) return showRefusal(parseExactly(await response.text()));
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

// ---- numbers, which JavaScript would round

// The browser's own. app.js puts others in their place, which know no raw numbers and refuse 1e400.
const native = { parse: JSON.parse, stringify: JSON.stringify };

// Numbers as they are in the text: JSON.stringify, by which GraphiQL shows a result, writes a raw one as it was read.
// A browser that has no raw ones rounds them.
function parseExactly(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (_name, value, context) =>
    typeof value === "number" && context.source !== String(value) ? JSON.rawJSON(context.source) : value,
  );
}

// GraphiQL gives the variables as values. The text of their editor says the same without rounding.
function variablesText(variables) {
  const said = JSON.stringify(variables);
  const models = self.monaco?.editor.getModels() ?? [];
  for (const model of models.filter(({ uri }) => uri.path.endsWith("variables.json"))) {
    const text = model.getValue();
    try {
      if (JSON.stringify(JSON.parse(text)) === said) return text;
    } catch {
      // It has a comment, or a comma too many, which GraphiQL allows.
    }
  }
  return said;
}

function requestBody({ variables, ...operation }) {
  const body = JSON.stringify(operation);
  return variables === undefined ? body : body.slice(0, -1) + ',"variables":' + variablesText(variables) + "}";
}

// ---- subscriptions

// Those that run. GraphiQL ends one when its tab is left.
const running = new Set();

const leaving = "A subscription runs in this tab, and ends when you leave it. To keep it, work in another window.";

// GraphiQL ends it when any tab is pressed, the open one too, when one is added, and when the open one is closed.
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
      // A press on the open tab does nothing else, so it does nothing.
      const stays = isOpenTab(target) && !target.closest(".graphiql-tab-close");
      if (!stays && confirm(leaving + " Leave it?")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  addEventListener("beforeunload", (event) => running.size > 0 && event.preventDefault());
}

// An async iterator over the results of an event stream. Its return() ends the request even while next() waits,
// which that of an async generator would not.
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
  // The variables are read from their editor: see variablesText.
  globalAPI: true,
  getWorkerUrl: (_module, label) => settings.workers[label],
};

function startGraphiql() {
  Object.assign(JSON, native);
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
warnBeforeLeaving();
showBar("");
addEventListener("hashchange", () => takeTokenFromAddress() && location.reload());
// app.js, deferred like this script, has run by then.
addEventListener("DOMContentLoaded", startGraphiql);
`;
