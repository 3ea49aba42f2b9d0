import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  FileSessionStore,
  type FileSessionStoreOptions,
  type IgnoredSession,
  MemorySessionStore,
  OptionError,
  type SessionStore,
} from "../../../mod.ts";
import { sleep } from "../../fixtures/hostile_census.ts";
import { runChild, runtimeName } from "../../fixtures/hostile_child.ts";
import type { Permitted } from "../../fixtures/hostile_permitted.ts";
import { ways } from "../../fixtures/hostile_ways.ts";
import { connectOften, startAnswering, StrictStore } from "../../fixtures/many_connections.ts";
import { keyOf, markedSession, markOf, roomy } from "../../fixtures/marked_session.ts";
import { watchTickets } from "../../fixtures/offered_tickets.ts";
import type { SessionMemory } from "../../fixtures/session_memory.ts";
import type { SessionDeeds, SessionTask } from "../../fixtures/session_process.ts";
import { programArguments } from "../../netlab/mod.ts";
import { type Folder, temporaryFolder } from "../../peers/folder.ts";
import { here, Peer } from "../../peers/peer.ts";

/** A store in a folder of its own. */
function openStore(options: FileSessionStoreOptions = {}) {
  const folder = temporaryFolder();
  const ignored: IgnoredSession[] = [];
  const onIgnored = (each: IgnoredSession) => void ignored.push(each);
  const open = () => new FileSessionStore(folder.path("sessions"), { onIgnored, ...options });
  const store = open();
  return {
    ...{ folder, ignored, open, store },
    take: (key = "key") => {
      const stored = store.take(key);
      return stored && markOf(stored);
    },
    put: (mark: string, key = "key", lifetime?: number) =>
      store.put(key, markedSession(mark, 100, lifetime)),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The sessions' files below a folder. */
function filesIn(folder: Folder): string[] {
  return globSync(folder.path("**", "*.session")).sort();
}

const unavailable = (says: RegExp) => ({
  name: "TlsError",
  code: "STORE_UNAVAILABLE",
  message: says,
});

// What it keeps

test("what one store keeps another one hands out, once", () => {
  using opened = openStore();
  const session = markedSession("a", 2_000);
  opened.store.put("key", session);
  opened.store.put("key", { session: Uint8Array.of(1, 2, 3), expires: session.expires });
  const later = opened.open();
  assert.deepEqual(later.take("key"), {
    session: Uint8Array.of(1, 2, 3),
    expires: session.expires,
  });
  assert.deepEqual(opened.store.take("key"), session);
  for (const store of [opened.store, later]) assert.equal(store.take("key"), undefined);
  assert.equal(later.take("another key"), undefined);
  assert.deepEqual(filesIn(opened.folder), []);
});

test("keys are no paths, however they look", () => {
  using opened = openStore();
  const keys = [
    "",
    ".",
    "..",
    "../../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "nul\0",
    "ü",
    "x".repeat(5_000),
  ];
  for (const key of keys) opened.put(`m${keys.indexOf(key)}`, key);
  for (const key of keys) assert.equal(opened.take(key), `m${keys.indexOf(key)}`);
  assert.deepEqual(readdirSync(opened.folder.path()), ["sessions"]);
});

test("only the owner can read the files and enter the folder", () => {
  using opened = openStore();
  opened.put("a");
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  const [file = ""] = filesIn(opened.folder);
  assert.equal(modeOf(file), 0o600);
  for (let folder = dirname(file); folder !== opened.folder.path(); folder = dirname(folder)) {
    assert.equal(modeOf(folder), 0o700);
  }
});

test("of a key the newest are kept, of the keys those used last", async () => {
  using opened = openStore({ perKey: 2, keys: 2 });
  for (const mark of ["1", "2", "3"]) opened.put(mark);
  assert.equal(filesIn(opened.folder).length, 2);
  assert.deepEqual([opened.take(), opened.take(), opened.take()], ["3", "2", undefined]);
  for (const key of ["a", "b", "a", "c"]) {
    opened.put(`of-${key}`, key);
    await sleep(20); // File systems look at the clock that seldom.
  }
  assert.deepEqual(["a", "b", "c"].map(opened.take), ["of-a", undefined, "of-c"]);
});

test("by default four sessions are kept of each of 512 keys", () => {
  using opened = openStore();
  for (let count = 0; count < 6; count++) opened.put(`m${count}`);
  assert.equal(filesIn(opened.folder).length, 4);
  for (let index = 0; index < 600; index++) {
    opened.put("x", keyOf(index));
    const kept = readdirSync(opened.folder.path("sessions")).length;
    assert.ok(kept <= 512 && kept >= Math.min(index + 1, 448), `${kept} keys`);
  }
  assert.equal(opened.take(keyOf(599)), "x");
});

test("what has expired is removed along the way, whoever is asked for", async () => {
  using opened = openStore();
  for (const key of ["a", "b", "c"]) opened.put("m", key, 400);
  assert.equal(opened.take("a"), "m");
  await sleep(450);
  assert.equal(opened.take("b"), undefined);
  opened.put("m", "d");
  assert.equal(filesIn(opened.folder).length, 1);
  assert.equal(
    readdirSync(opened.folder.path("sessions")).length,
    1,
    "folders of no use were left",
  );
});

test("nothing is kept longer than a week, and nothing that has expired", () => {
  using opened = openStore();
  const week = 7 * 24 * 3_600_000;
  opened.put("forever", "key", Infinity);
  const { expires = 0 } = opened.store.take("key") ?? {};
  assert.ok(Math.abs(expires - Date.now() - week) < 5_000);
  for (const lifetime of [0, -1, -Infinity, NaN]) opened.put("late", "key", lifetime);
  assert.deepEqual(filesIn(opened.folder), []);
});

test("clear() forgets everything, and touches nothing else", () => {
  using opened = openStore();
  const path = (...names: string[]) => opened.folder.path("sessions", ...names);
  for (const key of ["a", "b"]) opened.put("m", key);
  const [place = ""] = readdirSync(path());
  const strangers = [path("README"), path(place, "notes.session"), path("f".repeat(63))];
  for (const file of strangers) writeFileSync(file, "");
  const unfinished = [path(place, unfinishedName(0)), path(unfinishedName(0))];
  for (const file of unfinished) writeFileSync(file, "");
  opened.store.clear();
  assert.deepEqual(filesIn(opened.folder).map((file) => basename(file)), ["notes.session"]);
  for (const file of strangers) assert.ok(existsSync(file), file);
  for (const file of unfinished) assert.ok(!existsSync(file), file);
  assert.equal(opened.take("a"), undefined);
  opened.put("again");
  assert.equal(opened.take(), "again");
  assert.deepEqual(opened.ignored, []);
});

/** The name of a file that somebody began to write so many milliseconds ago. */
function unfinishedName(age: number): string {
  return `${(Date.now() - age) * 1000}.0123456789abcdef.new`;
}

test("what killed processes left half written is removed after a minute", () => {
  using opened = openStore();
  opened.put("a", "a");
  const path = (...names: string[]) => opened.folder.path("sessions", ...names);
  const [place = ""] = readdirSync(path());
  const old = [path(place, unfinishedName(90_000)), path(unfinishedName(90_000))];
  const young = [path(place, unfinishedName(10_000)), path(unfinishedName(10_000))];
  for (const file of [...old, ...young]) writeFileSync(file, "");
  opened.put("b", "b");
  opened.put("b", "b");
  for (const file of old) assert.ok(!existsSync(file), file);
  for (const file of young) assert.ok(existsSync(file), file);
});

test("the folder may be removed while it is in use", () => {
  using opened = openStore();
  opened.put("a");
  rmSync(opened.folder.path("sessions"), { recursive: true });
  assert.equal(opened.take(), undefined);
  opened.store.clear();
  opened.put("b");
  assert.equal(opened.take(), "b");
});

test("take() is done before a packet could be", () => {
  using opened = openStore();
  for (let index = 0; index < 300; index++) opened.put("m", keyOf(index));
  const times: number[] = [];
  for (let index = 0; index < 300; index++) {
    const startedAt = performance.now();
    assert.ok(opened.store.take(keyOf(index)));
    times.push(performance.now() - startedAt);
  }
  const median = times.sort((a, b) => a - b)[150] ?? NaN;
  assert.ok(median < 0.3, `${median} ms`);
});

// What it refuses

test("limits that are none are refused, by both stores", () => {
  using folder = temporaryFolder();
  const make: ((options: object) => SessionStore)[] = [
    (options) => new MemorySessionStore(options),
    (options) => new FileSessionStore(folder.path(), options),
  ];
  const refused = (name: string) => (error: unknown) =>
    error instanceof OptionError && error.message.includes(name);
  for (const open of make) {
    for (const value of [0, -1, 1.5, NaN, Infinity, "4", null, {}, true, 2 ** 53, 1n]) {
      for (const name of ["perKey", "keys"]) {
        assert.throws(() => open({ [name]: value }), refused(`"${name}"`));
      }
    }
    for (const options of [null, 3, "4"]) {
      assert.throws(() => open(options as never), refused("options"));
    }
    open({ perKey: 1, keys: 1 });
    open({ perKey: undefined, keys: undefined });
  }
  for (const onIgnored of [null, "warn", {}, true]) {
    assert.throws(
      () => new FileSessionStore(folder.path(), { onIgnored: onIgnored as never }),
      refused("onIgnored"),
    );
  }
  for (const path of [undefined, null, "", 3, {}, "a\0b", new URL("file:///tmp")]) {
    assert.throws(() => new FileSessionStore(path as never), refused(`"folder"`));
  }
  const store = new FileSessionStore(folder.path());
  const expires = Date.now() + 60_000;
  const wrong = [
    ...[undefined, null, "x", {}, { session: "x", expires }, { session: new Uint8Array(1) }],
    ...[{ session: new Uint8Array(1), expires, group: 3 }, {
      session: new Uint8Array(200_000),
      expires,
    }],
  ];
  for (const session of wrong) {
    assert.throws(() => store.put("key", session as never), refused(`"session"`));
  }
});

test("MemorySessionStore tells its size", () => {
  const store = new MemorySessionStore({ perKey: 2, keys: 2 });
  for (let index = 0; index < 9; index++) store.put(keyOf(index % 2), markedSession("m"));
  assert.equal(store.size, 4);
  store.take(keyOf(1));
  assert.equal(store.size, 3);
  store.clear();
  assert.equal(store.size, 0);
});

test("a folder that is none, or that others may write to, is refused", () => {
  using folder = temporaryFolder();
  const open = () => new FileSessionStore(folder.path("sessions"));
  writeFileSync(folder.path("sessions"), "");
  assert.throws(open, unavailable(/"[^"]*sessions" can't be used: it is not a folder/));
  assert.throws(
    () => new FileSessionStore(folder.path("sessions", "below")),
    unavailable(/below" /),
  );
  rmSync(folder.path("sessions"));
  mkdirSync(folder.path("sessions"));
  for (const mode of [0o777, 0o1777, 0o720, 0o702]) {
    chmodSync(folder.path("sessions"), mode);
    assert.throws(open, unavailable(/others may write to it; "chmod go-w" ends that/));
  }
  chmodSync(folder.path("sessions"), 0o755);
  open().put("key", markedSession("m"));
  assert.throws(
    () => new FileSessionStore("/proc/firstflight"),
    unavailable(/"\/proc\/firstflight" /),
  );
  if (process.geteuid?.() !== 0) return;
  chownSync(folder.path("sessions"), 12_345, 12_345);
  for (const mode of [0o755, 0o777, 0o1777]) {
    chmodSync(folder.path("sessions"), mode); // Whose folder it is not can't do what chmod does.
    assert.throws(open, unavailable(/it belongs to another user, number 12345$/));
  }
  assert.deepEqual(readdirSync(folder.path("sessions")).filter((name) => /new$/.test(name)), []);
});

test("a folder that is lost to a file costs a typed error", () => {
  using opened = openStore();
  opened.put("a");
  rmSync(opened.folder.path("sessions"), { recursive: true });
  writeFileSync(opened.folder.path("sessions"), "");
  assert.throws(() => opened.put("b"), unavailable(/can't be used/));
  assert.throws(() => opened.take(), unavailable(/can't be used/));
});

test("the permission that is missing is named, and nobody is asked for it", async () => {
  using folder = temporaryFolder();
  const path = folder.path("not", "there", "sessions");
  const cases: [string[], RegExp][] = {
    deno: [
      [[], /^STORE_UNAVAILABLE .*--allow-read=.*sessions --allow-write=.*sessions/],
      [[`--allow-read=${path}`], /^STORE_UNAVAILABLE .*--allow-write=/],
      [[`--allow-write=${path}`], /^STORE_UNAVAILABLE .*--allow-read=/],
      [["-A", `--deny-write=${path}`], /^STORE_UNAVAILABLE .*--allow-write=/],
      [[`--allow-read=${path}`, `--allow-write=${path}`], /^7$/],
    ] as [string[], RegExp][],
    node: [
      [["--permission", "--allow-fs-read=*"], /^STORE_UNAVAILABLE .*--allow-fs-write=/],
      [["--permission", "--allow-fs-read=*", `--allow-fs-write=${path}/*`], /^7$/],
    ] as [string[], RegExp][],
    bun: [[[], /^7$/]] as [string[], RegExp][],
  }[runtimeName];
  for (const [flags, ends] of cases) {
    const program = new URL("../../fixtures/session_permitted.ts", import.meta.url);
    const { code, stdout, stderr } = await runChild(program, [path], { flags });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout + stderr, /Allow\?|requests? \w+ access/i);
    const { value, code: failure, message } = JSON.parse(stdout) as Permitted;
    assert.match(failure === undefined ? `${value}` : `${failure} ${message}`, ends);
  }
});

// What it ignores

/** Does something to the file of a session. */
type Damage = (file: string) => void;

/** Puts something else in its place. */
const replacedBy = (make: Damage): Damage => (file) => {
  rmSync(file);
  make(file);
};

const damages: Readonly<Record<string, readonly [Damage, RegExp]>> = {
  "an empty file": [(file) => truncateSync(file), /does not begin as a session does/],
  "a file cut within its first line": [(file) => truncateSync(file, 30), /does not begin/],
  "a file cut after its first line": [(file) => truncateSync(file, 90), /checksum is wrong/],
  "a file that lacks a byte": [
    (file) => truncateSync(file, statSync(file).size - 1),
    /checksum is wrong/,
  ],
  "a file with a byte too many": [(file) => append(file, "x"), /checksum is wrong/],
  "a changed byte": [(file) => change(file, -1), /checksum is wrong/],
  "a changed expiry": [(file) => change(file, 110), /checksum is wrong/],
  "another version": [(file) => change(file, 20), /of another version/],
  "something foreign": [(file) => writeFileSync(file, "-----BEGIN"), /does not begin/],
  "something enormous": [(file) => truncateSync(file, 1e12), /larger than \d+ bytes/],
  "a file of another name": [
    (file) => renameSync(file, file.replace(/\.[0-9a-f]{16}\./, ".0123456789abcdef.")),
    /checksum is wrong/,
  ],
  "a file that others may read": [(file) => chmodSync(file, 0o640), /others may read or write/],
  "a file that others may write": [(file) => chmodSync(file, 0o602), /others may read or write/],
  "a folder": [replacedBy((file) => mkdirSync(join(file, "x"), { recursive: true })), /not a file/],
  "a pipe": [replacedBy((file) => execFileSync("mkfifo", ["-m", "600", file])), /not a file/],
  "a link to a session": [
    (file) => {
      renameSync(file, join(dirname(file), "elsewhere"));
      symlinkSync("elsewhere", file);
    },
    /symbolic link/,
  ],
  "a link to nowhere": [replacedBy((file) => symlinkSync("/nowhere", file)), /symbolic link/],
  ...(process.geteuid?.() === 0
    ? { "a file of another user": [(file: string) => chownSync(file, 12_345, 0), /number 12345/] }
    : { "a file that can't be read": [(file: string) => chmodSync(file, 0o200), /denied/] }),
};

function append(file: string, text: string): void {
  writeFileSync(file, text, { flag: "a" });
}

function change(file: string, at: number): void {
  const bytes = readFileSync(file);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 0x06;
  writeFileSync(file, bytes);
}

for (const [what, [damage, reason]] of Object.entries(damages)) {
  test(`${what} in the place of a session is ignored, told of once, and removed`, async () => {
    using opened = openStore();
    opened.put("older");
    opened.put("newer");
    const [, file = ""] = filesIn(opened.folder);
    damage(file);
    const other = opened.open();
    assert.equal(opened.take(), "older");
    for (const store of [opened.store, other]) assert.equal(store.take("key"), undefined);
    opened.put("after");
    assert.equal(opened.take(), "after");
    await sleep(0);
    const [{ reason: told = "", file: path = "" } = {}, ...others] = opened.ignored;
    assert.match(told, reason);
    assert.equal(dirname(path), dirname(file));
    // What can't be removed each store finds for itself.
    const isStuck = existsSync(path);
    assert.equal(isStuck, what === "a folder");
    assert.equal(others.length, isStuck ? 1 : 0);
  });
}

test("a copy is no second ticket", async () => {
  using opened = openStore();
  opened.put("m");
  const [file = ""] = filesIn(opened.folder);
  for (const digit of "123") {
    copyFileSync(file, file.replace(/\.[0-9a-f]{16}\./, `.${digit.repeat(16)}.`));
  }
  assert.equal(opened.take(), "m");
  assert.equal(opened.take(), undefined);
  await sleep(0);
  assert.equal(opened.ignored.length, 3);
});

test("by default the process is warned once of a folder, with a stable code", async () => {
  using opened = openStore();
  const warnings: (Error & { code?: string })[] = [];
  const hear = (warning: Error) => void warnings.push(warning);
  process.on("warning", hear);
  const openAgain = () => new FileSessionStore(opened.folder.path("sessions"));
  const store = openAgain();
  for (const key of ["one", "two", "three"]) {
    for (const mark of ["a", "b", "c"]) store.put(key, markedSession(mark));
  }
  const files = filesIn(opened.folder);
  assert.equal(files.length, 9);
  for (const file of files) writeFileSync(file, "");
  for (const key of ["one", "two"]) assert.equal(store.take(key), undefined);
  assert.equal(openAgain().take("three"), undefined);
  await sleep(20); // Warnings come a moment later.
  process.off("warning", hear);
  const [warning, ...more] = warnings;
  assert.deepEqual(more, []);
  assert.equal(warning?.code, "FIRSTFLIGHT_SESSION_IGNORED");
  const says = /\.session" was ignored: it does not begin as a session does; there is no warning/;
  assert.match(warning.message, says);
});

// Many processes

function startProcess(task: SessionTask): Peer {
  const program = new URL("../../fixtures/session_process.ts", import.meta.url);
  const args = programArguments(program, JSON.stringify(task));
  return new Peer(here, process.execPath, args);
}

/** Everything still in a store, by key. */
function drain(store: FileSessionStore, keys: number): string[] {
  const marks: string[] = [];
  for (let index = 0; index < keys; index++) {
    for (let stored; (stored = store.take(keyOf(index)));) marks.push(markOf(stored));
  }
  return marks;
}

test("20 processes at once lose nothing, tear nothing, and take nothing twice", async () => {
  using opened = openStore(roomy);
  await using stack = new AsyncDisposableStack();
  const task = { folder: opened.store.folder, rounds: 100, keys: 7, size: 8_000 };
  const peers = Array.from({ length: 20 }, () => stack.use(startProcess(task)));
  for (const peer of peers) await peer.saw(/^ready$/m);
  for (const peer of peers) peer.type("go\n");
  const deeds: SessionDeeds[] = [];
  for (const peer of peers) {
    const [line = ""] = await peer.saw(/^\{.*\}$/m);
    deeds.push(JSON.parse(line));
  }
  const put = deeds.flatMap((each) => each.put);
  const taken = deeds.flatMap((each) => each.taken);
  assert.equal(put.length, 2_000);
  assert.ok(taken.length > 1_000, `${taken.length} were taken`);
  assert.deepEqual(deeds.flatMap((each) => each.ignored), []);
  const others = deeds.flatMap(({ put, taken }) => taken.filter((mark) => !put.includes(mark)));
  assert.ok(others.length > 100, `only ${others.length} were another process's`);
  assert.equal(filesIn(opened.folder).length, put.length - taken.length);
  const left = drain(opened.store, task.keys);
  assert.deepEqual([...taken, ...left].sort(), put.sort());
  assert.equal(new Set(put).size, put.length);
  assert.deepEqual(opened.ignored, []);
  opened.store.clear();
  assert.deepEqual(readdirSync(opened.store.folder), []);
});

test("processes killed in the middle leave nothing that hurts", async () => {
  using opened = openStore(roomy);
  await using stack = new AsyncDisposableStack();
  const task = { folder: opened.store.folder, keys: 3, size: 100_000 };
  const peers = Array.from({ length: 5 }, () => stack.use(startProcess(task)));
  for (const peer of peers) await peer.saw(/^ready$/m);
  for (const peer of peers) peer.type("go\n");
  for (const peer of peers) {
    await sleep(20 + 60 * Math.random());
    await peer.stop();
  }
  const files = filesIn(opened.folder).length;
  assert.ok(files > 0);
  const left = drain(opened.store, task.keys);
  assert.equal(left.length, files);
  assert.equal(new Set(left).size, left.length);
  assert.deepEqual(opened.ignored, []);
  opened.put("m");
  assert.equal(opened.take(), "m");
  opened.store.clear();
  assert.deepEqual(readdirSync(opened.store.folder), []);
});

// Connections

test("10,000 connections through a MemorySessionStore offer no ticket twice and keep few", async () => {
  const program = new URL("../../fixtures/session_memory.ts", import.meta.url);
  const { code, stdout, stderr } = await runChild(program, [], { timeout: 50_000 });
  assert.equal(code, 0, stderr);
  const { resumed, taken, seen, kept, megabytes } = JSON.parse(stdout) as SessionMemory;
  assert.ok(resumed > 9_900, stdout);
  assert.deepEqual([taken, seen], [resumed, resumed]);
  assert.ok(kept <= 4, stdout);
  const [early = NaN, late = NaN] = megabytes;
  assert.ok(late < early + 50, stdout);
});

test("1,000 connections through a FileSessionStore offer no ticket twice and keep few", async () => {
  using opened = openStore();
  using server = startAnswering();
  const sessions = new StrictStore(opened.store);
  const resumed = await connectOften({ port: server.port, sessions, count: 1_000 });
  assert.ok(resumed > 950, `${resumed} were resumed`);
  assert.equal(sessions.taken, resumed);
  assert.ok(filesIn(opened.folder).length <= 4);
  assert.deepEqual(opened.ignored, []);
});

test("no ticket is seen twice on the way, from either store, with early data or without", async () => {
  using opened = openStore();
  for (const inner of [new MemorySessionStore(), opened.store]) {
    for (const earlyData of [undefined, new Uint8Array(100)]) {
      using server = startAnswering({ maxEarlyData: earlyData ? 1_000 : 0 });
      await using watcher = await watchTickets(server.port);
      const sessions = new StrictStore(inner);
      const { port, offered } = watcher;
      const options = { port, sessions, count: 100, ...(earlyData ? { earlyData } : {}) };
      const resumed = await connectOften(options);
      assert.ok(resumed > 80, `${resumed} were resumed`);
      assert.equal(offered.length, resumed);
      assert.equal(new Set(offered).size, resumed);
    }
  }
});

/** What may have become of a session's bytes although its file is whole. */
const spoilings: Readonly<Record<string, (session: Uint8Array) => Uint8Array>> = {
  "bytes that are no session": ({ length }) => crypto.getRandomValues(new Uint8Array(length)),
  "no bytes at all": () => new Uint8Array(),
  "half a session": (session) => session.slice(0, session.length / 2),
  "a session that lacks its last byte": (session) => session.slice(0, -1),
  "something of another engine": () => new TextEncoder().encode('{"ticket":"AAAA"}'),
  "a session with another secret": (session) => flipped(session, 60),
  "a session whose ticket was changed": (session) => flipped(session, endOfTicket(session) - 1),
};

/** Where the ticket ends in OpenSSL's DER: it is what has the tag [10]. */
function endOfTicket(session: Uint8Array): number {
  const bytes = Buffer.from(session);
  for (let at = 4; at < bytes.length;) {
    const tag = bytes.readUInt8(at);
    const short = bytes.readUInt8(at + 1);
    const size = short < 0x80 ? 0 : short - 0x80; // Of the length itself, where it is long.
    const length = size === 0 ? short : bytes.readUIntBE(at + 2, size);
    at += 2 + size + length;
    if (tag === 0xaa) return at;
  }
  return assert.fail("there is no ticket");
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => index === at ? byte ^ 1 : byte);
}

test("what a store gives that is no good session costs a full handshake, early data or not", async () => {
  using opened = openStore();
  using server = startAnswering({ maxEarlyData: 1_000, onHandshakeError: () => {} });
  const sessions = new StrictStore(opened.store);
  const connect = async (options: object = {}) => {
    using conn = await ways.connectTls(server.port, { sessions, ...options });
    assert.equal(await conn.read(new Uint8Array(1)), 1);
    assert.equal(await conn.read(new Uint8Array(1)), null);
    return conn;
  };
  /** A session fresh from the server; the store is empty then. */
  const fetchSession = async () => {
    opened.store.clear();
    await connect();
    const stored = opened.store.take(sessions.key) ?? assert.fail("no session was kept");
    opened.store.clear();
    return stored;
  };
  const isFull = async (what: string, options?: object) => {
    const conn = await connect(options);
    assert.equal(conn.resumed, false, what);
    return conn.warnings.map(({ code }) => code);
  };
  for (const options of [{}, { earlyData: new Uint8Array(5) }]) {
    for (const [what, spoil] of Object.entries(spoilings)) {
      const stored = await fetchSession();
      opened.store.put(sessions.key, { ...stored, session: spoil(stored.session) });
      await isFull(what, options);
    }
    opened.store.put(sessions.key, { ...await fetchSession(), expires: Date.now() + 20 });
    await sleep(30);
    await isFull("an expired session", options);
    for (const what of ["a changed byte", "an empty file", "something foreign", "a folder"]) {
      opened.store.put(sessions.key, await fetchSession());
      const before = opened.ignored.length;
      for (const file of filesIn(opened.folder)) damages[what]?.[0](file);
      await isFull(what, options);
      assert.equal(opened.ignored.length, before + 1, what);
      rmSync(opened.store.folder, { recursive: true });
    }
  }
  writeFileSync(opened.store.folder, "");
  const codes = await isFull("a folder that is none");
  assert.ok(codes.includes("SESSION_STORE_FAILED"), codes.join());
});
