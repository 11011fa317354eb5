/** Code that reads an entry, to copy. */
export function snippetsOf(
  namespace: string,
  key: string,
): { readonly name: string; readonly text: string }[] {
  const url = `${location.origin}/graphql`;
  const body = JSON.stringify({
    query:
      "query ($namespace: String!, $key: String!) { entry(namespace: $namespace, key: $key) { value revision } }",
    variables: { namespace, key },
  });
  const [ns, name] = [JSON.stringify(namespace), JSON.stringify(key)];
  return [
    {
      name: "curl",
      text: `curl ${url} \\\n  -H "authorization: Bearer $BATON_TOKEN" \\\n  -H 'content-type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'`,
    },
    {
      name: "TypeScript",
      text: `import { createDataStore } from "baton-store/client";\n\nconst store = createDataStore({ url: ${JSON.stringify(location.origin)}, token: process.env.BATON_TOKEN });\nconst value = await store.namespace(${ns}).get(${name});`,
    },
    {
      name: "Python",
      text: `import os\nfrom baton_store import DataStore\n\nstore = DataStore(${JSON.stringify(location.origin)}, token=os.environ["BATON_TOKEN"]).use_namespace(${ns})\nvalue = store.get(${name})`,
    },
  ];
}
