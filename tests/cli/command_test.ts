import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, globSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { FirstConnection } from "../../cli/measure.ts";
import { sessionFolder } from "../../cli/session_folder.ts";
import { Tickets } from "../../cli/tickets.ts";
import { remarksOnFirst } from "../../cli/verdict.ts";
import { version } from "../../cli/version.ts";
import { listenTls, MemorySessionStore } from "../../mod.ts";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { httpRequest } from "../peers/http.ts";
import { factsIn, startNginx } from "../peers/nginx.ts";
import { requirePeer } from "../peers/peer.ts";
import { firstflight, program, type Run, start } from "./firstflight.ts";

const ownOpenssl = !("deno" in process.versions || "bun" in process.versions);
const needsOpenssl = requirePeer("openssl");
const needsNginx = needsOpenssl || requirePeer("nginx");
const needsLab = needsNginx || netlabSkip();

/** A listener that takes connections and says nothing. */
async function startSilence(): Promise<{ port: number } & Disposable> {
  const open = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    open.add(socket.on("error", () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const stop = () => {
    for (const socket of open) socket.destroy();
    server.close();
  };
  return { port, [Symbol.dispose]: stop };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

for (const args of [["doctor"], ["time", "--help"], ["--version"]]) {
  test(`${args.join(" ")}: a full disk is an error in one line`, async () => {
    const full = openSync("/dev/full", "w");
    try {
      const { ended } = start(args, "", { output: full });
      const { code, stderr } = await ended;
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^firstflight: The output can't be written: [^\n]+ \[ENOSPC\]\n$/);
    } finally {
      closeSync(full);
    }
  });
}

test("help begins with examples and names every command and option", async () => {
  const general = await firstflight(["--help"]);
  assert.equal(general.code, 0);
  assert.equal(general.stderr, "");
  assert.match(general.stdout, /^firstflight: .*\n\nExamples:\n/);
  for (const name of ["get", "run", "connect", "time", "forward", "doctor", "--version"]) {
    assert.ok(general.stdout.includes(name), name);
  }
  const connect = await firstflight(["connect", "--help"]);
  assert.equal(connect.code, 0);
  assert.match(connect.stdout, /^firstflight connect: .*\n\nExamples:\n/);
  const options = ["alpn", "ca", "cert", "key", "servername", "early-data", "timeout", "json"];
  for (const name of options) assert.match(connect.stdout, new RegExp(`^ +--${name}\\b`, "m"));
  assert.match(connect.stdout, /Exit codes: 0 .* 1 .* 2 .* 130/);
});

test("the version is the package's", async () => {
  const { code, stdout } = await firstflight(["--version"]);
  assert.deepEqual([code, stdout], [0, `firstflight ${version}\n`]);
  for (const file of ["deno.json", "package.json"]) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    assert.equal(JSON.parse(text).version, version, file);
  }
});

test("a wrong command line exits with 2 and says what was meant", async () => {
  const wrong: [string[], RegExp][] = [
    [[], /^firstflight: .*\n\nExamples:/],
    [["conect"], /Unknown command "conect"; did you mean connect\?/],
    [["--verson"], /Unknown option --verson; did you mean --version\?/],
    [["connect"], /HOST\[:PORT\] is missing\nSee: firstflight connect --help/],
    [["connect", "--ca", "/nowhere", "localhost"], /--ca can't read "\/nowhere": .*no such file/],
    [["connect", "--ca", program, "localhost"], /--ca does not hold a certificate in PEM/],
    [["connect", "--early-data", "-", "localhost"], /standard input is the conversation/],
    [["connect", "--cert", program, "localhost"], /--cert and --key go together/],
    [["connect", "--alpn", "x".repeat(300), "localhost:1"], /firstflight: --alpn must be/],
    [["connect", "--session-store=x", "--no-session-store", "localhost"], /contradict each other/],
    [["time", "http://localhost"], /begins with https:\/\//],
    [["time", "--method", "POST", "localhost"], /early data can be replayed/],
    [["doctor", "localhost"], /Expected no arguments/],
  ];
  const runs = wrong.map(async ([args, message]) => {
    const { code, stdout, stderr } = await firstflight(args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, message);
  });
  await Promise.all(runs);
});

test("connect: the answer on stdout, the facts on stderr", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  const args = ["connect", "--ca", certificates().caPath, `localhost:${nginx.port}`];
  const { code, stdout, stderr } = await firstflight(args, httpRequest("/facts"));
  assert.equal(code, 0, stderr);
  assert.equal(factsIn(stdout).request, "GET /facts HTTP/1.1");
  assert.match(stderr, /^Connected to localhost at (127\.0\.0\.1|\[::1\]):\d+\n/);
  assert.match(stderr, /^ +protocol +TLSv1\.3, TLS_\w+, x25519$/mi);
  assert.match(stderr, /^ +fast open +(no cookie|accepted)/m);
  assert.match(stderr, /^ +certificate +CN=localhost \(localhost, firstflight\.test, /m);
  assert.match(stderr, /^ +issued by +CN=Test Intermediate$/m);
  assert.match(stderr, /^ +valid +until \d{4}-\d\d-\d\d, 36\d days left$/m);
  assert.match(stderr, /^ +timing +lookup [\d.]+ ms, SYN [\d.]+ ms, .* secure [\d.]+ ms$/m);
  // When our end comes before nginx has answered, nginx says no goodbye.
  const facts = stderr.replace(/^firstflight: warning: .* without close_notify; .*\n/m, "");
  assert.equal(facts.trimEnd().split("\n").length, 11);
});

/** Encrypts a key; the passphrase is in the first line of a file. */
function encryptKey(path: string): { keyPath: string; passphrasePath: string } {
  const { folder } = certificates();
  const [keyPath, passphrasePath] = [join(folder, "encrypted.key"), join(folder, "passphrase")];
  writeFileSync(passphrasePath, "never to be seen\nor this\n");
  const files = ["-in", path, "-out", keyPath, "-passout", `file:${passphrasePath}`];
  execFileSync("openssl", ["pkcs8", "-topk8", ...files]);
  return { keyPath, passphrasePath };
}

test("connect: an encrypted key wants its passphrase", { skip: needsNginx }, async () => {
  const { client } = certificates();
  const { keyPath } = encryptKey(client.keyPath);
  const identity = ["--cert", client.certPath, "--key", keyPath];
  const { code, stderr } = await firstflight(["connect", ...identity, "localhost:1"]);
  assert.equal(code, 2);
  assert.match(stderr, /--key holds an encrypted private key: pass --passphrase-file, too/);
  const wrong = ["--passphrase-file", client.leafPath];
  const refused = await firstflight(["connect", ...identity, ...wrong, "localhost:1"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--passphrase-file does not open the private key in --key/);
});

test("connect: facts as JSON, with every option", { skip: needsNginx }, async () => {
  await using nginx = await startNginx({ lines: ["ssl_verify_client on;"] });
  const { ca: _, caPath, client, folder } = certificates();
  const request = join(folder, "request.txt");
  writeFileSync(request, httpRequest("/facts"));
  const { keyPath, passphrasePath } = encryptKey(client.keyPath);
  // The input stays open: what ends the conversation is that the server hangs up.
  const { code, stdout, stderr } = await start([
    ...["connect", "--json", "--warm-up", "--no-fast-open", "--tls1.3", "--timeout", "20000"],
    ...["--ca", caPath, "--cert", client.certPath, "--key", keyPath],
    ...["--passphrase-file", passphrasePath, "--post-handshake-auth"],
    ...["--alpn", "h7, http/1.1", "--early-data", request, "--servername", "localhost"],
    ...["--groups", "P-384, P-256"],
    `[::1]:${nginx.port}`,
  ], null).ended;
  assert.equal(code, 0, stderr);
  const { client: verified, serverName } = factsIn(stdout);
  assert.deepEqual([verified, serverName], ["SUCCESS", "localhost"]);
  const facts = JSON.parse(stderr);
  assert.equal(stderr.indexOf("\n"), stderr.length - 1);
  assert.equal(facts.host, "::1");
  assert.equal(facts.address, "::1");
  assert.equal(facts.port, nginx.port);
  assert.equal(facts.protocol, "TLSv1.3");
  assert.equal(facts.alpn, "http/1.1");
  assert.equal(facts.group, "secp384r1");
  assert.equal(facts.resumed, true);
  assert.equal(facts.earlyData, "accepted");
  assert.equal(facts.fastOpen.outcome, "disabled");
  assert.equal(facts.certificate.subject, "CN=localhost");
  assert.ok(facts.certificate.names.includes("fd77::2"));
  assert.ok(facts.timing.secure >= facts.timing.firstByte);
});

test("connect: TLS 1.2, and nothing to say", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  const args = ["connect", "--json", "--tls1.2", "--ca", certificates().caPath];
  // Without a request nginx hangs up, and that without close_notify; nothing is missing, though.
  const { code, stderr } = await firstflight([...args, `localhost:${nginx.port}`]);
  assert.equal(JSON.parse(stderr).protocol, "TLSv1.2");
  assert.equal(code, 0);
});

test("connect: a request from a pipe gets its whole answer", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  nginx.serveZeros("page", 100_000);
  const args = ["connect", "--ca", certificates().caPath, `localhost:${nginx.port}`];
  for (let round = 0; round < 5; round++) {
    const { code, stdout, stderr } = await firstflight(args, httpRequest("/upload/page"));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^HTTP\/1\.1 200 OK/);
    assert.equal(stdout.slice(stdout.indexOf("\r\n\r\n") + 4).length, 100_000);
  }
});

test("connect: with --half-close the end of the input ends one direction only", {
  skip: needsOpenssl,
}, async () => {
  const { server: { cert, key }, caPath } = certificates();
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const args = ["connect", "--half-close", "--ca", caPath, `127.0.0.1:${listener.addr.port}`];
  const run = firstflight(args, "all there is");
  await using conn = await listener.accept();
  let heard = "";
  for await (const chunk of conn.readable) heard += decoder.decode(chunk);
  const answer = encoder.encode(heard.toUpperCase().repeat(100_000));
  await conn.write(answer);
  await conn.closeWrite();
  const { code, stdout, stderr } = await run;
  assert.equal(code, 0, stderr);
  assert.equal(stdout.length, answer.length);
  assert.ok(stdout === "ALL THERE IS".repeat(100_000), "other bytes than the server sent");
});

test("connect: whoever reads may leave early", { skip: needsOpenssl }, async () => {
  const { server: { cert, key }, caPath } = certificates();
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const args = ["connect", "--ca", caPath, `127.0.0.1:${listener.addr.port}`];
  const { child, ended } = start(args, null);
  using conn = await listener.accept();
  await conn.write(encoder.encode("hello"));
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  child.stdout?.destroy();
  const plenty = new Uint8Array(64 * 1024);
  // The pipe and the sockets take some; then it has noticed.
  const flood = async () => {
    for (;;) await conn.write(plenty);
  };
  await assert.rejects(flood());
  assert.equal((await ended).code, 0);
});

test("connect: Ctrl-C says goodbye to the server", { skip: needsOpenssl }, async () => {
  const { server: { cert, key }, caPath } = certificates();
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const args = ["connect", "--ca", caPath, `127.0.0.1:${listener.addr.port}`];
  const { child, ended, said } = start(args, null);
  using conn = await listener.accept();
  await said(/timing/);
  // Deno tells no exit code of a child that child.kill() was called on, whatever it exited with.
  process.kill(child.pid ?? 0, "SIGINT");
  assert.equal(await conn.read(new Uint8Array(1)), null); // Without close_notify this would throw.
  const { code, stderr } = await ended;
  assert.equal(code, 130);
  assert.doesNotMatch(stderr, /firstflight:/);
});

test("connect: failures exit with 1, in one line, with their code", {
  skip: needsNginx,
}, async () => {
  await using nginx = await startNginx();
  using silence = await startSilence();
  const { caPath } = certificates();
  const trust = ["--ca", caPath];
  const failures: [string[], string][] = [
    [["127.0.0.1:1"], "CONNECTION_REFUSED"],
    [["name.invalid"], "NAME_NOT_FOUND"],
    [[`localhost:${nginx.port}`], "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
    [[...trust, "--servername", "example.org", `localhost:${nginx.port}`], "HOSTNAME_MISMATCH"],
    [["--timeout", "300", `127.0.0.1:${silence.port}`], "TIMED_OUT"],
  ];
  const runs = failures.map(async ([args, code]) => {
    const people = await firstflight(["connect", ...args]);
    assert.deepEqual([people.code, people.stdout], [1, ""], people.stderr);
    assert.match(people.stderr, new RegExp(`^firstflight: .* \\[${code}\\]\n$`));
    assert.doesNotMatch(people.stderr, /caCerts|serverName/);
    const programs = await firstflight(["connect", "--json", ...args]);
    assert.equal(JSON.parse(programs.stderr).error.code, code);
  });
  await Promise.all(runs);
});

/** Whether a run resumed a session, and what became of its early data. */
function historyOf({ code, stderr }: Run): string[] {
  assert.equal(code, 0, stderr);
  const valueOf = (name: string) => RegExp(`^ +${name} +(.*)$`, "m").exec(stderr)?.[1] ?? "";
  return [valueOf("session"), valueOf("early data")];
}

test("connect: the second run makes its request in the first flight", {
  skip: needsNginx,
}, async () => {
  await using nginx = await startNginx();
  using folder = temporaryFolder();
  const request = folder.path("request.txt");
  writeFileSync(request, httpRequest("/facts"));
  const args = [
    ...["connect", "--ca", certificates().caPath, "--early-data", request],
    `localhost:${nginx.port}`,
  ];
  assert.deepEqual(historyOf(await firstflight(args)), ["new", "not sent"]);
  for (let again = 0; again < 2; again++) {
    const run = await firstflight(args);
    assert.deepEqual(historyOf(run), ["resumed", "accepted"]);
    assert.equal(factsIn(run.stdout).resumed, true);
  }
  const without = await firstflight([...args, "--no-session-store"]);
  assert.deepEqual(historyOf(without), ["new", "not sent"]);
  const elsewhere = [...args, "--session-store", folder.path("a", "b")];
  assert.deepEqual(historyOf(await firstflight(elsewhere)), ["new", "not sent"]);
  assert.deepEqual(historyOf(await firstflight(elsewhere)), ["resumed", "accepted"]);
});

test("connect: a session store that can't be used costs a warning", {
  skip: needsNginx,
}, async () => {
  await using nginx = await startNginx();
  using folder = temporaryFolder();
  const args = ["connect", "--ca", certificates().caPath, `localhost:${nginx.port}`];
  const people = await firstflight([...args, "--session-store", program], httpRequest("/facts"));
  assert.equal(people.code, 0, people.stderr);
  assert.match(
    people.stderr,
    /^firstflight: warning: .*cli\.ts".* \[STORE_UNAVAILABLE\]\nConnected/,
  );
  const programs = await firstflight([...args, "--json", "--session-store", program]);
  assert.equal(programs.code, 0, programs.stderr);
  const [{ warning }, facts] = programs.stderr.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(warning.code, "STORE_UNAVAILABLE");
  assert.equal(facts.resumed, false);

  const store = [...args, "--session-store", folder.path()];
  await firstflight(store, httpRequest("/facts"));
  const files = globSync(folder.path("*", "*.session"));
  assert.ok(files.length > 1);
  for (const file of files) writeFileSync(file, "no session");
  const ignored = await firstflight(store, httpRequest("/facts"));
  assert.deepEqual(historyOf(ignored), ["new", "not sent"]);
  const warnings = ignored.stderr.match(/^firstflight: warning: .* \[SESSION_IGNORED\]$/mg);
  assert.equal(warnings?.length, 1, ignored.stderr);
});

test("connect: what the connection warns of is said before the facts", {
  skip: needsLab,
}, async () => {
  await using lab = await startNetlab({ rtt: 4, middleboxes: [{ kind: "clamp-mss", mss: 536 }] });
  await using nginx = await startNginx({ place: lab.server });
  const padding = ["x", "y"].map((letter) => letter.repeat(200));
  const args = [
    ...["connect", "--no-session-store", "--ca", certificates().caPath],
    ...["--alpn", [...padding, "http/1.1"].join(), `${lab.server.ipv4}:${nginx.port}`],
  ];
  const run = (...more: string[]) => {
    return firstflight([...args, ...more], httpRequest("/facts"), lab.client);
  };
  assert.match((await run()).stderr, /^Connected/); // The SYN asks for a cookie, whatever follows.
  const warning =
    /^firstflight: warning: The ClientHello has .*; large is .*--alpn\) with \d+ \[HELLO_TOO_LARGE\]\nConnected/;
  assert.match((await run()).stderr, warning);
  const [first = ""] = (await run("--json")).stderr.split("\n");
  assert.equal(JSON.parse(first).warning.code, "HELLO_TOO_LARGE");
});

test("tickets that are left go to a store, the newest, and whatever it says of them", async () => {
  const tickets = new Tickets();
  const fill = () => {
    for (const byte of [1, 2, 3, 4, 5, 6]) {
      tickets.put("key", { session: Uint8Array.of(byte), expires: Date.now() + 60_000 });
    }
  };
  const store = new MemorySessionStore({ perKey: 10 });
  fill();
  await tickets.leaveTo(store);
  assert.equal(tickets.size, 0);
  const left = Array.from({ length: 5 }, () => store.take("key")?.session[0]);
  assert.deepEqual(left, [6, 5, 4, 3, undefined]);
  fill();
  const put = () => {
    throw new Error("The disk is full");
  };
  await tickets.leaveTo({ take: () => undefined, put });
  assert.equal(tickets.size, 0);
});

test("time: what came of an earlier run's ticket is said", () => {
  const times = { lookup: -1, hello: 30, secure: 31, response: 33 };
  const resumed = { ticket: true, resumed: true, earlyData: "accepted", times };
  const remark = (changes: object, rtt = 30) =>
    remarksOnFirst("host", { ...resumed, ...changes } as FirstConnection, rtt).join();
  assert.match(remark({}), /, and with early data: 1\.10 RTT, 33\.0 ms\.$/);
  assert.match(remark({ earlyData: "rejected" }, 0), /, without early data: 33\.0 ms\.$/);
  assert.match(remark({ resumed: false }), /was refused: host has forgotten it\.$/);
  assert.equal(remark({ ticket: false }), "");
});

test("sessions are kept where the platform keeps what can be made again", () => {
  const folder = (platform: string, env: Record<string, string>) =>
    sessionFolder(platform, (name) => env[name]);
  assert.equal(folder("linux", { HOME: "/home/me" }), "/home/me/.cache/firstflight/sessions");
  const named = { HOME: "/home/me", XDG_CACHE_HOME: "/var/cache/me" };
  assert.equal(folder("linux", named), "/var/cache/me/firstflight/sessions");
  const relative = { HOME: "/home/me", XDG_CACHE_HOME: "cache" };
  assert.equal(folder("freebsd", relative), "/home/me/.cache/firstflight/sessions");
  assert.equal(folder("darwin", named), "/home/me/Library/Caches/firstflight/sessions");
  const windows = { LOCALAPPDATA: "C:\\Users\\me\\AppData\\Local", HOME: "/home/me" };
  assert.equal(
    folder("win32", windows),
    "C:\\Users\\me\\AppData\\Local\\firstflight\\sessions",
  );
  for (const platform of ["linux", "darwin", "win32"]) {
    assert.equal(folder(platform, {}), undefined);
  }
});

test("time: JSON tells every sample", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  const url = `https://localhost:${nginx.port}/facts`;
  const args = ["time", "--repeat", "2", "--ca", certificates().caPath, "--json", url];
  const { code, stdout, stderr } = await firstflight(args);
  assert.deepEqual([code, stderr], [0, ""]);
  const { status, rtt, ways } = JSON.parse(stdout);
  assert.equal(status, 200);
  assert.ok(rtt > 0);
  assert.deepEqual(ways.map(({ way }: { way: string }) => way), [
    "plain",
    "fast-open",
    "early-data",
  ]);
  const [plain, , early] = ways;
  assert.deepEqual(plain.outcomes, { disabled: 2 });
  assert.equal(early.earlyDataAccepted, 2);
  assert.equal(early.resumed, 2);
  assert.ok((await nginx.requests(7)).length >= 7);
});

test("time: the first connection uses a ticket of an earlier run, and leaves some", {
  skip: needsNginx,
}, async () => {
  await using nginx = await startNginx();
  const host = `localhost:${nginx.port}`;
  const args = ["time", "--repeat", "2", "--ca", certificates().caPath, `${host}/facts`];
  for (const ticket of [false, true]) {
    const { code, stdout, stderr } = await firstflight([...args, "--json"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const { first, ways: [plain, , early] } = JSON.parse(stdout);
    assert.deepEqual([first.ticket, first.resumed], [ticket, ticket]);
    assert.equal(first.earlyData, ticket ? "accepted" : "not-sent");
    assert.equal(first.status, 200);
    assert.deepEqual([plain.resumed, early.resumed, early.earlyDataAccepted], [0, 2, 2]);
  }
  const people = await firstflight(args);
  assert.equal(people.code, 0, people.stderr);
  const text = people.stdout.replaceAll("\n", " ");
  assert.match(
    text,
    /The first connection resumed an earlier run's session, and with early data: /,
  );
  // Where round trips take next to nothing they are not counted, in no sentence.
  if (text.includes("A round trip takes")) assert.doesNotMatch(text, /\d RTT/);
  const without = await firstflight([...args, "--json", "--no-session-store"]);
  assert.equal(JSON.parse(without.stdout).first.ticket, false);
});

test("time: a server that never answers", { skip: needsOpenssl }, async () => {
  const { server: { cert, key }, caPath } = certificates();
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const run = firstflight(
    ["time", "--timeout", "500", "--ca", caPath, `127.0.0.1:${listener.addr.port}`],
  );
  using _conn = await listener.accept();
  const { code, stderr } = await run;
  assert.equal(code, 1);
  assert.match(stderr, /gave no answer within 500 ms \[TIMED_OUT\]/);
});

test("time: one, two and three round trips", { skip: needsLab }, async () => {
  await using lab = await startNetlab({ rtt: 40 });
  await using nginx = await startNginx({ place: lab.server });
  const url = `https://${lab.server.ipv4}:${nginx.port}/facts`;
  const args = ["time", "--repeat", "3", "--ca", certificates().caPath];
  const { stdout, stderr, code } = await firstflight([...args, url], "", lab.client);
  assert.equal(code, 0, stderr);
  const trips = [...stdout.matchAll(/ (\d\.\d\d) RTT/g)].map(([, trips]) => Number(trips));
  assert.equal(trips.length, 3, stdout);
  for (const [index, expected] of [3, 2, 1].entries()) {
    const measured = trips[index] ?? NaN;
    assert.ok(measured > expected - 0.1 && measured < expected + 0.5, stdout);
  }
  assert.match(stdout, /^Fast Open \+ ticket\b/m);
  assert.equal(stdout.match(/accepted: the SYN carried (\d+) of \1 bytes/g)?.length, 2);
  assert.match(stdout, /^With Fast Open \+ ticket \+ early data the answer comes/m);
});

test("time: what a server does not do is said", { skip: needsLab }, async () => {
  await using lab = await startNetlab({ rtt: 10 });
  const setup = { place: lab.server, fastOpen: false, earlyData: false };
  await using nginx = await startNginx(setup);
  const url = `https://${lab.server.ipv4}:${nginx.port}/facts`;
  const args = ["time", "--repeat", "1", "--ca", certificates().caPath, url];
  const { stdout, stderr, code } = await firstflight(args, "", lab.client);
  assert.equal(code, 0, stderr);
  const text = stdout.replaceAll("\n", " ");
  assert.match(text, /Fast Open did not happen: the server gives no cookie/);
  assert.match(text, /There was no early data: the tickets of the server allow none/);
});

test("time: what all connections warn of is said once", { skip: needsNginx }, async () => {
  await using nginx = await startNginx();
  const url = `https://localhost:${nginx.port}/facts`;
  const args = ["time", "--repeat", "1", "--ca", certificates().caPath, url];
  const env = { FIRSTFLIGHT_LIBSSL: "/nowhere/libssl.so.3" }; // Node has no need of it.
  const codes = (stderr: string) =>
    [...stderr.matchAll(/^firstflight: warning: .* \[(\w+)\]$/gm)]
      .map(([, code]) => code);
  const expected = ownOpenssl ? [] : ["ENGINE_FALLBACK"];
  const people = await start(args, "", { env }).ended;
  assert.equal(people.code, 0, people.stderr);
  assert.deepEqual(codes(people.stderr), expected);
  const programs = await start([...args, "--json"], "", { env }).ended;
  const { first, ways } = JSON.parse(programs.stdout);
  for (const { warnings } of [first, ...ways.flatMap(({ samples }: typeof ways[0]) => samples)]) {
    assert.deepEqual(warnings.map(({ code }: { code: string }) => code), expected);
  }
});

test("doctor: a report whose exit code is its verdict", async () => {
  const people = await firstflight(["doctor"]);
  assert.equal(people.stderr, "");
  assert.match(people.stdout, /^ok +runtime +(Deno|Bun|Node) \d/m);
  assert.match(people.stdout, /^\w+ +OpenSSL /m);
  assert.match(people.stdout, people.code === 0 ? /can use Fast Open\.$/m : /can't use Fast Open/);
  const programs = await firstflight(["doctor", "--json"]);
  const { works, checks } = JSON.parse(programs.stdout);
  assert.equal(programs.code, works ? 0 : 1);
  assert.equal(people.code, programs.code);
  for (const { state, required } of checks) {
    if (works && required) assert.equal(state, "ok");
  }
});

test("doctor: names the command that switches Fast Open on", { skip: needsLab }, async () => {
  await using lab = await startNetlab({ fastOpen: 0 });
  const { code, stdout } = await firstflight(["doctor"], "", lab.client);
  assert.equal(code, 1);
  assert.match(stdout, /^lacking +Fast Open out [^→]*→ (sudo )?.*net\.ipv4\.tcp_fastopen=1\b/m);
  assert.match(stdout, /^lacking +Fast Open in [^→]*→ (sudo )?.*net\.ipv4\.tcp_fastopen=3\b/m);
});
