import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { startGrpcServer } from "../libraries/grpc_server.ts";
import { shared } from "../libraries/subjects.ts";
import { amqpBroker } from "../peers/amqp_broker.ts";
import { certificates } from "../peers/certificates.ts";
import { DOVECOT_PASSWORD, startDovecot } from "../peers/dovecot.ts";
import { startExim } from "../peers/exim.ts";
import { kafkaBroker } from "../peers/kafka_broker.ts";
import { startMosquitto } from "../peers/mosquitto.ts";
import { startNats } from "../peers/nats.ts";
import { startRedis } from "../peers/redis_server.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { type PageUnderTest, testPage } from "./page.ts";

/** Each server when it is first asked for, with TLS in front of it. */
const servers = {
  amqp: shared(() => behindTls(() => listening(amqpBroker()))),
  dovecot: shared(() => behindTls(startDovecot)),
  grpc: shared(() => behindTls(() => startGrpcServer("/example.Echo/Echo"), "h2")),
  exim: shared(() => behindTls(startExim)),
  kafka: shared(startKafka),
  mosquitto: shared(() => behindTls(startMosquitto)),
  nats: shared(() => behindTls(startNats)),
  redis: shared(() => behindTls(startRedis)),
};

interface Behind extends AsyncDisposable {
  /** The port of its TLS. */
  readonly port: number;
}

async function behindTls(start: () => Promise<Behind>, alpn?: string): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await start());
  const { ports } = stack.use(
    await startTlsFront({ server: server.port }, { ...(alpn ? { alpn } : {}) }),
  );
  const started = stack.move();
  return { port: ports.server, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function listening(server: Server): Promise<Behind> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const stop = async () => void await new Promise((resolve) => server.close(resolve));
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: stop };
}

/** A broker tells its clients where it is, which is where its TLS is. */
async function startKafka(): Promise<Behind> {
  let port = 0;
  const front = await behindTls(() => listening(kafkaBroker(() => port)));
  port = front.port;
  return front;
}

/** Runs a page's program, and compares what it prints. */
async function prints(
  page: PageUnderTest,
  values: Readonly<Record<string, string | number>>,
  text: string,
): Promise<void> {
  const { code, stdout, stderr } = await page.run(values);
  assert.deepEqual([code, stdout.trim()], [0, text], stderr);
}

testPage("ioredis", { needs: ["haproxy", "redis-server"] }, async (page) => {
  const { port } = await servers.redis();
  await prints(page, { "redis.example.com": `localhost:${port}` }, "OK hello");
});

testPage("mqtt", { needs: ["haproxy", "mosquitto"] }, async (page) => {
  const { port } = await servers.mosquitto();
  await prints(page, { "broker.example.com": `localhost:${port}` }, "greetings hello");
});

testPage("nodemailer", { needs: ["exim4", "haproxy"] }, async (page) => {
  const { port } = await servers.exim();
  await prints(page, { "smtp.example.com": `localhost:${port}` }, "accepted: you@example.com");
});

testPage("imapflow", { needs: ["dovecot", "haproxy"] }, async (page) => {
  const { port } = await servers.dovecot();
  const values = { "imap.example.com": "localhost", "993": port };
  await prints(page, { ...values, '"secret"': `"${DOVECOT_PASSWORD}"` }, "INBOX");
});

testPage("kafkajs", { needs: ["haproxy"] }, async (page) => {
  const { port } = await servers.kafka();
  await prints(page, { "kafka.example.com:9093": `localhost:${port}` }, "a cluster");
});

// These take no connection, so the flag makes it.

/** As {@linkcode prints}; and what the flag says of itself shows that it made the connection. */
async function printsFlagged(
  page: PageUnderTest,
  values: Readonly<Record<string, string | number>>,
  text: string,
  { by = "tls.connect", env = {} }: { by?: string; env?: Record<string, string> } = {},
): Promise<void> {
  const report = { FIRSTFLIGHT_REPORT: "1" };
  const { code, stdout, stderr } = await page.run(values, { env: { ...env, ...report } });
  assert.deepEqual([code, stdout.trim()], [0, text], stderr);
  assert.ok(stderr.includes(`${by}: Fast Open`), stderr);
}

testPage("node-redis", { needs: ["haproxy", "redis-server"] }, async (page) => {
  const { port } = await servers.redis();
  await printsFlagged(page, { "redis.example.com": `localhost:${port}` }, "OK hello");
});

testPage("amqplib", { needs: ["haproxy"] }, async (page) => {
  const { port } = await servers.amqp();
  const values = { "rabbitmq.example.com": `localhost:${port}` };
  await printsFlagged(page, values, "there is a queue of greetings");
});

testPage("nats", { needs: ["haproxy", "nats-server"] }, async (page) => {
  const { port } = await servers.nats();
  await printsFlagged(page, { "nats.example.com:4222": `localhost:${port}` }, "greetings hello");
});

testPage("grpc-js", { needs: ["haproxy"] }, async (page) => {
  const { port } = await servers.grpc();
  const where = `localhost:${port}`;
  const roots = { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: certificates().caPath };
  const env = { FIRSTFLIGHT_OPTIMISTIC_NET: "on", ...roots };
  await printsFlagged(page, { "api.example.com:443": where }, "hello", { by: "net.connect", env });
});
