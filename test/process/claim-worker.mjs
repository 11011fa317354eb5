// @ts-check
// A worker like that of an agent: it claims a task, works and completes it, until all tasks are completed. It is plain
// JavaScript, because Node 20 runs it in a separate process: claim-worker.mjs <name> <tasks> <ms of work> <token>
// <url>...

const [name = "", tasks, workMs, token, ...urls] = process.argv.slice(2);

/**
 * @param {string} query
 * @param {Record<string, unknown>} variables
 * @returns {Promise<any>}
 */
async function call(query, variables) {
  const url = urls[Math.floor(Math.random() * urls.length)];
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
      "baton-agent": name,
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** @param {number} ms */
const work = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (;;) {
  const { data } = await call(
    `mutation {
      claimEntry(input: { namespace: "work", keyPrefix: "task-", leaseSeconds: 1 }) {
        entry { key } claim { token attempt expiresAt }
      }
    }`,
    {},
  );
  const { entry, claim } = data.claimEntry;
  if (!entry) {
    const answer = await call(`{ entry(namespace: "work", key: "count") { value } }`, {});
    if (answer.data.entry?.value === Number(tasks)) break;
    await work(50);
    continue;
  }
  // The starter of this process collects the grants while this process runs.
  process.stdout.write(`${JSON.stringify({ name, key: entry.key, ...claim })}\n`);
  await work(Math.random() * Number(workMs));
  const { errors } = await call(
    `mutation ($input: CompleteClaimInput!) { completeClaim(input: $input) { revision } }`,
    {
      input: {
        namespace: "work",
        key: entry.key,
        token: claim.token,
        value: { by: name, attempt: claim.attempt },
        operations: [
          { increment: { namespace: "work", key: "count" } },
          { append: { namespace: "work", key: "results", value: entry.key } },
        ],
      },
    },
  );
  const code = errors?.[0].extensions.code;
  if (code !== undefined && code !== "CLAIM_LOST") throw new Error(JSON.stringify(errors));
}
