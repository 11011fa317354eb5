import { useEffect, useMemo } from "preact/hooks";
import { ClaimsWatch } from "../claims-watch.ts";
import { now } from "../clock.ts";
import { request } from "../graphql.ts";
import { countdown, duration, number, visibleName } from "../format.ts";
import { hrefOf, withParams } from "../route.ts";
import { mayWrite, messageOf } from "../session.ts";
import { say } from "../toast.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { Countdown } from "../ui/time-ago.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { WorkBar, workParts } from "./work-bar.tsx";
import { WorkList } from "./work-list.tsx";

export function WorkView({ params }: { params: Readonly<Record<string, string>> }) {
  const { ns = "", prefix = "", within = "" } = params;
  useEffect(() => {
    document.title = "Work · Baton";
  }, []);
  return (
    <section class="pane work" aria-label="Work">
      <header class="pane-head">
        <h1>{ns === "" ? "Work" : <bdi>{visibleName(ns)}</bdi>}</h1>
        {ns !== "" && <a href={hrefOf("work")}>All work</a>}
      </header>
      {ns === "" ? (
        <WorkList prefix={within} />
      ) : (
        <Queue key={`${ns}\0${prefix}`} namespace={ns} prefix={prefix} />
      )}
    </section>
  );
}

/** Shows the work on one namespace, or on the keys with a prefix. */
function Queue({ namespace, prefix }: { namespace: string; prefix: string }) {
  const watch = useMemo(
    () => new ClaimsWatch({ namespace, keyPrefix: prefix }),
    [namespace, prefix],
  );
  useEffect(() => () => watch.close(), [watch]);
  const counts = watch.counts.value;
  void now.value;
  const rate = rateOf(watch.samples);
  const left = counts ? counts.free + counts.taken + counts.delayed : 0;
  const revoke = async (key: string, attempt: number) => {
    try {
      const { revokeClaim } = await request<{ revokeClaim: { revoked: boolean } }>(
        "mutation revoke($input: RevokeClaimInput!) { revokeClaim(input: $input) { revoked } }",
        { input: { namespace, key, ifAttempt: attempt } },
      );
      say(
        revokeClaim.revoked
          ? "Released. The next worker can claim it."
          : "The claim had already ended.",
      );
    } catch (error) {
      say(messageOf(error), true);
    }
  };
  return (
    <div class="scroll queue">
      <div class="find">
        <div class="field">
          <input
            type="search"
            aria-label="Only keys that begin with"
            placeholder="Only keys that begin with, such as task:"
            defaultValue={prefix}
            onChange={(event) => withParams({ prefix: event.currentTarget.value }, true)}
          />
        </div>
      </div>
      {counts === null ? (
        <div class="loading" role="status" aria-busy="true" aria-label="Counting the work" />
      ) : (
        <>
          <WorkBar counts={counts} />
          <dl class="tiles">
            {workParts.map(([name, label]) => (
              <div key={name} class={`tile ${name}`}>
                <dt>{label}</dt>
                <dd>{number(counts[name])}</dd>
              </div>
            ))}
            <div class="tile">
              <dt>Rate</dt>
              <dd>
                {rate === null ? "–" : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}`}
                <small>/min</small>
              </dd>
            </div>
            <div class="tile">
              <dt>Time left</dt>
              <dd>{left === 0 ? "none" : rate ? duration((left / rate) * 60_000) : "–"}</dd>
            </div>
          </dl>
          <h2 class="section">Held by</h2>
          {watch.held.value.length === 0 ? (
            <p class="none-found">No agent holds an entry.</p>
          ) : (
            <table>
              <thead>
                <tr>
                  <th>Key</th>
                  <th>Agent</th>
                  <th>Attempt</th>
                  <th>Lease ends in</th>
                  <th>
                    <span class="hidden">Action</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {watch.held.value.map(({ key, agent, attempt, maxAttempts, expiresAt }) => (
                  <tr key={key}>
                    <td>
                      <a class="mono" href={hrefOf("entries", { ns: namespace, key })}>
                        <bdi>{visibleName(key)}</bdi>
                      </a>
                    </td>
                    <td>
                      <AgentTag name={agent} />
                    </td>
                    <td>
                      {attempt}
                      {maxAttempts !== null && ` of ${maxAttempts}`}
                    </td>
                    <td class="mono">
                      <Countdown until={expiresAt} over={countdown(0)} />
                    </td>
                    <td class="end">
                      {mayWrite(namespace) && (
                        <button
                          type="button"
                          class="small"
                          aria-label={`Release ${key}`}
                          onClick={() => void revoke(key, attempt)}
                        >
                          Release
                        </button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {counts.deadLettered > 0 && (
            <DeadLetters namespace={namespace} prefix={prefix} count={counts.deadLettered} />
          )}
        </>
      )}
    </div>
  );
}

/** The completed entries per minute. Null before the first one. */
function rateOf(samples: ClaimsWatch["samples"]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.completed <= first.completed) return null;
  const minutes = Math.max(1_000, Date.now() - first.at) / 60_000;
  return (last.completed - first.completed) / minutes;
}
