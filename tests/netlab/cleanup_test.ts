import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { netlabSkip, programArguments, startNetlab } from "./mod.ts";

const skip = netlabSkip();

function exists(namespace: string): boolean {
  return existsSync(`/run/netns/${namespace}`);
}

/** Processes whose command line names a namespace: its link. */
function linksOf(namespace: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`"${namespace}"`);
    } catch {
      return false; // It ended while the list was read.
    }
  });
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (holds()) return;
    await sleep(50);
  }
  assert.fail(`never came true: ${what}`);
}

async function startAbandoned(): Promise<
  { pid: number; ended: Promise<unknown>; names: string[] }
> {
  const program = new URL("./fixtures/abandoned_lab.ts", import.meta.url);
  const child = spawn(process.execPath, programArguments(program), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [line] = await once(child.stdout, "data") as [Uint8Array];
  const names = new TextDecoder().decode(line).trim().split(" ");
  assert.equal(names.length, 2);
  return { pid: child.pid!, ended, names };
}

test("stop removes namespaces and processes, grandchildren too", { skip }, async () => {
  const lab = await startNetlab();
  const names = [lab.client.namespace, lab.server.namespace];
  assert.ok(names.every(exists));
  assert.equal(linksOf(names[0]!).length, 1);
  const sleeper = lab.server.spawn("sh", ["-c", "sleep 1234 & echo $!; wait"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(sleeper.stdout!, "data") as [Uint8Array];
  const grandchild = new TextDecoder().decode(line).trim();
  assert.ok(existsSync(`/proc/${grandchild}`));

  await lab.stop();
  assert.ok(!names.some(exists));
  assert.deepEqual(linksOf(names[0]!), []);
  await eventually("the grandchild ended", () => !existsSync(`/proc/${grandchild}`));
  await lab.stop(); // A second time does nothing.
});

test("a failure half-way leaves nothing", { skip }, async () => {
  const before = readdirSync("/run/netns").filter((name) => name.startsWith(`ff${process.pid}-`));
  await assert.rejects(startNetlab({ middleboxes: [{ kind: "teapot" } as never] }));
  await assert.rejects(startNetlab({ mtu: 1 }));
  const after = readdirSync("/run/netns").filter((name) => name.startsWith(`ff${process.pid}-`));
  assert.deepEqual(after, before);
});

test("SIGTERM: the owner cleans up, then ends by it", { skip }, async () => {
  const { pid, ended, names } = await startAbandoned();
  assert.ok(names.every(exists));
  process.kill(pid, "SIGTERM");
  assert.deepEqual(await ended, [null, "SIGTERM"]);
  assert.ok(!names.some(exists));
  await eventually("the link ended", () => linksOf(names[0]!).length === 0);
});

test("SIGKILL: the link ends at once, the next lab sweeps the rest", { skip }, async () => {
  const { pid, ended, names } = await startAbandoned();
  process.kill(pid, "SIGKILL");
  await ended;
  await eventually("the link ended", () => linksOf(names[0]!).length === 0);
  await using _lab = await startNetlab();
  assert.ok(!names.some(exists));
});
