import { useEffect } from "preact/hooks";
import { followLog } from "./change-log.ts";
import { hasGraphiql, lookForGraphiql } from "./graphiql-link.ts";
import { connection } from "./live-stream.ts";
import { followNamespaces } from "./namespaces.ts";
import { hrefOf, places, route, type PlaceName } from "./route.ts";
import { openSession, session, signOut } from "./session.ts";
import { nextTheme } from "./theme.ts";
import { dismiss, toasts } from "./toast.ts";
import { EmptyState } from "./ui/empty-state.tsx";
import { Icon, Logo } from "./ui/icons.tsx";
import { ActivityView } from "./views/activity-view.tsx";
import { EntriesView } from "./views/entries-view.tsx";
import { OverviewView } from "./views/overview-view.tsx";
import { SignIn } from "./views/sign-in.tsx";
import { WorkView } from "./views/work-view.tsx";

const names: Record<PlaceName, string> = {
  entries: "Entries",
  activity: "Activity",
  work: "Work",
  overview: "Overview",
};

export function App() {
  const current = session.value;
  return (
    <>
      {current.kind === "signed-in" ? (
        <Board canRead={current.viewer.scopes.includes("READ")} user={current.viewer.user} />
      ) : current.kind === "signed-out" ? (
        <SignIn reason={current.reason} />
      ) : current.kind === "unreachable" ? (
        <main class="centre">
          <EmptyState icon="graphql" title="The server cannot be reached">
            {current.reason} The board tries again every few seconds.{" "}
            <button type="button" class="link" onClick={() => void openSession()}>
              Try again now
            </button>
          </EmptyState>
        </main>
      ) : (
        <main class="centre" aria-busy="true" aria-label="Signing in" />
      )}
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map(({ id, text, isError }) => (
          <div key={id} class={isError ? "toast error" : "toast"}>
            <span>{text}</span>
            <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
              <Icon name="close" size={14} />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}

function Board({ canRead, user }: { canRead: boolean; user: string }) {
  useEffect(() => {
    if (!canRead) return;
    const ends = [followLog(), followNamespaces()];
    return () => ends.forEach((end) => end());
  }, [canRead]);
  useEffect(() => {
    void lookForGraphiql();
    addEventListener("keydown", focusFilter);
    return () => removeEventListener("keydown", focusFilter);
  }, []);
  const { place, params } = route.value;
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}
      >
        Skip to content
      </a>
      <nav class="rail" aria-label="Board">
        <a class="brand" href={hrefOf("entries")} aria-label="Baton">
          <Logo />
        </a>
        {places.map((name) => (
          <a key={name} href={hrefOf(name)} aria-current={place === name ? "page" : undefined}>
            <Icon name={name} size={18} />
            <span>{names[name]}</span>
          </a>
        ))}
        <div class="rail-end">
          {hasGraphiql.value && (
            <a
              href="graphql"
              target="graphiql"
              title="GraphiQL"
              onClick={(event) => (event.preventDefault(), window.open("graphql"))}
            >
              <Icon name="graphql" size={18} />
              <span>GraphiQL</span>
            </a>
          )}
          <button type="button" title="Light or dark" onClick={nextTheme}>
            <Icon name="sun" size={18} />
            <span>Theme</span>
          </button>
          <button type="button" title={`Sign out ${user}`} onClick={() => signOut()}>
            <Icon name="signOut" size={18} />
            <span>Sign out</span>
          </button>
        </div>
      </nav>
      <main id="main" tabIndex={-1} class={`place-${place}`}>
        <ConnectionBar />
        {!canRead ? (
          <EmptyState icon="lock" title="This token cannot read">
            It does not have the scope “read”. To see the store, sign out, then sign in with a token
            that has it.
          </EmptyState>
        ) : place === "entries" ? (
          <EntriesView params={params} />
        ) : place === "activity" ? (
          <ActivityView params={params} />
        ) : place === "work" ? (
          <WorkView params={params} />
        ) : (
          <OverviewView />
        )}
      </main>
    </div>
  );
}

/** `/` moves the focus to the filter of the view. */
function focusFilter(event: KeyboardEvent): void {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  // In a field or in the editor, `/` is text.
  const [target] = event.composedPath();
  const isTyping =
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  if (isTyping || document.querySelector("dialog[open]")) return;
  const fields = document.querySelectorAll<HTMLInputElement>("main input[type=search]");
  const shown = [...fields].filter((field) => field.offsetParent !== null);
  if (shown.length === 0) return;
  event.preventDefault();
  shown.at(-1)?.focus();
}

/** Shows a warning if the data can be out of date. */
function ConnectionBar() {
  const isLost = connection.value === "reconnecting";
  return (
    <div class="connection" role="status" data-state={connection.value}>
      {isLost && (
        <p>
          <i /> The connection is lost. The board connects again automatically, and then shows the
          changes that it missed.
        </p>
      )}
    </div>
  );
}
