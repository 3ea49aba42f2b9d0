import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setSysctl } from "../../cli/checks/check.ts";
import { installCommandFor } from "../../cli/checks/packages.ts";
import { firstVersions, isAtLeast } from "../../runtimes/versions.ts";
import type { Sample } from "../../cli/exchange.ts";
import { nearest } from "../../base/nearest.ts";
import { describeFastOpen } from "../../cli/outcome.ts";
import { wantsColor } from "../../cli/style.ts";
import { readTarget } from "../../cli/target.ts";
import { formatMs, wrap } from "../../cli/text.ts";
import { Tickets } from "../../cli/tickets.ts";
import { readArguments, UsageError } from "../../cli/usage.ts";
import { gainOf, median, remarksOf, roundTripOf, verdictOf } from "../../cli/verdict.ts";
import type { FastOpenOutcome } from "../../mod.ts";

test("targets", () => {
  const read = (text: string) => {
    const { hostname, port } = readTarget(text);
    return [hostname, port];
  };
  assert.deepEqual(read("example.com"), ["example.com", 443]);
  assert.deepEqual(read("example.com:8443"), ["example.com", 8443]);
  assert.deepEqual(read("192.0.2.1:1"), ["192.0.2.1", 1]);
  assert.deepEqual(read("::1"), ["::1", 443]);
  assert.deepEqual(read("[::1]"), ["::1", 443]);
  assert.deepEqual(read("[fe80::1%eth0]:65535"), ["fe80::1%eth0", 65_535]);
  const wrong = ["", ":443", "a:0", "a:65536", "a:b", "[::1", "[a]:1", "::1]:2", "a b", "[]:1"];
  for (const text of wrong) assert.throws(() => readTarget(text), UsageError, text);
  assert.throws(() => readTarget("https://example.com:1/x"), /did you mean example\.com:1\?/);
});

test("what was probably meant", () => {
  const known = ["connect", "time", "doctor"];
  assert.equal(nearest("conect", known), "connect");
  assert.equal(nearest("tiem", known), "time");
  assert.equal(nearest("DOC", known), "doctor");
  assert.equal(nearest("serve", known), undefined);
  assert.equal(nearest("", known), undefined);
});

test("options", () => {
  const specs = {
    name: { type: "string", value: "NAME", help: "" },
    file: { type: "string", multiple: true, help: "" },
    flag: { type: "boolean", help: "" },
  } as const;
  const { values, positionals } = readArguments(
    ["--file=a", "x", "--flag", "--file", "b", "--name", "-", "--", "--y"],
    specs,
  );
  assert.deepEqual({ ...values }, { file: ["a", "b"], flag: true, name: "-" });
  assert.deepEqual(positionals, ["x", "--y"]);
  const wrong: [string[], RegExp][] = [
    [["--nmae", "x"], /^Unknown option --nmae; did you mean --name\?$/],
    [["--constructor"], /^Unknown option --constructor$/],
    [["-f"], /^Unknown option -f/],
    [["--name"], /^Option --name needs a value: --name NAME$/],
    [["--name", "--flag"], /^Option --name needs a value/],
    [["--name="], /^Option --name needs a value/],
    [["--flag=yes"], /^Option --flag takes no value, got "yes"$/],
    [["--name", "a", "--name", "b"], /^Option --name was given more than once$/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => readArguments(args, specs), { name: "UsageError", message });
  }
});

test("colour", () => {
  const terminal = { isTTY: true };
  const env = (values: Record<string, string>) => (name: string) => values[name];
  assert.equal(wantsColor(terminal, env({})), true);
  assert.equal(wantsColor(terminal, env({ NO_COLOR: "1" })), false);
  assert.equal(wantsColor(terminal, env({ NO_COLOR: "" })), true);
  assert.equal(wantsColor(terminal, env({ TERM: "dumb" })), false);
  assert.equal(wantsColor({}, env({})), false);
});

test("text", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("incompressible", 3), ["incompressible"]);
  assert.deepEqual([0.123, 12.34, 1234.5].map(formatMs), ["0.12 ms", "12.3 ms", "1235 ms"]);
});

test("packages by distribution", () => {
  const install = (release: string) => installCommandFor("openssl", release)?.replace("sudo ", "");
  assert.equal(install('ID=debian\nVERSION_ID="12"'), "apt-get install libssl3");
  assert.equal(install('ID=debian\nVERSION_ID="13"'), "apt-get install libssl3t64");
  assert.equal(install('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"'), "apt-get install libssl3");
  assert.equal(
    install('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"'),
    "apt-get install libssl3t64",
  );
  assert.equal(install('ID="rocky"\nID_LIKE="rhel fedora"'), "dnf install openssl-libs");
  assert.equal(install("ID=alpine"), "apk add libssl3");
  assert.equal(install("ID=plan9"), undefined);
  assert.equal(install(""), undefined);
});

