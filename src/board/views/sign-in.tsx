import { useEffect, useRef, useState } from "preact/hooks";
import { signIn } from "../session.ts";
import { Command } from "../ui/empty-state.tsx";
import { Logo } from "../ui/icons.tsx";

export function SignIn({ reason }: { reason: string | null }) {
  const [token, setToken] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <main class="centre">
      <form
        class="sign-in"
        onSubmit={(event) => {
          event.preventDefault();
          void signIn(token);
        }}
      >
        <Logo size={44} />
        <h1>Baton</h1>
        <p class="lead">See your agents hand work over.</p>
        {reason && (
          <p class="notice error" role="alert">
            {reason} Sign in with another token.
          </p>
        )}
        <label>
          Token, or the link that the server printed
          <input
            type="password"
            name="token"
            autoComplete="off"
            required
            ref={field}
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          Sign in
        </button>
        <p class="hint">
          The operator's token is in the file <code>local.token</code> in the server's data
          directory. To create another token, run:
        </p>
        <Command text="npx baton token create --user local" />
        <p class="hint">
          The token is kept only for this tab, and is never part of an address that is sent.
        </p>
      </form>
    </main>
  );
}
