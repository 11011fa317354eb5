// Writes a bill of materials (CycloneDX) of a packed Baton to standard output:
//   node .ci/sbom.mjs baton-store-0.1.0.tgz
//
// It has what npm resolves for those who install the package, on every platform, and what the package's own files contain.
// `npm sbom` in the repository omits everything that is bundled from the development dependencies.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

if (process.argv[1] === import.meta.filename) {
  const bill = await billOfMaterials(process.argv[2]);
  console.log(JSON.stringify(bill, null, 2));
}

/** @param tarball the path of a packed Baton */
export async function billOfMaterials(tarball, env = process.env) {
  const file = resolve(tarball);
  const bill = await resolved(file, env);
  const baton = bill.components.find(({ name }) => name === "baton-store");
  // npm describes an empty project that depends on Baton. Baton takes its place.
  const { ref: project } = bill.dependencies.find(
    ({ dependsOn }) => dependsOn.length === 1 && dependsOn[0] === baton["bom-ref"],
  );
  baton.type = "application";
  // The path of this machine.
  baton.externalReferences = [];
  bill.metadata.component = baton;
  bill.components = bill.components.filter((component) => component !== baton);
  bill.dependencies = bill.dependencies.filter(({ ref }) => ref !== project);

  const { dependsOn } = bill.dependencies.find(({ ref }) => ref === baton["bom-ref"]);
  for (const { name, version, license } of await bundled(file)) {
    const ref = `${name}@${version}`;
    let component = bill.components.find((each) => each["bom-ref"] === ref);
    if (component === undefined) {
      component = {
        "bom-ref": ref,
        type: "library",
        name,
        version,
        scope: "required",
        purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
        properties: [],
        licenses: [{ license: { id: license } }],
      };
      bill.components.push(component);
      bill.dependencies.push({ ref, dependsOn: [] });
    }
    component.properties.push({ name: "cdx:npm:package:bundled", value: "true" });
    if (!dependsOn.includes(ref)) dependsOn.push(ref);
  }
  return bill;
}

/** What npm resolves when it installs the package, without installing it. */
async function resolved(file, env) {
  const place = await mkdtemp(join(tmpdir(), "baton-sbom-"));
  try {
    const project = { name: "installed", version: "0.0.0", private: true };
    await writeFile(join(place, "package.json"), JSON.stringify(project));
    const npm = (...args) => execute("npm", args, { cwd: place, env, maxBuffer: 2 ** 26 });
    await npm("install", "--package-lock-only", "--no-audit", file);
    return JSON.parse(
      (await npm("sbom", "--package-lock-only", "--sbom-format", "cyclonedx")).stdout,
    );
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The packages whose licenses the two bundles list. The bundlers write these lists from what they included. */
async function bundled(file) {
  const read = async (list) =>
    (await execute("tar", ["-xzOf", file, `package/dist/${list}/licenses.txt`])).stdout;
  return [
    ...(await read("cli")).matchAll(/^(?<name>\S+) (?<version>\d\S*): (?<license>\S+)$/gm),
    ...(await read("board")).matchAll(
      /^## (?<name>\S+) - (?<version>\d\S*) \((?<license>\S+)\)$/gm,
    ),
  ].map(({ groups }) => groups);
}
