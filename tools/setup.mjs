// @ts-check
/**
 * Installs what the demo and the tests need, where it is missing; otherwise silent and fast.
 *
 *     node tools/setup.mjs            what the demo needs
 *     node tools/setup.mjs --peers    and the programs that the tests talk to
 *
 * Plain JavaScript without dependencies: it runs before anything is installed, on Node 20.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

/** Debian's packages with something each brings: a program, or a library. */
const needed = [["iproute2", "ip"], ["libssl3", "libssl.so.3"]];
const peers = [
  ["curl", "curl"],
  ["dovecot-imapd", "dovecot"],
  ["exim4-daemon-light", "exim4"],
  ["gnutls-bin", "gnutls-cli"],
  ["haproxy", "haproxy"],
  ["libnginx-mod-mail", "nginx/modules/ngx_mail_module.so"],
  ["mariadb-server-core", "mariadbd"],
  ["microsocks", "microsocks"],
  ["mosquitto", "mosquitto"],
  ["nats-server", "nats-server"],
  ["nginx", "nginx"],
  ["openssl", "openssl"],
  ["postgresql", "pg_ctlcluster"],
  ["procps", "sysctl"],
  ["redis-server", "redis-server"],
  ["slapd", "slapd"],
  ["tinyproxy-bin", "tinyproxy"],
  ["unbound", "unbound"],
];

/** Node 26, for the demo and the tests; the Node that runs this may be older. */
const node = "node_modules/.bin/node";

// Both at once: each takes half a minute, and mostly waits. When one fails the other still ends properly.
const ends = await Promise.allSettled([
  installDevDependencies(),
  process.platform === "linux" &&
  installDebianPackages(process.argv.includes("--peers") ? [...needed, ...peers] : needed),
]);
for (const end of ends) {
  if (end.status === "fulfilled") continue;
  console.error(`setup: ${end.reason.message}`);
  process.exitCode = 1;
}

async function installDevDependencies() {
  if (upToDate()) return;
  console.log("setup: installing the pinned runtimes and tools (npm ci)");
  await run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
  // npm 10 forgets to link the commands of a workspace's dependencies.
  if (!existsSync(node)) await run("npm", "rebuild", "--ignore-scripts", "--silent");
  // Deno's and Bun's packages put their programs in place in scripts that npm may not run by itself.
  await run(process.execPath, "node_modules/deno/install.cjs");
  await run(process.execPath, "node_modules/bun/install.js");
}

/** Whether node_modules holds what the lock file says; packages for other platforms may be absent. */
function upToDate() {
  const installed = "node_modules/.package-lock.json";
  if (!existsSync(installed) || !existsSync(node)) return false;
  const locked = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
  const present = JSON.parse(readFileSync(installed, "utf8")).packages;
  return Object.keys(locked).every((path) =>
    path === "" || present[path]?.version === locked[path].version ||
    (locked[path].optional && !present[path])
  );
}

/** @param {string[][]} packages */
async function installDebianPackages(packages) {
  const missing = packages.filter(([, file = ""]) => !installed(file)).map(([name = ""]) => name);
  if (missing.length === 0) return;
  const names = missing.join(" ");
  if (!installed("apt-get")) {
    return console.error(`setup: please install what Debian has in its packages ${names}`);
  }
  if (process.getuid?.() !== 0) {
    return console.error(`setup: please run, as root: apt-get install ${names}`);
  }
  console.log(`setup: installing Debian's ${names} (apt-get)`);
  process.env["DEBIAN_FRONTEND"] = "noninteractive";
  const install = ["apt-get", "install", "-qq", "--no-install-recommends", ...missing];
  if ((await attempt(...install)).status === 0) return;
  await attempt("apt-get", "update", "-qq"); // The package lists were missing or out of date.
  const { status, stderr } = await attempt(...install);
  if (status !== 0) console.error(`setup: that failed; what needs them will not run\n${stderr}`);
}

/** @param {string} file a program or a shared library */
function installed(file) {
  const programs = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  const triplet = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const libraries = [`/usr/lib/${triplet}`, `/lib/${triplet}`, "/usr/lib64", "/usr/lib", "/lib"];
  const folders = file.includes(".so") ? libraries : programs;
  return folders.some((folder) => existsSync(`${folder}/${file}`));
}

/**
 * Runs a command to its end.
 *
 * @param {string[]} command
 */
async function attempt(...[program = "", ...args]) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  try {
    const [status] = await once(child, "close");
    return { status, stdout, stderr };
  } catch (error) {
    return { status: null, stdout, stderr: String(error) }; // There is no such program.
  }
}

/**
 * Runs a command that must not fail.
 *
 * @param {string[]} command
 */
async function run(...command) {
  const { status, stdout, stderr } = await attempt(...command);
  if (status !== 0) throw new Error(`"${command.join(" ")}" failed\n${stdout}${stderr}`);
}
