import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exitCodes } from "../../src/cli/terminal/exit-codes.ts";
import { serveProcess, temporaryFolder } from "./baton-process.ts";
import { runHere } from "./command-here.ts";

const certificates = fileURLToPath(new URL("../tls/", import.meta.url));

test("SIGHUP reads the certificate again; an unusable one changes nothing and is logged", async () => {
  await using folder = await temporaryFolder();
  const file = (part: string) => join(folder.path, `${part}.pem`);
  const use = async (name: string) => {
    for (const part of ["cert", "key"]) {
      await copyFile(join(certificates, `${name}.${part}.pem`), file(part));
    }
  };
  await use("first");
  const args = ["--tls-cert-file", file("cert"), "--tls-key-file", file("key")];
  await using server = await serveProcess(folder.path, args);
  const ca = await Promise.all(
    ["first", "second"].map((name) => readFile(join(certificates, `${name}.cert.pem`))),
  );
  /** The name in the certificate of a new connection. */
  const shownName = async () => {
    const { port, hostname: host } = new URL(server.url);
    const socket = connect({ port: Number(port), host, ca });
    await once(socket, "secureConnect");
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };
  expect(await shownName()).toBe("first");
  const { code, stderr } = await runHere(["status", "--url", server.url, "--token", "any"]);
  expect(code).toBe(exitCodes.unavailable);
  expect(stderr).toMatch(/certificate.*NODE_EXTRA_CA_CERTS/);
  const plain = ["status", "--url", server.url.replace("https", "http"), "--token", "any"];
  expect((await runHere(plain)).stderr).toMatch(/If the server uses TLS, its address .* https:/);

  await use("second");
  server.child.kill("SIGHUP");
  await expect.poll(shownName).toBe("second");

  await writeFile(file("cert"), "not a certificate");
  server.child.kill("SIGHUP");
  await expect.poll(() => server.stderr).toContain("the certificate cannot be read again");
  expect(await shownName()).toBe("second");
});
