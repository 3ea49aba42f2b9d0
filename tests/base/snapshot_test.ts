import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, connectTls, type ConnectTlsOptions, listenTls, prepareTls } from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { closedPort, startRawServer } from "../fixtures/hostile_server.ts";
import { here, startListener, trusting, ways } from "../fixtures/hostile_ways.ts";
import { certificates } from "../peers/certificates.ts";
import { can } from "../peers/engine.ts";

/** Options whose lists a caller may change. */
type Spoilt = Partial<ConnectTlsOptions> & { caCerts?: string[]; alpnProtocols?: string[] };

/** What a caller may do to what it passed, as soon as the call has returned. */
async function spoil(options: Spoilt): Promise<void> {
  options.port = await closedPort();
  options.hostname = "nowhere.invalid";
  options.caCerts?.splice(0);
  options.alpnProtocols?.splice(0);
  if (options.earlyData instanceof Uint8Array) options.earlyData.fill(0);
}

const received = async (conn: { read(p: Uint8Array): Promise<number | null> }) => {
  const p = new Uint8Array(16);
  return new TextDecoder().decode(p.subarray(0, await conn.read(p) ?? 0));
};

for (const what of ["a first write", "early data"]) {
  test(`with ${what} a connection is made by what was passed, whatever becomes of it`, async () => {
    if (!can("earlyData")) return;
    await leavesNothing(async () => {
      using listener = startListener({ alpnProtocols: ["http/1.1"] });
      const accepted = listener.accept();
      const options = {
        ...trusting,
        hostname: here,
        port: listener.addr.port,
        caCerts: [...trusting.caCerts],
        alpnProtocols: ["http/1.1"],
        sessions: { take: () => new Promise<undefined>(() => {}), put() {} },
      };
      const earlyData = new TextEncoder().encode("hello");
      const early = { ...options, earlyData };
      const isFirst = what === "a first write";
      const connecting = isFirst ? prepareTls(options) : connectTls(early);
      await spoil(isFirst ? options : early);
      using conn = await connecting;
      if (isFirst) await conn.write(new TextEncoder().encode("hello"));
      using server = await accepted;
      assert.equal(await received(server), "hello");
      assert.equal(conn.alpnProtocol, "http/1.1");
    });
  });
}

test("a listener is what it was asked to be, whatever becomes of its options", async () => {
  await leavesNothing(async () => {
    const { cert, key } = certificates().server;
    const options = { hostname: here, port: 0, cert, key, alpnProtocols: ["http/1.1"] };
    using listener = listenTls(options);
    options.alpnProtocols.splice(0);
    listener.accept().then((conn) => conn.close(), () => {});
    using conn = await ways.connectTls(listener.addr.port, { alpnProtocols: ["http/1.1"] });
    assert.equal(conn.alpnProtocol, "http/1.1");
  });
});

test("a SYN carries the data that were passed, whatever becomes of the buffer", async () => {
  await using server = await startRawServer((socket) => socket.pipe(socket));
  const data = new TextEncoder().encode("hello");
  const connecting = connect({ hostname: "localhost", port: server.port, data });
  data.fill(0);
  using conn = await connecting;
  assert.equal(await received(conn), "hello");
});

test("options may be getters of a class", async () => {
  using listener = startListener();
  class Options {
    hostname = here;
    sessions = false as const;
    get port() {
      return listener.addr.port;
    }
    get caCerts() {
      return trusting.caCerts;
    }
  }
  listener.accept().then((conn) => conn.close(), () => {});
  using conn = await connectTls(new Options());
  assert.equal(conn.remoteAddr.port, listener.addr.port);
});