test("versions and sysctls", () => {
  const file = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const versions = Object.entries(firstVersions).map(([name, [major, minor]]) => [
    name,
    `>=${major}.${minor}`,
  ]);
  assert.deepEqual(JSON.parse(file).engines, Object.fromEntries(versions));
  assert.ok(isAtLeast("26.10.0", [26, 9]));
  assert.ok(isAtLeast("27.0.0", [26, 9]));
  assert.ok(!isAtLeast("26.8.9", [26, 9]));
  assert.ok(!isAtLeast("20.19.0", [26, 9]));
  assert.match(setSysctl("net.ipv4.no_such_thing", 3), /net\.ipv4\.no_such_thing=3/);
});

test("tickets are handed out once, in their order, and not while closed", async () => {
  const tickets = new Tickets();
  const arrival = tickets.arrival(10_000);
  const ticket = (byte: number) => ({ session: Uint8Array.of(byte), expires: Infinity });
  tickets.put("", ticket(1));
  await arrival;
  tickets.put("", ticket(2));
  tickets.closed = true;
  assert.equal(tickets.take(), undefined);
  tickets.closed = false;
  assert.deepEqual([tickets.take(), tickets.take(), tickets.take()], [
    ticket(1),
    ticket(2),
    undefined,
  ]);
  await tickets.arrival(1);
});

/** A sample that is what `changes` say. */
function sample(
  outcome: FastOpenOutcome,
  response: number,
  changes: Partial<Sample> = {},
): Sample {
  return {
    times: { lookup: -1, hello: 35, secure: 36, response },
    fastOpen: { outcome, synBytes: outcome === "accepted" ? 300 : 0, flightBytes: 300, rtt: 35 },
    resumed: false,
    earlyData: "not-sent",
    protocol: "TLSv1.3",
    group: "x25519",
    address: "192.0.2.1",
    status: 200,
    warnings: [],
    ...changes,
  };
}

const plain = [sample("disabled", 105), sample("disabled", 107), sample("disabled", 106)];
const opened = [sample("accepted", 70), sample("accepted", 72)];
const early = [sample("accepted", 36, { resumed: true, earlyData: "accepted" })];

test("what samples say", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const samples = { "plain": plain, "fast-open": opened, "early-data": early };
  assert.equal(roundTripOf(samples), 35);
  assert.equal(verdictOf("plain", []), undefined);
  const verdicts = [verdictOf("plain", plain)!, verdictOf("fast-open", opened)!];
  assert.equal(verdicts[0]?.median.response, 106);
  assert.equal(verdicts[1]?.label, "Fast Open");
  assert.equal(verdicts[1]?.note, "accepted: the SYN carried 300 of 300 bytes");
  assert.equal(gainOf(verdicts), "With Fast Open the answer comes 35.0 ms (33 %) sooner.");
  assert.equal(verdictOf("early-data", early)?.label, "Fast Open + ticket + early data");
  assert.deepEqual(remarksOf("example.com", samples), []);
});

test("what did not happen is said", () => {
  const asked = [sample("cookie-requested", 80), sample("cookie-requested", 81)];
  const verdict = verdictOf("fast-open", asked)!;
  assert.equal(verdict.label, "Fast Open tried");
  assert.equal(gainOf([verdictOf("plain", plain)!, verdict]), undefined);
  const remarks = (open: Sample[], late: Sample[]) =>
    remarksOf("example.com", { "plain": plain, "fast-open": open, "early-data": late }).join("\n");
  assert.match(remarks(asked, early), /did not happen: example\.com gives no cookie/);
  assert.match(remarks([...asked, ...opened], early), /failed 2 of 4 times/);
  assert.match(remarks([sample("blocked", 1100)], early), /lost on the way/);
  assert.match(remarks([sample("ignored", 100)], early), /did not take the data in the SYN/);
  assert.match(remarks([sample("unsupported", 100)], early), /firstflight doctor/);
  assert.match(remarks(opened, []), /sends no session tickets/);
  assert.match(remarks(opened, [sample("accepted", 70)]), /did not take its own tickets back/);
  const resumed = { resumed: true };
  assert.match(remarks(opened, [sample("accepted", 70, resumed)]), /the tickets .* allow none/);
  const rejected = { ...resumed, earlyData: "rejected" } as const;
  assert.match(remarks(opened, [sample("accepted", 70, rejected)]), /rejected it/);
  const old = { ...resumed, protocol: "TLSv1.2" };
  assert.match(remarks(opened, [sample("accepted", 70, old)]), /has no TLS 1\.3/);
  const tooEarly = { ...resumed, earlyData: "accepted", status: 425 } as const;
  assert.match(remarks(opened, [sample("accepted", 36, tooEarly)]), /425 Too Early/);
});

test("every outcome has its words", () => {
  const outcomes = [
    "accepted",
    "cookie-requested",
    "ignored",
    "blocked",
    "disabled",
    "unsupported",
  ];
  const words = outcomes.map((outcome) =>
    describeFastOpen({ outcome: outcome as FastOpenOutcome, synBytes: 1, flightBytes: 2 })
  );
  assert.equal(new Set(words).size, outcomes.length);
  const because = { synBytes: 0, flightBytes: 2, reason: "why" };
  assert.equal(describeFastOpen({ outcome: "unsupported", ...because }), "unsupported: why");
});
