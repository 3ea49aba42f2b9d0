import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { programArguments } from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { here, Peer, requirePeer } from "../../peers/peer.ts";
import { kindUnderTest } from "../../peers/sockets/kind.ts";
import { Scene } from "../../peers/sockets/scene.ts";

const kind = kindUnderTest();

/** Milliseconds that a process is watched which is to stay. */
const WATCHED = 200;

// Nothing keeps a plain connection from standing that could be held here.
const moments = kind.name === "tls" ? ["connecting", "connected"] as const : ["connected"] as const;

for (const when of moments) {
  test(`${when}: ref and unref do what those of ${kind.judge} do`, {
    skip: requirePeer("openssl"),
  }, async () => {
    await using scene = new Scene(kind.ours());
    const port = when === "connected" ? await scene.serve() : await scene.serveTcp(() => {});
    const program = new URL("../../fixtures/socket_unref.ts", import.meta.url);
    const start = (whose: string, wish: string) => {
      const args = [kind.name, whose, when, wish, String(port), certificates().caPath];
      return new Peer(here, process.execPath, programArguments(program, ...args));
    };
    for (const whose of ["own", "ours"]) {
      await using free = start(whose, "unref");
      await using bound = start(whose, "ref");
      await free.saw(/^opened$/m);
      await bound.saw(/^opened$/m);
      assert.equal(await free.finished(), 0, `${whose} keeps the process`);
      const ended = await Promise.race([bound.finished(), sleep(WATCHED, "alive")]);
      assert.equal(ended, "alive", `${whose} does not keep the process: ${bound.output}`);
    }
  });
}

test("a socket that has ended remembers no ref and unref", async () => {
  await using scene = new Scene(kind.ours());
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => warnings.push(message);
  process.on("warning", onWarning);
  for (let count = 0; count < 20; count++) socket.ref().unref();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await closed;
  for (let count = 0; count < 20; count++) socket.ref().unref();
  await sleep(0); // A warning comes a turn later.
  process.off("warning", onWarning);
  assert.deepEqual(warnings, []);
});
