import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { registerUrl } from "../../cli/register_url.ts";
import { runCommand } from "../../cli/run.ts";
import { withPreload } from "../../cli/run/preload.ts";
import { UsageError } from "../../cli/usage.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { here, soon } from "../peers/peer.ts";
import { firstflight, type Run, type Running, start } from "./firstflight.ts";

const folder = temporaryFolder();
after(() => folder[Symbol.dispose]());

/** The runtimes of the project, before those of the machine. */
const PATH = `${fileURLToPath(new URL("../../node_modules/.bin", import.meta.url))}:${
  process.env["PATH"]
}`;
const runtimes = ["node", "bun", "deno"];
const runWith = fileURLToPath(new URL("../fixtures/run_with.ts", import.meta.url));

/** Stands in for the module: leaves a line for each program that loads it. */
const module = folder.path("it's in here", "stand_in.mjs");
const log = folder.path("log");
mkdirSync(folder.path("it's in here"));
writeFileSync(
  module,
  `import { appendFileSync } from "node:fs";
   const { deno, bun } = process.versions;
   appendFileSync(process.env.STAND_IN_LOG, (deno ? "deno" : bun ? "bun" : "node") + "\\n");`,
);

/** Tells what a program was started with. */
const app = folder.path("app.mjs");
writeFileSync(
  app,
  `const env = Object.entries(process.env).filter(([name]) => /^FIRSTFLIGHT|_OPTIONS$/.test(name));
   console.log(JSON.stringify({ args: process.argv.slice(2), env: Object.fromEntries(env) }));`,
);

function startRun(args: readonly string[], env: Record<string, string> = {}): Running {
  writeFileSync(log, "");
  return start([module, ...args], null, {
    file: runWith,
    env: { PATH, STAND_IN_LOG: log, ...env },
  });
}

function run(args: readonly string[], env?: Record<string, string>): Promise<Run> {
  return startRun(args, env).ended;
}

/** The runtimes that have loaded the module, in turn. */
function loaded(): string[] {
  return readFileSync(log, "utf8").split("\n").slice(0, -1);
}

const commands: Readonly<Record<string, readonly string[]>> = {
  node: ["node", app],
  bun: ["bun", app],
  deno: ["deno", "run", "-A", "--no-lock", app],
};

for (const name of runtimes) {
  test(`run: ${name} loads the module, and gets its arguments as they are`, async () => {
    const args = ["a b", "", "--", "--early-data", "$HOME", "ü"];
    const { code, stdout, stderr } = await run(["--", ...commands[name] ?? [], ...args]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout).args, args);
    assert.deepEqual(loaded(), [name]);
  });
}

test("run: what a script starts loads the module, too, but for Deno", async () => {
  writeFileSync(folder.path("package.json"), JSON.stringify({ scripts: { it: `bun ${app}` } }));
  const line = `node '${app}' && npm --prefix '${folder.path()}' run it && deno run -A '${app}'`;
  const { code, stderr } = await run(["--", "sh", "-c", line]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(loaded(), ["node", "node", "bun"]); // npm is a program of Node.
});

test("run: options are variables, and what is in the environment stays", async () => {
  const file = folder.path("hosts");
  writeFileSync(file, "db.example.com:5432 # PostgreSQL\n\n[::1]:6379\n");
  const options = [
    ...["--early-data", "safe", "--report", "--optimistic-net", "on"],
    ...["--dangerous-early-data-hosts", `@${file}`],
  ];
  const env = { NODE_OPTIONS: "--no-deprecation", FIRSTFLIGHT_LIBSSL: "/x" };
  const { stdout, stderr } = await run([...options, "--", "node", app], env);
  const found = JSON.parse(stdout).env;
  assert.equal(stderr, "");
  assert.match(found.NODE_OPTIONS, /^--no-deprecation --import=file:\/\/\/\S+$/);
  assert.deepEqual({ ...found, NODE_OPTIONS: "", BUN_OPTIONS: "" }, {
    NODE_OPTIONS: "",
    BUN_OPTIONS: "",
    FIRSTFLIGHT_LIBSSL: "/x",
    FIRSTFLIGHT_EARLY_DATA: "safe",
    FIRSTFLIGHT_REPORT: "1",
    FIRSTFLIGHT_OPTIMISTIC_NET: "on",
    FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS: "db.example.com:5432,[::1]:6379",
  });
});

test("run: FIRSTFLIGHT=off in the environment goes first", async () => {
  const { code, stdout, stderr } = await run(["--", "node", app], { FIRSTFLIGHT: "off" });
  assert.equal(code, 0);
  assert.match(stderr, /^firstflight: FIRSTFLIGHT=off in the environment: .*\n$/);
  assert.equal(JSON.parse(stdout).env.NODE_OPTIONS, process.env["NODE_OPTIONS"]);
  assert.deepEqual(loaded(), []);
});

test("run: the command's end is its own", async () => {
  const shell = (line: string) => run(["--", "sh", "-c", line]);
  const [seven, killed, missing, folderIsNone] = await Promise.all([
    shell("exit 7"),
    shell("kill -TERM $$"),
    run(["--", "no-such-command", "x"]),
    run(["--", folder.path()]),
  ]);
  assert.equal(seven.code, 7);
  assert.deepEqual([killed.code, killed.signal], [null, "SIGTERM"], killed.stderr);
  assert.equal(missing.code, 127);
  const unknown = /^firstflight: "no-such-command" can't be started: there is no such command \[E/;
  assert.match(missing.stderr, unknown);
  assert.equal(folderIsNone.code, 126);
  assert.match(folderIsNone.stderr, /^firstflight: .* can't be started: .* \[EACCES\]\n$/);
});

/**
 * A shell that counts a signal, waits a moment for more, and exits with the number. It gives up in time: what
 * could end it may be what fails.
 */
function counting(signal: string): string[] {
  const lines = [
    `n=0; turns=0; trap 'n=$((n+1))' ${signal}; echo ready`,
    "while [ $n = 0 ] && [ $turns -lt 200 ]; do sleep 0.05; turns=$((turns+1)); done",
    "for i in 1 2 3 4 5 6; do sleep 0.05; done",
    "exit $n",
  ];
  return ["sh", "-c", lines.join("; ")];
}

for (const signal of ["INT", "TERM", "HUP"]) {
  test(`run: SIG${signal} is passed on`, async () => {
    const { child, ended } = startRun(["--", ...counting(signal)]);
    await soon("output", once(child.stdout!, "data"));
    process.kill(child.pid ?? 0, `SIG${signal}` as NodeJS.Signals);
    const { code, stderr } = await soon("end of the command", ended);
    assert.equal(code, 1, stderr);
  });
}

test("run: at a terminal, Ctrl-C comes to the command once", async () => {
  const flags = "deno" in process.versions ? ["run", "-A", "--no-lock"] : [];
  const words = [process.execPath, ...flags, runWith, module, "--", ...counting("INT")];
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const line = `exec ${quoted}`; // A shell between them may end by Ctrl-C itself.
  const args = ["--quiet", "--return", "--flush", "--command", line, "/dev/null"];
  const terminal = here.spawn("script", args, { env: { ...process.env, STAND_IN_LOG: log } });
  const ended = new Promise((resolve) => terminal.once("close", resolve));
  let output = "";
  const ready = new Promise<void>((resolve) => {
    terminal.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("ready")) resolve();
    });
  });
  await soon("output of the terminal", ready);
  terminal.stdin?.write("\x03");
  assert.equal(await soon("end of the terminal", ended), 1, output);
});

