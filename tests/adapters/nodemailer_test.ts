import assert from "node:assert/strict";
import { connector, type ConnectorOptions } from "../../adapters/nodemailer.ts";
import { OptionError } from "../../mod.ts";
import { closedPort, startRawServer } from "../fixtures/hostile_server.ts";
import { library } from "../libraries/library.ts";
import { startRelay } from "../libraries/relay.ts";
import { shared, using } from "../libraries/subjects.ts";
import { certificates } from "../peers/certificates.ts";
import { startExim } from "../peers/exim.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { startTlsFront } from "../peers/tls_front.ts";

interface Transport {
  sendMail(mail: object): Promise<{ accepted: string[] }>;
  verify(): Promise<true>;
  close(): void;
}

const { createTransport } = library<{ createTransport(options: object): Transport }>("nodemailer");
const skip = requirePeer("haproxy", "exim4");
const HOST = "127.0.0.1";
const MAIL = { from: "a@localhost", to: "b@localhost", subject: "subject", text: "text" };

const servers = shared(async () => {
  await using stack = new AsyncDisposableStack();
  const exim = stack.use(await startExim());
  const { ports } = stack.use(await startTlsFront({ smtp: exim.port }));
  const relay = stack.use(await startRelay(ports.smtp));
  const started = stack.move();
  return { port: ports.smtp, relay, [Symbol.asyncDispose]: () => started.disposeAsync() };
});

function inTransport<R>(options: object, use: (transport: Transport) => Promise<R>): Promise<R> {
  return using(
    createTransport(options),
    (transport) => soon("end", use(transport)),
    (transport) => {
      transport.close();
    },
  );
}

const trusting = (options: ConnectorOptions = {}) => ({
  getSocket: connector({ ca: certificates().ca, ...options }),
});

const isAbout = (option: string) => (error: unknown) =>
  error instanceof OptionError && error.option === option;

test("a connector for nodemailer refuses an option that tlsSocket does not know", () => {
  for (const name of ["pfx", "ciphers", "session", "auth"]) {
    assert.throws(() => connector({ [name]: "anything" } as ConnectorOptions), isAbout(name));
  }
});

test("a transport without TLS from the first byte on, or with unknown options of it, fails", async () => {
  const refused: [option: string, options: object][] = [
    ["secure", { secure: false }],
    ["secure", { port: 587 }],
    ["secure", { secure: false, port: 465 }],
    ["ciphers", { secure: true, tls: { ciphers: "anything" } }],
    ["rejectUnauthorized", { secure: true, tls: { rejectUnauthorized: false } }],
  ];
  for (const [option, options] of refused) {
    for (const pool of [false, true]) {
      const whole = { host: HOST, pool, ...options, ...trusting() };
      const sending = inTransport(whole, (transport) => transport.sendMail(MAIL));
      await assert.rejects(sending, isAbout(option), option);
    }
  }
});

test(
  "a transport is told where to by a URL, and what of TLS by its options",
  { skip },
  async () => {
    const { port } = await servers();
    const tls = { ca: certificates().ca, servername: "localhost" };
    const url = `smtps://${HOST}:${port}`;
    const options = { url, tls, getSocket: connector() };
    const { accepted } = await inTransport(options, (transport) => transport.sendMail(MAIL));
    assert.deepEqual(accepted, [MAIL.to]);
    const other = { ...options, getSocket: connector({ servername: "other.test" }) };
    const sending = inTransport(other, (transport) => transport.sendMail(MAIL));
    await assert.rejects(sending, { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  },
);

test("what fails of the connection fails the mail", { skip }, async () => {
  const { port } = await servers();
  const send = (port: number, getSocket = connector()) =>
    inTransport({ host: HOST, port, secure: true, getSocket }, (transport) => transport.verify());
  await assert.rejects(send(port), ({ code }) => /SELF_SIGNED|UNABLE_TO/.test(code));
  await assert.rejects(send(await closedPort()), { code: "ECONNREFUSED" });
});

test("connectionTimeout is the time for the handshake, too", async () => {
  await using silent = await startRawServer(() => {});
  const where = { host: HOST, port: silent.port, secure: true, connectionTimeout: 50 };
  const sending = inTransport({ ...where, ...trusting() }, (transport) => transport.verify());
  await assert.rejects(sending, { code: "ETIMEDOUT" });
});

test(
  "a pool sends over one connection, and over another where that was cut",
  { skip },
  async () => {
    const { relay } = await servers();
    const where = { host: HOST, port: relay.port, secure: true, pool: true, maxConnections: 1 };
    await inTransport({ ...where, ...trusting() }, async (transport) => {
      for (const cut of ["FIN", "RST"] as const) {
        const before = relay.accepted;
        for (let sent = 0; sent < 2; sent++) await transport.sendMail(MAIL);
        assert.equal(relay.accepted, before + 1);
        relay.cut(cut);
      }
      const { accepted } = await transport.sendMail(MAIL);
      assert.deepEqual(accepted, [MAIL.to]);
    });
  },
);
