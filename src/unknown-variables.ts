import { options } from "./options.ts";

/** The variables of the commands and clients. The other variables are those of the options. */
const clientVariables = [
  "BATON_AGENT",
  "BATON_NAMESPACE",
  "BATON_RETRY_FOR",
  "BATON_TOKEN",
  "BATON_URL",
];

/** Kubernetes sets these in each container next to a service, such as `BATON_SERVICE_HOST` and `BATON_PORT_4000_TCP`. */
const serviceVariable = /_SERVICE_(HOST|PORT)(_|$)|_PORT(_|$)/;

/** The variables `BATON_…` that set nothing, such as a misspelt one. Those of Baton's tests are known. */
export function unknownVariables(variables = process.env): string[] {
  const known = new Set([...Object.values(options).map(({ env }) => env), ...clientVariables]);
  return Object.keys(variables)
    .filter((name) => name.startsWith("BATON_") && !known.has(name))
    .filter((name) => !name.startsWith("BATON_TEST_") && !serviceVariable.test(name))
    .sort();
}

/** What to tell the operator about such a variable. */
export function describeUnknown(name: string): string {
  return `${name} is not a variable of Baton, so it has no effect. Correct its name, or remove it.`;
}
