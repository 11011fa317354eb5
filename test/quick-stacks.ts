// graphql-js reads the stack of each refusal, and Vitest then looks up the source of each line of it. That is a tenth of
// the time of tests with many refusals, whose stacks are not printed. Other errors keep their stacks.

const prepare = Error.prepareStackTrace;
// Each test file runs this again.
if (prepare && prepare.name !== "prepareQuickly") {
  Error.prepareStackTrace = function prepareQuickly(error, frames) {
    return /^(Baton|GraphQL)Error$/.test(error.name) ? String(error) : prepare(error, frames);
  };
}
