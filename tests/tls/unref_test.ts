import assert from "node:assert/strict";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { programArguments } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { startNginx } from "../peers/nginx.ts";
import { here, Peer, requirePeer } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

const skip = requirePeer("nginx", "openssl");

for (const kind of ["connect", "connectTls", "listenTls"]) {
  test(`${kind}: unref lets the process end, without it the process stays`, { skip }, async () => {
    await using nginx = await startNginx({ plainPort: 0 });
    const port = kind === "connect" ? nginx.plainPort : nginx.port;
    const program = new URL("../fixtures/unref.ts", import.meta.url);
    const { server: { certPath, keyPath }, caPath } = certificates();
    const start = (wish: string) => {
      const args = [kind, wish, String(port), certPath, keyPath, caPath];
      return new Peer(here, process.execPath, programArguments(program, ...args));
    };
    await using free = start("unref");
    await using bound = start("ref");
    await free.saw(/^opened$/m);
    await bound.saw(/^opened$/m);
    assert.equal(await free.finished(), 0);
    const ended = await Promise.race([bound.finished(), sleep(300, "alive")]);
    assert.equal(ended, "alive");
  });
}
