import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { optionsLast } from "../../src/cli/flags/options-last.ts";
import { createProgram } from "../../src/cli/program.ts";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { report } from "../../src/cli/terminal/report.ts";
import { baton, run } from "./baton-process.ts";

/** The output of a command, and its exit code. */
interface Printed {
  stdout: string;
  stderr: string;
}

const printing = new AsyncLocalStorage<Printed>();

/**
 * Runs `baton …` in this process, in the same way as `baton.ts`, in a tenth of the time of a process. Several commands
 * can run concurrently. It is for commands that read no standard input and wait for no signal.
 * @param env the only `BATON_…` variables of the command
 */
export async function runHere(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Printed & { code: number }> {
  capture(process.stdout, "stdout");
  capture(process.stderr, "stderr");
  const printed: Printed = { stdout: "", stderr: "" };
  const code = await printing.run(printed, async () => {
    const program = createProgram();
    // The variables are read before the first pause.
    const parsing = withEnvironment(env, () =>
      program.parseAsync(optionsLast(program, args), { from: "user" }),
    );
    return parsing.then(() => exitCodes.ok, report);
  });
  return { ...printed, code };
}

/** Runs `baton …` in this process, unless it reads standard input. */
export function runQuickly(
  args: readonly string[],
  env: Record<string, string>,
  input?: string | Uint8Array,
) {
  return input === undefined ? runHere(args, env) : run(args, env, input);
}

const captured = new WeakSet<NodeJS.WriteStream>();

/** Captures the output of a command. Other output is written as usual. */
function capture(stream: NodeJS.WriteStream, name: keyof Printed): void {
  if (captured.has(stream)) return;
  captured.add(stream);
  const write = stream.write.bind(stream);
  stream.write = ((...args: Parameters<typeof write>) => {
    const printed = printing.getStore();
    if (!printed) return write(...args);
    printed[name] += String(args[0]);
    return true;
  }) as typeof stream.write;
}

function withEnvironment<T>(env: Record<string, string>, work: () => T): T {
  const before = { ...process.env };
  const own = Object.keys(before).filter((name) => name.startsWith("BATON_"));
  for (const name of own) delete process.env[name];
  Object.assign(process.env, env);
  try {
    return work();
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
    for (const name of [...own, ...Object.keys(env)]) {
      if (before[name] !== undefined) process.env[name] = before[name];
    }
  }
}

/** The commands that can read standard input, or that the end of their reader ends. */
const ownProcess = ["set", "watch"];

/**
 * Adds a program `baton` for shells to a folder. This process runs most of its commands, which takes a tenth of the time
 * of a process. The others are processes.
 * @param env as of `runHere`
 */
export async function addToShell(
  folder: string,
  env: Record<string, string>,
): Promise<AsyncDisposable> {
  const server = createServer(async (request, response) => {
    const args = new URLSearchParams(await text(request)).getAll("arg");
    const { code, stdout, stderr } = await runHere(args, env);
    if (stderr !== "") await writeFile(join(folder, `stderr${request.url?.slice(1)}`), stderr);
    // The status has the exit code.
    response.writeHead(400 + code).end(stdout);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await mkdir(folder, { recursive: true });
  const program = join(folder, "baton");
  await writeFile(
    program,
    `#!/bin/sh
case $1 in ${ownProcess.join("|")}) exec "${process.execPath}" "${baton}" "$@" ;; esac
for arg do
  shift
  set -- "$@" --data-urlencode "arg=$arg"
done
exec 3>&1
status=$(curl --silent --show-error --write-out '%{stderr}%{http_code}' "$@" http://127.0.0.1:${port}/$$ 2>&1 >&3)
if [ -e '${folder}'/stderr$$ ]; then cat '${folder}'/stderr$$ >&2; fi
exit $((status - 400))
`,
  );
  await chmod(program, 0o755);
  return {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
