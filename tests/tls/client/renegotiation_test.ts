/**
 * Servers that want another handshake on a connection, as Apache does where only some paths need a
 * client's certificate: renegotiation in TLS 1.2, post-handshake authentication in TLS 1.3.
 */

import assert from "node:assert/strict";
import { connect as connectNet, type Socket } from "node:net";
import { join } from "node:path";
import { MemorySessionStore, type TlsConn, TlsError } from "../../../mod.ts";
import { leavesNothing, sleep } from "../../fixtures/hostile_census.ts";
import { assertFails, connectError, tlsError } from "../../fixtures/hostile_failure.ts";
import { startRawServer } from "../../fixtures/hostile_server.ts";
import { until } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { encode, open, readText, readUntil } from "../../peers/exchange.ts";
import { startGnutlsServer } from "../../peers/gnutls_server.ts";
import { LocalServer } from "../../peers/local_server.ts";
import { startOpensslClient } from "../../peers/openssl_client.ts";
import { type OpensslServer, startOpensslServer } from "../../peers/openssl_server.ts";
import { here, Peer, requirePeer } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const skip = requirePeer("openssl");
const refused = tlsError(
  "RENEGOTIATION_REFUSED",
  /^The TLS connection to .* the server asked .* this side refused .*"no renegotiation" \(100\)/,
);

/** The line of `openssl s_server -msg` for a client that has shown its certificate and its key. */
const shown = /^<<< TLS 1\.[23], Handshake \[.*\], CertificateVerify$/m;

/** A server that may ask for a certificate, and a client that has one. */
function startAsking(version: "-tls1_2" | "-tls1_3"): Promise<OpensslServer> {
  const whole = ["-no_resumption_on_reneg", "-msg", "-CAfile", certificates().caPath];
  return startOpensslServer([version, ...whole]);
}

function mine(): { cert: string; key: string } {
  const { cert, key } = certificates().client;
  return { cert, key };
}

/** Sends a line each way. */
async function exchange(conn: TlsConn, server: OpensslServer, line: string): Promise<void> {
  await conn.write(encode(`${line}\n`));
  await server.saw(new RegExp(`^${line}$`, "m"));
  server.type(`${line}\n`);
  assert.equal(await readUntil(conn, /\n/), `${line}\n`);
}

for (const face of ["read", "duplex"] as const) {
  test(`a renegotiation is refused, and ${face} tells by whom`, { skip }, async () => {
    await using server = await startAsking("-tls1_2");
    const { port } = server;
    await leavesNothing(async () => {
      using conn = await open({ port, sessions: false });
      await exchange(conn, server, "before");
      server.type("r\n");
      const reading = (async () => {
        if (face === "read") await readText(conn);
        else for await (const _ of conn.duplex);
      })();
      const error = await assertFails(reading, refused, { hostname: "127.0.0.1", port });
      assert.match(error.message, /option "postHandshakeAuth" allows it$/);
      await assertFails(conn.write(encode("x")), refused);
      // What the server made of it is told, too, unless the runtime has broken off itself.
      const { cause } = error;
      if (cause instanceof TlsError) {
        assert.deepEqual([cause.code, cause.alert], ["ALERT_RECEIVED", 40]);
        assert.equal((error as TlsError).alert, 40);
      }
    });
  });
}

/** Passes bytes on between a client and a server, and calls `hear` with those of the server. */
function relay(port: number, hear: (bytes: Uint8Array, client: Socket) => Uint8Array | undefined) {
  return startRawServer((client) => {
    const upstream = connectNet({ port, host: "127.0.0.1" });
    upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("data", (bytes) => upstream.write(bytes)).on("end", () => client.end());
    client.on("close", () => upstream.destroy());
    upstream.on("data", (bytes: Uint8Array) => {
      const passed = hear(bytes, client);
      if (passed) client.write(passed);
    });
  });
}

