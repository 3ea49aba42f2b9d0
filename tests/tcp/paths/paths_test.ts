import assert from "node:assert/strict";
import { test } from "node:test";
import { type KnownPath, pathMemory } from "../../../mod.ts";
import { networkOf } from "../../../tcp/name/address.ts";
import { interleave } from "../../../tcp/dial/interleave.ts";
import {
  adviceFor,
  learnRoundTrip,
  mayBeBlocked,
  noteBlocked,
  noteOpen,
  roundTrip,
} from "../../../tcp/paths/paths.ts";
import { withClock as withStandingClock } from "../../fixtures/clock.ts";

const HOME = "192.0.2.0/24";
const HOTEL = "198.51.100.0/24";
const WAIT = 10_000;

/** Runs `work` with an empty memory and a clock that only `work` moves. */
function withClock(work: (pass: (milliseconds: number) => void) => void): void {
  pathMemory.clear();
  try {
    withStandingClock(work);
  } finally {
    pathMemory.clear();
  }
}

/** The only path in memory. */
function only(): KnownPath {
  const [path, ...others] = pathMemory.entries();
  assert.ok(path && others.length === 0);
  return path;
}

test("a blocked path is avoided from one network, and used from another", () => {
  withClock(() => {
    assert.equal(mayBeBlocked("203.0.113.1"), false);
    noteBlocked("203.0.113.1", HOTEL, false);
    assert.equal(mayBeBlocked("203.0.113.1"), true);
    assert.equal(mayBeBlocked("203.0.113.2"), false);
    assert.equal(adviceFor("203.0.113.1", HOTEL), "avoid");
    assert.equal(adviceFor("203.0.113.1", HOME), "use");
    assert.deepEqual(only(), {
      address: "203.0.113.1",
      network: HOTEL,
      blocked: { times: 1, until: Date.now() + WAIT },
    });
  });
});

test("the wait doubles with every probe that fails, up to an hour", () => {
  withClock((pass) => {
    noteBlocked("203.0.113.1", HOME, false);
    const waits = Array.from({ length: 11 }, () => {
      const wait = only().blocked!.until - Date.now();
      pass(wait - 1);
      assert.equal(adviceFor("203.0.113.1", HOME), "avoid");
      pass(1);
      assert.equal(adviceFor("203.0.113.1", HOME), "probe");
      noteBlocked("203.0.113.1", HOME, true);
      return wait / WAIT;
    });
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
    assert.equal(only().blocked?.times, 12);
  });
});

test("many connections that fail together are one finding, and one of them probes", () => {
  withClock((pass) => {
    for (let index = 0; index < 50; index++) noteBlocked("203.0.113.1", HOME, false);
    assert.equal(only().blocked?.times, 1);
    pass(WAIT);
    const advice = Array.from({ length: 50 }, () => adviceFor("203.0.113.1", HOME));
    assert.deepEqual(advice, ["probe", ...Array<string>(49).fill("avoid")]);
    pass(WAIT); // Nobody heard of that probe again.
    assert.equal(adviceFor("203.0.113.1", HOME), "probe");
  });
});

test("a path that has healed is used, and starts afresh should it fall ill again", () => {
  withClock((pass) => {
    noteBlocked("203.0.113.1", HOME, false);
    pass(WAIT);
    adviceFor("203.0.113.1", HOME);
    noteBlocked("203.0.113.1", HOME, true);
    assert.equal(only().blocked?.times, 2);
    noteOpen("203.0.113.1", HOME);
    assert.equal(only().blocked, undefined);
    assert.equal(mayBeBlocked("203.0.113.1"), false);
    noteBlocked("203.0.113.1", HOME, false);
    assert.equal(only().blocked?.times, 1);
  });
});

test("a block that nobody has asked about for a day is forgotten", () => {
  withClock((pass) => {
    noteBlocked("203.0.113.1", HOME, false);
    pass(WAIT + 24 * 3_600_000);
    assert.equal(adviceFor("203.0.113.1", HOME), "use");
    assert.equal(only().blocked, undefined);
    assert.equal(mayBeBlocked("203.0.113.1"), false);
  });
});

test("round trips are smoothed, per path", () => {
  withClock(() => {
    learnRoundTrip("203.0.113.1", HOME, 40);
    assert.equal(roundTrip("203.0.113.1", HOME), 40);
    learnRoundTrip("203.0.113.1", HOME, 80);
    assert.equal(roundTrip("203.0.113.1", HOME), 50);
    assert.equal(roundTrip("203.0.113.1", HOTEL), undefined);
    assert.deepEqual(only(), { address: "203.0.113.1", network: HOME, rtt: 50 });
  });
});

test("1,024 paths are kept, those used last", () => {
  withClock(() => {
    noteBlocked("first", HOME, false);
    learnRoundTrip("second", HOME, 1);
    for (let index = 0; index < 1022; index++) learnRoundTrip(`${index}`, HOME, 1);
    assert.equal(pathMemory.entries().length, 1024);
    learnRoundTrip("first", HOME, 1); // Used again.
    learnRoundTrip("another", HOME, 1);
    const kept = pathMemory.entries().map(({ address }) => address);
    assert.equal(kept.length, 1024);
    assert.deepEqual([kept.includes("first"), kept.includes("second")], [true, false]);
    for (let index = 0; index < 2000; index++) noteBlocked(`again ${index}`, HOME, false);
    assert.equal(pathMemory.entries().length, 1024);
    assert.equal(mayBeBlocked("first"), false);
    assert.equal(mayBeBlocked("again 1999"), true);
  });
});

test("clear forgets one address or everything; what entries returned stays as it was", () => {
  withClock(() => {
    learnRoundTrip("203.0.113.1", HOME, 1);
    learnRoundTrip("203.0.113.1", HOTEL, 1);
    noteBlocked("203.0.113.2", HOME, false);
    const before = pathMemory.entries();
    pathMemory.clear("203.0.113.1");
    assert.deepEqual(pathMemory.entries().map(({ address }) => address), ["203.0.113.2"]);
    pathMemory.clear();
    assert.deepEqual(pathMemory.entries(), []);
    assert.equal(mayBeBlocked("203.0.113.2"), false);
    assert.equal(before.length, 3);
  });
});

test("addresses alternate by family, beginning with the resolver's first", () => {
  const order = (text: string) =>
    interleave(
      text.split("").map((name) => ({
        ip: name,
        family: name === name.toUpperCase() ? 6 : 4,
        port: 1,
      })),
    ).map(({ ip }) => ip).join("");
  assert.equal(order(""), "");
  assert.equal(order("abc"), "abc");
  assert.equal(order("ABab"), "AaBb");
  assert.equal(order("abAB"), "aAbB");
  assert.equal(order("ABCa"), "AaBC");
  assert.equal(order("aABCb"), "aAbBC");
});

test("networks are named by their prefix", () => {
  assert.equal(networkOf({ ip: "10.77.3.9", family: 4, port: 1 }), "10.77.3.0/24");
  assert.equal(networkOf({ ip: "2001:db8:1:2:3:4:5:6", family: 6, port: 1 }), "2001:db8:1:2::/64");
});
