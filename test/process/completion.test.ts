import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { complete } from "../../src/cli/completion/complete.ts";
import { createProgram } from "../../src/cli/program.ts";
import { setMany } from "../operations.ts";
import { run, serveProcess, temporaryFolder } from "./baton-process.ts";
import { addToShell } from "./command-here.ts";

const execute = promisify(execFile);

describe("the completion of a command line", () => {
  const wanted = (line: string) => {
    const { candidates, lookUp, prefix, before } = complete(createProgram(), line.split(" "));
    return { words: candidates.map(({ word }) => word), lookUp, prefix, before };
  };

  test.each<[string, string[]]>([
    ["wa", ["watch", "wait"]],
    ["get --js", ["--json"]],
    ["get --json --js", []],
    ["get -n", ["-n"]],
    ["token ", ["create", "list", "revoke"]],
    ["token create --us", ["--user"]],
    ["help to", ["token"]],
    ["completion ", ["bash", "zsh", "fish"]],
    ["serve --log-level ", ["debug", "info", "warn", "error", "silent"]],
    ["serve --log-level=w", ["--log-level=warn"]],
    ["__comp", []],
    ["nonsense ", []],
  ])("%j: words", (line, words) => {
    expect(wanted(line).words).toEqual(words);
  });

  test.each([
    ["get ta", "keys", "ta", ""],
    ["get a b", undefined, "b", ""],
    ["delete a b", "keys", "b", ""],
    ["get -n x ta", "keys", "ta", ""],
    ["get -- -k", "keys", "-k", ""],
    ["get --namespace pi", "namespaces", "pi", ""],
    ["get --namespace=pi", "namespaces", "pi", "--namespace="],
    ["keys ta", "keys", "ta", ""],
    ["namespaces pi", "namespaces", "pi", ""],
    ["clear --namespace-prefix pi", "namespaces", "pi", ""],
    ["claim -p ta", "keys", "ta", ""],
    ["--namespace pi", "namespaces", "pi", ""],
    ["--url http://h get ta", "keys", "ta", ""],
    ["watch --prefix ta", "keys", "ta", ""],
    ["set k --file x", "files", "x", ""],
    ["set k va", undefined, "va", ""],
  ])("%j: looks up %s", (line, lookUp, prefix, before) => {
    expect(wanted(line)).toMatchObject({ words: [], lookUp, prefix, before });
  });
});

describe("in bash", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: Awaited<ReturnType<typeof serveProcess>>;
  let bin: AsyncDisposable;
  let env: Record<string, string>;
  /** The file of the script for bash, so that not every test creates it again. */
  let bashScript: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await serveProcess(join(folder.path, "data"));
    const at = { BATON_URL: server.url, BATON_TOKEN: server.token };
    bin = await addToShell(join(folder.path, "bin"), at);
    const PATH = `${join(folder.path, "bin")}:${process.env.PATH}`;
    env = { ...at, PATH, LC_ALL: "C.UTF-8" };
    const entries = ["task:1", "task:22", "a b$", "ключ"].map((key) => ({ key, value: 1 }));
    await setMany(server, "default", entries);
    await setMany(server, "pipeline:job 1", [{ key: "in-job", value: 1 }]);
    bashScript = join(folder.path, "completion.bash");
    await writeFile(bashScript, (await run(["completion", "bash"])).stdout);
  });

  afterAll(async () => {
    await server.kill("SIGTERM");
    await bin[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** The completions of bash for a line, with the words into which bash splits it. */
  async function offered(
    line: string,
    breaks: readonly string[],
    source = bashScript,
  ): Promise<string[]> {
    const script = `source ${source}
      COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
      shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _baton && ((\${#COMPREPLY[@]} > 0)) && printf '%s\\n' "\${COMPREPLY[@]}"; :`;
    const { stdout, stderr } = await execute(
      "bash",
      ["--norc", "-c", script, "bash", line, ...breaks],
      { env },
    );
    expect(stderr).toBe("");
    return stdout.split("\n").slice(0, -1);
  }

  test.each<[string, string[], string[]]>([
    ["baton get ", ["baton", "get", ""], ["a\\ b\\$", "task:1", "task:22", "ключ"]],
    ["baton get task:", ["baton", "get", "task", ":"], ["1", "22"]],
    ["baton get task:2", ["baton", "get", "task", ":", "2"], ["22"]],
    ["baton get a\\ ", ["baton", "get", "a\\ "], ["a\\ b\\$"]],
    ['baton get "task:2', ["baton", "get", '"task:2'], ["task:22"]],
    ['baton get -n "pipeline:job 1" ', ["baton", "get", "-n", '"pipeline:job 1"', ""], ["in-job"]],
    [
      "baton keys --namespace=pi",
      ["baton", "keys", "--namespace", "=", "pi"],
      ["pipeline:job\\ 1"],
    ],
    ["baton get --json", ["baton", "get", "--json"], ["--json"]],
    ["baton get none", ["baton", "get", "none"], []],
  ])("%j", async (line, words, expected) => {
    expect(await offered(line, words)).toEqual(expected);
  });

  test("works as the documentation loads it", async () => {
    const source = "<(baton completion bash)";
    expect(await offered("baton wai", ["baton", "wai"], source)).toEqual(["wait"]);
  });

  test("prints nothing without a server or a token, or for an empty line", async () => {
    const silent = { code: 0, stdout: "", stderr: "" };
    const away = { BATON_URL: "http://127.0.0.1:9", BATON_TOKEN: "t" };
    expect(await run(["__complete", "--", "get", "k"], away)).toMatchObject(silent);
    const none = { BATON_URL: server.url, BATON_DATA_DIR: folder.path };
    expect(await run(["__complete", "--", "get", "k"], none)).toMatchObject(silent);
    expect(await run(["__complete", "--", "nonsense", "--x=1", ""])).toMatchObject(silent);
  });

  test.for(["zsh", "fish"])("%s reads its script without an error", async (shell, { skip }) => {
    const { stdout } = await run(["completion", shell]);
    expect(stdout).toContain("__complete");
    const file = join(folder.path, shell);
    await writeFile(file, stdout);
    await execute(shell, ["-c", "exit"]).catch(() => skip(`There is no ${shell} to read it.`));
    await execute(shell, ["-n", file]);
  });
});