for (
  const [how, end, cause] of [
    ["FIN", (client: Socket) => client.end(), tlsError("TRUNCATED")],
    ["RST", (client: Socket) => client.resetAndDestroy(), connectError("CONNECTION_RESET")],
  ] as const
) {
  test(`a refused renegotiation that the server answers with ${how} is told as one`, {
    skip,
  }, async () => {
    await using server = await startAsking("-tls1_2");
    let asking = false;
    await using between = await relay(server.port, (bytes, client) => {
      // Its answer to the refusal is an alert, a record of type 21, which does not arrive.
      if (asking && bytes[0] === 21) return void end(client);
      return bytes;
    });
    await leavesNothing(async () => {
      using conn = await open({ port: between.port, sessions: false });
      await exchange(conn, server, "before");
      asking = true;
      server.type("r\n");
      const error = await assertFails(readText(conn), refused);
      // Some runtimes break off themselves, before the server can.
      if (error.cause instanceof TlsError) assert.equal(error.cause.code, cause.code);
    });
  });
}

test("a refused renegotiation is a warning as long as the server goes on", {
  skip: skip || requirePeer("gnutls-serv"),
  needs: "postHandshakeAuth", // Bun's own TLS breaks off itself.
}, async () => {
  await using server = await startGnutlsServer(["--echo", "--priority", "NORMAL:-VERS-TLS1.3"]);
  using conn = await open({ port: server.port, sessions: false });
  assert.equal(conn.warnings.length, 0);
  await conn.write(encode("**REHANDSHAKE**\n"));
  await readUntil(conn, /executed command/);
  const [warning, ...more] = conn.warnings;
  assert.deepEqual(more, []);
  assert.equal(warning?.code, "RENEGOTIATION_REFUSED");
  assert.match(
    warning.message,
    /^The server asked .* this side refused; option "postHandshakeAuth"/,
  );
});

test("a record that was tampered with is not taken for a renegotiation", { skip }, async () => {
  await using server = await startAsking("-tls1_2");
  let tampering = false;
  await using between = await relay(server.port, (bytes) => {
    return tampering ? bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1) : bytes;
  });
  using conn = await open({ port: between.port, sessions: false });
  await exchange(conn, server, "before");
  tampering = true;
  server.type("tampered with\n");
  await assertFails(readText(conn), tlsError("PROTOCOL_ERROR"));
});

test("a client that asks a listener for a renegotiation is refused, and that is told", {
  skip,
}, async () => {
  await using server = new LocalServer();
  const args = ["-tls1_2", "-legacy_renegotiation"];
  await using client = startOpensslClient(`127.0.0.1:${server.port}`, args);
  await client.saw(/Verify return code: 0/);
  client.type("R\n");
  await client.saw(/no renegotiation/);
  const { code, message } = await server.failure(1);
  assert.equal(code, "RENEGOTIATION_REFUSED", message);
  assert.match(message, /from the client broke: the client asked for another handshake/);
});

test(
  "TLSv1.2: with postHandshakeAuth a renegotiation shows the certificate, and the data goes on",
  {
    skip,
    needs: "postHandshakeAuth",
  },
  async () => {
    await using server = await startAsking("-tls1_2");
    const sessions = new MemorySessionStore();
    await leavesNothing(async () => {
      using conn = await open({ port: server.port, sessions, ...mine(), postHandshakeAuth: true });
      const { peerCertificate, cipher } = conn;
      await exchange(conn, server, "before");
      assert.doesNotMatch(server.output, shown);
      for (const round of [1, 2, 3]) {
        server.type("R\n");
        // What is written meanwhile waits for the end of the handshake.
        const reading = readUntil(conn, /\n/);
        const lines = Array.from({ length: 200 }, (_, index) => `round ${round}, line ${index}\n`);
        await Promise.all(lines.map((line) => conn.write(encode(line))));
        await server.saw(new RegExp(`round ${round}, line 199$`, "m"));
        await server.saw(shown);
        server.type(`after ${round}\n`);
        assert.equal(await reading, `after ${round}\n`);
      }
      await server.saw(shown);
      assert.deepEqual([conn.peerCertificate, conn.cipher], [peerCertificate, cipher]);
      assert.equal(server.output.match(/^round \d, line \d+$/gm)?.length, 600);
    });
    // The session that is kept is a whole one.
    using again = await open({ port: server.port, sessions, ...mine(), postHandshakeAuth: true });
    assert.equal(again.resumed, true);
    await exchange(again, server, "again");
  },
);

