import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTls, OptionError } from "../../../mod.ts";
import { runtime } from "../../../runtimes/mod.ts";
import { featuresOf } from "../../../tls/engine/features.ts";
import { helloTooLarge } from "../../../tls/warnings.ts";
import { hellosWithCookie } from "../../fixtures/hellos.ts";
import { netlabSkip } from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { open } from "../../peers/exchange.ts";
import { httpRequest } from "../../peers/http.ts";
import { LocalServer } from "../../peers/local_server.ts";
import { startNginx } from "../../peers/nginx.ts";
import { requirePeer } from "../../peers/peer.ts";
import { type Succeeded, succeeded } from "../../peers/remote_client.ts";
import { type Scene, startScene } from "../../peers/scene.ts";
import { flowsIn, onlyFlow } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

/** Node's OpenSSL has post-quantum key exchange, Debian's has not. */
const hybrid = runtime.exportsOpenssl;

/** Protocols nobody speaks, to make a hello as large as a test wants it. */
const padding = (bytes: number) => ["x".repeat(bytes - 1), "http/1.1"];

async function connected({ client, lab }: Scene, options: object = {}): Promise<Succeeded> {
  const exchange = { send: httpRequest("/facts") };
  return succeeded(
    await client.connectTls({ hostname: lab.server.ipv4, sessions: false, ...options }, exchange),
  );
}

for (const family of ["ipv4", "ipv6"] as const) {
  test(`over ${family} the whole hello fits the SYN, post-quantum where the library can`, {
    skip,
  }, async () => {
    for await (const { answer, synPayload } of hellosWithCookie(family)) {
      assert.equal(answer.group?.toUpperCase(), hybrid ? "X25519MLKEM768" : "X25519");
      assert.equal(answer.alpnProtocol, "http/1.1");
      const { outcome, synRoom = 0, flightBytes, synBytes } = answer.fastOpen;
      assert.equal(synRoom, family === "ipv4" ? 1420 : 1400);
      if (outcome === "cookie-requested") continue;
      assert.equal(synBytes, flightBytes);
      assert.equal(flightBytes > 1300, hybrid);
      assert.equal(synPayload, flightBytes);
      assert.deepEqual(answer.warnings, []);
    }
  });
}

test("a hello too large for the SYN is made lean, and stays so", { skip }, async () => {
  await using scene = await startScene({ middleboxes: [{ kind: "clamp-mss", mss: 536 }] });
  const { lab } = scene;
  const options = { alpnProtocols: padding(245) };
  const first = await connected(scene, options);
  assert.equal(first.fastOpen.synRoom, 496);
  assert.ok(first.fastOpen.flightBytes > 496);
  for (let round = 0; round < 2; round++) {
    await lab.clearPackets();
    const { fastOpen, protocol, alpnProtocol, warnings } = await connected(scene, options);
    assert.deepEqual([fastOpen.outcome, protocol], ["accepted", "TLSv1.3"]);
    assert.equal(alpnProtocol, "http/1.1");
    assert.equal(fastOpen.synBytes, fastOpen.flightBytes);
    assert.equal(onlyFlow(await lab.packets()).syn.payload, fastOpen.flightBytes);
    assert.deepEqual(warnings, []);
  }
});

test("the plain attempt beside a lean hello carries the full one", { skip }, async () => {
  await using scene = await startScene({ middleboxes: [{ kind: "clamp-mss", mss: 536 }] });
  const { lab } = scene;
  const options = { alpnProtocols: padding(245) };
  await connected(scene, options);
  const lean = (await connected(scene, options)).fastOpen.flightBytes;
  await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
  await lab.clearPackets();
  assert.equal((await connected(scene, options)).fastOpen.outcome, "blocked");
  const flows = flowsIn(await lab.packets());
  const said = flows.map(({ packets }) =>
    packets.find(({ from, payload }) => from === "client" && payload > 0)?.payload
  );
  assert.equal(said.length, 2);
  assert.equal(said[0], lean);
  assert.ok(said[1]! > 496 && said[1]! < 600, `a hello of ${said[1]} bytes`); // With a single share.
});

test("a server that has gone back to TLS 1.2 gets the full hello after all", {
  skip,
}, async () => {
  await using scene = await startScene({ middleboxes: [{ kind: "clamp-mss", mss: 536 }] });
  const { lab, nginx } = scene;
  const options = { alpnProtocols: padding(245) };
  await connected(scene, options);
  await connected(scene, options);
  await nginx.stop();
  await using _older = await startNginx({ place: lab.server, port: 443, protocols: "TLSv1.2" });
  await lab.clearPackets();
  assert.equal((await connected(scene, options)).protocol, "TLSv1.2");
  assert.equal(flowsIn(await lab.packets()).length, 2);
  await lab.clearPackets();
  assert.equal((await connected(scene, options)).protocol, "TLSv1.2");
  assert.equal(flowsIn(await lab.packets()).length, 1);
});

