// Stores this repository, stores it again, and searches it: node --import tsx examples/repository-ingestion/run.ts
import assert from "node:assert/strict";
import { AgentProcess, play, say } from "../agent-process.ts";

const ingest = () => new AgentProcess("ingest", new URL("ingest.ts", import.meta.url));

await play(async () => {
  say("run", "stores every file that git tracks here");
  assert.equal(await ingest().exit, 0);

  say("run", "stores it again: hashes are compared, and only what changed is sent");
  const again = ingest();
  assert.equal(await again.exit, 0);
  assert.match(again.lines.at(-1) ?? "", /: 0 written, /);

  say("run", 'finds "nothing missed"');
  const find = new AgentProcess("find", new URL("find.ts", import.meta.url), ["nothing missed"]);
  assert.equal(await find.exit, 0);
});