test("TLSv1.2: a renegotiation is done as openssl s_client does it", {
  skip,
  needs: "postHandshakeAuth",
}, async () => {
  const { client: { certPath, keyPath, leafPath }, caPath } = certificates();
  const asked = async (connect: (server: OpensslServer) => Promise<AsyncDisposable>) => {
    await using server = await startAsking("-tls1_2");
    await using _ = await connect(server);
    await server.handshakes(1);
    server.type("R\n");
    await server.saw(shown);
    await server.saw(/(, Finished[^]*){4}/);
    return server.output.match(/^(<<<|>>>).*Handshake.*, \w+$/gm)?.map((line) => {
      return line.replace(/\[.*\]/, ""); // Hellos differ in length.
    });
  };
  const reference = await asked(async ({ port }) => {
    const identity = ["-cert", leafPath, "-key", keyPath, "-cert_chain", certPath];
    const args = ["-tls1_2", "-CAfile", caPath, ...identity];
    const client = startOpensslClient(`127.0.0.1:${port}`, args);
    await client.saw(/Verify return code: 0/);
    return client;
  });
  const ours = await asked(async ({ port }) => {
    const conn = await open({ port, sessions: false, ...mine(), postHandshakeAuth: true });
    conn.read(new Uint8Array(1)).catch(() => {});
    return conn;
  });
  assert.deepEqual(ours, reference);
});

test("TLSv1.3: with postHandshakeAuth the server gets the certificate when it asks", {
  skip,
  needs: "postHandshakeAuth",
}, async () => {
  for (const postHandshakeAuth of [true, false]) {
    await using server = await startAsking("-tls1_3");
    using conn = await open({ port: server.port, sessions: false, ...mine(), postHandshakeAuth });
    await exchange(conn, server, "before");
    server.type("c\n");
    if (postHandshakeAuth) await server.saw(shown);
    else await server.saw(/extension not received/); // It can't ask whoever did not offer it.
    await exchange(conn, server, "after");
    assert.equal(shown.test(server.output), postHandshakeAuth);
  }
});

test("a renegotiation in which the server becomes another fails with PROTOCOL_ERROR", {
  skip,
  needs: "postHandshakeAuth",
}, async () => {
  const { server, otherServer } = certificates();
  for (const other of [server, otherServer]) {
    const root = join(import.meta.dirname ?? "", "../../..");
    await using peer = new Peer(here, join(root, "node_modules/.bin/node"), [
      join(root, "tests/fixtures/changing_server.ts"),
      ...[server.certPath, server.keyPath, other.certPath, other.keyPath],
    ]);
    const [, port] = await peer.saw(/port (\d+)/);
    using conn = await open({ port: Number(port), sessions: false, postHandshakeAuth: true });
    await conn.write(encode("x"));
    const reading = readUntil(conn, /\n/);
    if (other === server) assert.equal(await reading, "from another\n");
    else await assertFails(reading, tlsError("PROTOCOL_ERROR", /another certificate/));
  }
});

test("a connection that is closed in the middle of a renegotiation leaves nothing", {
  skip,
  needs: "postHandshakeAuth",
}, async () => {
  await using server = await startAsking("-tls1_2");
  let stage: "before" | "asking" | "deaf" = "before";
  await using between = await relay(server.port, (bytes) => {
    if (stage === "deaf") return undefined;
    if (stage === "asking") stage = "deaf"; // What asks passes, and nothing after it.
    return bytes;
  });
  await leavesNothing(async () => {
    const conn = await open({ port: between.port, sessions: false, postHandshakeAuth: true });
    await exchange(conn, server, "before");
    stage = "asking";
    server.type("r\n");
    await until(() => stage === "deaf");
    await sleep(20);
    const writing = conn.write(encode("never to be sent\n"));
    await sleep(20);
    conn.close();
    await assertFails(writing, connectError("CONNECTION_CLOSED"));
  });
  assert.ok(!server.output.includes("never to be sent"));
});
