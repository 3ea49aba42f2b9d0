/**
 * TLS over connections of every kind: what is exchanged, how it ends, and what is left behind.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as connectSocket, createServer, Socket } from "node:net";
import { Duplex, duplexPair, PassThrough } from "node:stream";
import {
  type AnyTransport,
  connect,
  type ConnectError,
  type OptionError,
  StreamConn,
  startTls,
  type StartTlsOptions,
  type TlsConn,
} from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { assertFails, connectError, optionError, tlsError } from "../fixtures/hostile_failure.ts";
import { closedPort, type RawServer, startRawServer } from "../fixtures/hostile_server.ts";
import { here, startListener, until } from "../fixtures/hostile_ways.ts";
import { relay, type Scene, transports, trust } from "../fixtures/transports.ts";
import { codesOf } from "../peers/engine.ts";
import { encode, readText } from "../peers/exchange.ts";
import { soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";

/** Starts TLS by the engine under test. */
function secure(transport: AnyTransport, options: StartTlsOptions = {}): Promise<TlsConn> {
  return startTls(transport, { hostname: "localhost", ...trust, ...options });
}

/** Sends everything back, and says goodbye after its client. */
async function echo(conn: TlsConn): Promise<void> {
  try {
    const chunk = new Uint8Array(64 * 1024);
    for (let length; (length = await conn.read(chunk)) !== null;) {
      await conn.write(chunk.subarray(0, length));
    }
    await conn.closeWrite();
  } finally {
    conn.close();
  }
}

/** A scene whose server does as `serve` says, behind a server in the clear that can be cut. */
async function inScene(
  serve: (conn: TlsConn) => Promise<unknown>,
  play: (scene: Scene, gate: RawServer) => Promise<void>,
): Promise<void> {
  await leavesNothing(async () => {
    using opened = new DisposableStack();
    const listener = opened.use(startListener({ onHandshakeError: () => {} }));
    (async () => {
      for await (const conn of listener) serve(conn).catch(() => {});
    })();
    const { port } = listener.addr;
    await using gate = await startRawServer((socket) => {
      relay(socket, connectSocket({ host: here, port, allowHalfOpen: true }));
    });
    await play({ port: gate.port, open: (each) => opened.use(each) }, gate);
  });
}

/** Waits until a transport is closed. */
async function closed(transport: AnyTransport): Promise<void> {
  if (transport instanceof StreamConn) {
    await assertFails(transport.read(new Uint8Array(1)), connectError("CONNECTION_CLOSED"));
  } else await until(() => transport.destroyed);
}

const half = 512 * 1024;

for (const [kind, open] of Object.entries(transports)) {
  test(`over ${kind}: a megabyte in both directions, and both ends`, async () => {
    await inScene(echo, async (scene) => {
      const transport = await open(scene);
      const conn = await secure(transport);
      assert.equal(conn.protocol, "TLSv1.3");
      const { firstByte, secure: secured } = conn.timing;
      assert.ok(0 < firstByte && firstByte <= secured, `${firstByte} of ${secured}`);
      const sent = new Uint8Array(2 * half).map((_, index) => index % 251);
      const writing = conn.write(sent.subarray(0, half))
        .then(() => conn.write(sent.subarray(half)))
        .then(() => conn.closeWrite());
      const received = Buffer.from(await readText(conn), "latin1");
      await writing;
      assert.ok(received.equals(sent), `${received.length} bytes came back`);
      conn.close();
      await closed(transport);
    });
  });

  test(`over ${kind}: the server ends first`, async () => {
    const serve = async (conn: TlsConn) => {
      await conn.write(encode("goodbye"));
      await conn.closeWrite();
      await echo(conn);
    };
    await inScene(serve, async (scene) => {
      const transport = await open(scene);
      const conn = await secure(transport);
      assert.equal(await readText(conn), "goodbye");
      await conn.write(encode("the other half is still open"));
      conn.close();
      await closed(transport);
    });
  });

  test(`over ${kind}: a connection that is cut, and one for another name`, async () => {
    await inScene(echo, async (scene, gate) => {
      const transport = await open(scene);
      const conn = await secure(transport);
      const reading = assertFails(conn.read(new Uint8Array(1)), tlsError("TRUNCATED"));
      gate.cut();
      await reading;
      conn.close();
      await closed(transport);

      const other = await open(scene);
      const starting = secure(other, { hostname: "other.test" });
      await assert.rejects(starting, (error: { code: never }) => {
        assert.ok(codesOf("HOSTNAME_MISMATCH").includes(error.code), `${error}`);
        return true;
      });
      await closed(other);
    });
  });
}
