/**
 * Many connections through `firstflight forward`, and many bytes:
 *
 *     npm run bench:forward -- --connections 1000 --size 128 --repeat 3 --runtimes deno,bun --json
 *
 * A single nginx on the loopback interface answers. First each runtime's forwarder has connections, so many
 * at a time; each asks for something of its own, and each answer is compared. Then curl downloads a file
 * straight from nginx, by TLS, and through each forwarder, by turns, so that other work of the machine
 * affects all of them alike.
 *
 * @module
 */

import { execFile, spawn } from "node:child_process";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { connect } from "node:net";
import process from "node:process";
import { parseArgs, promisify } from "node:util";
import { freePort } from "../tests/peers/peer.ts";
import { type ConnectionsFinding, type ForwardFinding, report } from "./forward_report.ts";
import { exitOnSignals } from "./harness/client.ts";
import { startForwarder } from "./harness/forwarder.ts";
import { startNginx } from "./harness/nginx.ts";
import { showProgress } from "./harness/progress.ts";
import { parseRuntimes, runtimeNames } from "./harness/runtimes.ts";

const MIB = 1024 * 1024;

const { values: options } = parseArgs({
  options: {
    connections: { type: "string", default: "10000" },
    concurrency: { type: "string", default: "64" },
    size: { type: "string", default: "1024" },
    repeat: { type: "string", default: "5" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/forward.ts [options]

  --connections N   connections through each forwarder (default 10000)
  --concurrency N   of them at a time (default 64)
  --size MIB        what to download, in MiB (default 1024)
  --repeat N        downloads of each kind (default 5)
  --runtimes LIST   of deno,bun,node (default all)
  --json            print everything as JSON`);
  process.exit(0);
}

/** What a connection has brought, and what went wrong with it, if anything. */
async function ask(port: number, path: string): Promise<{ answer: string; error?: Error }> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  let error: Error | undefined;
  socket.setEncoding("latin1").on("data", (text) => answer += text).on(
    "error",
    (each) => error = each,
  );
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => socket.once("close", resolve));
  return { answer, ...(error ? { error } : {}) };
}

/** Opens `count` connections, each for an answer of its own. */
async function openMany(port: number, count: number, atOnce: number): Promise<ConnectionsFinding> {
  let next = 0;
  const wrong: string[] = [];
  const work = async () => {
    while (next < count) {
      const path = `/echo/${next++}`;
      const { answer, error } = await ask(port, path);
      const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
      if (error) wrong.push(`${path}: ${error.message}`);
      else if (!answer.startsWith("HTTP/1.1 200 ") || body !== path) wrong.push(`${path}: ${body}`);
      if (next % 100 === 0) showProgress(`connection ${next} of ${count}`);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  return { count, wrong, seconds: (performance.now() - start) / 1000 };
}

/** curl's download; resolves to bytes a second. */
async function download(url: string, size: number): Promise<number> {
  const what = "%{http_code} %{size_download} %{speed_download}";
  const trust = ["--cacert", `${nginx.folder}/cert.pem`];
  const args = ["--silent", "--output", "/dev/null", "--write-out", what, ...trust, url];
  const { stdout } = await promisify(execFile)("curl", args);
  const [status, bytes, speed] = stdout.split(" ").map(Number);
  if (status === 200 && bytes === size) return speed ?? NaN;
  throw new Error(`${url}: curl got ${bytes} of ${size} bytes, status ${status}`);
}

exitOnSignals();
const size = Number(options.size) * MIB;
const runtimes = parseRuntimes(options.runtimes);
const port = await freePort();
const server = `
    listen 127.0.0.1:${port} ssl fastopen=256 backlog=512;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    ssl_early_data on;
    sendfile on;
    tcp_nopush on;
    root {folder};
    location /echo/ { return 200 $request_uri; }`;
/** The file is sparse: the page cache serves it, no disk is involved. */
const files = (folder: string) => {
  const file = openSync(`${folder}/data`, "w");
  ftruncateSync(file, size);
  closeSync(file);
};
await using nginx = await startNginx(spawn, { server, files });
const trust = ["--ca", `${nginx.folder}/cert.pem`];
const target = `localhost:${port}`;

const findings: ForwardFinding[] = [];
for (const runtime of runtimes) {
  showProgress(`${runtime}: connections`);
  await using forwarder = await startForwarder(runtime, target, [
    ...trust,
    "--early-data",
    "http1",
  ]);
  const before = forwarder.cpu;
  const count = Number(options.connections);
  const connections = await openMany(forwarder.port, count, Number(options.concurrency));
  const cpu = forwarder.cpu - before;
  findings.push({ runtime, connections, cpu, summary: await forwarder.finish(), downloads: [] });
}

await using stack = new AsyncDisposableStack();
const forwarders = new Map(
  await Promise.all(runtimes.map(async (runtime) => {
    return [runtime, stack.use(await startForwarder(runtime, target, trust))] as const;
  })),
);
for (let round = 0; round < Number(options.repeat); round++) {
  for (const { runtime, downloads } of findings) {
    showProgress(`round ${round + 1} of ${options.repeat}: ${runtime}`);
    const forwarder = forwarders.get(runtime)!;
    const direct = await download(`https://localhost:${port}/data`, size);
    const before = forwarder.cpu;
    const through = await download(`http://127.0.0.1:${forwarder.port}/data`, size);
    downloads.push({ direct, through, cpu: forwarder.cpu - before });
  }
}
showProgress();
if (options.json) console.log(JSON.stringify({ size, findings }, null, 2));
else console.log(report(findings, size));
