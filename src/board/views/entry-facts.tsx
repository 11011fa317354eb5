import { useEffect, useState } from "preact/hooks";
import { onChanges } from "../change-log.ts";
import type { EntryDetail } from "../entry-detail.ts";
import { bytes, duration, instant } from "../format.ts";
import { readFollowers, readTakenUp, type EntryFollower, type TakenUp } from "../handoff-facts.ts";
import { oneAtATime } from "../one-at-a-time.ts";
import { hrefOf } from "../route.ts";
import { AgentTag } from "../ui/agent-tag.tsx";
import { Countdown, TimeAgo } from "../ui/time-ago.tsx";

const followersMs = 5_000;
const minReadMs = 200;
const maxShownFollowers = 4;

/** The properties of an entry, without its value. */
export function EntryFacts({ namespace, entry }: { namespace: string; entry: EntryDetail }) {
  const { revision, sizeBytes, updatedBy, updatedAt, createdBy, createdAt, expiresAt } = entry;
  const takenUp = useTakenUp(namespace, entry);
  const followers = useFollowers(namespace, entry.key);
  return (
    <dl class="facts">
      <div>
        <dt>Revision</dt>
        <dd class="mono">{revision}</dd>
      </div>
      <div>
        <dt>Written</dt>
        <dd>
          <AgentTag name={updatedBy} /> <TimeAgo at={updatedAt} />
        </dd>
      </div>
      <div title={instant(createdAt)}>
        <dt>Created</dt>
        <dd>
          <AgentTag name={createdBy} /> <TimeAgo at={createdAt} />
        </dd>
      </div>
      <div>
        <dt>Size</dt>
        <dd>{bytes(sizeBytes)}</dd>
      </div>
      {expiresAt !== null && (
        <div>
          <dt>Expires in</dt>
          <dd>
            <Countdown until={expiresAt} />
          </dd>
        </div>
      )}
      <div title="The next write of another agent in this namespace. Reads are not recorded.">
        <dt>Taken up by</dt>
        <dd>
          {takenUp ? (
            <>
              <AgentTag name={takenUp.agent} />{" "}
              <a
                class="taken-key"
                href={hrefOf("entries", { ns: namespace, key: takenUp.key, rev: takenUp.revision })}
              >
                <bdi>{takenUp.key}</bdi>
              </a>{" "}
              <span class="muted">
                {duration(Date.parse(takenUp.at) - Date.parse(updatedAt))} later
              </span>
            </>
          ) : (
            <span class="muted">none yet</span>
          )}
        </dd>
      </div>
      {followers.length > 0 && (
        <div title="Current subscribers of this entry, and calls that wait for it, on the instance that responds.">
          <dt>Followed by</dt>
          <dd>
            {followers.slice(0, maxShownFollowers).map(({ agent, kind, lag }) => (
              <span key={`${kind} ${agent}`} class="follower">
                <AgentTag name={agent} />
                {kind === "WAIT" && <span class="muted">waits</span>}
                {lag > 0 && <span class="muted">{lag} behind</span>}
              </span>
            ))}
            {followers.length > maxShownFollowers && (
              <span class="muted">and {followers.length - maxShownFollowers} more</span>
            )}
          </dd>
        </div>
      )}
    </dl>
  );
}

function useTakenUp(namespace: string, entry: EntryDetail): TakenUp | null {
  const [found, setFound] = useState<TakenUp | null>(null);
  const { revision, updatedBy } = entry;
  useEffect(() => {
    let isKnown = false;
    setFound(null);
    const reading = oneAtATime(async () => {
      // The log possibly does not contain the revision any more.
      const next = await readTakenUp(namespace, entry).catch(() => null);
      if (next === null) return;
      isKnown = true;
      setFound(next);
    }, minReadMs);
    reading.request();
    const unsubscribe = onChanges((fresh) => {
      const isNews = fresh.some(
        (change) => change.namespace === namespace && change.agent !== updatedBy,
      );
      if (isNews && !isKnown) reading.request();
    });
    return () => {
      reading.end();
      unsubscribe();
    };
  }, [namespace, revision]);
  return found;
}

function useFollowers(namespace: string, key: string): readonly EntryFollower[] {
  const [followers, setFollowers] = useState<readonly EntryFollower[]>([]);
  useEffect(() => {
    let isOver = false;
    const read = () =>
      readFollowers(namespace, key).then(
        (found) => !isOver && setFollowers(found),
        () => {
          // The next read tries again.
        },
      );
    void read();
    const timer = setInterval(() => void read(), followersMs);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [namespace, key]);
  return followers;
}