test("run: input and output are the command's", async () => {
  const { child, ended } = startRun(["--", "cat"]);
  child.stdin?.end("in and out");
  assert.equal((await ended).stdout, "in and out");
});

test("run: where Deno takes the option", () => {
  const url = pathToFileURL("/there/register.ts");
  const option = `--preload=${url.href}`;
  const cases: [string, string | undefined][] = [
    ["deno run -A app.ts", `run ${option} -A app.ts`],
    ["deno app.ts run", `${option} app.ts run`],
    ["deno -A app.ts", `${option} -A app.ts`],
    ["deno -L debug --quiet test", `-L debug --quiet test ${option}`],
    ["/usr/bin/deno serve app.ts", `serve ${option} app.ts`],
    ["deno task dev", undefined],
    ["deno --version", undefined],
    ["deno", undefined],
    ["denomination run", "run"],
    ["node run", "run"],
  ];
  for (const [line, expected] of cases) {
    const words = line.split(" ");
    const { command, args, remarks } = withPreload(words, {}, url);
    assert.equal(command, words[0]);
    assert.equal(args.join(" "), expected ?? words.slice(1).join(" "), line);
    assert.equal(remarks.length, expected === undefined ? 1 : 0, line);
  }
});

test("run: the module is named once, in a way that each runtime reads", () => {
  const url = pathToFileURL("/a b/register.js");
  const first = withPreload(["node"], { NODE_OPTIONS: " ", BUN_OPTIONS: "--smol" }, url).env;
  assert.deepEqual(first, {
    NODE_OPTIONS: "--import=file:///a%20b/register.js",
    BUN_OPTIONS: '--smol "--preload=/a b/register.js"',
  });
  assert.deepEqual(withPreload(["node"], first, url).env, first);
  const remote = new URL("https://jsr.io/@firstflight/tls/0.2.0/register.ts");
  const { args, env, remarks } = withPreload(["deno", "run", "a.ts"], {}, remote);
  assert.deepEqual([args[1], env], [`--preload=${remote}`, {}]);
  assert.match(remarks.join(), /install the package from npm/);
  assert.equal(registerUrl.href, new URL("../../register.ts", import.meta.url).href);
});

test("run: a wrong command line", async () => {
  const hosts = folder.path("wrong-hosts");
  writeFileSync(hosts, "a:1\n\nb\n");
  const wrong: [string[], RegExp][] = [
    [[], /^The command is missing: firstflight run -- node app\.js$/],
    [["--report", "--"], /^The command is missing/],
    [["node", "app.js"], /^The command stands after --: firstflight run -- node …$/],
    [["--early-data", "all", "--", "x"], /^Option --early-data must be safe, got "all"$/],
    [["--raport", "--", "x"], /^Unknown option --raport; did you mean --report\?$/],
    [["--optimistic-net", "a", "--", "x"], /^Option --optimistic-net: Expected HOST:PORT, got "a"/],
    [["--optimistic-net", "a:99999", "--", "x"], /^Option --optimistic-net: A port is a number/],
    [["--dangerous-early-data-hosts", ",", "--", "x"], /names no host, got ","$/],
    [["--dangerous-early-data-hosts", "@/nowhere", "--", "x"], /there is no such file$/],
    [["--dangerous-early-data-hosts", `@${hosts}`, "--", "x"], /, line 3 of ".*": Expected HOST:P/],
  ];
  for (const [args, message] of wrong) {
    await assert.rejects(runCommand.run(args), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  const { code, stdout } = await firstflight(["run", "--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /Exit codes: those of the command;/);
});