test("a hello that can't be made to fit: what is too much is said", { skip }, async () => {
  await using scene = await startScene({ middleboxes: [{ kind: "clamp-mss", mss: 536 }] });
  const options = { alpnProtocols: [...padding(240), ...padding(250)] };
  await connected(scene, options);
  const { fastOpen, warnings = [] } = await connected(scene, options);
  assert.equal(fastOpen.synBytes, 496);
  assert.ok(fastOpen.flightBytes > 496);
  const [warning, ...more] = warnings;
  assert.equal(more.length, 0);
  assert.equal(warning?.code, "HELLO_TOO_LARGE");
  assert.match(warning.message, new RegExp(`has ${fastOpen.flightBytes} bytes .* room for 496; `));
  // And nothing else is, such as the key share.
  assert.match(
    warning.message,
    /; large is the list of protocols \(option "alpnProtocols"\) with 5\d\d$/,
  );
});

test("what is large in a hello is named, as far as it has to go", () => {
  const says = (length: number, extensions: [number, number][], room = 1_420) => {
    const { message } = helloTooLarge({ length, extensions: new Map(extensions) }, room, "x25519");
    return message.slice(message.indexOf(";") + 2);
  };
  const share: [number, number] = [51, 1_224];
  const ticket = 'the session ticket (option "sessions")';
  assert.equal(says(3_300, [[41, 3_000], [51, 42], [16, 14]]), `large is ${ticket} with 3000`);
  assert.equal(says(3_300, [[35, 3_000], [16, 14]]), `large is ${ticket} with 3000`);
  assert.equal(
    says(4_500, [share, [41, 3_000], [16, 14]]),
    `large is ${ticket} with 3000, then the key share for x25519 (option "groups") with 1224`,
  );
  assert.match(says(1_500, [share, [41, 200]]), /^large is the key share for .* with 1224$/);
  assert.equal(says(1_500, []), "large is what the TLS library adds");
});

test("a large ticket is what the warning names", { skip }, async () => {
  await using scene = await startScene({ middleboxes: [{ kind: "clamp-mss", mss: 536 }] });
  // The client's certificate is in the ticket: it does not fit a SYN of this path any more.
  const lines = ["ssl_verify_client on;"];
  await using _ = await startNginx({ place: scene.lab.server, port: 444, lines });
  const { cert, key } = certificates().client;
  const options = { port: 444, cert, key, sessions: undefined };
  await connected(scene, options);
  const { fastOpen, resumed, warnings = [] } = await connected(scene, options);
  assert.deepEqual([fastOpen.outcome, resumed], ["accepted", true]);
  const [warning] = warnings;
  assert.equal(warning?.code, "HELLO_TOO_LARGE");
  assert.match(
    warning.message,
    /; large is the session ticket \(option "sessions"\) with \d{3,4}$/,
  );
});

test('groups "full" leaves the hello as the library makes it', { skip }, async () => {
  await using scene = await startScene();
  const lengths: number[] = [];
  for (let round = 0; round < 3; round++) {
    lengths.push((await connected(scene, { groups: "full" })).fastOpen.flightBytes);
  }
  assert.deepEqual(lengths, Array(3).fill(lengths[0]));
  assert.ok(lengths[0]! > (hybrid ? 1500 : 250));
});

test("groups as a list: these and no others", { skip }, async () => {
  await using nginx = await startNginx();
  for (
    const [groups, agreed] of [[["secp384r1"], "secp384r1"], [["P-256", "X25519"], "secp256r1"]]
  ) {
    using conn = await open({ port: nginx.port, sessions: false, groups: groups as string[] });
    assert.equal(conn.group, agreed);
  }
});

test("groups that are none are refused before anything is opened", async () => {
  const wrong = [
    "fast",
    [],
    [""],
    ["x25519:secp256r1"],
    ["*x25519"],
    ["no-such-group"],
    [1],
    {},
    1,
  ];
  for (const groups of wrong) {
    await assert.rejects(
      connectTls({ hostname: "127.0.0.1", port: 1, groups: groups as never }),
      (error) => {
        assert.ok(error instanceof OptionError);
        assert.equal(error.option, "groups");
        return true;
      },
    );
  }
});

test("a group that the caller insisted on once is not what the server is known for", async () => {
  await using server = new LocalServer();
  for (const engine of ["openssl", "runtime"] as const) {
    if (!featuresOf(engine).groups) continue;
    const options = { port: server.port, sessions: false as const, engine };
    using strange = await open({ ...options, groups: ["secp521r1"] });
    assert.equal(strange.group, "secp521r1");
    using usual = await open(options);
    assert.match(usual.group ?? "", /X25519/i);
  }
});
