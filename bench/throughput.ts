/**
 * Bytes per second and processor time. One run compares firstflight with the runtimes' own TLS:
 *
 *     npm run bench:throughput -- --size 256 --repeat 3 --runtimes deno,bun --json
 *
 * A single nginx on the loopback interface serves a file. Every measurement is a process of its
 * own. The processes take turns, so that other work of the machine affects all of them alike.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { parseArgs } from "node:util";
import { exitOnSignals, run } from "./harness/client.ts";
import { startNginx } from "./harness/nginx.ts";
import { showProgress } from "./harness/progress.ts";
import { commandFor, parseRuntimes, type RuntimeName, runtimeNames } from "./harness/runtimes.ts";
import type { ThroughputFinding, ThroughputTask } from "./clients/throughput.ts";
import { report, type Sample } from "./throughput_report.ts";

const MIB = 1024 * 1024;

/** The ways that only one runtime has. The ways below exist in every runtime. */
const natives: Readonly<Record<RuntimeName, Readonly<Record<ThroughputTask["task"], string[]>>>> = {
  deno: {
    download: [
      "deno_connect:Deno.connectTls 64 KiB",
      "deno_connect:Deno.connectTls 256 KiB",
      "deno_connect:Deno.connectTls readable",
    ],
    upload: ["deno_connect:Deno.connectTls"],
    stall: ["deno_connect:Deno.connectTls"],
  },
  bun: {
    download: ["bun_connect:Bun.connect"],
    upload: ["bun_connect:Bun.connect"],
    stall: ["bun_connect:Bun.connect"],
  },
  node: { download: [], upload: [], stall: [] },
};
const everywhere: Readonly<Record<ThroughputTask["task"], string[]>> = {
  download: [
    "firstflight:read 64 KiB",
    "firstflight:read 256 KiB",
    "firstflight:readable",
    "firstflight:duplex",
    "node_tls:node:tls",
    "fetch:fetch",
  ],
  upload: ["firstflight:write", "node_tls:node:tls"],
  stall: ["firstflight:read", "node_tls:node:tls", "fetch:fetch"],
};

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    size: { type: "string", default: "1024" },
    repeat: { type: "string", default: "5" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/throughput.ts [options]

  --size MIB        what to move, in MiB (default 1024)
  --repeat N        measurements of each way (default 5)
  --runtimes LIST   of deno,bun,node (default all)
  --only TEXT       measure only what has this in its name, such as "download"
  --json            print everything as JSON`);
  process.exit(0);
}

/** Finds a port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

function* plan(runtimes: readonly RuntimeName[]): Generator<Omit<Sample, "findings">> {
  for (const task of ["download", "upload", "stall"] as const) {
    for (const runtime of runtimes) {
      for (const spec of [...everywhere[task], ...natives[runtime][task]]) {
        const split = spec.indexOf(":");
        const sample = {
          task,
          runtime,
          module: spec.slice(0, split),
          way: spec.slice(split + 1),
        };
        const name = `${task} ${runtime} ${sample.module} ${sample.way}`;
        if (name.includes(options.only)) yield sample;
      }
    }
  }
}

exitOnSignals();
const size = Number(options.size) * MIB;
const repeat = Number(options.repeat);
const samples = [...plan(parseRuntimes(options.runtimes))]
  .map((sample) => ({ ...sample, findings: [] as ThroughputFinding[] }));
const port = await freePort();
const server = `
    listen 127.0.0.1:${port} ssl;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    sendfile on;
    tcp_nopush on;
    client_max_body_size 0;
    root {folder};
    location /sink { return 200; }
    location /done { return 200 "done"; }`;
/** The file is sparse: the page cache serves it, no disk is involved. */
const files = (folder: string) => {
  const file = openSync(`${folder}/data`, "w");
  ftruncateSync(file, size);
  closeSync(file);
};
await using nginx = await startNginx(spawn, { server, files });

const program = new URL("./clients/throughput.ts", import.meta.url);
const env = { ...process.env, NODE_EXTRA_CA_CERTS: `${nginx.folder}/cert.pem` };
for (let round = 0; round < repeat; round++) {
  for (const [index, { task, runtime, module, way, findings }] of samples.entries()) {
    const done = `round ${round + 1} of ${repeat}, ${index + 1} of ${samples.length}`;
    showProgress(`${done}: ${runtime}, ${task}, ${way}`);
    const job: ThroughputTask = { task, module, way, hostname: "127.0.0.1", port, size };
    const output = await run(spawn, commandFor(runtime, program, JSON.stringify(job)), { env });
    findings.push(JSON.parse(output));
  }
}
showProgress();
if (options.json) console.log(JSON.stringify({ size, samples }, null, 2));
else console.log(report(samples, size));
