import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { shared } from "../libraries/subjects.ts";
import { DOVECOT_PASSWORD, startDovecot } from "../peers/dovecot.ts";
import { startExim } from "../peers/exim.ts";
import { kafkaBroker } from "../peers/kafka_broker.ts";
import { startMosquitto } from "../peers/mosquitto.ts";
import { startRedis } from "../peers/redis_server.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { type PageUnderTest, testPage } from "./page.ts";

/** Each server when it is first asked for, with TLS in front of it. */
const servers = {
  dovecot: shared(() => behindTls(startDovecot)),
  exim: shared(() => behindTls(startExim)),
  kafka: shared(startKafka),
  mosquitto: shared(() => behindTls(startMosquitto)),
  redis: shared(() => behindTls(startRedis)),
};

interface Behind extends AsyncDisposable {
  /** The port of its TLS. */
  readonly port: number;
}

async function behindTls(start: () => Promise<Behind>): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await start());
  const { ports } = stack.use(await startTlsFront({ server: server.port }));
  const started = stack.move();
  return { port: ports.server, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** A broker tells its clients where it is, which is where its TLS is. */
async function startKafka(): Promise<Behind> {
  let port = 0;
  const front = await behindTls(async () => {
    const server = kafkaBroker(() => port);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const stop = async () => void await new Promise((resolve) => server.close(resolve));
    return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: stop };
  });
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
