/** Whether the table of members is true. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { TLSSocket } from "node:tls";
import { tcpSocket, tlsSocket } from "../../../mod.ts";
import { certificates } from "../../peers/certificates.ts";
import {
  additional,
  inherited,
  inheritedValues,
  insides,
  membersOf,
  show,
  type State,
  states,
} from "./members.ts";
import { renderMembers } from "./members_page.ts";
import { type Kind, kindUnderTest } from "../../peers/sockets/kind.ts";
import { type Connect, type JudgedOptions, Scene } from "../../peers/sockets/scene.ts";

/** What is said of a socket in each state, by the member's name. */
type Seen = Record<State, Readonly<Record<string, string>>>;

const kind = kindUnderTest();
const members = membersOf[kind.name];

const DOCUMENT = new URL("../../../docs/sockets.md", import.meta.url);

/** Before there is a connection, these crash in Node or throw in Bun. */
const CRASHES: ReadonlySet<string> = new Set(["getEphemeralKeyInfo", "getTypeOfService"]);

/** Methods that need no argument, and change nothing. */
const ASKED = /^(address|isPaused|isSessionReused|get(?!MaxListeners).*)$/;

function look(socket: TLSSocket): Record<string, string> {
  const names = [...members.map(({ name }) => name), ...inheritedValues];
  return Object.fromEntries(names.map((name) => [name, lookAt(socket, name)]));
}

function lookAt(socket: TLSSocket, name: string): string {
  const value: unknown = Reflect.get(socket, name);
  if (typeof value !== "function" || !ASKED.test(name) || CRASHES.has(name)) return show(value);
  return show(Reflect.apply(value, socket, []));
}

/** Brings a socket into each state, and looks at it there. */
async function see(scene: Scene, fresh: () => TLSSocket): Promise<Seen> {
  const { server } = certificates();
  const options: JudgedOptions = {
    ...(kind.name === "tls" ? { servername: "localhost", ALPNProtocols: ["x"] } : {}),
    allowHalfOpen: true,
  };
  const silent = await scene.serveTcp(() => {});
  const port = await scene.serve((peer) => void peer.resume(), {
    cert: server.cert,
    key: server.key,
    allowHalfOpen: true,
    ALPNProtocols: ["x"],
  });
  const unconnected = fresh();
  unconnected.on("error", () => {});
  const seen: Partial<Seen> = { "new": look(unconnected) };
  unconnected.destroy();
  seen["connecting"] = look(scene.connect({ ...options, port: silent }));
  const socket = scene.connect({ ...options, port });
  await scene.stands(socket);
  seen["connected"] = look(socket);
  socket.resume().end("hello");
  await scene.event(socket, "finish");
  seen["half-closed"] = look(socket);
  socket.destroy();
  await scene.event(socket, "close");
  seen["destroyed"] = look(socket);
  return seen as Seen;
}

async function seeing(connects: Connect, fresh: () => TLSSocket): Promise<Seen> {
  await using scene = new Scene(connects);
  return await see(scene, fresh);
}

const { ca } = certificates();

/** Looked at once for all tests. */
let looked: Promise<{ readonly own: Seen; readonly ours: Seen }> | undefined;

/** Sockets that wait for `connect()`. */
const fresh: Readonly<Record<Kind["name"], Readonly<Record<"own" | "ours", () => unknown>>>> = {
  tls: {
    own: () => new TLSSocket(undefined as never, { ca }),
    ours: () => tlsSocket({ host: "127.0.0.1", servername: "localhost", ca }),
  },
  tcp: { own: () => new Socket(), ours: () => tcpSocket({ host: "127.0.0.1" }) },
};

async function lookAtBoth(): Promise<{ readonly own: Seen; readonly ours: Seen }> {
  const { own, ours } = fresh[kind.name];
  return {
    own: await seeing(kind.own, own as () => TLSSocket),
    ours: await seeing(kind.ours(), ours as () => TLSSocket),
  };
}

/** All names of an object's members, up to `Object.prototype`. */
function namesOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let each = object; each && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) names.add(name);
  }
  return names;
}

async function connected(connects: Connect): Promise<Set<string>> {
  await using scene = new Scene(connects);
  const socket = scene.connect({ port: await scene.serve() });
  await scene.stands(socket);
  return namesOf(socket);
}

test("no member of the runtime's own socket is missing in the table", async () => {
  const known = new Set([...members.map(({ name }) => name), ...inherited]);
  const missing = [...await connected(kind.own)]
    .filter((name) => !name.startsWith("_") && !known.has(name));
  assert.deepEqual(missing, []);
});

test("what the table says is there is there, what it says is lacking is not, and nothing else", async () => {
  const names = await connected(kind.ours());
  const there = [
    ...members.filter(({ status }) => status !== "lacks"),
    ...inherited.map((name) => ({ name })),
    ...additional[kind.name],
    ...insides.map((name) => ({ name })),
  ].map(({ name }) => name);
  // Bun's streams and Node's have a few members each that the others have not.
  const own = await connected(kind.own);
  assert.deepEqual(there.filter((name) => !names.has(name) && own.has(name)), []);
  const lacking = members.filter(({ status }) => status === "lacks").map(({ name }) => name);
  assert.deepEqual(lacking.filter((name) => names.has(name)), []);
  const unknown = [...names].filter((name) => !name.startsWith("_") && !there.includes(name));
  assert.deepEqual(unknown, []);
});

for (const state of states) {
  test(`${state}: the members of both sockets are the same, or differ as the table says`, async () => {
    const { own, ours } = await (looked ??= lookAtBoth());
    const wrong: string[] = [];
    const expect = (name: string, isRight: boolean, what: string) => {
      if (!isRight) wrong.push(`${name} is ${ours[state][name]}, ${what} ${own[state][name]}`);
    };
    for (const member of members) {
      const { name } = member;
      const [theirs = "", mine = ""] = [own[state][name], ours[state][name]];
      if (member.status === "differs") {
        if (member.shows.state !== state) continue;
        expect(name, mine === member.shows.ours, "and not as described; the runtime's own is");
      } else if (member.status === "has" && member.same !== "type") {
        if (member.in && !member.in.includes(state)) continue;
        const isNone = member.same === "truth" && isNothing(mine) && isNothing(theirs);
        expect(name, mine === theirs || isNone, "the runtime's own is");
      }
    }
    for (const name of inheritedValues) {
      expect(name, ours[state][name] === own[state][name], "the runtime's own is");
    }
    assert.deepEqual(wrong, []);
  });
}

function isNothing(shown: string): boolean {
  return ["undefined", "null", "false", "0", '""'].includes(shown);
}

test("each difference of the table is one, in Node", async () => {
  const { own } = await (looked ??= lookAtBoth());
  if ("Deno" in globalThis || "Bun" in globalThis) return; // There it may be as it is here.
  for (const member of members) {
    if (member.status !== "differs") continue;
    const { state, ours } = member.shows;
    assert.notEqual(own[state][member.name], ours, member.name);
  }
});

test("docs/sockets.md is what the table says", () => {
  const page = renderMembers();
  if (process.env["FIRSTFLIGHT_RECORD"]) writeFileSync(DOCUMENT, page);
  assert.equal(readFileSync(DOCUMENT, "utf8"), page, "run this file with FIRSTFLIGHT_RECORD=1");
});
