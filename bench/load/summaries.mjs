import { HttpConnection } from "./http-connection.mjs";
import { bodyOf, headersOf, setEntries } from "./operations.mjs";

const batch = 1_000;
const namespaceCount = 100;
const words =
  "parser token module import resolve graph service handler request cache index memory thread pool timeout retry queue message schema column user session login page render state hook effect style layout grid build test deploy"
    .split(" ")
    .flatMap((word) => [word, `${word}s`, `re${word}`, `${word}ed`]);

/** Always the same texts: about 250 bytes, each with "summary of", one in 5,000 with "needle". */
function summaryOf(place) {
  let state = place + 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  const path = `src/module-${place % 997}/file-${place}.ts`;
  const text = Array.from({ length: 26 }, () => words[next() % words.length]);
  if (place % 5_000 === 7) text.splice(4, 0, "needle");
  return { key: path, value: { path, summary: `summary of ${path}: ${text.join(" ")}` } };
}

/** Fills a store with summaries of source files, in 100 namespaces, as agents that read code would write them. */
export async function fillSummaries(server, count) {
  const connection = await HttpConnection.open(server.url, headersOf(server));
  for (let begin = 0; begin < count; begin += batch) {
    const length = Math.min(batch, count - begin);
    const answer = await connection.post(
      "/graphql",
      bodyOf(setEntries, {
        namespace: `repo-${(begin / batch) % namespaceCount}:files`,
        entries: Array.from({ length }, (_, at) => summaryOf(begin + at)),
      }),
    );
    if (answer.includes('"errors"')) throw new Error(answer);
  }
  connection.close();
}
